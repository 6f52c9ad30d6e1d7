/*
 * machine - the parts of the backend "machine": a small machine of its own
 * (guest.h) in which the server runs, with the kernel, the page cache and the
 * disk that such a machine has.  Nobody but machine*.c includes it.
 *
 *   machine.c           the backend: figures, what became of the machine
 *   machine_ask.c       requests to the agent
 *   machine_boot.c      disks, start, the wait until it is up, forwarded ports
 *   machine_stand_in.c  the process on the host that stands for the server inside
 *   machine_clean.c     what a dead rig left
 *   machine_text.c      what the agent tells, as figures
 */
#ifndef OOMRIG_ISOLATION_MACHINE_H
#define OOMRIG_ISOLATION_MACHINE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "isolation/backend.h"
#include "isolation/guest.h"
#include "isolation/guest_wire.h"
#include "isolation/machine_text.h"

/* Folders of this name below it hold the socket of a machine and say what is copied into it. */
#define MACHINE_FOLDERS "/tmp"
#define MACHINE_CONTROL "control" /* the socket */
#define MACHINE_DATA "data"	  /* links to the host's folders */
#define MACHINE_TMP "tmp"
#define MACHINE_COPIED "copied" /* is there when what the folders held was copied */

struct machine {
	struct isolation base;
	struct guest guest;
	char *folder;
	const char *accelerator; /* static */
	uint64_t ram_bytes;
	uint64_t slowness;	   /* as in struct machine_state; 0 until it is up */
	bool prompted;		   /* the emulator's monitor waits for a command */
	_Atomic uint64_t heard_ns; /* clock_ns() when a sample came last */
	pthread_mutex_t asking;	   /* port 3: one request at a time */
	char answer[WIRE_MAX + 1]; /* the last one */
	struct machine_text last;  /* of it */
};

/* machine_boot.c */
int machine_probe(struct error *err);
int machine_boot(struct machine *m, struct error *err);
int machine_forward(struct isolation *iso, uint16_t port, struct error *err);
/* The folder with the image, the agent and what is noted about them; heap, NULL with err. */
char *machine_image(struct error *err);
char *machine_folder(const char *name);

#define MACHINE_STALE_NS (3 * NS_PER_S) /* figures that are older are none */

/* machine_ask.c: asks and waits for the answer, at most so long; it is in `last` then.  Any thread. */
int machine_ask(struct machine *m, uint32_t kind, const char *body, uint64_t wait_ns, struct error *err);

/* The same for whoever holds `asking`. */
int machine_ask_locked(struct machine *m, uint32_t kind, const char *body, uint64_t wait_ns, struct error *err);

/* machine_stand_in.c */
int machine_stand_in(const char *name, const char *cwd, char *const command[], int ready_fd, struct error *err);

/* machine_clean.c */
int machine_clean(struct isolation_leftovers *leftovers, struct error *err);

#endif
