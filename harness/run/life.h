/*
 * life - one life of the server, from its start to its end.  Most runs see one; with
 * the scenario's on_crash a server that has died is started again, and each later
 * life has facts of its own (struct run, later_facts), so that nothing of it
 * changes what is said of the first death.
 *
 * Life cycle: life_init(); life_start(); life_started(), life_ready(), life_failed()
 * and life_ended() as the server tells; after an end life_next(), then
 * life_start() again; life_sum_up() when the run is over.  Main thread; private
 * to run/.
 */
#ifndef OOMRIG_RUN_LIFE_H
#define OOMRIG_RUN_LIFE_H

#include "run/parts.h"

void life_init(struct run *r);

/* Spawns; what the life before left behind in its group is ended first. */
int life_start(struct run *r, struct error *err);

void life_started(struct run *r);
void life_ready(struct run *r);
/* It could not start, or never became ready: whose fault it is. */
void life_failed(struct run *r, const struct error *err);
void life_ended(struct run *r, const struct target_exit *exit);
void life_note_signal(struct run *r, int signum);
/* An OOM event: what is under way now.  The first of a burst counts. */
void life_note_oom(struct run *r);
/* Its own figures, as it tells them at t_ns. */
void life_note_figures(struct run *r, const json_t *figures, uint64_t t_ns);

/*
 * It is to be started again: the evidence of the first death is read and its facts are
 * complete, the death is entered in the list, and all that follows is of the next life.
 */
void life_next(struct run *r, const struct target_exit *exit);

/* Why there is no (further) life, or not all was read: the first reason counts. */
void life_say(struct run *r, const char *text);

/* What was seen of the later lives, into the run's facts. */
void life_sum_up(struct run *r);

#endif
