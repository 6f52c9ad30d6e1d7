/*
 * expect - what several unit tests compare with, got and expected both shown.
 * Included after cmocka.h.  The expect_ kind counts and goes on, so that a table
 * shows all of its wrong rows; the test ends with its own look at the count.
 */
#ifndef OOMRIG_TESTS_EXPECT_H
#define OOMRIG_TESTS_EXPECT_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/fact.h"

static int failures;

__attribute__((unused)) static void expect_text(const char *what, const char *got, const char *expected)
{
	if (strcmp(got, expected) == 0)
		return;
	print_error("%s\n  got      %s\n  expected %s\n", what, got, expected);
	failures++;
}

__attribute__((unused)) static void expect_figure(const char *what, uint64_t got, uint64_t expected)
{
	if (got == expected)
		return;
	print_error("%s\n  got      %llu\n  expected %llu\n", what, (unsigned long long)got,
		    (unsigned long long)expected);
	failures++;
}

/* A cmocka setup function. */
__attribute__((unused)) static int reset_failures(void **state)
{
	(void)state;
	failures = 0;
	return 0;
}

__attribute__((unused)) static const char *fact_text(struct fact f, char out[32])
{
	if (f.state == FACT_KNOWN)
		snprintf(out, 32, "%llu", (unsigned long long)f.value);
	else
		snprintf(out, 32, "%s", f.state == FACT_ABSENT ? "absent" : "unreadable");
	return out;
}

#define assert_fact(what, got, want)                                                                                   \
	do {                                                                                                           \
		char got_text[32], want_text[32];                                                                      \
		fact_text(got, got_text);                                                                              \
		fact_text(want, want_text);                                                                            \
		if (strcmp(got_text, want_text) != 0)                                                                  \
			fail_msg("%s: got %s, expected %s", what, got_text, want_text);                                \
	} while (0)

#endif
