/* What the agent in a small machine tells, as figures: zero, absent and unreadable are three values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "expect.h"
#include "isolation/machine_text.h"

#define KIB 1024ULL
#define RAM (256ULL << 20)

#define AGENT "@agent\nooms 2\nms 1234\nwork_us 41000\n"
#define MEMINFO                                                                                                        \
	"@meminfo\nMemTotal:         215204 kB\nMemFree:           11000 kB\nMemAvailable:     150000 kB\n"            \
	"Buffers:            2000 kB\nCached:            90000 kB\nSwapCached:          300 kB\n"                      \
	"Inactive(file):    40000 kB\nUnevictable:        1000 kB\nMlocked:            1000 kB\n"                      \
	"SwapTotal:         65532 kB\nSwapFree:          60000 kB\nDirty:              5000 kB\n"                      \
	"Writeback:           700 kB\nAnonPages:         60000 kB\nMapped:             8000 kB\n"                      \
	"Shmem:              4000 kB\nKReclaimable:       9000 kB\nSlab:              20000 kB\n"                      \
	"SReclaimable:       9000 kB\nSUnreclaim:        11000 kB\nKernelStack:         900 kB\n"                      \
	"PageTables:          600 kB\nPercpu:              500 kB\nWritebackTmp:          0 kB\n"
#define VMSTAT "@vmstat\npgmajfault 77\noom_kill 1\n"
#define SOCKSTAT "@sockstat\nsockets: used 9\nTCP: inuse 2 orphan 0 tw 0 alloc 3 mem 25\nUDP: inuse 0 mem 1\n"
#define PRESSURE                                                                                                       \
	"@pressure\nsome avg10=0.10 avg60=0.00 avg300=0.00 total=4711\nfull avg10=0.00 avg60=0.00 avg300=0.00 "        \
	"total=0\n"
#define SELF "@self\nVmRSS:     640 kB\n"
#define DISK "@disk\nfree 5000000\nused 70000\n"
#define PROCESSES                                                                                                      \
	"@process 4711\nName:\tserver\nState:\tS (sleeping)\nRssAnon:\t 50000 kB\n@process 4712\nName:\tworker\n"

static void parse(const char *text, struct machine_text *out)
{
	memset(out, 0x55, sizeof(*out));
	machine_text_parse(text, strlen(text), RAM, out);
}

static void test_all_there(void **state)
{
	(void)state;
	struct machine_text t;
	const struct fact *m = t.memory.field;

	parse(AGENT MEMINFO VMSTAT SOCKSTAT PRESSURE SELF DISK PROCESSES, &t);
	assert_fact("usage is all but what is free", m[MEMORY_USAGE], fact_of(RAM - 11000 * KIB));
	assert_fact("anon", m[MEMORY_ANON], fact_of(60000 * KIB));
	assert_fact("file: page cache and buffers, without shmem", m[MEMORY_FILE], fact_of(88000 * KIB));
	assert_fact("shmem", m[MEMORY_SHMEM], fact_of(4000 * KIB));
	assert_fact("kernel: what it took before it counted, slab, stacks, tables, percpu", m[MEMORY_KERNEL],
		    fact_of(RAM - 215204 * KIB + 22000 * KIB));
	assert_fact("writeback is not WritebackTmp", m[MEMORY_WRITEBACK], fact_of(700 * KIB));
	assert_fact("sockets, in pages", m[MEMORY_SOCK], fact_of(26 * 4096));
	assert_fact("swap in use", m[MEMORY_SWAP], fact_of(5532 * KIB));
	assert_fact("oom_kill", m[MEMORY_OOM_KILL], fact_of(1));
	assert_fact("pressure", m[MEMORY_PRESSURE_SOME], fact_of(4711));
	assert_fact("zero pressure is zero", m[MEMORY_PRESSURE_FULL], fact_of(0));
	assert_fact("a machine has no limit to hit", m[MEMORY_LIMIT_HITS], FACT_NONE);
	assert_fact("ooms", t.ooms, fact_of(2));
	assert_fact("speed", t.work_us, fact_of(41000));
	assert_fact("agent", t.agent_bytes, fact_of(640 * KIB));
	assert_fact("disk", t.disk_free_bytes, fact_of(5000000));
	assert_int_equal(t.process_count, 2);
	assert_int_equal(t.process[0].pid, 4711);
	assert_int_equal(t.process[0].len, strlen("Name:\tserver\nState:\tS (sleeping)\nRssAnon:\t 50000 kB\n"));
	assert_int_equal(t.process[1].pid, 4712);
}

static void test_zero_absent_unreadable(void **state)
{
	(void)state;
	static const struct {
		const char *what, *text;
		enum memory_field field;
		struct fact expected;
	} rows[] = {
		{ "nothing came", "", MEMORY_ANON, FACT_BROKEN },
		{ "the file did not come", VMSTAT, MEMORY_ANON, FACT_BROKEN },
		{ "its heading alone came", "@meminfo\n", MEMORY_ANON, FACT_NONE },
		{ "a kernel without the figure", "@vmstat\npgmajfault 1\n", MEMORY_OOM_KILL, FACT_NONE },
		{ "zero", "@vmstat\noom_kill 0\n", MEMORY_OOM_KILL, { FACT_KNOWN, 0 } },
		{ "no number", "@vmstat\noom_kill x\n", MEMORY_OOM_KILL, FACT_BROKEN },
		{ "beyond 64 bits", "@meminfo\nAnonPages: 99999999999999999999 kB\n", MEMORY_ANON, FACT_BROKEN },
		{ "a line that is cut", "@vmstat\noom_kill 12", MEMORY_OOM_KILL, FACT_NONE },
		{ "a key that begins like it", "@vmstat\noom_killer 5\n", MEMORY_OOM_KILL, FACT_NONE },
		{ "of another file", "@other\noom_kill 5\n", MEMORY_OOM_KILL, FACT_BROKEN },
		{ "a kernel without pressure", "@pressure\n", MEMORY_PRESSURE_SOME, FACT_NONE },
		{ "the figure's place is missing", "@pressure\nsome avg10=0.1\n", MEMORY_PRESSURE_SOME, FACT_BROKEN },
		{ "usage without MemFree", "@meminfo\nMemTotal: 1 kB\n", MEMORY_USAGE, FACT_NONE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct machine_text t;

		parse(rows[i].text, &t);
		assert_fact(rows[i].what, t.memory.field[rows[i].field], rows[i].expected);
	}
}

static void test_more_processes_than_are_kept(void **state)
{
	(void)state;
	struct buf text = BUF_INIT;
	struct machine_text t;

	for (int i = 0; i < MACHINE_PROCESSES_MAX + 3; i++)
		buf_addf(&text, "@process %d\nName:\tx\n", 100 + i);
	parse(buf_str(&text), &t);
	assert_int_equal(t.process_count, MACHINE_PROCESSES_MAX);
	assert_int_equal(t.process[MACHINE_PROCESSES_MAX - 1].pid, 100 + MACHINE_PROCESSES_MAX - 1);
	assert_int_equal(t.process_total, MACHINE_PROCESSES_MAX + 3);
	assert_int_equal(t.process[MACHINE_PROCESSES_MAX - 1].len, strlen("Name:\tx\n"));
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_there),
		cmocka_unit_test(test_zero_absent_unreadable),
		cmocka_unit_test(test_more_processes_than_are_kept),
	};
	return cmocka_run_group_tests_name("machine_text", tests, NULL, NULL);
}
