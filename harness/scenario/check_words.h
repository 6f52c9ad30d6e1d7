/*
 * check_words - what a run would stumble over in the texts of a scenario, found
 * before it: names in braces that nobody knows, a preset that the server does not
 * have, a program that is not there.  Errors begin with FILE:LINE.
 */
#ifndef OOMRIG_SCENARIO_CHECK_WORDS_H
#define OOMRIG_SCENARIO_CHECK_WORDS_H

#include "scenario/scenario.h"

/* Does one of the server's texts hold "{name}"? */
bool check_words_mention(const struct scenario *s, const char *name);
int check_words(const struct scenario *s, struct error *err);

/* For the host that is to run it: is the server's program there?  What only the run can tell passes. */
int check_program(const struct scenario *s, struct error *err);

/*
 * A word of the command that names a file beside the scenario, where the server does not start: it will not find it.
 * Appends what to write instead, "FILE:LINE: …"; nothing where all is well.
 */
void check_relative_words(const struct scenario *s, struct buf *out);

#endif
