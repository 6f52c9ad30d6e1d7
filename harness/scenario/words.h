/*
 * words - checks of the words that a key may hold, beyond a row's plain list of
 * choices: expected verdicts and network presets.  Each returns 0, or -1 with
 * ERROR_INPUT and the nearest known word.  Any thread.
 */
#ifndef OOMRIG_SCENARIO_WORDS_H
#define OOMRIG_SCENARIO_WORDS_H

#include "base/error.h"

/* "outcome" or "outcome/cause", as in "crashed/oom-kill". */
int words_check_expect(const char *text, struct error *err);

int words_check_network(const char *text, struct error *err);

/* What a scenario may require of the host: "swap". */
int words_check_requirement(const char *text, struct error *err);

/* A JSON pointer (RFC 6901 section 3): starts with '/'. */
int words_check_json_pointer(const char *text, struct error *err);

/* The known word nearest to an unknown one, worded for the end of a message; known is NULL-terminated. */
int words_unknown(const char *what, const char *text, const char *const *known, struct error *err);

#endif
