/*
 * tempfile - files in --tmp, counted.  Their names begin with "chunkserver-";
 * the folder belongs to one server, which removes such files when it starts.
 *
 * Life cycle of the set: temp_files_init() once (it cleans).  Of a file:
 * temp_file_create, write and read at offsets, temp_file_close.  A file belongs
 * to one thread at a time; the set may be used by any.
 */
#ifndef CHUNKSERVER_TEMPFILE_H
#define CHUNKSERVER_TEMPFILE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct temp_files {
	const char *dir; /* borrowed */
	atomic_uint_fast64_t count;
	atomic_uint_fast64_t bytes; /* highest offsets written, of the files that exist */
};

struct temp_file {
	struct temp_files *set;
	int fd;
	char *path;
	uint64_t size_bytes;
};

/* Creates the folder when missing and removes what an earlier server left in it. */
int temp_files_init(struct temp_files *set, const char *dir, struct error *err);

int temp_file_create(struct temp_files *set, struct temp_file *file, struct error *err);
int temp_file_write(struct temp_file *file, const void *data, size_t len, uint64_t offset, struct error *err);

/* Reads exactly len bytes. */
int temp_file_read(struct temp_file *file, void *data, size_t len, uint64_t offset, struct error *err);

/* Closes the file and, unless it is to be kept, removes it. */
void temp_file_close(struct temp_file *file, bool keep);

#endif
