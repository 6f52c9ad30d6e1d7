/*
 * The parsers of both versions' memory files over the trees of several kernels.
 * Those of 6.1 (User-mode Linux) and of 6.18 with v1 were recorded.  The others
 * have the lines that the kernel's source prints, in its order, and figures made
 * up; the source is mm/memcontrol.c, memory_stat_show() and memory_events_show()
 * of v4.19, the table memory_stats[] and memory_stat_format() of v5.10 (Android's
 * common kernel), of a tree between v5.13 and v5.15, and of v6.18 (of which the
 * order of the counters after pgsteal was not looked up).  No root.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macros.h"
#include "isolation/memory_v1.h"
#include "isolation/memory_v2.h"
#include "expect.h"
#include "folder.h"

static void assert_tree_fact(const char *what, const char *of, struct fact got, struct fact want)
{
	char got_text[32], want_text[32];

	fact_text(got, got_text);
	fact_text(want, want_text);
	if (strcmp(got_text, want_text) != 0)
		fail_msg("%s of %s: got %s, expected %s", what, of, got_text, want_text);
}

struct tree {
	const char *kernel;
	int (*open)(struct memory_files *m, int dir_fd, struct error *err);
	struct {
		const char *name, *text;
	} files[8];
	struct {
		enum memory_field field;
		struct fact want;
	} want[MEMORY_FIELDS];
};

#define IS(field, value)                                                                                               \
	{                                                                                                              \
		field,                                                                                                 \
		{                                                                                                      \
			FACT_KNOWN, value                                                                              \
		}                                                                                                      \
	}
#define NO(field)                                                                                                      \
	{                                                                                                              \
		field,                                                                                                 \
		{                                                                                                      \
			FACT_ABSENT, 0                                                                                 \
		}                                                                                                      \
	}

static const struct tree trees[] = {
	{ "Linux 4.19, v2",
	  memory_v2_open,
	  { { "memory.current", "67108864\n" },
	    { "memory.max", "max\n" },
	    { "memory.stat",
	      "anon 20000000\nfile 30000000\nkernel_stack 65536\nslab 3000000\nsock 40960\nshmem 4096\n"
	      "file_mapped 8192\nfile_dirty 12288\nfile_writeback 16384\ninactive_anon 0\nactive_anon 20000000\n"
	      "inactive_file 29000000\nactive_file 1000000\nunevictable 0\nslab_reclaimable 2000000\n"
	      "slab_unreclaimable 1000000\npgfault 1000\npgmajfault 7\npgrefill 0\npgscan 0\npgsteal 0\n"
	      "pgactivate 0\npgdeactivate 0\npglazyfree 0\npglazyfreed 0\nworkingset_refault 0\n"
	      "workingset_activate 0\nworkingset_nodereclaim 0\n" },
	    { "memory.events", "low 0\nhigh 0\nmax 12\noom 2\noom_kill 1\n" } },
	  { IS(MEMORY_USAGE, 67108864),
	    IS(MEMORY_ANON, 20000000),
	    IS(MEMORY_FILE, 29995904),
	    IS(MEMORY_SHMEM, 4096),
	    IS(MEMORY_MAPPED_FILE, 8192),
	    IS(MEMORY_DIRTY, 12288),
	    IS(MEMORY_WRITEBACK, 16384),
	    IS(MEMORY_KERNEL, 3065536),
	    IS(MEMORY_SOCK, 40960),
	    IS(MEMORY_UNEVICTABLE, 0),
	    IS(MEMORY_INACTIVE_FILE, 29000000),
	    NO(MEMORY_SWAP),
	    IS(MEMORY_PGMAJFAULT, 7),
	    IS(MEMORY_OOM_KILL, 1),
	    IS(MEMORY_LIMIT_HITS, 12),
	    IS(MEMORY_SLAB_RECLAIMABLE, 2000000),
	    IS(MEMORY_OOMS, 2),
	    NO(MEMORY_OOM_KILL_LOCAL),
	    IS(MEMORY_HIGH_HITS, 0),
	    NO(MEMORY_OOM_GROUP_KILLS),
	    NO(MEMORY_PRESSURE_SOME),
	    NO(MEMORY_PRESSURE_FULL),
	    NO(MEMORY_UNDER_OOM) } },
	{ "Linux 5.10, v2",
	  memory_v2_open,
	  { { "memory.current", "9000000\n" },
	    { "memory.stat",
	      "anon 1000000\nfile 5000000\nkernel_stack 16384\npercpu 1024\nsock 0\nshmem 0\nfile_mapped 0\n"
	      "file_dirty 0\nfile_writeback 0\nanon_thp 0\ninactive_anon 1000000\nactive_anon 0\n"
	      "inactive_file 5000000\nactive_file 0\nunevictable 0\nslab_reclaimable 500000\n"
	      "slab_unreclaimable 200000\nslab 700000\nworkingset_refault_anon 0\nworkingset_refault_file 0\n"
	      "workingset_activate_anon 0\nworkingset_activate_file 0\nworkingset_restore_anon 0\n"
	      "workingset_restore_file 0\nworkingset_nodereclaim 0\npgfault 100\npgmajfault 0\npgrefill 0\n"
	      "pgscan 0\npgsteal 0\npgactivate 0\npgdeactivate 0\npglazyfree 0\npglazyfreed 0\n"
	      "thp_fault_alloc 0\nthp_collapse_alloc 0\n" },
	    { "memory.swap.current", "0\n" },
	    { "memory.pressure", "some avg10=1.05 avg60=0.20 avg300=0.00 total=123456\n"
				 "full avg10=0.50 avg60=0.10 avg300=0.00 total=23456\n" },
	    { "memory.events.local", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n" },
	    { "memory.events", "low 0\nhigh 0\nmax 0\noom 1\noom_kill 1\n" } },
	  { IS(MEMORY_KERNEL, 717408), IS(MEMORY_SOCK, 0), IS(MEMORY_SWAP, 0), IS(MEMORY_PRESSURE_SOME, 123456),
	    IS(MEMORY_PRESSURE_FULL, 23456), IS(MEMORY_OOM_KILL, 1), IS(MEMORY_OOM_KILL_LOCAL, 0),
	    IS(MEMORY_LIMIT_HITS, 0), IS(MEMORY_FILE, 5000000), IS(MEMORY_SLAB_RECLAIMABLE, 500000) } },
	{ "Linux 5.13, v2",
	  memory_v2_open,
	  { { "memory.current", "9000000\n" },
	    { "memory.stat",
	      "anon 1000000\nfile 5000000\nkernel_stack 16384\npagetables 40960\npercpu 1024\nsock 4096\n"
	      "shmem 1000000\nfile_mapped 0\nfile_dirty 0\nfile_writeback 0\nswapcached 0\nanon_thp 0\nfile_thp 0\n"
	      "shmem_thp 0\ninactive_anon 2000000\nactive_anon 0\ninactive_file 4000000\nactive_file 0\n"
	      "unevictable 0\nslab_reclaimable 500000\nslab_unreclaimable 200000\nslab 700000\n"
	      "workingset_refault_anon 0\nworkingset_refault_file 0\nworkingset_activate_anon 0\n"
	      "workingset_activate_file 0\nworkingset_restore_anon 0\nworkingset_restore_file 0\n"
	      "workingset_nodereclaim 0\npgfault 100\npgmajfault 3\npgrefill 0\npgscan 0\npgsteal 0\npgactivate 0\n"
	      "pgdeactivate 0\npglazyfree 0\npglazyfreed 0\nthp_fault_alloc 0\nthp_collapse_alloc 0\n" },
	    { "memory.swap.current", "8192\n" },
	    { "memory.events.local", "low 0\nhigh 0\nmax 0\noom 3\noom_kill 2\n" },
	    { "memory.events", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n" } },
	  { IS(MEMORY_KERNEL, 758368), IS(MEMORY_SOCK, 4096), IS(MEMORY_SWAP, 8192), IS(MEMORY_FILE, 4000000),
	    IS(MEMORY_SHMEM, 1000000), IS(MEMORY_OOM_KILL, 0), IS(MEMORY_OOM_KILL_LOCAL, 2),
	    NO(MEMORY_PRESSURE_SOME) } },
	{ "Linux 6.1, v2",
	  memory_v2_open,
	  { { "memory.current", "66973696\n" },
	    { "memory.stat",
	      "anon 14999552\nfile 47841280\nkernel 1417216\nkernel_stack 16384\npagetables 77824\nsec_pagetables 0\n"
	      "percpu 0\nsock 2727936\nvmalloc 0\nshmem 3145728\nzswap 0\nzswapped 0\nfile_mapped 4149248\n"
	      "file_dirty 8933376\nfile_writeback 0\nswapcached 0\ninactive_anon 18132992\nactive_anon 4096\n"
	      "inactive_file 44687360\nactive_file 0\nunevictable 0\nslab_reclaimable 1273608\n"
	      "slab_unreclaimable 40208\nslab 1313816\nworkingset_refault_anon 0\nworkingset_refault_file 0\n"
	      "workingset_activate_anon 0\nworkingset_activate_file 0\nworkingset_restore_anon 0\n"
	      "workingset_restore_file 0\nworkingset_nodereclaim 0\npgscan 11194\npgsteal 11174\npgscan_kswapd 0\n"
	      "pgscan_direct 11194\npgsteal_kswapd 0\npgsteal_direct 11174\npgfault 6175\npgmajfault 46\n"
	      "pgrefill 0\npgactivate 18\npgdeactivate 0\npglazyfree 0\npglazyfreed 0\nzswpin 0\nzswpout 0\n" },
	    { "memory.swap.current", "0\n" },
	    { "memory.events.local", "low 0\nhigh 0\nmax 223\noom 0\noom_kill 0\noom_group_kill 0\n" },
	    { "memory.events", "low 0\nhigh 0\nmax 223\noom 0\noom_kill 0\noom_group_kill 0\n" } },
	  { IS(MEMORY_USAGE, 66973696), IS(MEMORY_ANON, 14999552), IS(MEMORY_FILE, 44695552), IS(MEMORY_SHMEM, 3145728),
	    IS(MEMORY_KERNEL, 1417216), IS(MEMORY_SOCK, 2727936), IS(MEMORY_DIRTY, 8933376), IS(MEMORY_PGMAJFAULT, 46),
	    IS(MEMORY_LIMIT_HITS, 223), IS(MEMORY_OOM_KILL, 0), IS(MEMORY_OOM_KILL_LOCAL, 0), NO(MEMORY_PRESSURE_SOME),
	    NO(MEMORY_UNDER_OOM) } },
	{ "Linux 6.18, v2",
	  memory_v2_open,
	  { { "memory.current", "5000000\n" },
	    { "memory.stat",
	      "anon 1000000\nfile 2000000\nkernel 900000\nkernel_stack 16384\npagetables 40960\nsec_pagetables 0\n"
	      "percpu 480\nsock 0\nvmalloc 8192\nshmem 0\nzswap 0\nzswapped 0\nfile_mapped 0\nfile_dirty 0\n"
	      "file_writeback 0\nswapcached 0\nanon_thp 0\nfile_thp 0\nshmem_thp 0\ninactive_anon 0\n"
	      "active_anon 1000000\ninactive_file 2000000\nactive_file 0\nunevictable 0\nslab_reclaimable 400000\n"
	      "slab_unreclaimable 300000\nslab 700000\nhugetlb 0\nworkingset_refault_anon 0\nworkingset_refault_file "
	      "0\n"
	      "workingset_activate_anon 0\nworkingset_activate_file 0\nworkingset_restore_anon 0\n"
	      "workingset_restore_file 0\nworkingset_nodereclaim 0\npgdemote_kswapd 0\npgdemote_direct 0\n"
	      "pgdemote_khugepaged 0\npgdemote_proactive 0\npgpromote_success 0\npgscan 0\npgsteal 0\npgscan_kswapd 0\n"
	      "pgscan_khugepaged 0\npgscan_proactive 0\npgfault 100\npgmajfault 1\nswpin_zero 0\nswpout_zero 0\n" },
	    { "memory.swap.current", "0\n" },
	    { "memory.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
				 "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n" },
	    { "memory.events.local", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n" },
	    { "memory.events", "low 0\nhigh 6\nmax 0\noom 2\noom_kill 4\noom_group_kill 2\n" } },
	  { IS(MEMORY_KERNEL, 900000), IS(MEMORY_PRESSURE_SOME, 0), IS(MEMORY_PRESSURE_FULL, 0), IS(MEMORY_OOMS, 2),
	    IS(MEMORY_HIGH_HITS, 6), IS(MEMORY_OOM_GROUP_KILLS, 2), IS(MEMORY_OOM_KILL_LOCAL, 0),
	    IS(MEMORY_SLAB_RECLAIMABLE, 400000) } },
	{ "Linux 6.1, v1",
	  memory_v1_open,
	  { { "memory.usage_in_bytes", "17264640\n" },
	    { "memory.kmem.usage_in_bytes", "602112\n" },
	    { "memory.failcnt", "0\n" },
	    { "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n" },
	    { "memory.stat",
	      "cache 16220160\nrss 225280\nshmem 0\nmapped_file 90112\ndirty 16056320\nwriteback 0\n"
	      "workingset_refault_anon 0\nworkingset_refault_file 0\nswap 0\npgpgin 4087\npgpgout 72\npgfault 277\n"
	      "pgmajfault 2\ninactive_anon 221184\nactive_anon 4096\ninactive_file 16216064\nactive_file 4096\n"
	      "unevictable 0\nhierarchical_memory_limit 67108864\nhierarchical_memsw_limit 67108864\n"
	      "total_cache 16220160\ntotal_rss 225280\ntotal_shmem 0\ntotal_mapped_file 90112\n"
	      "total_dirty 16056320\ntotal_writeback 0\ntotal_workingset_refault_anon 0\n"
	      "total_workingset_refault_file 0\ntotal_swap 0\ntotal_pgpgin 4087\ntotal_pgpgout 72\n"
	      "total_pgfault 277\ntotal_pgmajfault 2\ntotal_inactive_anon 221184\ntotal_active_anon 4096\n"
	      "total_inactive_file 16216064\ntotal_active_file 4096\ntotal_unevictable 0\n" } },
	  { IS(MEMORY_USAGE, 17264640), IS(MEMORY_ANON, 225280), IS(MEMORY_FILE, 16220160), IS(MEMORY_SHMEM, 0),
	    IS(MEMORY_MAPPED_FILE, 90112), IS(MEMORY_DIRTY, 16056320), IS(MEMORY_WRITEBACK, 0),
	    IS(MEMORY_INACTIVE_FILE, 16216064), IS(MEMORY_KERNEL, 602112), IS(MEMORY_PGMAJFAULT, 2),
	    IS(MEMORY_OOM_KILL, 0), IS(MEMORY_LIMIT_HITS, 0), IS(MEMORY_UNDER_OOM, 0), NO(MEMORY_SOCK),
	    NO(MEMORY_SLAB_RECLAIMABLE), NO(MEMORY_OOMS), NO(MEMORY_OOM_KILL_LOCAL), NO(MEMORY_HIGH_HITS),
	    NO(MEMORY_OOM_GROUP_KILLS) } },
	{ "Linux 6.18, v1",
	  memory_v1_open,
	  { { "memory.usage_in_bytes", "16912384\n" },
	    { "memory.kmem.usage_in_bytes", "626688\n" },
	    { "memory.failcnt", "0\n" },
	    { "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n" },
	    { "memory.stat",
	      "cache 16056320\nrss 229376\nrss_huge 0\nshmem 0\nmapped_file 0\ndirty 0\nwriteback 0\n"
	      "workingset_refault_anon 0\nworkingset_refault_file 0\nswap 0\nswapcached 0\npgpgin 1064\npgpgout 60\n"
	      "pgfault 154\npgmajfault 0\ninactive_anon 225280\nactive_anon 4096\ninactive_file 16056320\n"
	      "active_file 0\nunevictable 0\nhierarchical_memory_limit 67108864\n"
	      "hierarchical_memsw_limit 67108864\ntotal_cache 16056320\ntotal_rss 229376\ntotal_rss_huge 0\n"
	      "total_shmem 0\ntotal_mapped_file 0\ntotal_dirty 0\ntotal_writeback 0\n"
	      "total_workingset_refault_anon 0\ntotal_workingset_refault_file 0\ntotal_swap 0\n"
	      "total_swapcached 0\ntotal_pgpgin 1064\ntotal_pgpgout 60\ntotal_pgfault 154\ntotal_pgmajfault 0\n"
	      "total_inactive_anon 225280\ntotal_active_anon 4096\ntotal_inactive_file 16056320\n"
	      "total_active_file 0\ntotal_unevictable 0\n" } },
	  { IS(MEMORY_USAGE, 16912384), IS(MEMORY_ANON, 229376), IS(MEMORY_FILE, 16056320), IS(MEMORY_SHMEM, 0),
	    IS(MEMORY_DIRTY, 0), IS(MEMORY_INACTIVE_FILE, 16056320), IS(MEMORY_KERNEL, 626688), IS(MEMORY_SWAP, 0),
	    IS(MEMORY_UNDER_OOM, 0), NO(MEMORY_SOCK) } },
};

static void test_trees(void **state)
{
	for (size_t i = 0; i < COUNT(trees); i++) {
		const struct tree *t = &trees[i];
		struct error err = ERROR_INIT;
		struct memory_sample got;
		struct memory_files m;
		struct folder *f;

		folder_setup(state);
		f = *state;
		for (size_t j = 0; t->files[j].name; j++)
			put(f, t->files[j].name, t->files[j].text);
		assert_int_equal(t->open(&m, f->fd, &err), 0);
		memory_files_read(&m, &got);
		for (size_t j = 0; j < MEMORY_FIELDS && (j == 0 || t->want[j].field != MEMORY_USAGE); j++)
			assert_tree_fact(memory_field_info[t->want[j].field].name, t->kernel,
					 got.field[t->want[j].field], t->want[j].want);
		memory_files_close(&m);
		folder_teardown(state);
	}
}

static void test_stat(void **state)
{
	(void)state;
	static const struct {
		const char *what, *text;
		enum memory_field field;
		struct fact want;
	} rows[] = {
		{ "file without shmem cannot be split", "file 4096\n", MEMORY_FILE, { FACT_ABSENT, 0 } },
		{ "a bad shmem", "file 4096\nshmem x\n", MEMORY_FILE, { FACT_UNREADABLE, 0 } },
		{ "shmem counted later than file", "file 4096\nshmem 8192\n", MEMORY_FILE, { FACT_KNOWN, 0 } },
		{ "zero is known", "anon 0\n", MEMORY_ANON, { FACT_KNOWN, 0 } },
		{ "a prefix of a key", "anon_thp 5\n", MEMORY_ANON, { FACT_ABSENT, 0 } },
		{ "kernel in one figure wins over its parts",
		  "kernel 10\nslab 7\n",
		  MEMORY_KERNEL,
		  { FACT_KNOWN, 10 } },
		{ "a bad kernel is not made up for by parts",
		  "kernel x\nslab 7\n",
		  MEMORY_KERNEL,
		  { FACT_UNREADABLE, 0 } },
		{ "a bad part", "kernel_stack 1\nslab x\n", MEMORY_KERNEL, { FACT_UNREADABLE, 0 } },
		{ "neither kernel nor parts", "anon 1\n", MEMORY_KERNEL, { FACT_ABSENT, 0 } },
		{ "sock is no part of kernel", "kernel_stack 1\nsock 5\n", MEMORY_KERNEL, { FACT_KNOWN, 1 } },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct memory_sample m = { 0 };

		memory_v2_parse_stat(rows[i].text, strlen(rows[i].text), &m);
		assert_tree_fact("stat", rows[i].what, m.field[rows[i].field], rows[i].want);
	}
}

static void test_pressure(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		struct fact some, full;
	} rows[] = {
		{ "some avg10=0.00 avg60=0.00 avg300=0.00 total=5\n", { FACT_KNOWN, 5 }, { FACT_ABSENT, 0 } },
		{ "full avg10=0.00 total=6", { FACT_ABSENT, 0 }, { FACT_KNOWN, 6 } },
		{ "some avg10=0.00 total=x\nfull\n", { FACT_UNREADABLE, 0 }, { FACT_ABSENT, 0 } },
		{ "some avg10=0.00\n", { FACT_UNREADABLE, 0 }, { FACT_ABSENT, 0 } },
		{ "", { FACT_ABSENT, 0 }, { FACT_ABSENT, 0 } },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct memory_sample m = { 0 };

		memory_v2_parse_pressure(rows[i].text, strlen(rows[i].text), &m);
		assert_tree_fact("some", rows[i].text, m.field[MEMORY_PRESSURE_SOME], rows[i].some);
		assert_tree_fact("full", rows[i].text, m.field[MEMORY_PRESSURE_FULL], rows[i].full);
	}
}

static void test_limits(void **state)
{
	struct folder *f = *state;

	put(f, "memory.max", "max\n");
	assert_tree_fact("limit", "max", memory_v2_limit_at(f->fd, "memory.max"), fact_of(UINT64_MAX));
	put(f, "memory.max", "4096\n");
	assert_tree_fact("limit", "4096", memory_v2_limit_at(f->fd, "memory.max"), fact_of(4096));
	put(f, "memory.max", "maximum\n");
	assert_tree_fact("limit", "maximum", memory_v2_limit_at(f->fd, "memory.max"), FACT_BROKEN);
	put(f, "memory.max", "");
	assert_tree_fact("limit", "nothing", memory_v2_limit_at(f->fd, "memory.max"), FACT_BROKEN);
	assert_tree_fact("limit", "no file", memory_v2_limit_at(f->fd, "memory.swap.max"), FACT_NONE);
}

/* Zero, absent and unreadable are three values. */
static void test_missing_and_broken_files(void **state)
{
	struct folder *f = *state;
	struct error err = ERROR_INIT;
	struct memory_sample got;
	struct memory_files m;

	assert_int_equal(memory_v2_open(&m, f->fd, &err), -1);
	assert_non_null(strstr(err.message, "'memory.current'"));

	put(f, "memory.current", "4096\n");
	assert_int_equal(mkdirat(f->fd, "memory.stat", 0755), 0); /* there, and not to be read */
	assert_int_equal(memory_v2_open(&m, f->fd, &err), 0);
	memory_files_read(&m, &got);
	assert_tree_fact("usage", "a file", got.field[MEMORY_USAGE], fact_of(4096));
	assert_tree_fact("anon", "a folder", got.field[MEMORY_ANON], FACT_BROKEN);
	assert_tree_fact("sock", "a folder", got.field[MEMORY_SOCK], FACT_BROKEN);
	assert_tree_fact("oom_kill", "no file", got.field[MEMORY_OOM_KILL], FACT_NONE);
	assert_tree_fact("unreclaimable", "a folder", memory_unreclaimable(&got), FACT_BROKEN);
	assert_tree_fact("ooms", "no file", memory_v2_read_ooms(&m), FACT_NONE);
	put(f, "memory.current", "");
	memory_files_read(&m, &got);
	assert_tree_fact("usage", "an empty file", got.field[MEMORY_USAGE], FACT_BROKEN);
	memory_files_close(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trees),
		cmocka_unit_test(test_stat),
		cmocka_unit_test(test_pressure),
		cmocka_unit_test_setup_teardown(test_limits, folder_setup, folder_teardown),
		cmocka_unit_test_setup_teardown(test_missing_and_broken_files, folder_setup, folder_teardown),
	};

	return cmocka_run_group_tests_name("memory_files", tests, NULL, NULL);
}
