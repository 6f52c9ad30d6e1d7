/*
 * guest_wire - what the rig and the agent inside a small machine (agent/agent.c)
 * say to each other over the ports of isolation/guest.h.  Nothing here is code:
 * the agent is a program of its own, without libraries.
 *
 *   port 1  control: one start of the server.  The stand-in (machine_stand_in.h)
 *           connects, sends what the server is started with, then its signals;
 *           the agent sends what the server prints, and how it ended.  When the
 *           stand-in goes away, so does the server.
 *   port 2  samples, 20 times a second and at once on an OOM; one way
 *   port 3  requests of the rig and an answer to each
 *   port 4  the records of /dev/kmsg as the kernel gives them, each ended by NUL
 *
 * Ports 1 to 3 carry frames: a head, then so many bytes.  Both sides run on one
 * processor, so figures are in its own order.
 */
#ifndef OOMRIG_ISOLATION_GUEST_WIRE_H
#define OOMRIG_ISOLATION_GUEST_WIRE_H

#include <stdint.h>

#define WIRE_MAX 32000 /* of a frame with its head: what virtio-serial takes in one piece */
#define WIRE_SAMPLE_MS 50

struct wire_head {
	uint32_t kind, len;
};

enum wire_kind {
	/* port 1, to the agent: what is copied before the start, then the words, then the start */
	WIRE_FOLDER = 1, /* u32 mode, path */
	WIRE_FILE,	 /* u32 mode, path: made empty */
	WIRE_DATA,	 /* bytes for the end of that file */
	WIRE_ENTRY,	 /* a piece of what follows: bytes of "NAME=VALUE" and NUL */
	WIRE_WORD,	 /* the same of the command line */
	WIRE_START,	 /* i32 process id, folder to start in */
	WIRE_SIGNAL,	 /* i32 number */

	/* port 1, from the agent */
	WIRE_STARTED,
	WIRE_FAILED, /* text: why there is no server */
	WIRE_OUTPUT, /* what it printed */
	WIRE_EXITED, /* i32 as of wait(2) */

	/* port 2 */
	WIRE_SAMPLE, /* text, see machine_text.h */

	/* port 3; each is answered by a frame of its own kind */
	WIRE_SET_UP,  /* text: lines "data PATH", "tmp PATH" or "ram_tmp PATH", "swap", "dirty_ratio N"; answer: as
			 WIRE_LOOK */
	WIRE_LOOK,    /* answer: a sample of now */
	WIRE_SQUEEZE, /* page cache is written and given back; the answer is empty */
	WIRE_KILL,    /* SIGKILL to all but the agent; answer when none is left: a sample */
	WIRE_REFUSED, /* instead of an answer: text */
};

#endif
