/*
 * loader - what the module's other files need of reading YAML; scenario.h has
 * the entry points.
 */
#ifndef OOMRIG_SCENARIO_LOADER_H
#define OOMRIG_SCENARIO_LOADER_H

#include "base/error.h"
#include "scenario/scenario.h"

/* Reads the description of a server (a file of servers.h) over what s->server holds already. */
int loader_read_server(struct scenario *s, const char *file, struct error *err);

/* Sets up, down and latency of a group to those of its network, if it has one. */
void loader_apply_network(struct load_group *group);

#endif
