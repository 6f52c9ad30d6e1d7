/*
 * client - one client of a group: it takes transfers from the plan, one after
 * the other, and waits between them.  It is in exactly one state:
 *
 *   waiting --alarm--> sending --transfer done--> waiting … --> ended
 *      the alarm of a waiting client is its start, a pause, an arrival or an object it needs
 *
 * Life cycle: client_init(), client_start(), then callbacks.ended once, or
 * client_close().  Its memory stays until the handles are all closed.  Loop
 * thread only.
 */
#ifndef OOMRIG_LOAD_CLIENT_H
#define OOMRIG_LOAD_CLIENT_H

#include <gsl/gsl_rng.h>

#include "load/plan.h"
#include "load/transfer.h"

struct client_callbacks {
	void *arg;
	void (*request_done)(void *arg, const struct load_request *r);
	/* It stalls until somebody cuts it, from inside curl's callbacks; and the end of that. */
	void (*stalled)(void *arg);
	void (*stall_over)(void *arg);
	void (*ended)(void *arg);
	/* Is there an upload under way that may still bring an object to read? */
	bool (*uploads_go_on)(void *arg);
};

enum client_state { CLIENT_WAITING, CLIENT_SENDING, CLIENT_ENDED };

struct client {
	struct shared *shared; /* borrowed, as are the next two */
	struct plan *plan;
	const struct client_callbacks *callbacks;
	unsigned index;
	enum client_state state;
	struct alarm alarm;
	uint64_t begun; /* transfers so far */
	struct turn turn;
	uint64_t wanting_since_ns; /* waiting for an object to read, else 0 */
	uint64_t object_turn;	   /* GROUP_SEEK: of the object being watched */
	bool stalled;		   /* until somebody cuts it */
	gsl_rng *random;	   /* GROUP_SEEK */
	struct transfer transfer;
};

void client_init(struct client *c, struct shared *shared, struct plan *plan, const struct client_callbacks *callbacks,
		 unsigned index);
void client_start(struct client *c);

/* Ends what runs, with its record, and the client with it; see transfer_cut(). */
void client_cut(struct client *c, bool load_stopped);

/* Without a record. */
void client_close(struct client *c);

#endif
