/*
 * memory_v1 - which control file and key of a cgroup v1 group says what, as a
 * table for memory_files.h: memory_v1_open(), then memory_files_read(),
 * memory_files_close().  The folder is a group's in the memory hierarchy, or
 * any folder with files of those names.
 *
 * Source: Linux Documentation/admin-guide/cgroup-v1/memory.rst, sections 2.7
 * (kernel memory) and 5.2 (stat file).
 */
#ifndef OOMRIG_ISOLATION_MEMORY_V1_H
#define OOMRIG_ISOLATION_MEMORY_V1_H

#include "isolation/memory_files.h"

/* Fails only when dir_fd has none of the files. */
int memory_v1_open(struct memory_files *m, int dir_fd, struct error *err);

/* "KEY VALUE\n…" as in memory.stat and memory.oom_control; keys that are missing leave their fields absent. */
void memory_v1_parse_stat(const char *text, size_t len, struct memory_sample *out);
void memory_v1_parse_oom_control(const char *text, size_t len, struct memory_sample *out);

#endif
