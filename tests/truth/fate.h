/*
 * fate - tiny upload services whose fate is known by construction: the truth
 * that the rig's verdicts are measured against.
 *
 * Each fate is a row of a table (ends.c: how it dies; grows.c: which memory it
 * takes; keeps.c: what of it stays, and whether that goes on; serves.c: how it treats its clients) with hooks into the
 * one HTTP service of service.c.  The scenario of the same name, tests/truth/NAME.yaml, holds its load and its label,
 * the verdict that is right.  All are written for a cap of 64 MiB unless a comment says otherwise.  Sizes and times
 * that may vary are drawn by chance(), so that --seed N gives N different runs.
 *
 * Hooks run on the thread of the connection, several at once; NULL: the default.
 */
#ifndef TESTS_TRUTH_FATE_H
#define TESTS_TRUTH_FATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MIB (1UL << 20)
#define CAP_BYTES (64 * MIB)

struct upload {
	char name[128];
	uint64_t size, received;
	int fd;	      /* where it is stored, -1: nowhere */
	char *memory; /* of the fate */
	size_t memory_bytes;
};

struct fate {
	const char *name, *meaning;
	void (*start)(void);						  /* before it listens */
	void (*listening)(void);					  /* before the first connection is taken */
	void (*begin)(struct upload *u);				  /* an upload's head has been read */
	void (*received)(struct upload *u, const char *data, size_t len); /* instead of storing a piece of it */
	int (*uploaded)(struct upload *u);  /* all of it is there; returns the HTTP status of the answer */
	void (*vanished)(struct upload *u); /* its client went before all of it was there */
	void (*giving)(void);		    /* a file is given back: its head was sent, the bytes follow */
	void (*healthy)(void);		    /* before a health probe is answered */
	void (*collect)(void);		    /* before a request to collect garbage is answered */
	void (*told_to_stop)(void);	    /* on SIGTERM, before it exits with 0 */
	bool answers_at_the_head;	    /* answers 201 to the head alone and hangs up */
};
extern const struct fate ends[], grows[], keeps[], serves[]; /* each ends with name == NULL */

/* What the command line gave. */
struct fate_options {
	const char *data, *tmp;
	uint16_t port;
	uint64_t seed;
};
extern struct fate_options fate_options;

/* service.c: serves until SIGTERM; never returns. */
void service_run(const struct fate *fate) __attribute__((noreturn));
/* No further connection is taken; those that are open go on. */
void service_refuse(void);
/* The default of received: appends to the upload's file in the data folder. */
void service_store(struct upload *u, const char *data, size_t len);
/* Takes it for stored. */
void service_forget(struct upload *u, const char *data, size_t len);
/* Opens FOLDER/NAME for the upload. */
void service_open(struct upload *u, const char *folder);

/* A number from min to max, both included. */
uint64_t chance(uint64_t min, uint64_t max);
void sleep_ms(uint64_t ms);

/* Anonymous memory, every page touched, straight from the kernel: no allocator keeps or reuses it. */
char *take(size_t bytes);
void give_back(char *memory, size_t bytes);
/* Takes memory in steps until killed. */
void take_until_killed(size_t step_bytes) __attribute__((noreturn));

/* A child of the server that does piece() for each worker_do(), which waits until it is done; false: it is gone. */
void worker_start(void (*piece)(void));
bool worker_do(void);

#endif
