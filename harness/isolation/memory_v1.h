/*
 * memory_v1 - the memory figures of one cgroup v1 group, read again and again.
 *
 * Life cycle: memory_v1_open() opens the control files of a folder once,
 * memory_v1_read() fills a sample with pread()s only (nothing is allocated),
 * memory_v1_close().  The folder is a group's in the memory hierarchy, or any
 * folder with files of those names.  One thread per struct.
 *
 * Which file says what: Linux Documentation/admin-guide/cgroup-v1/memory.rst,
 * sections 2.7 (kernel memory) and 5.2 (stat file).
 */
#ifndef OOMRIG_ISOLATION_MEMORY_V1_H
#define OOMRIG_ISOLATION_MEMORY_V1_H

#include <stddef.h>

#include "base/error.h"
#include "isolation/memory.h"

#define MEMORY_V1_FILES 5

struct memory_v1 {
	int fd[MEMORY_V1_FILES];                     /* -1: not open */
	enum fact_state without_fd[MEMORY_V1_FILES]; /* what its figures are then: absent or unreadable */
};

/* Fails only when dir_fd has none of the files. */
int memory_v1_open(struct memory_v1 *m, int dir_fd, struct error *err);
void memory_v1_read(const struct memory_v1 *m, struct memory_sample *out);
void memory_v1_close(struct memory_v1 *m);

/* "KEY VALUE\n…" as in memory.stat and memory.oom_control; keys that are missing leave their fields absent. */
void memory_v1_parse_stat(const char *text, size_t len, struct memory_sample *out);
void memory_v1_parse_oom_control(const char *text, size_t len, struct memory_sample *out);

/* A file holding one decimal number; anything else is unreadable. */
struct fact memory_v1_parse_value(const char *text, size_t len);

/* Reads one such file now: absent when it does not exist. */
struct fact memory_v1_value_at(int dir_fd, const char *file);

#endif
