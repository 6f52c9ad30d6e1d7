/*
 * fact_json - the one form that a figure has in every JSON file and answer of the
 * rig, where zero, absent and unreadable stay three values: a number, null, and
 * {"state":"unreadable"}.  No I/O; any thread.
 */
#ifndef OOMRIG_BASE_FACT_JSON_H
#define OOMRIG_BASE_FACT_JSON_H

#include <jansson.h>

#include "base/fact.h"

/* The caller owns it.  A figure beyond INT64_MAX, which JSON numbers of jansson do not hold, is unreadable. */
json_t *fact_to_json(struct fact fact);

/* NULL (the key is not there) is absent.  -1: neither figure, null nor unreadable; *out is then absent. */
int fact_from_json(const json_t *value, struct fact *out);

#endif
