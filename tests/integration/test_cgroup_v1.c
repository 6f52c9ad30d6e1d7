/*
 * The cgroup-v1 backend, the sampler and the kernel log on real groups and real
 * kills.  Needs root and the v1 memory controller; skips with its reason
 * otherwise.  Prints what the sampler cost; asserts only what it must see.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "isolation/group_name.h"
#include "isolation/isolation.h"
#include "isolation/proc_stat.h"
#include "observe/kernel_log.h"
#include "observe/sampler.h"

#define MIB (1ULL << 20)
#define CAP (64 * MIB)
#define ROOT "/sys/fs/cgroup/memory"

static const struct isolation_backend *v1;

/* A process in the group that does its work once told to; the join happens before, as in the trampoline. */
struct child {
	pid_t pid;
	int go;	  /* write end */
	int done; /* becomes readable when the work is done */
};

static void child_start(struct child *c, const struct isolation *iso, void (*work)(void *), void *arg)
{
	int go[2], done[2];
	char byte;

	assert_int_equal(pipe(go), 0);
	assert_int_equal(pipe(done), 0);
	c->pid = fork();
	if (c->pid == 0) {
		struct error err = ERROR_INIT;

		setsid();
		close(go[1]);
		close(done[0]);
		if (iso->backend->join(iso->name, &err) != 0) {
			fprintf(stderr, "join: %s\n", err.message);
			_exit(1);
		}
		if (write(done[1], "j", 1) != 1 || read(go[0], &byte, 1) != 1)
			_exit(1);
		work(arg);
		if (write(done[1], "d", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(go[0]);
	close(done[1]);
	c->go = go[1];
	c->done = done[0];
	assert_int_equal(read(c->done, &byte, 1), 1);
}

static void child_go(const struct child *c)
{
	assert_int_equal(write(c->go, "g", 1), 1);
}

static void child_done(const struct child *c)
{
	char byte;

	assert_int_equal(read(c->done, &byte, 1), 1);
}

static int child_end(const struct child *c)
{
	int status;

	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	close(c->go);
	close(c->done);
	return status;
}

__attribute__((noreturn)) static void *stay(void *unused)
{
	(void)unused;
	for (;;)
		pause();
}

static void end_first_thread(void *unused)
{
	pthread_t thread;

	(void)unused;
	pthread_create(&thread, NULL, stay, NULL);
	pthread_exit(NULL);
}

static void touch_anon(void *arg)
{
	size_t mib = *(const size_t *)arg;

	for (size_t i = 0; i < mib; i++) {
		memset(mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 1, MIB);
		usleep(2000);
	}
}

/* arg: where to write 200 MB. */
static void write_file(void *arg)
{
	static char block[MIB];
	int fd = open(arg, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	for (int i = 0; i < 200; i++)
		if (write(fd, block, sizeof(block)) != sizeof(block))
			_exit(1);
	close(fd);
}

static void sleep_on(void *arg)
{
	(void)arg;
	pause();
}

struct seen {
	uint64_t count, by_reason[SAMPLE_LAST + 1], usage_max, anon_max, file_max, kills_last, unreadable;
};

static void see(void *arg, const struct sample *s)
{
	struct seen *seen = arg;
	const struct fact *f = s->memory.field;

	seen->count++;
	seen->by_reason[s->reason]++;
	seen->unreadable +=
		!fact_known(f[MEMORY_USAGE]) || !fact_known(f[MEMORY_ANON]) || !fact_known(f[MEMORY_OOM_KILL]);
#define UP(field, max)                                                                                                 \
	if (f[field].value > seen->max)                                                                                \
	seen->max = f[field].value
	UP(MEMORY_USAGE, usage_max);
	UP(MEMORY_ANON, anon_max);
	UP(MEMORY_FILE, file_max);
#undef UP
	seen->kills_last = f[MEMORY_OOM_KILL].value;
}

/* What a test that fails leaves to close_leftovers(). */
static struct isolation *opened;
static pid_t opened_by;
static struct sampler *sampling;

static struct isolation *open_group(uint64_t memory_bytes)
{
	struct isolation_limits limits = { .memory_bytes = memory_bytes };
	struct error err = ERROR_INIT;
	struct isolation *iso;

	if (isolation_open(v1, &limits, &iso, &err) != 0)
		fail_msg("cannot open a group: %s", err.message);
	opened = iso;
	opened_by = getpid();
	return iso;
}

static void close_group(struct isolation *iso)
{
	struct error err = ERROR_INIT;
	char *dir = xasprintf(ROOT "/%s", iso->name);
	int there;

	opened = NULL;
	if (v1->close(iso, &err) != 0)
		fail_msg("cannot close the group: %s", err.message);
	there = access(dir, F_OK) == 0;
	free(dir);
	assert_false(there);
}

static int close_leftovers(void **state)
{
	(void)state;
	sampler_free(sampling);
	sampling = NULL;
	if (opened && opened_by == getpid())
		v1->close(opened, NULL);
	opened = NULL;
	return 0;
}

static struct sampler *start_sampler(struct isolation *iso, pid_t main_pid)
{
	struct sampler_options options = { .isolation = iso, .main_pid = main_pid, .hz = 100 };
	struct error err = ERROR_INIT;
	struct sampler *s;

	if (sampler_start(&s, &options, &err) != 0)
		fail_msg("%s", err.message);
	sampling = s;
	return s;
}

static void end_sampler(struct sampler *s)
{
	sampling = NULL;
	sampler_free(s);
}

static void finish(struct sampler *s, struct seen *seen, struct sampler_stats *stats)
{
	sampler_stop(s);
	sampler_drain(s, see, seen);
	sampler_stats(s, stats);
	printf("# sampler: %llu samples (%llu dense, %llu threshold, %llu oom), %.2f %% of a core, "
	       "lateness p50 %.0f us, p99 %.0f us, max %.0f us, %s\n",
	       (unsigned long long)stats->samples, (unsigned long long)seen->by_reason[SAMPLE_DENSE],
	       (unsigned long long)seen->by_reason[SAMPLE_THRESHOLD], (unsigned long long)seen->by_reason[SAMPLE_OOM],
	       100.0 * (double)stats->cpu_ns / (double)stats->wall_ns, (double)stats->lateness_p50_ns / 1e3,
	       (double)stats->lateness_p99_ns / 1e3, (double)stats->lateness_max_ns / 1e3, stats->priority);
	assert_int_equal(stats->dropped, 0);
	assert_int_equal(seen->unreadable, 0);
}

static void test_limits_are_read_back(void **state)
{
	(void)state;
	struct isolation *iso = open_group(CAP + 123); /* the kernel rounds to pages */
	struct isolation_limits too_small = { .memory_bytes = CAP, .swap_bytes = 1ULL << 60 };
	struct isolation_limits high = { .memory_bytes = CAP, .high_bytes = CAP / 2 };
	struct isolation_limits as_one = { .memory_bytes = CAP, .oom_group = true };
	struct isolation *none = NULL;
	struct error err = ERROR_INIT;
	struct sysinfo info;

	assert_int_equal(iso->readback.asked.memory_bytes, CAP + 123);
	assert_int_equal(iso->readback.memory_bytes.state, FACT_KNOWN);
	assert_int_equal(iso->readback.memory_bytes.value, CAP);
	assert_int_equal(iso->readback.swappiness.state, FACT_KNOWN);
	assert_int_equal(iso->readback.swappiness.value, 0);
	if (fact_known(iso->readback.memory_swap_bytes))
		assert_int_equal(iso->readback.memory_swap_bytes.value, CAP);
	close_group(iso);

	assert_int_equal(isolation_open(v1, &too_small, &none, &err), -1);
	assert_non_null(strstr(err.message, "swap"));
	assert_int_equal(isolation_open(v1, &high, &none, &err), -1);
	assert_string_equal(err.message, "isolation 'cgroup-v1' has no memory_high; only cgroup-v2 has");
	assert_int_equal(isolation_open(v1, &as_one, &none, &err), -1);
	assert_string_equal(err.message, "isolation 'cgroup-v1' has no oom_group; only cgroup-v2 has");
	assert_int_equal(sysinfo(&info), 0);
	if (info.totalswap == 0)
		printf("# swap beyond the cap not tested: this host has none\n");

	iso = open_group(0);
	assert_int_equal(iso->readback.memory_bytes.state, FACT_ABSENT);
	close_group(iso);
}

/* The kernel shows it as a zombie in the root group; it is neither dead nor outside. */
static void test_first_thread_ends(void **state)
{
	(void)state;
	struct isolation *iso = open_group(CAP);
	struct error err = ERROR_INIT;
	struct proc_stat p = { 0 };
	struct child c;
	int status;

	child_start(&c, iso, end_first_thread, NULL);
	assert_int_equal(isolation_set_main(iso, c.pid, &err), 0);
	child_go(&c);
	for (int i = 0; i < 10000 && p.state != 'Z'; i++) {
		assert_int_equal(proc_stat_read(c.pid, &p), 0);
		usleep(1000);
	}
	assert_true(p.state == 'Z' && !proc_stat_dead(&p) && !p.exiting);
	assert_int_equal(v1->contains(iso, c.pid), 1);
	assert_int_equal(v1->kill(iso, &err), 0);
	status = child_end(&c);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	close_group(iso);
}

static void test_anon_is_killed(void **state)
{
	(void)state;
	struct isolation *iso = open_group(CAP);
	struct isolation_final final;
	struct kernel_log log;
	struct sampler_stats stats;
	struct seen seen = { 0 };
	struct error err = ERROR_INIT;
	size_t mib = 100, pid_count;
	struct sampler *s;
	struct child c;
	int status;

	kernel_log_open(&log);
	child_start(&c, iso, touch_anon, &mib);
	assert_int_equal(isolation_set_main(iso, c.pid, &err), 0);
	assert_int_equal(v1->contains(iso, c.pid), 1);
	assert_int_equal(v1->contains(iso, getpid()), 0);
	s = start_sampler(iso, c.pid);
	usleep(30000);
	child_go(&c);
	assert_int_equal(waitid(P_PID, (id_t)c.pid, NULL, WEXITED | WNOWAIT), 0);
	assert_int_equal(v1->contains(iso, c.pid), -1); /* a zombie; the kernel shows it in the root group */
	status = child_end(&c);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(v1->contains(iso, c.pid), -1);
	assert_int_equal(v1->kill(iso, &err), 0);
	usleep(20000);
	finish(s, &seen, &stats);
	assert_int_equal(v1->final(iso, &final, &err), 0);

	assert_int_equal(final.oom_kill.state, FACT_KNOWN);
	assert_int_equal(final.oom_kill.value, 1);
	assert_int_equal(seen.kills_last, 1);
	assert_true(stats.oom_fd_ok);
	assert_true(stats.oom_events >= 1 && stats.first_oom_ns > 0);
	assert_true(seen.by_reason[SAMPLE_OOM] >= 1);
	assert_true(seen.by_reason[SAMPLE_THRESHOLD] >= 1);
	assert_true(seen.by_reason[SAMPLE_DENSE] >= 20);
	/* The watermark and the samples must between them hold the true peak. */
	if (final.peak_usage_bytes.value != CAP || seen.anon_max < CAP * 93 / 100)
		fail_msg("got a watermark of %llu and %llu of anon, expected %llu and almost as much",
			 (unsigned long long) final.peak_usage_bytes.value, (unsigned long long)seen.anon_max, CAP);

	if (log.fd < 0) {
		printf("# kernel log not tested: %s\n", strerror(log.open_errno));
	} else {
		const pid_t *pids = sampler_pids(s, &pid_count);
		struct kernel_log_filter filter = { iso->name, pids, pid_count };

		for (int i = 0; i < 200 && log.kill_count == 0; i++) {
			kernel_log_read(&log, &filter);
			if (log.kill_count == 0)
				usleep(1000);
		}
		assert_int_equal(log.kill_count, 1);
		assert_int_equal(log.kills[0].pid, c.pid);
		assert_false(log.kills[0].whole_machine);
		assert_true(log.kills[0].anon_rss_bytes.value > CAP * 93 / 100);
	}
	kernel_log_close(&log);
	end_sampler(s);
	close_group(iso);
}

static void test_page_cache_is_not_and_comes_back(void **state)
{
	(void)state;
	char path[] = "oomrig-test-XXXXXX", type[FS_TYPE_MAX];
	struct isolation *iso;
	struct isolation_final before, after;
	struct sampler_stats stats;
	struct seen seen = { 0 };
	struct error err = ERROR_INIT;
	struct sampler *s;
	struct child c;
	int is_ram, fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(fs_type(path, type, &is_ram, &err), 0);
	if (is_ram) {
		printf("# the working folder is on %s: its files are shmem\n", type);
		close(fd);
		unlink(path);
		skip();
	}
	iso = open_group(CAP);
	child_start(&c, iso, write_file, path);
	s = start_sampler(iso, c.pid);
	child_go(&c);
	child_done(&c);
	finish(s, &seen, &stats);
	end_sampler(s);
	assert_int_equal(syncfs(fd), 0);
	assert_int_equal(v1->final(iso, &before, &err), 0);
	assert_int_equal(v1->squeeze(iso, &err), 0);
	assert_int_equal(v1->final(iso, &after, &err), 0);
	printf("# page cache: peak %llu MiB, %llu MiB before the squeeze, %llu KiB after\n",
	       (unsigned long long)(seen.file_max / MIB),
	       (unsigned long long)(before.memory.field[MEMORY_FILE].value / MIB),
	       (unsigned long long)(after.memory.field[MEMORY_FILE].value / 1024));
	assert_int_equal(v1->contains(iso, c.pid), 1); /* it lives */
	assert_int_equal(before.oom_kill.value, 0);
	assert_int_equal(stats.oom_events, 0);
	assert_true(seen.file_max > CAP * 3 / 4);
	assert_true(seen.anon_max < 4 * MIB);
	if (before.peak_usage_bytes.value < CAP * 95 / 100)
		fail_msg("got a watermark of %llu, expected about %llu",
			 (unsigned long long)before.peak_usage_bytes.value, CAP);
	assert_true(after.memory.field[MEMORY_FILE].value < 4 * MIB);
	assert_int_equal(after.oom_kill.value, 0);

	assert_int_equal(v1->kill(iso, &err), 0);
	child_end(&c);
	close(fd);
	unlink(path);
	close_group(iso);
}

static void test_a_kill_from_outside_is_no_oom(void **state)
{
	(void)state;
	struct isolation *iso = open_group(CAP);
	struct isolation_final final;
	struct sampler_stats stats;
	struct seen seen = { 0 };
	struct error err = ERROR_INIT;
	struct sampler *s;
	struct child c;
	size_t mib = 20;

	child_start(&c, iso, touch_anon, &mib);
	s = start_sampler(iso, c.pid);
	child_go(&c);
	child_done(&c);
	kill(c.pid, SIGKILL);
	child_end(&c);
	finish(s, &seen, &stats);
	end_sampler(s);
	assert_int_equal(v1->final(iso, &final, &err), 0);
	assert_int_equal(final.oom_kill.value, 0);
	assert_int_equal(stats.oom_events, 0);
	assert_true(final.peak_usage_bytes.value > 20 * MIB && final.peak_usage_bytes.value < CAP);
	close_group(iso);
}

static void test_closing_kills_and_the_list_is_fresh(void **state)
{
	(void)state;
	struct isolation *iso = open_group(CAP);
	struct isolation_reader *reader;
	struct error err = ERROR_INIT;
	struct child c[3];
	pid_t pids[8];

	assert_int_equal(v1->reader_open(iso, &reader, &err), 0);
	assert_int_equal(v1->reader_pids(reader, pids, 8), 0);
	for (int i = 0; i < 3; i++) {
		child_start(&c[i], iso, sleep_on, NULL);
		/* Within a second of the last reading, when the kernel still keeps the list made for it. */
		assert_int_equal(v1->reader_pids(reader, pids, 8), i + 1);
		assert_int_equal(v1->pids(iso, pids, 8, &err), i + 1);
	}
	v1->reader_close(reader);
	close_group(iso);
	for (int i = 0; i < 3; i++) {
		int status = child_end(&c[i]);

		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
}

static void add_line(void *arg, const char *what)
{
	buf_addf(arg, "%s\n", what);
}

static void add_failure(void *arg, const struct error *err)
{
	buf_addf(arg, "failed: %s\n", err->message);
}

/* A rig that dies with a process in its group. */
static void test_clean_takes_only_what_a_dead_rig_left(void **state)
{
	(void)state;
	struct isolation *mine = open_group(CAP);
	struct buf report = BUF_INIT;
	struct isolation_leftovers leftovers = { .found = add_line, .failed = add_failure, .arg = &report };
	struct error err = ERROR_INIT;
	char name[ISOLATION_NAME_MAX], *foreign = xasprintf(ROOT "/oomrig-1-test-%d", (int)getpid());
	char *left;
	int out[2];
	pid_t rig;

	assert_int_equal(mkdir(foreign, 0755), 0); /* our prefix, but no name of ours */
	assert_int_equal(pipe(out), 0);
	rig = fork();
	if (rig == 0) {
		struct isolation *iso = open_group(CAP);
		struct child c;

		child_start(&c, iso, sleep_on, NULL);
		_exit(write(out[1], iso->name, ISOLATION_NAME_MAX) != ISOLATION_NAME_MAX);
	}
	assert_int_equal(read(out[0], name, sizeof(name)), sizeof(name));
	waitpid(rig, NULL, 0);
	left = xasprintf(ROOT "/%s", name);

	assert_int_equal(v1->clean(&leftovers, &err), 0);
	assert_non_null(strstr(buf_str(&report), name));
	assert_null(strstr(buf_str(&report), mine->name));
	assert_int_equal(access(left, F_OK), 0);

	buf_clear(&report);
	leftovers.remove = true;
	if (v1->clean(&leftovers, &err) < 0)
		fail_msg("clean: %s\n%s", err.message, buf_str(&report));
	assert_non_null(strstr(buf_str(&report), name));
	assert_int_not_equal(access(left, F_OK), 0);
	assert_int_equal(access(foreign, F_OK), 0);
	assert_int_equal(v1->pids(mine, NULL, 0, &err), 0); /* still there */
	rmdir(foreign);
	free(foreign);
	free(left);
	close(out[0]);
	close(out[1]);
	buf_release(&report);
	close_group(mine);
}

static void spin(void *arg)
{
	uint64_t end_ns = clock_ns() + *(const uint64_t *)arg;

	while (clock_ns() < end_ns)
		;
}

/* What looking costs, with the machine idle and with every core busy. */
static void test_cost_of_sampling(void **state)
{
	(void)state;
	uint64_t for_ns = 2 * NS_PER_S;

	for (int busy = 0; busy <= get_nprocs(); busy += get_nprocs()) {
		struct isolation *iso = open_group(CAP);
		struct sampler_stats stats;
		struct seen seen = { 0 };
		struct child loop[64], idle;
		struct sampler *s;
		int n = busy < 64 ? busy : 64;

		child_start(&idle, iso, sleep_on, NULL);
		for (int i = 0; i < n; i++) {
			child_start(&loop[i], iso, spin, &for_ns);
			child_go(&loop[i]);
		}
		s = start_sampler(iso, idle.pid);
		poll(NULL, 0, (int)(for_ns / NS_PER_MS));
		printf("# %d busy loops:\n", n);
		finish(s, &seen, &stats);
		assert_true(seen.count > 50 && seen.count < 250);
		end_sampler(s);
		close_group(iso);
		for (int i = 0; i < n; i++)
			child_end(&loop[i]);
		child_end(&idle);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_limits_are_read_back, close_leftovers),
		cmocka_unit_test_teardown(test_first_thread_ends, close_leftovers),
		cmocka_unit_test_teardown(test_anon_is_killed, close_leftovers),
		cmocka_unit_test_teardown(test_page_cache_is_not_and_comes_back, close_leftovers),
		cmocka_unit_test_teardown(test_a_kill_from_outside_is_no_oom, close_leftovers),
		cmocka_unit_test_teardown(test_closing_kills_and_the_list_is_fresh, close_leftovers),
		cmocka_unit_test_teardown(test_clean_takes_only_what_a_dead_rig_left, close_leftovers),
		cmocka_unit_test_teardown(test_cost_of_sampling, close_leftovers),
	};
	struct error err = ERROR_INIT;

	if (geteuid() != 0 || access(ROOT "/memory.limit_in_bytes", F_OK) != 0) {
		printf("1..1\nok 1 - cgroup-v1 # SKIP needs root and the cgroup v1 memory controller at " ROOT "\n");
		return 0;
	}
	v1 = isolation_find("cgroup-v1", &err);
	if (!v1) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	return cmocka_run_group_tests_name("cgroup-v1", tests, NULL, NULL);
}
