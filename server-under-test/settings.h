/*
 * settings - the command line: general options, and one for each behaviour.
 * Texts point into argv and into words that live as long as the process.
 */
#ifndef CHUNKSERVER_SETTINGS_H
#define CHUNKSERVER_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "behaviour.h"

struct settings {
	const char *data, *tmp, *host, *debug_port, *preset;
	uint64_t port, idle_timeout_ns;
	uint16_t debug_listen; /* debug_port as a number; 0 means any, also when debug_port is NULL */
	bool describe, list_presets, list_behaviours, mock_broker;
	struct behaviour_texts behaviours;
};

/*
 * 0: serve.  1: what was asked for, such as --help, has been printed; the process
 * ends.  -1: ERROR_USAGE.
 */
int settings_read(struct settings *settings, int argc, char **argv, struct error *err);

#endif
