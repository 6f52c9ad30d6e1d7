/* report/death_page.c: the golden text of a death with and without the kernel's table; 80 columns, no colour. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/macros.h"
#include "report/death_page.h"

#define STEP(t, mib)                                                                                                   \
	"{\"t_ns\": " t ", \"memory\": {\"usage_bytes\": " mib "0485760, \"anon_bytes\": " mib "0000000,"              \
	" \"file_bytes\": {\"state\": \"unreadable\"}, \"dirty_bytes\": 1048576, \"writeback_bytes\": 1048576}}"
#define LAST_SECOND                                                                                                    \
	"\"last_second\": {\"from_ns\": 1000000000, \"to_ns\": 2000000000, \"samples\": 971, \"gap_max_ns\": 4000000," \
	" \"steps\": [" STEP("1000000000", "1") ", " STEP("2000000000", "6") "]}"

static const char whole[] =
	"{\"tasks\": [{\"pid\": 516, \"name\": \"chunk srv\", \"killed\": true, \"rss_bytes\": 67108864,"
	" \"rss_anon_bytes\": 66060288, \"rss_file_bytes\": 1048576, \"rss_shmem_bytes\": 0, \"pgtables_bytes\": "
	"184320},"
	" {\"pid\": 515, \"name\": \"sh\", \"killed\": false, \"rss_bytes\": 1048576, \"pgtables_bytes\": 49152}],"
	" \"tasks_absent\": null, \"tasks_beyond\": 0, \"memory\": {\"usage_bytes\": 67108864, \"anon_bytes\": "
	"66666496},"
	" \"at_oom\": {\"t_ns\": 2000000000, \"memory\": {\"usage_bytes\": 67108864, \"unevictable_bytes\": 0},"
	" \"processes\": []}, " LAST_SECOND "}";
static const char whole_text[] = "\n"
				 "The last second  971 samples, at most 4 ms apart\n"
				 "  before            usage       anon      shmem     kernel page cache  unwritten\n"
				 "  1.00 s           10 MiB   9.54 MiB          -          -          ?      2 MiB\n"
				 "  0 us           57.7 MiB   57.2 MiB          -          -          ?      2 MiB\n"
				 "\n"
				 "At the kill       the rig the kernel\n"
				 "  usage            64 MiB     64 MiB\n"
				 "  anon                  -   63.6 MiB\n"
				 "  shmem                 -          -\n"
				 "  kernel                -          -\n"
				 "  page cache            -          -\n"
				 "  dirty                 -          -\n"
				 "  writeback             -          -\n"
				 "  locked              0 B          -\n"
				 "\n"
				 "Processes\n"
				 "  pid                              resident     anon     file    shmem   tables\n"
				 "  516     (killed) chunk srv         64 MiB   63 MiB    1 MiB      0 B  180 KiB\n"
				 "  515     sh                          1 MiB        -        -        -   48 KiB\n";

/* No dump: the processes as the rig saw them stand in, and the reason is said. */
static const char without[] =
	"{\"tasks\": null, \"tasks_absent\": \"the kernel log is not readable here\", \"tasks_beyond\": 0,"
	" \"memory\": null, \"at_oom\": {\"t_ns\": 2000000000, \"memory\": {\"usage_bytes\": 67108864}, \"processes\":"
	" [{\"pid\": 515, \"name\": \"fate\", \"killed\": false, \"rss_anon_bytes\": 66060288}]}, \"last_second\": "
	"null}";
static const char without_text[] = "\n"
				   "At the kill       the rig the kernel\n"
				   "  usage            64 MiB          -\n"
				   "  anon                  -          -\n"
				   "  shmem                 -          -\n"
				   "  kernel                -          -\n"
				   "  page cache            -          -\n"
				   "  dirty                 -          -\n"
				   "  writeback             -          -\n"
				   "  locked                -          -\n"
				   "\n"
				   "Processes\n"
				   "  pid                              resident     anon     file    shmem   tables\n"
				   "  515     fate                            -   63 MiB        -        -        -\n"
				   "  no table of the kernel's: the kernel log is not readable here\n";

static void test_golden(void **state)
{
	static const struct {
		const char *json, *text;
	} rows[] = {
		{ whole, whole_text },
		{ without, without_text },
		{ "null", "" },
		{ "{}", "\nProcesses\n  no table of the kernel's: ?\n" },
	};

	(void)state;
	setenv("COLUMNS", "80", 1);
	setenv("LC_ALL", "C", 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		json_t *death = json_loads(rows[i].json, JSON_DECODE_ANY, NULL);
		FILE *out = tmpfile();
		struct page p;

		assert_non_null(death);
		page_init(&p, out);
		report_death(&p, death);
		if (strcmp(buf_str(&p.text), rows[i].text) != 0)
			fail_msg("row %zu: got\n%s\nexpected\n%s", i, buf_str(&p.text), rows[i].text);
		page_release(&p);
		fclose(out);
		json_decref(death);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_golden) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
