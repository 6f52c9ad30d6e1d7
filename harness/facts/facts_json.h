/*
 * facts_json - facts as run.json holds them, and back, by the rows of facts.h:
 * a key for each row, the lists ("rounds", "series", "deaths", "passes") only
 * where they hold something.  No I/O; any thread that owns the facts.
 */
#ifndef OOMRIG_FACTS_FACTS_JSON_H
#define OOMRIG_FACTS_FACTS_JSON_H

#include <jansson.h>

#include "base/error.h"
#include "facts/facts.h"

/* A figure as fact_json.h writes it, or a text.  The caller owns it. */
json_t *facts_to_json(const struct facts *f);

/* "deaths" alone; the caller owns it. */
json_t *facts_deaths_json(const struct facts *f);

/* Unknown keys are left alone (a newer rig wrote them); a missing key is absent.  ERROR_INPUT names a bad one. */
int facts_from_json(struct facts *f, const json_t *json, struct error *err);

#endif
