/*
 * handles - how many libuv handles of a load are still open.  Their memory may
 * go only when the last one is closed, which libuv says from the loop.
 *
 * Life cycle: zeroed memory; handles_opened() and handles_closed() once for
 * each; handles_when_closed() when all of them are being closed.  Loop thread only.
 */
#ifndef OOMRIG_LOAD_HANDLES_H
#define OOMRIG_LOAD_HANDLES_H

struct handles {
	unsigned open;
	void (*all_closed)(void *arg); /* NULL: nobody waits for it */
	void *arg;
};

void handles_opened(struct handles *h);
void handles_closed(struct handles *h);

/* Calls all_closed from the last handles_closed(); one handle at least must still be open. */
void handles_when_closed(struct handles *h, void (*all_closed)(void *arg), void *arg);

#endif
