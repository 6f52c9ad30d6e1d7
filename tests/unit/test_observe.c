/* Parsers over recorded texts, the ring, and a sampler on ourselves without a group; no root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/macros.h"
#include "isolation/proc_stat.h"
#include "observe/cpu_wait.h"
#include "observe/disk.h"
#include "observe/kernel_log.h"
#include "observe/process.h"
#include "observe/ring.h"
#include "observe/sampler.h"
#include "expect.h"
#include "record/samples.h"

#ifdef __SANITIZE_THREAD__
#define SANITIZER_THREADS 2 /* one for each process */
#else
#define SANITIZER_THREADS 0
#endif
#define MIB (1ULL << 20)

static void test_process_status(void **state)
{
	(void)state;
	static const char running[] = "Name:\tchunk:server\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t515\nPid:\t515\n"
				      "VmPeak:\t  240000 kB\nVmHWM:\t  141312 kB\nVmRSS:\t  100100 kB\n"
				      "RssAnon:\t   90000 kB\nRssFile:\t    9000 kB\nRssShmem:\t    1100 kB\n"
				      "VmSwap:\t       0 kB\nThreads:\t7\nSigQ:\t0/96000\n";
	static const char zombie[] = "Name:\tsh\nState:\tZ (zombie)\nTgid:\t9\nThreads:\t1\n";
	struct process_status s;

	process_status_parse(running, strlen(running), &s);
	assert_int_equal(s.state, 'S');
	assert_fact("RssAnon", s.rss_anon_bytes, fact_of(90000 * 1024));
	assert_fact("RssFile", s.rss_file_bytes, fact_of(9000 * 1024));
	assert_fact("RssShmem", s.rss_shmem_bytes, fact_of(1100 * 1024));
	assert_fact("VmHWM", s.vm_hwm_bytes, fact_of(141312 * 1024));
	assert_fact("Threads", s.threads, fact_of(7));

	process_status_parse(zombie, strlen(zombie), &s);
	assert_int_equal(s.state, 'Z');
	assert_fact("RssAnon of a zombie", s.rss_anon_bytes, FACT_NONE);
	process_status_parse("RssAnon:\t x kB\n", 15, &s);
	assert_fact("a figure that is none", s.rss_anon_bytes, FACT_BROKEN);
}

static void test_process_set(void **state)
{
	(void)state;
	struct process_set set;
	struct process_sample p = { 0 };
	int hold[2], status;
	char byte;
	pid_t pids[3], child;
	struct process_seen each[PROCESS_SET_MAX];
	assert_int_equal(pipe(hold), 0);
	child = fork();
	if (child == 0) {
		close(hold[1]);
		_exit(read(hold[0], &byte, 1) == 0 ? 0 : 1);
	}
	process_set_init(&set);
	pids[0] = getpid();
	pids[1] = child;
	pids[2] = 0x7ffffffe; /* no such process */
	process_set_update(&set, pids, 3);
	assert_int_equal(process_set_read(&set, getpid(), &p, each), 2);
	assert_int_equal(each[1].pid, child);
	assert_string_equal(each[0].name, "test_observe");
	assert_fact("both alone are the sum", fact_add(each[0].rss_anon_bytes, each[1].rss_anon_bytes),
		    p.rss_anon_bytes);
	assert_fact("the main one alone", p.main_rss_anon_bytes, each[0].rss_anon_bytes);
	assert_fact("processes", p.processes, fact_of(2));
	/* The thread sanitizer has a thread of its own. */
	assert_true(fact_known(p.threads) && p.threads.value >= 2 && p.threads.value <= 2 + SANITIZER_THREADS);
	assert_true(fact_known(p.vm_hwm_bytes) && p.vm_hwm_bytes.value > 100000);
	assert_true(fact_known(p.rss_anon_bytes) && p.rss_anon_bytes.value > 100000);
	assert_true(process_set_files(&set).value >= 6);

	/* The child ends: a zombie first, then gone; neither counts. */
	close(hold[1]);
	assert_int_equal(waitid(P_PID, (id_t)child, NULL, WEXITED | WNOWAIT), 0);
	process_set_read(&set, child, &p, each);
	assert_fact("processes besides a zombie", p.processes, fact_of(1));
	assert_fact("VmHWM of a zombie", p.vm_hwm_bytes, FACT_NONE);
	waitpid(child, &status, 0);
	process_set_read(&set, child, &p, each);
	assert_fact("processes besides one that is gone", p.processes, fact_of(1));
	process_set_update(&set, pids, 0);
	process_set_read(&set, child, &p, each);
	assert_fact("nobody", p.processes, fact_of(0));
	assert_fact("nobody's memory", p.rss_anon_bytes, fact_of(0));

	/* More than fit: how many is known, how much is not. */
	process_set_update(&set, (pid_t[PROCESS_SET_MAX]){ getpid() }, PROCESS_SET_MAX + 5);
	process_set_read(&set, child, &p, each);
	assert_fact("sum over some", p.rss_anon_bytes, FACT_BROKEN);
	process_set_release(&set);
	close(hold[0]);
}

static void *holds_on(void *byte)
{
	pause();
	return byte;
}

/* Its first thread ends, and another lives on with all that the process has. */
static pid_t process_without_its_first_thread(void)
{
	pid_t child = fork();
	if (child == 0) {
		pthread_t other;
		pthread_create(&other, NULL, holds_on, NULL);
		pthread_exit(NULL);
	}
	struct proc_stat p = { 0 };
	while (proc_stat_read(child, &p) == 0 && p.state != 'Z')
		usleep(1000);
	return child;
}

static void test_first_thread_ended(void **state)
{
	(void)state;
	struct process_set set;
	struct process_sample p = { 0 };
	struct process_seen each[PROCESS_SET_MAX];
	pid_t child = process_without_its_first_thread();
	process_set_init(&set);
	process_set_update(&set, &child, 1);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(process_set_read(&set, child, &p, each), 1);
		assert_fact("processes", p.processes, fact_of(1));
		assert_true(fact_known(p.rss_anon_bytes) && p.rss_anon_bytes.value > 0);
		assert_true(fact_known(p.vm_hwm_bytes) && p.vm_hwm_bytes.value > 100000);
	}
	assert_true(process_set_files(&set).value >= 3);
	kill(child, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)child, NULL, WEXITED | WNOWAIT), 0);
	assert_int_equal(process_set_read(&set, child, &p, each), 0);
	waitpid(child, NULL, 0);
	process_set_read(&set, child, &p, each);
	assert_fact("none", p.processes, fact_of(0));
	process_set_release(&set);
}

static void test_ring(void **state)
{
	(void)state;
	struct ring r;
	uint64_t next = 0, want = 0;

	ring_init(&r);
	assert_null(ring_front(&r));
	for (int round = 0; round < 3; round++) {
		struct sample *slot;

		while ((slot = ring_slot(&r))) {
			slot->t_ns = next++;
			ring_push(&r);
		}
		for (int i = 0; i < 1000; i++) {
			assert_int_equal(ring_front(&r)->t_ns, want++);
			ring_pop(&r);
		}
	}
	assert_int_equal(next, RING_SAMPLES + 2000);
	ring_release(&r);
}

static void test_csv(void **state)
{
	(void)state;
	struct sample s = { .t_ns = 5000, .lateness_ns = 12, .reason = SAMPLE_OOM };
	struct buf header = BUF_INIT, row = BUF_INIT;
	size_t commas[2] = { 0, 0 };

	s.memory.field[MEMORY_USAGE] = fact_of(67108864);
	s.memory.field[MEMORY_ANON] = FACT_BROKEN;
	s.disk.tmp_bytes = fact_of(0);
	sample_csv_header(&header);
	sample_csv_row(&s, 6000, &row);
	for (size_t i = 0; i < header.len; i++)
		commas[0] += header.data[i] == ',';
	for (size_t i = 0; i < row.len; i++)
		commas[1] += row.data[i] == ',';
	assert_int_equal(commas[0], commas[1]);
	if (strncmp(header.data, "t_ns,lateness_ns,reason,usage_bytes,anon_bytes,file_bytes,", 58) != 0)
		fail_msg("got header '%s'", header.data);
	if (strncmp(row.data, "-1000,12,oom,67108864,unreadable,,", 34) != 0 || row.data[row.len - 1] != '0')
		fail_msg("got row '%s'", row.data);
	buf_release(&header);
	buf_release(&row);
}

/* Linux 6.18, as /dev/kmsg gives them, shortened. */
#define DUMP(group)                                                                                                    \
	"4,100,9000001,-;chunkserver invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n",      \
		"4,101,9000002,-;CPU: 1 UID: 0 PID: 515 Comm: chunkserver Not tainted 6.18.44 #1 NONE\n",              \
		"6,102,9000003,-;memory: usage 65536kB, limit 65536kB, failcnt 36\n",                                  \
		"6,103,9000004,-;Memory cgroup stats for " group ":\n",                                                \
		"6,104,9000005,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,"        \
		"oom_memcg=" group ",task_memcg=" group ",task=chunkserver,pid=515,uid=0\n"
#define KILLED                                                                                                         \
	"3,105,9000006,-;Memory cgroup out of memory: Killed process 515 (chunk) srv) total-vm:70000kB, "              \
	"anon-rss:64000kB, file-rss:1500kB, shmem-rss:8kB, UID:0 pgtables:180kB oom_score_adj:0\n"
#define REAPED "6,106,9000007,-;oom_reaper: reaped process 515 (chunkserver), now anon-rss:0kB, file-rss:0kB\n"
#define MACHINE                                                                                                        \
	"3,105,9000006,-;Out of memory: Killed process 515 (picoshare) total-vm:70000kB, anon-rss:64000kB, "           \
	"file-rss:1500kB, shmem-rss:8kB, UID:0 pgtables:180kB oom_score_adj:0\n"
#define OTHER "6,107,9000008,-;EXT4-fs (vda): mounted filesystem\n SUBSYSTEM=block\n DEVICE=b254:0\n"

static void test_kernel_log(void **state)
{
	(void)state;
	static const struct {
		const char *what, *records[10];
		pid_t known;
		size_t kills, lines;
		bool dump;
	} rows[] = {
		{ "our group, whole dump", { DUMP("/oomrig-1-a-00000001"), KILLED, REAPED }, 0, 1, 7, true },
		{ "our group below another", { DUMP("/box/oomrig-1-a-00000001"), KILLED }, 0, 1, 6, true },
		{ "another group", { DUMP("/oomrig-1-a-00000002"), KILLED, REAPED }, 0, 0, 0, false },
		{ "a group that begins like ours", { DUMP("/oomrig-1-a-000000012"), KILLED }, 0, 0, 0, false },
		{ "a group that ends like ours", { DUMP("/xoomrig-1-a-00000001"), KILLED }, 0, 0, 0, false },
		{ "a group inside ours is its own", { DUMP("/oomrig-1-a-00000001/x"), KILLED }, 0, 0, 0, false },
		{ "the dump was rate limited, pid known", { KILLED, REAPED }, 515, 1, 2, false },
		{ "the dump was rate limited, pid unknown", { KILLED, REAPED }, 516, 0, 0, false },
		{ "the whole machine", { MACHINE }, 515, 1, 1, false },
		{ "somebody else on the whole machine", { MACHINE }, 7, 0, 0, false },
		{ "nothing of interest", { OTHER }, 515, 0, 0, false },
		{ "no record at all", { "garbage" }, 515, 0, 0, false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct kernel_log log = KERNEL_LOG_INIT;
		struct kernel_log_filter filter = { "oomrig-1-a-00000001", &rows[i].known, 1 };
		size_t lines = 0;

		for (size_t j = 0; rows[i].records[j]; j++)
			kernel_log_take(&log, &filter, rows[i].records[j], strlen(rows[i].records[j]));
		for (const char *p = buf_str(&log.excerpt); *p; p++)
			lines += *p == '\n';
		if (log.kill_count != rows[i].kills || lines != rows[i].lines)
			fail_msg("%s: got %zu kills and %zu lines, expected %zu and %zu:\n%s", rows[i].what,
				 log.kill_count, lines, rows[i].kills, rows[i].lines, buf_str(&log.excerpt));
		if (log.oom.seen != rows[i].dump)
			fail_msg("%s: got %d, expected %d of a parsed dump", rows[i].what, log.oom.seen, rows[i].dump);
		kernel_log_close(&log);
	}
}

/* In pieces, as a port gives them; whatever is killed there is ours. */
static void test_kernel_log_of_a_machine(void **state)
{
	(void)state;
	static const char records[] = OTHER "\0" MACHINE "\0" KILLED;
	struct kernel_log log;
	struct kernel_log_filter filter = { "", NULL, 0 };
	int ends[2];

	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	kernel_log_open(&log);
	kernel_log_of_machine(&log, ends[0]);
	assert_true(kernel_log_names_our_pids(&log));
	for (size_t i = 0; i < sizeof(records); i++) { /* the last NUL too */
		assert_int_equal(write(ends[1], records + i, 1), 1);
		if (i % 7 == 0)
			kernel_log_read(&log, &filter);
	}
	kernel_log_read(&log, &filter);
	assert_int_equal(log.kill_count, 2);
	assert_true(log.kills[0].whole_machine);
	assert_int_equal(log.kills[0].pid, 515);
	kernel_log_close(&log);
	assert_int_equal(close(ends[0]), 0); /* it stayed ours */
	close(ends[1]);
}

static void test_kernel_log_figures(void **state)
{
	(void)state;
	struct kernel_log log = KERNEL_LOG_INIT;
	pid_t pid = 515;
	struct kernel_log_filter filter = { "g", &pid, 1 };

	kernel_log_take(&log, &filter, KILLED, strlen(KILLED));
	kernel_log_take(&log, &filter, MACHINE, strlen(MACHINE));
	assert_int_equal(log.kill_count, 2);
	assert_int_equal(log.kills[0].pid, 515);
	assert_int_equal(log.kills[0].t_ns, 9000006000);
	assert_string_equal(log.kills[0].comm, "chunk) srv");
	assert_false(log.kills[0].whole_machine);
	assert_true(log.kills[1].whole_machine);
	assert_fact("anon-rss", log.kills[0].anon_rss_bytes, fact_of(64000 * 1024));
	assert_fact("file-rss", log.kills[0].file_rss_bytes, fact_of(1500 * 1024));
	assert_fact("shmem-rss", log.kills[0].shmem_rss_bytes, fact_of(8 * 1024));
	assert_int_equal(log.overruns, 0);
	kernel_log_take(&log, &filter, "6,109,9000010,-;later\n", 22);
	assert_int_equal(log.overruns, 3); /* 106, 107, 108 */
	kernel_log_close(&log);
}

static void fill(const char *dir, const char *name, size_t bytes)
{
	char *path = xasprintf("%s/%s", dir, name), *data = xcalloc(1, bytes);

	assert_int_equal(fs_write_file(path, data, bytes, NULL), 0);
	free(data);
	free(path);
}

static void test_disk(void **state)
{
	(void)state;
	char dir[] = "/tmp/oomrig-test-XXXXXX", *sub;
	struct disk_watch watch;
	struct disk_sample d;

	assert_non_null(mkdtemp(dir));
	sub = xasprintf("%s/sub", dir);
	assert_int_equal(fs_make_dirs(sub, NULL), 0);
	fill(dir, "store.db", 8192);
	fill(dir, "store.db-wal", 65536);
	fill(sub, "upload", 4096);
	assert_int_equal(disk_watch_start(&watch, dir, NULL, NULL), 0);
	disk_watch_read(&watch, &d);
	assert_fact("data", d.data_bytes, fact_of(8192 + 65536 + 4096));
	assert_fact("wal", d.wal_bytes, fact_of(65536));
	assert_fact("tmp, not asked for", d.tmp_bytes, FACT_NONE);
	fill(sub, "upload", 12288);
	disk_watch_stop(&watch);
	disk_watch_read(&watch, &d);
	assert_fact("data at the end", d.data_bytes, fact_of(8192 + 65536 + 12288));

	/* A folder that is a file cannot be read, which is not 0. */
	free(sub);
	sub = xasprintf("%s/store.db", dir);
	assert_int_equal(disk_watch_start(&watch, sub, "/nonexistent", NULL), 0);
	disk_watch_stop(&watch);
	disk_watch_read(&watch, &d);
	assert_fact("no folder", d.data_bytes, FACT_BROKEN);
	assert_fact("missing folder", d.tmp_bytes, fact_of(0));
	free(sub);
	fs_remove_tree(dir, NULL);
}

struct seen {
	uint64_t count, reasons[SAMPLE_LAST + 1], last_t_ns, anon_max;
	struct sample last;
};

static void see(void *arg, const struct sample *s)
{
	struct seen *seen = arg;

	assert_true(s->t_ns >= seen->last_t_ns);
	seen->last_t_ns = s->t_ns;
	seen->count++;
	seen->reasons[s->reason]++;
	if (s->process.rss_anon_bytes.value > seen->anon_max)
		seen->anon_max = s->process.rss_anon_bytes.value;
	seen->last = *s;
}

/* A child in its own session touches memory when told to; without a group its own figures must show it, densely. */
static void test_sampler_without_a_group(void **state)
{
	(void)state;
	struct isolation_limits limits = { 0 };
	struct sampler_stats stats;
	struct seen seen = { 0 };
	struct isolation *iso;
	struct sampler *s;
	int go[2], done[2], status;
	size_t seen_pids;
	char byte;
	pid_t child;

	assert_int_equal(pipe(go), 0);
	assert_int_equal(pipe(done), 0);
	child = fork();
	if (child == 0) {
		setsid();
		if (write(done[1], "x", 1) != 1 || read(go[0], &byte, 1) != 1)
			_exit(1);
		for (int i = 0; i < 24; i++) {
			memset(mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 1, MIB);
			usleep(1000);
		}
		if (write(done[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(done[0], &byte, 1), 1);
	assert_int_equal(isolation_open(isolation_find("none", NULL), &limits, &iso, NULL), 0);
	assert_int_equal(isolation_set_main(iso, child, NULL), 0);
	assert_int_equal(
		sampler_start(&s, &(struct sampler_options){ .isolation = iso, .main_pid = child, .hz = 100 }, NULL),
		0);
	sampler_drain(s, see, &seen);
	if (seen.count == 0)
		fail_msg("no sample is there when the sampler has started");
	usleep(120000);
	sampler_drain(s, see, &seen);
	if (seen.count < 3)
		fail_msg("got %llu samples in 120 ms at 100 Hz", (unsigned long long)seen.count);
	assert_int_equal(seen.reasons[SAMPLE_DENSE], 0);
	assert_int_equal(write(go[1], "x", 1), 1);
	assert_int_equal(read(done[0], &byte, 1), 1);
	usleep(60000);
	sampler_stop(s);
	sampler_drain(s, see, &seen);
	sampler_stats(s, &stats);

	assert_int_equal(seen.count, stats.samples);
	assert_int_equal(stats.dropped, 0);
	assert_int_equal(seen.reasons[SAMPLE_LAST], 1);
	assert_int_equal(seen.last.reason, SAMPLE_LAST);
	if (seen.reasons[SAMPLE_DENSE] < 5)
		fail_msg("got %llu dense samples while 24 MiB were touched, expected 5 or more",
			 (unsigned long long)seen.reasons[SAMPLE_DENSE]);
	if (seen.anon_max < 24 * MIB)
		fail_msg("got %llu bytes of anon, expected 24 MiB or more", (unsigned long long)seen.anon_max);
	assert_fact("processes", seen.last.process.processes, fact_of(1));
	assert_fact("usage without a group", seen.last.memory.field[MEMORY_USAGE], FACT_NONE);
	assert_true(fact_known(seen.last.process.open_files));
	assert_int_equal(stats.oom_fd_ok, 0);
	assert_true(stats.lateness_max_ns > 0 && stats.lateness_p99_ns >= stats.lateness_p50_ns);
	assert_int_equal(sampler_pids(s, &seen_pids)[0], child);
	assert_int_equal(seen_pids, 1);
	sampler_free(s);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	assert_int_equal(iso->backend->close(iso, NULL), 0);
}

static void test_cpu_wait(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		struct fact waited;
	} rows[] = {
		{ "some avg10=55.27 avg60=72.69 avg300=76.80 total=8293790068\n"
		  "full avg10=0.00 avg60=0.00 avg300=0.00 total=7\n",
		  { FACT_KNOWN, 8293790068000 } },
		{ "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n", { FACT_KNOWN, 0 } },
		{ "full avg10=0.00 avg60=0.00 avg300=0.00 total=7\n", { FACT_UNREADABLE, 0 } },
		{ "", { FACT_UNREADABLE, 0 } },
	};
	char path[] = "/tmp/oomrig-cpu-wait.XXXXXX";
	close(mkstemp(path));
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(fs_write_file(path, rows[i].text, strlen(rows[i].text), NULL), 0);
		assert_fact(rows[i].text, cpu_wait_ns(path), rows[i].waited);
	}
	unlink(path);
	assert_fact("a kernel that does not tell", cpu_wait_ns(path), FACT_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_process_status),
		cmocka_unit_test(test_process_set),
		cmocka_unit_test(test_first_thread_ended),
		cmocka_unit_test(test_ring),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_kernel_log),
		cmocka_unit_test(test_kernel_log_of_a_machine),
		cmocka_unit_test(test_kernel_log_figures),
		cmocka_unit_test(test_cpu_wait),
		cmocka_unit_test(test_disk),
		cmocka_unit_test(test_sampler_without_a_group),
	};

	return cmocka_run_group_tests_name("observe", tests, NULL, NULL);
}
