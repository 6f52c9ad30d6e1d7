/*
 * secrets - tells base/mask what in a scenario is secret: by the names of
 * headers, form fields, environment variables and options, by URLs that carry
 * a password, and by the scenario's own `secret:` list.
 */
#ifndef OOMRIG_SCENARIO_SECRETS_H
#define OOMRIG_SCENARIO_SECRETS_H

#include "scenario/scenario.h"

/* May be called again when the scenario has changed. */
void secrets_learn(const struct scenario *s);

#endif
