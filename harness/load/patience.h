/*
 * patience - how long clients try again when no connection is to be had.  What was refused before it reached the
 * server is not spent: it waits, as clients do.  While the server is known to be down nothing is tried; otherwise it
 * may be on its way down or up without the rig's knowledge, and PATIENCE_NS after the first refusal it is taken for
 * gone until a connection is made again.
 *
 * Life cycle: zeroed; one for all groups of a load.  Knows no clock and no network; loop thread only.
 */
#ifndef OOMRIG_LOAD_PATIENCE_H
#define OOMRIG_LOAD_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

#define PATIENCE_NS 5000000000ULL
#define PATIENCE_RETRY_NS 100000000ULL

struct patience {
	bool down;	    /* known to be */
	uint64_t since_ns;  /* the first refusal since a connection was made; 0: none */
	uint64_t last_ns;   /* from here on PATIENCE_NS count: that refusal, or the last one while it was down */
	uint64_t closed_ns; /* all that was waited for connections that were made in the end */
};

/* No connection was made: is it to be tried again? */
bool patience_refused(struct patience *p, uint64_t now_ns);
void patience_met(struct patience *p, uint64_t now_ns);

#endif
