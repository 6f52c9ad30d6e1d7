/*
 * memory_v2 - which control file and key of a cgroup v2 group says what, as a
 * table for memory_files.h: memory_v2_open(), then memory_files_read(),
 * memory_files_close().  The folder is a group's, or any folder with files of
 * those names.
 *
 * Source: Linux Documentation/admin-guide/cgroup-v2.rst, "Memory Interface
 * Files"; memory.pressure: Documentation/accounting/psi.rst.
 */
#ifndef OOMRIG_ISOLATION_MEMORY_V2_H
#define OOMRIG_ISOLATION_MEMORY_V2_H

#include "isolation/memory_files.h"

/* Fails only when dir_fd has none of the files. */
int memory_v2_open(struct memory_files *m, int dir_fd, struct error *err);

/* memory.events alone, for whoever was told that it changed: the count of OOMs. */
struct fact memory_v2_read_ooms(const struct memory_files *m);

/* "KEY VALUE\n…" as in memory.stat; keys that are missing leave their fields absent. */
void memory_v2_parse_stat(const char *text, size_t len, struct memory_sample *out);
void memory_v2_parse_events(const char *text, size_t len, struct memory_sample *out);
void memory_v2_parse_events_local(const char *text, size_t len, struct memory_sample *out);
/* "some avg10=… total=123\nfull … total=45\n", µs. */
void memory_v2_parse_pressure(const char *text, size_t len, struct memory_sample *out);

/* memory.max and the like: a number, or "max", which is UINT64_MAX. */
struct fact memory_v2_limit_at(int dir_fd, const char *file);

#endif
