/*
 * rejudge_stored - a stored run judged again from the facts of its record, by the
 * rules of this rig (rejudge.h), and what its record said of it.
 *
 * Life cycle: rejudge_stored() fills *out, rejudged_release().  Main thread.
 */
#ifndef OOMRIG_RECORD_REJUDGE_STORED_H
#define OOMRIG_RECORD_REJUDGE_STORED_H

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"

struct rejudged {
	json_t *record;
	const char *id;		/* borrowed from the record, or the folder's name */
	json_t *stored, *today; /* verdicts, as in a record; stored NULL: it had none */
	bool changed;		/* another outcome or cause */
};

/* write: today's verdict replaces the stored one in the record.  -1: nothing to release. */
int rejudge_stored(const char *folder, bool write, struct rejudged *out, struct error *err);
void rejudged_release(struct rejudged *r);

#endif
