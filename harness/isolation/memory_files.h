/*
 * memory_files - control files of a group read again and again into a sample,
 * by tables: which file, which key in it, which field.  The backends bring the
 * tables.
 *
 * Life cycle: memory_files_open() opens the files of a folder once,
 * memory_files_read() fills a sample with pread()s only (nothing is
 * allocated), memory_files_close().  One thread per struct.
 *
 * A file that does not exist leaves its fields absent (the kernel has no such
 * figure); one that exists and cannot be read or parsed makes them unreadable.
 */
#ifndef OOMRIG_ISOLATION_MEMORY_FILES_H
#define OOMRIG_ISOLATION_MEMORY_FILES_H

#include <stddef.h>

#include "base/error.h"
#include "isolation/memory.h"

#define MEMORY_FILES_MAX 8

/* "KEY VALUE" in a file of many; field: index into the facts that are filled. */
struct memory_key {
	const char *key;
	size_t len;
	int field;
};
/* clang-format off */
#define MEMORY_KEY(key, field) { key, sizeof(key) - 1, field }
/* clang-format on */

struct memory_file {
	const char *name;
	/* A file of several figures has a parser and its keys, … */
	void (*parse)(const char *text, size_t len, struct memory_sample *out);
	const struct memory_key *keys;
	size_t key_count;
	/* … a file of one figure goes to this field. */
	enum memory_field value;
};

struct memory_files {
	const struct memory_file *rows;
	size_t count;
	int fd[MEMORY_FILES_MAX];		      /* -1: not open */
	enum fact_state without_fd[MEMORY_FILES_MAX]; /* what its figures are then: absent or unreadable */
};

/* rows is borrowed.  Fails only when dir_fd has none of the files. */
int memory_files_open(struct memory_files *m, const struct memory_file *rows, size_t count, int dir_fd,
		      struct error *err);
void memory_files_read(const struct memory_files *m, struct memory_sample *out);
/* The file at rows[index] alone; other fields stay as they are. */
void memory_files_read_one(const struct memory_files *m, size_t index, struct memory_sample *out);
void memory_files_close(struct memory_files *m);

/* "KEY VALUE\n…": keys that are missing leave their facts absent. */
void memory_files_parse_keys(const char *text, size_t len, const struct memory_key *keys, size_t count,
			     struct fact *out);

/* One decimal number, with or without a newline behind it; anything else is unreadable. */
struct fact memory_files_parse_value(const char *text, size_t len);

/* Reads a file of one number now: absent when it does not exist. */
struct fact memory_files_value_at(int dir_fd, const char *file);

/* v1's cache and v2's file both count shmem: takes it out.  Without a shmem figure, file is not known either. */
void memory_files_split_shmem(struct memory_sample *out);

#endif
