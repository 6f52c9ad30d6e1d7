/*
 * run_json - the keys of run.json, and the one place from which it is written anew
 * while a run goes on.  Main thread; private to run/.
 */
#ifndef OOMRIG_RUN_RUN_JSON_H
#define OOMRIG_RUN_RUN_JSON_H

#include "run/parts.h"

/* What is known before anything was started. */
void run_json_begin(struct run *r);
/* The facts of the deadlines in force; part of run_json_begin(), and again when they have changed. */
void run_json_deadlines(struct run *r);

/* Once group, folders and target are there. */
void run_json_isolation(struct run *r);

/* How the server died the first time, before the kernel log tells of later times. */
void run_json_death(struct run *r);

/*
 * Phases and facts so far, into the file: should the rig be killed, they are there.
 * durable: waits for the disk.  A failed write is said, makes the run invalid and is -1.
 */
int run_json_write(struct run *r, bool durable);

/* Verdict, load, sampler; store_close() writes them. */
void run_json_end(struct run *r);

#endif
