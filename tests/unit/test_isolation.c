/* Parsers over recorded texts and fake control folders, group names, process trees; no root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/macros.h"
#include "isolation/group_name.h"
#include "isolation/isolation.h"
#include "isolation/memory_v1.h"
#include "isolation/proc_stat.h"
#include "expect.h"
#include "folder.h"

/* Linux 6.18, a group with anon, tmpfs and dirty page cache. */
static const char stat_6_18[] = "cache 9334784\nrss 7573504\nrss_huge 0\nshmem 8998912\nmapped_file 7614464\n"
				"dirty 16384\nwriteback 4096\nworkingset_refault_anon 0\nworkingset_refault_file 290\n"
				"swap 12288\nswapcached 0\npgpgin 34032\npgpgout 29904\npgfault 34787\npgmajfault 17\n"
				"inactive_anon 0\nactive_anon 1531904\ninactive_file 20480\nactive_file 319488\n"
				"unevictable 15040512\nhierarchical_memory_limit 67108864\n"
				"hierarchical_memsw_limit 67108864\ntotal_cache 1\ntotal_rss 2\ntotal_shmem 3\n"
				"total_swap 4\ntotal_inactive_file 5\ntotal_unevictable 6\n";

static void test_stat(void **state)
{
	(void)state;
	static const struct {
		const char *what, *text;
		enum memory_field field;
		struct fact want;
	} rows[] = {
		{ "anon is rss", stat_6_18, MEMORY_ANON, { FACT_KNOWN, 7573504 } },
		{ "file is cache - shmem", stat_6_18, MEMORY_FILE, { FACT_KNOWN, 335872 } },
		{ "shmem", stat_6_18, MEMORY_SHMEM, { FACT_KNOWN, 8998912 } },
		{ "mapped_file", stat_6_18, MEMORY_MAPPED_FILE, { FACT_KNOWN, 7614464 } },
		{ "dirty", stat_6_18, MEMORY_DIRTY, { FACT_KNOWN, 16384 } },
		{ "writeback", stat_6_18, MEMORY_WRITEBACK, { FACT_KNOWN, 4096 } },
		{ "inactive_file", stat_6_18, MEMORY_INACTIVE_FILE, { FACT_KNOWN, 20480 } },
		{ "unevictable", stat_6_18, MEMORY_UNEVICTABLE, { FACT_KNOWN, 15040512 } },
		{ "swap", stat_6_18, MEMORY_SWAP, { FACT_KNOWN, 12288 } },
		{ "pgmajfault", stat_6_18, MEMORY_PGMAJFAULT, { FACT_KNOWN, 17 } },
		{ "not in this file", stat_6_18, MEMORY_USAGE, { FACT_ABSENT, 0 } },
		{ "zero is known", "rss 0\n", MEMORY_ANON, { FACT_KNOWN, 0 } },
		{ "a missing key", "rss 4096\n", MEMORY_SWAP, { FACT_ABSENT, 0 } },
		{ "no figure", "rss \n", MEMORY_ANON, { FACT_UNREADABLE, 0 } },
		{ "not a number", "rss lots\n", MEMORY_ANON, { FACT_UNREADABLE, 0 } },
		{ "trailing junk", "rss 12k\n", MEMORY_ANON, { FACT_UNREADABLE, 0 } },
		{ "negative", "rss -1\n", MEMORY_ANON, { FACT_UNREADABLE, 0 } },
		{ "overflow", "rss 18446744073709551616\n", MEMORY_ANON, { FACT_UNREADABLE, 0 } },
		{ "no end of line", "cache 0\nrss 4096", MEMORY_ANON, { FACT_KNOWN, 4096 } },
		{ "a prefix of a key", "rss_huge 5\n", MEMORY_ANON, { FACT_ABSENT, 0 } },
		{ "cache without shmem says nothing of file", "cache 4096\n", MEMORY_FILE, { FACT_ABSENT, 0 } },
		{ "cache with bad shmem", "cache 4096\nshmem x\n", MEMORY_FILE, { FACT_UNREADABLE, 0 } },
		{ "shmem counted later than cache", "cache 4096\nshmem 8192\n", MEMORY_FILE, { FACT_KNOWN, 0 } },
		{ "empty", "", MEMORY_ANON, { FACT_ABSENT, 0 } },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct memory_sample m = { 0 };

		memory_v1_parse_stat(rows[i].text, strlen(rows[i].text), &m);
		assert_fact(rows[i].what, m.field[rows[i].field], rows[i].want);
	}
}

static void test_oom_control(void **state)
{
	(void)state;
	struct memory_sample m = { 0 };
	const char *now = "oom_kill_disable 0\nunder_oom 1\noom_kill 3\n";
	const char *before_4_13 = "oom_kill_disable 1\nunder_oom 0\n";

	memory_v1_parse_oom_control(now, strlen(now), &m);
	assert_fact("oom_kill", m.field[MEMORY_OOM_KILL], fact_of(3));
	assert_fact("under_oom", m.field[MEMORY_UNDER_OOM], fact_of(1));
	memory_v1_parse_oom_control(before_4_13, strlen(before_4_13), &m);
	assert_fact("oom_kill before Linux 4.13", m.field[MEMORY_OOM_KILL], FACT_NONE);
	assert_fact("under_oom", m.field[MEMORY_UNDER_OOM], fact_of(0));
}

static void test_fake_group(void **state)
{
	struct folder *f = *state;
	struct memory_files m;
	struct memory_sample got;
	struct error err = ERROR_INIT;

	/* Nothing there: an error. */
	assert_int_equal(memory_v1_open(&m, f->fd, &err), -1);
	assert_non_null(strstr(err.message, "memory.usage_in_bytes"));

	put(f, "memory.usage_in_bytes", "16908288\n");
	put(f, "memory.stat", stat_6_18);
	put(f, "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
	put(f, "memory.failcnt", "oops\n");
	assert_int_equal(memory_v1_open(&m, f->fd, &err), 0);
	memory_files_read(&m, &got);
	assert_fact("usage", got.field[MEMORY_USAGE], fact_of(16908288));
	assert_fact("anon", got.field[MEMORY_ANON], fact_of(7573504));
	assert_fact("kills", got.field[MEMORY_OOM_KILL], fact_of(2));
	assert_fact("kernel, whose file is missing", got.field[MEMORY_KERNEL], FACT_NONE);
	assert_fact("failcnt, which is no number", got.field[MEMORY_LIMIT_HITS], FACT_BROKEN);
	assert_fact("sock, which v1 does not have", got.field[MEMORY_SOCK], FACT_NONE);

	/* The same descriptors again: figures move. */
	put(f, "memory.usage_in_bytes", "4096\n");
	put(f, "memory.stat", "");
	memory_files_read(&m, &got);
	assert_fact("usage later", got.field[MEMORY_USAGE], fact_of(4096));
	assert_fact("anon of an empty file", got.field[MEMORY_ANON], FACT_BROKEN);
	assert_fact("file of an empty file", got.field[MEMORY_FILE], FACT_BROKEN);
	memory_files_close(&m);

	/* Does not open: a symbolic link to itself. */
	assert_int_equal(unlinkat(f->fd, "memory.failcnt", 0), 0);
	assert_int_equal(symlinkat("memory.failcnt", f->fd, "memory.failcnt"), 0);
	assert_int_equal(memory_v1_open(&m, f->fd, &err), 0);
	memory_files_read(&m, &got);
	assert_fact("failcnt, which does not open", got.field[MEMORY_LIMIT_HITS], FACT_BROKEN);
	memory_files_close(&m);

	/* Opens, and cannot be read. */
	assert_int_equal(unlinkat(f->fd, "memory.stat", 0), 0);
	assert_int_equal(mkdirat(f->fd, "memory.stat", 0755), 0);
	assert_int_equal(memory_v1_open(&m, f->fd, &err), 0);
	memory_files_read(&m, &got);
	assert_fact("anon of an unreadable file", got.field[MEMORY_ANON], FACT_BROKEN);
	memory_files_close(&m);

	assert_fact("one value", memory_files_value_at(f->fd, "memory.usage_in_bytes"), fact_of(4096));
	assert_fact("no such file", memory_files_value_at(f->fd, "memory.max_usage_in_bytes"), FACT_NONE);
}

static void test_unreclaimable(void **state)
{
	(void)state;
	static const struct {
		struct fact anon, shmem, kernel, want;
	} rows[] = {
		{ { FACT_KNOWN, 1 }, { FACT_KNOWN, 2 }, { FACT_KNOWN, 4 }, { FACT_KNOWN, 7 } },
		{ { FACT_KNOWN, 1 }, { FACT_KNOWN, 2 }, { FACT_ABSENT, 0 }, { FACT_KNOWN, 3 } },
		{ { FACT_KNOWN, 1 }, { FACT_UNREADABLE, 0 }, { FACT_KNOWN, 4 }, { FACT_UNREADABLE, 0 } },
		{ { FACT_ABSENT, 0 }, { FACT_ABSENT, 0 }, { FACT_ABSENT, 0 }, { FACT_ABSENT, 0 } },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct memory_sample m = { 0 };

		m.field[MEMORY_ANON] = rows[i].anon;
		m.field[MEMORY_SHMEM] = rows[i].shmem;
		m.field[MEMORY_KERNEL] = rows[i].kernel;
		assert_fact("unreclaimable", memory_unreclaimable(&m), rows[i].want);
	}
	for (size_t i = 0; i < MEMORY_FIELDS; i++)
		if (!memory_field_info[i].name || !memory_field_info[i].meaning)
			fail_msg("memory field %zu has no name", i);
}

static void test_group_names(void **state)
{
	(void)state;
	static const char *const not_ours[] = { "",
						"oomrig-",
						"oomrig-12",
						"oomrig-12-1a",
						"oomrig-12-1a-",
						"oomrig-12-1a-123",
						"oomrig-12-1a-0123456x",
						"oomrig-12-1a-012345678",
						"oomrig-012-1a-01234567",
						"oomrig-+12-1a-01234567",
						"oomrig- 12-1a-01234567",
						"oomrig--12-1a-01234567",
						"oomrig-0-1a-01234567",
						"oomrig-12-1A-01234567",
						"oomrig-12-0x1a-01234567",
						"oomrig-12-1a-01234567/x",
						"xoomrig-12-1a-01234567" };
	char text[ISOLATION_NAME_MAX], other[ISOLATION_NAME_MAX];
	struct group_name name;

	for (size_t i = 0; i < COUNT(not_ours); i++)
		if (group_name_parse(not_ours[i], &name) == 0)
			fail_msg("'%s' was taken for one of ours", not_ours[i]);
	assert_int_equal(group_name_parse("oomrig-12-1a-01234567", &name), 0);
	assert_int_equal(name.owner.pid, 12);
	assert_int_equal(name.owner.start_ticks, 0x1a);
	assert_int_equal(name.random, 0x01234567);

	assert_int_equal(group_name_make(text, NULL), 0);
	assert_int_equal(group_name_make(other, NULL), 0);
	assert_string_not_equal(text, other);
	assert_int_equal(group_name_parse(text, &name), 0);
	assert_int_equal(name.owner.pid, getpid());
	assert_int_equal(owner_lives(&name.owner), 1);
	name.owner.start_ticks++; /* our id, used again by a later process */
	assert_int_equal(owner_lives(&name.owner), 0);
	name.owner.pid = 0x7ffffffe; /* above the kernel's largest */
	assert_int_equal(owner_lives(&name.owner), 0);
}

static void test_proc_stat(void **state)
{
	(void)state;
	static const char tail[] = " 0 -1 %u 9 0 0 0 0 0 0 0 20 0 %d 0 987654 2 3";
	static const struct {
		const char *text;
		int rc;
		pid_t pid, parent, session;
		char state;
		unsigned int flags;
		int threads;
		bool exiting;
	} rows[] = {
		{ "42 (cat) R 7 42 41", 0, 42, 7, 41, 'R', 0x400100, 1, false },
		{ "42 (cat) R 7 42 41", 0, 42, 7, 41, 'R', 0x400104, 1, true }, /* PF_EXITING */
		{ "42 (a) b) (c) Z 7 42 41", 0, 42, 7, 41, 'Z', 0x40010c, 1, true },
		{ "42 (a) Z 7 42 41", 0, 42, 7, 41, 'Z', 0x40010c, 2, false }, /* its first thread alone has ended */
		{ "42 () S 1 1 1 (x) S 7 42 41", 0, 42, 7, 41, 'S', 0, 1, false },
		{ "42 cat R 7 42 41", -1, 0, 0, 0, 0, 0, 0, false },
		{ "", -1, 0, 0, 0, 0, 0, 0, false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[256];
		struct proc_stat p;
		int rc;

		int at = snprintf(text, sizeof(text), "%s", rows[i].text);

		snprintf(text + at, sizeof(text) - (size_t)at, tail, rows[i].flags, rows[i].threads);
		rc = proc_stat_parse(text, strlen(text), &p);
		if (rc != rows[i].rc)
			fail_msg("'%s': got %d, expected %d", text, rc, rows[i].rc);
		if (rc == 0 && (p.pid != rows[i].pid || p.parent != rows[i].parent || p.session != rows[i].session ||
				p.state != rows[i].state || p.exiting != rows[i].exiting || p.start_ticks != 987654))
			fail_msg("'%s': got pid %d parent %d session %d state %c exiting %d start %llu", text, p.pid,
				 p.parent, p.session, p.state, p.exiting, (unsigned long long)p.start_ticks);
	}
}

/* A leader of its own session, its child and its grandchild. */
static pid_t start_family(void)
{
	int ready[2];
	char byte;
	pid_t leader;

	assert_int_equal(pipe(ready), 0);
	leader = fork();
	if (leader == 0) {
		setsid();
		if (fork() == 0) {
			if (fork() == 0) {
				close(ready[0]);
				assert_int_equal(write(ready[1], "x", 1), 1);
				close(ready[1]);
			}
		}
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return leader;
}

static void test_none_sees_and_kills_the_family_only(void **state)
{
	(void)state;
	struct isolation_limits limits = { .memory_bytes = 64 << 20 };
	struct isolation_reader *reader;
	struct memory_sample memory;
	struct error err = ERROR_INIT;
	struct isolation *iso;
	pid_t pids[16], stranger = fork(), leader;
	int status, count;

	if (stranger == 0)
		for (;;)
			pause();
	leader = start_family();
	assert_int_equal(isolation_open(isolation_find("none", &err), &limits, &iso, &err), 0);
	assert_int_equal(iso->backend->pids(iso, pids, 16, &err), 0);
	assert_int_equal(isolation_set_main(iso, leader, &err), 0);
	count = iso->backend->pids(iso, pids, 16, &err);
	if (count != 3)
		fail_msg("got %d processes, expected 3", count);
	assert_int_equal(iso->backend->contains(iso, leader), 1);
	assert_int_equal(iso->backend->contains(iso, stranger), 0);
	assert_int_equal(iso->backend->contains(iso, getpid()), 0);
	assert_int_equal(iso->backend->contains(iso, 0x7ffffffe), -1); /* no such process */

	assert_int_equal(iso->backend->reader_open(iso, &reader, &err), 0);
	assert_int_equal(iso->backend->reader_pids(reader, pids, 16), 3);
	memset(&memory, 0xff, sizeof(memory));
	iso->backend->reader_read(reader, &memory);
	assert_fact("a cap that is not there", iso->readback.memory_bytes, FACT_NONE);
	assert_fact("usage without a group", memory.field[MEMORY_USAGE], FACT_NONE);
	iso->backend->reader_close(reader);

	/* The leader dies; the others stay known by their session. */
	kill(leader, SIGKILL);
	assert_int_equal(waitpid(leader, &status, 0), leader);
	assert_int_equal(iso->backend->pids(iso, pids, 16, &err), 2);
	assert_int_equal(iso->backend->kill(iso, &err), 0);
	assert_int_equal(iso->backend->pids(iso, pids, 16, &err), 0);
	assert_int_equal(waitpid(stranger, &status, WNOHANG), 0);
	assert_int_equal(iso->backend->close(iso, &err), 0);
	kill(stranger, SIGKILL);
	waitpid(stranger, &status, 0);
}

static void test_tree_of_a_reused_id(void **state)
{
	(void)state;
	struct proc_tree tree = { 0 };
	struct proc_stat self;
	pid_t pids[4];

	assert_int_equal(proc_stat_read(getpid(), &self), 0);
	assert_int_equal(proc_tree_scan(&tree, getpid(), self.start_ticks, NULL), 0);
	assert_true(proc_tree_has(&tree, getpid()));
	proc_tree_release(&tree);
	assert_int_equal(proc_tree_scan(&tree, getpid(), self.start_ticks - 1, NULL), 0);
	assert_int_equal(proc_tree_pids(&tree, pids, 4), 0);
	proc_tree_release(&tree);
}

static void test_find(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;

	assert_null(isolation_find("nome", &err));
	assert_int_equal(err.code, ERROR_USAGE);
	assert_string_equal(err.message, "unknown isolation 'nome'; did you mean 'none'?");
	assert_non_null(isolation_find("none", &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stat),
		cmocka_unit_test(test_oom_control),
		cmocka_unit_test_setup_teardown(test_fake_group, folder_setup, folder_teardown),
		cmocka_unit_test(test_unreclaimable),
		cmocka_unit_test(test_group_names),
		cmocka_unit_test(test_proc_stat),
		cmocka_unit_test(test_none_sees_and_kills_the_family_only),
		cmocka_unit_test(test_tree_of_a_reused_id),
		cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests_name("isolation", tests, NULL, NULL);
}
