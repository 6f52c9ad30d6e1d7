/*
 * squeeze - the page cache asked back: dirty pages written to disk (syncfs(2)), then
 * the group's cache reclaimed, then what is left read.  Each of the three may
 * block for as long as the kernel likes, so a thread of its own does them, and
 * whoever has waited long enough gives it up and goes on.
 *
 * Life cycle: zeroed; squeeze_start(); the handle is sent when all is done, then
 * squeeze_take(); or squeeze_give_up().  After that the thread may still be in the
 * kernel, with the group in its hands: as long as squeeze_holds_group(), that must
 * not be freed.  squeeze_release().  Loop thread, but for the work itself.
 */
#ifndef OOMRIG_RUN_SQUEEZE_H
#define OOMRIG_RUN_SQUEEZE_H

#include <stdbool.h>
#include <uv.h>

#include "base/error.h"
#include "isolation/isolation.h"
#include "run/folders.h"

struct squeeze_work;

struct squeeze {
	struct squeeze_work *work; /* under way, owned together with the thread; NULL: none */
	bool given_up;
};

/* done: sent by the thread, borrowed until then. */
int squeeze_start(struct squeeze *s, const struct folders *folders, struct isolation *iso, uv_async_t *done,
		  struct error *err);

/* What it came to: 0 and the group's figures, -1 and why not. */
int squeeze_take(struct squeeze *s, struct isolation_final *after, struct error *err);

/* Nothing is waited for any more; nothing happens when none is under way. */
void squeeze_give_up(struct squeeze *s);

/* Is a thread that was given up still at it? */
bool squeeze_holds_group(const struct squeeze *s);

/* Frees what is the caller's; what a thread that is still at it works with is left to that thread. */
void squeeze_release(struct squeeze *s);

#endif
