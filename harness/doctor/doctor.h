/*
 * doctor - can this host do runs, and if not, what to type?  It does not only
 * look: it makes a group with a cap, reads the cap back and removes the group.
 * checks.c has one function for each check and the table of them.
 *
 * Life cycle: fill what is asked for, doctor_look(), read .findings and .worst,
 * doctor_release().  Main thread.
 */
#ifndef OOMRIG_DOCTOR_DOCTOR_H
#define OOMRIG_DOCTOR_DOCTOR_H

#include <jansson.h>
#include <stdio.h>

enum doctor_level { LEVEL_OK, LEVEL_WARN, LEVEL_FAIL };

struct doctor {
	const char *program, *work; /* borrowed: folder of the program, of the server's data */

	json_t *findings; /* {"name", "level" ("ok", "warn", "FAIL"), "found", "advice" (null: nothing to do)}; owned */
	enum doctor_level *levels; /* of each of them; owned */
	enum doctor_level worst;
};

void doctor_look(struct doctor *d);
void doctor_release(struct doctor *d);

/* doctor_print.c */
void doctor_print(FILE *out, const struct doctor *d);
json_t *doctor_json(const struct doctor *d);

#endif
