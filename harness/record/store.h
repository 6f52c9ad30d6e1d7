/*
 * store - one folder per run below the results folder, written while running
 * so that a killed rig still leaves a readable record.  results/README.md
 * describes the files.
 *
 *   run.json      the record, replaced atomically at each update: whenever the phase changes
 *   samples.csv   one row per sample        requests.csv  one row per transfer
 *   app.jsonl     the server's own figures  server.log    its stdout and stderr
 *   kernel.log    OOM records, for people: nothing reads it back
 *
 * Life cycle: store_create() makes the folder and the first run.json with
 * "state":"running"; store_set() and store_update() as the run goes; rows are
 * appended through the three streams; store_end() says how it ended; store_close() in any case once store_create()
 * succeeded. Reading back: store_list(), store_read().
 *
 * The struct owns its folder, streams and record; json_incref() the record to
 * keep it beyond store_close().  Loop thread only.
 */
#ifndef OOMRIG_RECORD_STORE_H
#define OOMRIG_RECORD_STORE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/error.h"
#include "isolation/owner.h"

#define STORE_SCHEMA 1
#define STORE_ID_MAX 128
#define STORE_RECORD "run.json"
#define STORE_KERNEL_LOG "kernel.log"
#define STORE_RECORD_MAX (64 << 20) /* bytes; one of a hundred deaths has 200 kB */
#define STORE_NEW_PREFIX ".new-"    /* then <owner>-<id> (isolation/owner.h): a folder that has no record yet */

/* What "state" says: the rig is at it, or was killed; the run has its verdict; nobody could bring it to an end. */
enum record_state { RECORD_RUNNING, RECORD_FINISHED, RECORD_INTERRUPTED, RECORD_STATES };
extern const char *const record_state_names[];

/* RECORD_STATES: the record says something else, or nothing. */
enum record_state record_state(const json_t *record);

/* Is the rig that wrote it gone for certain?  Nobody else writes in the folder then. */
bool store_rig_is_dead(const json_t *record);

struct store_run {
	char id[STORE_ID_MAX]; /* "20261121-114439.120-three-uploads-before-any-fix-1f3a": also the folder's name */
	struct owner rig;      /* the calling process */
	char *folder;
	FILE *samples, *requests, *app; /* fully buffered; flushed by store_flush() */
	json_t *record;			/* what run.json holds; owned */
};

/*
 * results: the results folder, made when missing.  name goes into the id, with
 * what does not suit a file name replaced.  The record starts with "schema",
 * "id", "state", "rig_pid", "rig_start_time" and "folder"; headers of the row files are the caller's.
 */
int store_create(struct store_run *run, const char *results, const char *name, struct error *err);

/* Sets a top-level key of the record; steals value (NULL is written as null). */
void store_set(struct store_run *run, const char *key, json_t *value);
void store_end(struct store_run *run, enum record_state state);

/* Writes run.json (atomically) and flushes the row files. */
int store_update(struct store_run *run, struct error *err);
/* Without waiting for the disk, which may take long while a load writes: for a rig that is killed, not a power cut. */
int store_update_unsynced(struct store_run *run, struct error *err);
int store_flush(struct store_run *run, struct error *err);

int store_write_kernel_log(const struct store_run *run, const char *text, size_t len, struct error *err);

/* Replaces the run.json of a run that is not under way (atomically), with a record that store_read() gave. */
int store_rewrite(const char *folder, const json_t *record, struct error *err);

/* Path of a file in the folder; heap, the caller frees. */
char *store_path(const struct store_run *run, const char *file);

/*
 * Last store_update() and close of the files; releases the struct whatever it
 * returns.  A failed write is an error: a run whose record is incomplete is no
 * result.
 */
int store_close(struct store_run *run, struct error *err);

/*
 * For a rig that ends at once: the record on disk becomes that of an interrupted run,
 * unless it has its end already, and no later update of this process reaches it or any
 * other.  Any thread; waits for an update under way, 2 s at most.
 */
int store_abandon(const char *folder, const char *why, struct error *err);

/* All run folders, oldest first; ids in a heap array of heap strings.  A missing results folder holds none. */
int store_list(const char *results, char ***ids, size_t *count, struct error *err);
/* The same, and folders that by their names are runs but have lost their run.json. */
int store_list_all(const char *results, char ***ids, size_t *count, struct error *err);
void store_free_list(char **ids, size_t count);

/*
 * Reads FOLDER/run.json and checks its schema version; "folder" is set to where
 * it was found.  The caller owns it.  ERROR_INPUT: not a record, or of a newer rig.
 */
json_t *store_read(const char *folder, struct error *err);

#endif
