/* observe/oom_dump.c over what kernels printed: tests/unit/oom-dumps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/fs.h"
#include "expect.h"
#include "base/macros.h"
#include "observe/oom_dump.h"

#define PAGE 4096

static void parse_file(const char *name, struct oom_dump *out)
{
	char *path = xasprintf("tests/unit/oom-dumps/%s", name);
	struct error err = ERROR_INIT;
	struct buf text = BUF_INIT;

	if (fs_read_file(path, &text, &err) != 0)
		fail_msg("%s", err.message);
	oom_dump_parse(buf_str(&text), PAGE, out);
	buf_release(&text);
	free(path);
}

static void test_recorded(void **state)
{
	static const struct {
		const char *name;
		uint64_t usage, anon, shmem, kernel, limit, limit_hits; /* bytes; the last a count */
		int biggest, smallest;
		uint64_t biggest_rss, biggest_total_vm, biggest_pgtables; /* pages, pages, bytes */
		struct fact biggest_anon, smallest_file;
	} rows[] = {
		{ "linux-6.18-cgroup-v1.log",
		  65536 << 10,
		  66670592,
		  0,
		  428 << 10,
		  65536 << 10,
		  0,
		  23140,
		  23136,
		  16342,
		  18098,
		  184320,
		  { FACT_KNOWN, 16160 * PAGE },
		  { FACT_KNOWN, 356 * PAGE } },
		{ "linux-6.1-cgroup-v2.log",
		  65536 << 10,
		  66736128,
		  0,
		  368640,
		  65536 << 10,
		  2061,
		  700,
		  696,
		  16407,
		  18091,
		  155648,
		  { FACT_ABSENT, 0 },
		  { FACT_ABSENT, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct oom_dump d;

		parse_file(rows[i].name, &d);
		assert_true(d.seen && d.has_tasks);
		expect_text("name", d.task[0].name, "fate");
		assert_fact("usage", d.memory.field[MEMORY_USAGE], fact_of(rows[i].usage));
		assert_fact("anon", d.memory.field[MEMORY_ANON], fact_of(rows[i].anon));
		assert_fact("shmem", d.memory.field[MEMORY_SHMEM], fact_of(rows[i].shmem));
		assert_fact("kernel", d.memory.field[MEMORY_KERNEL], fact_of(rows[i].kernel));
		assert_fact("limit", d.limit_bytes, fact_of(rows[i].limit));
		assert_fact("failcnt", d.memory.field[MEMORY_LIMIT_HITS], fact_of(rows[i].limit_hits));
		expect_figure("tasks", d.task_count, 2);
		expect_figure("biggest", (uint64_t)d.task[0].pid, (uint64_t)rows[i].biggest);
		expect_figure("smallest", (uint64_t)d.task[1].pid, (uint64_t)rows[i].smallest);
		assert_fact("rss", d.task[0].rss_bytes, fact_of(rows[i].biggest_rss * PAGE));
		assert_fact("total_vm", d.task[0].total_vm_bytes, fact_of(rows[i].biggest_total_vm * PAGE));
		assert_fact("pgtables_bytes", d.task[0].pgtables_bytes, fact_of(rows[i].biggest_pgtables));
		assert_fact("rss_anon", d.task[0].rss_anon_bytes, rows[i].biggest_anon);
		assert_fact("rss_file", d.task[1].rss_file_bytes, rows[i].smallest_file);
	}
	assert_int_equal(failures, 0);
}

/* An older form: figures of another name and place are absent, never wrong. */
static void test_modelled(void **state)
{
	struct oom_dump d;

	(void)state;
	parse_file("linux-4.19-modelled.log", &d);
	assert_true(d.seen && d.has_tasks);
	assert_fact("usage", d.memory.field[MEMORY_USAGE], fact_of(65536 << 10));
	assert_fact("kernel", d.memory.field[MEMORY_KERNEL], fact_of(440 << 10));
	assert_fact("anon", d.memory.field[MEMORY_ANON], FACT_NONE);
	expect_figure("tasks", d.task_count, 2);
	expect_figure("first", (uint64_t)d.task[0].pid, 515);
	expect_figure("second", (uint64_t)d.task[1].pid, 1000017);
	expect_text("a name of several words", d.task[0].name, "chunk ] srv");
	assert_fact("swap", d.task[0].swap_bytes, fact_of(3 * PAGE));
	assert_int_equal(d.task[0].oom_score_adj, -500);
	assert_int_equal(failures, 0);
}

#define HEADING                                                                                                        \
	"[1.000000] Tasks state (memory values in pages):\n"                                                           \
	"[1.000000] [  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name\n"

/* What is cut, torn or spoken by somebody else in between costs its own line and no other. */
static void test_torn(void **state)
{
	static const struct {
		const char *what, *text;
		bool has_tasks;
		size_t tasks;
	} rows[] = {
		{ "nothing", "", false, 0 },
		{ "no table", "[1.000000] memory: usage 1kB, limit 2kB, failcnt 3\n", false, 0 },
		{ "a table without rows", HEADING, true, 0 },
		{ "a heading of another form",
		  "[1.000000] Tasks state (memory values in pages):\n[1.000000] [ who ] rss name\n"
		  "[1.000000] [  515] 1 x\n",
		  false, 0 },
		{ "another's line in between",
		  HEADING "[1.000000] EXT4-fs (vda): mounted\n[1.000000] [  515] 0 515 9 8 7 0 0 a\n", true, 1 },
		{ "a row cut short", HEADING "[1.000000] [  515] 0 515 9\n[1.000000] [  516] 0 516 9 8 7 0 0 b\n", true,
		  1 },
		{ "a row without a process id", HEADING "[1.000000] [  x] 0 515 9 8 7 0 0 a\n", true, 0 },
		{ "a line without a stamp", HEADING "[  515] 0 515 9 8 7 0 0 a\n", true, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct oom_dump d;

		oom_dump_parse(rows[i].text, PAGE, &d);
		if (d.has_tasks != rows[i].has_tasks || d.task_count != rows[i].tasks)
			fail_msg("%s: got %zu rows (table %d), expected %zu (%d)", rows[i].what, d.task_count,
				 d.has_tasks, rows[i].tasks, rows[i].has_tasks);
	}
}

static void test_torn_figure(void **state)
{
	struct oom_dump d;

	(void)state;
	oom_dump_parse(HEADING "[1.000000] [  515] 0 515 nine 8 7 0 0 a\n", PAGE, &d);
	assert_fact("total_vm", d.task[0].total_vm_bytes, FACT_BROKEN);
	assert_fact("rss", d.task[0].rss_bytes, fact_of(8 * PAGE));
}

/* More processes than there is room for: the biggest are kept, in order, wherever they stand. */
static void test_many(void **state)
{
	struct buf text = BUF_INIT;
	struct oom_dump d;

	(void)state;
	buf_adds(&text, HEADING);
	for (int i = 0; i < 3 * OOM_TASKS_MAX; i++)
		buf_addf(&text, "[1.000000] [%7d] 0 1 9 %d 7 0 0 a\n", 1 + i, (i * 67) % (3 * OOM_TASKS_MAX));
	oom_dump_parse(buf_str(&text), PAGE, &d);
	expect_figure("kept", d.task_count, OOM_TASKS_MAX);
	expect_figure("beyond", d.task_beyond, 2 * OOM_TASKS_MAX);
	for (size_t i = 0; i < OOM_TASKS_MAX; i++)
		expect_figure("rss", d.task[i].rss_bytes.value, (3 * OOM_TASKS_MAX - 1 - i) * PAGE);
	buf_release(&text);
	assert_int_equal(failures, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_recorded, reset_failures),
		cmocka_unit_test_setup(test_modelled, reset_failures),
		cmocka_unit_test(test_torn),
		cmocka_unit_test(test_torn_figure),
		cmocka_unit_test_setup(test_many, reset_failures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
