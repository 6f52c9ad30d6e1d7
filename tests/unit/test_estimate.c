/*
 * test_estimate - how long the runs that follow are said to take: a range from what
 * was measured, nothing before.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "base/clock.h"
#include "report/estimate.h"

static void test_texts(void **state)
{
	(void)state;
	const struct {
		uint64_t runs_s[3]; /* 0: no run */
		size_t least, most;
		const char *text;
	} rows[] = {
		{ { 0 }, 5, 5, "" },
		{ { 10 }, 0, 0, "" },
		{ { 10 }, 1, 1, "  about 10 s left" },
		{ { 10, 14, 12 }, 5, 5, "  about 50-70 s left" },
		{ { 60, 100 }, 3, 3, "  about 3-5 min left" },
		{ { 3600, 7200 }, 4, 4, "  about 4-8 h left" },
		{ { 10, 14 }, 0, 20, "  up to about 5 min left" },
		{ { 10, 200 }, 3, 3, "  up to about 10 min left" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct estimate e = { 0 };
		struct buf b = BUF_INIT;
		for (size_t k = 0; k < 3 && rows[i].runs_s[k] > 0; k++)
			estimate_run(&e, rows[i].runs_s[k] * NS_PER_S);
		estimate_text(&b, &e, rows[i].least, rows[i].most);
		if (strcmp(buf_str(&b), rows[i].text) != 0)
			fail_msg("row %zu: got '%s', expected '%s'", i, buf_str(&b), rows[i].text);
		buf_release(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_texts) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
