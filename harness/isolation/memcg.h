/*
 * memcg - groups of the memory controller, of either version, through
 * libcgroup: made, limited, read back, joined, listed, removed.  A group is
 * named by its path below the mount point.
 *
 * Life cycle: memcg_init() once (any number of times does no harm), then
 * the rest by name.  libcgroup keeps its mount table and last error in plain
 * statics, so: main thread, or a process with a single one.
 */
#ifndef OOMRIG_ISOLATION_MEMCG_H
#define OOMRIG_ISOLATION_MEMCG_H

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/fact.h"

/* Fails where the controller is not mounted, and says what to type. */
int memcg_init(struct error *err);

/* 1 or 2: which hierarchy of this host has the memory controller; valid after memcg_init(). */
int memcg_version(void);

/* Where the controller is mounted; valid after memcg_init(). */
const char *memcg_root(void);

int memcg_create(const char *name, struct error *err);

/*
 * The group must be empty: libcgroup would move what is inside to the root,
 * uncapped.  A last process on its way out is waited for, at most 2 s.
 */
int memcg_delete(const char *name, struct error *err);

/* Writes one control file. */
int memcg_write(const char *name, const char *file, uint64_t value, struct error *err);

/* Reads a control file of one number: absent when the kernel has no such file. */
struct fact memcg_read(const char *name, const char *file);

/* Moves the calling process, which must have one thread. */
int memcg_join(const char *name, struct error *err);

/* Process ids inside, as isolation_backend.pids. */
int memcg_pids(const char *name, pid_t *out, size_t max, struct error *err);

/*
 * Calls fn for every group directly below another ("" for the root), having listed all of them first; name is the
 * last part of its path.
 */
int memcg_each(const char *below, void (*fn)(void *arg, const char *name), void *arg, struct error *err);

#endif
