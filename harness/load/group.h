/*
 * group - the clients of one group of the scenario, or the single client of a
 * read-back; their connections, their plan, and when they are cut.
 *
 * Life cycle: group_new(), group_start(), then callbacks.changed whenever it may
 * have become idle; group_close(), and group_free() when the handles are all
 * closed.  Loop thread only.
 */
#ifndef OOMRIG_LOAD_GROUP_H
#define OOMRIG_LOAD_GROUP_H

#include "load/client.h"

struct group_callbacks {
	void *arg;
	void (*request_done)(void *arg, const struct load_request *r);
	void (*changed)(void *arg);	  /* a client ended or stalled, or the duration is over; may come from curl */
	bool (*uploads_go_on)(void *arg); /* in any group of the phase */
};

/* What all groups of one load have in common; the load owns it. */
struct group_ground {
	uv_loop_t *loop;
	const struct target_access *access; /* borrowed */
	uint64_t seed;
	struct load_totals totals;
	struct objects objects;
	struct handles handles;
	struct patience patience;
	unsigned groups_made;
	struct group_callbacks callbacks;
};

struct group_run {
	struct group_ground *ground; /* borrowed */
	struct shared shared;
	struct plan plan;
	struct client_callbacks client_callbacks;
	struct client *clients;
	unsigned client_count;
	unsigned active, stalled; /* clients */
	struct alarm duration;
	struct group_run *next; /* of the same load: for the load */
};

/* group is borrowed until group_free(). */
int group_new(struct group_ground *ground, const struct load_group *group, struct group_run **out, struct error *err);
/* group says how: one client, a download. */
int group_new_read_back(struct group_ground *ground, const struct load_group *group, enum read_back_scope scope,
			struct group_run **out, struct error *err);
void group_start(struct group_run *g);

/* Begins no more transfers. */
void group_stop(struct group_run *g);
/* Cuts what runs, with its record; see transfer_cut(). */
void group_cut(struct group_run *g, bool load_stopped);

/* Clients to wait for: not those that stall until they are cut, when nothing of their group is still to come. */
unsigned group_waits_for(const struct group_run *g);
bool group_uploads_go_on(const struct group_run *g);

/* Ends what runs without a record. */
void group_close(struct group_run *g);
void group_free(struct group_run *g);

#endif
