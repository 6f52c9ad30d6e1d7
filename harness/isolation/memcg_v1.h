/*
 * memcg_v1 - groups of the v1 memory controller, directly below its root,
 * through libcgroup: made, limited, read back, joined, listed, removed.
 *
 * Life cycle: memcg_v1_init() once (any number of times does no harm), then
 * the rest by name.  libcgroup keeps its mount table and last error in plain
 * statics, so: main thread, or a process with a single one.
 */
#ifndef OOMRIG_ISOLATION_MEMCG_V1_H
#define OOMRIG_ISOLATION_MEMCG_V1_H

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/fact.h"

/* Fails where the controller is not mounted, and says what to type. */
int memcg_v1_init(struct error *err);

/* Where the controller is mounted; valid after memcg_v1_init(). */
const char *memcg_v1_root(void);

int memcg_v1_create(const char *name, struct error *err);

/* The group must be empty: libcgroup would move what is inside to the root, uncapped. */
int memcg_v1_delete(const char *name, struct error *err);

/* Writes one control file. */
int memcg_v1_write(const char *name, const char *file, uint64_t value, struct error *err);

/* Reads a control file of one number: absent when the kernel has no such file. */
struct fact memcg_v1_read(const char *name, const char *file);

/* Moves the calling process, which must have one thread. */
int memcg_v1_join(const char *name, struct error *err);

/* As isolation_backend.contains. */
int memcg_v1_contains(const char *name, pid_t pid);

/* Process ids inside, as isolation_backend.pids. */
int memcg_v1_pids(const char *name, pid_t *out, size_t max, struct error *err);

/* Calls fn for every group directly below the root, having listed all of them first; stops when it returns < 0. */
int memcg_v1_each(int (*fn)(void *arg, const char *name, struct error *err), void *arg, struct error *err);

#endif
