/*
 * objects - what was acknowledged, and the bytes it must consist of.
 *
 * A source is where an object's bytes come from: a seeded stream (payload.h) or
 * a file of the user's own, which stays open until objects_release().  Loop
 * thread only.
 */
#ifndef OOMRIG_LOAD_OBJECTS_H
#define OOMRIG_LOAD_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "scenario/scenario.h"

struct source_file {
	char *path;
	int fd;
	uint64_t size_bytes;
	struct source_file *next;
};

struct source {
	const struct source_file *file; /* borrowed; NULL: the seeded stream */
	uint64_t seed;
};

/* Bytes of the source at offset; -1 when the user's file could not be read there. */
int source_fill(const struct source *s, uint64_t offset, void *out, size_t len);

/* Index of the first wrong byte, len when all are right; -1 when the user's file could not be read there. */
int source_check(const struct source *s, uint64_t offset, const void *data, size_t len, size_t *right);

/* One upload. */
struct object {
	bool acknowledged; /* false: it was under way and no answer came; the id is then the name we chose */
	uint64_t number;
	uint64_t size_bytes;
	struct source source;
	const struct load_group *group; /* borrowed */
	unsigned client;		/* whose upload it was */
	char *id;
};

struct objects {
	struct object *items;
	size_t count, cap;
	struct source_file *files;
	uint64_t next_number;
};

/* The file opened once for all groups that name it. */
int objects_open_file(struct objects *o, const char *path, const struct source_file **out, struct error *err);

/* Keeps a copy; id becomes the set's. */
void objects_add(struct objects *o, const struct object *object, char *id);
void objects_release(struct objects *o);

/* "tabs-3-17.bin": group, client, number, so never twice in one load; characters outside A-Za-z0-9._ become "-". */
#define OBJECT_NAME_MAX 96
const char *object_name(const struct load_group *group, unsigned client, uint64_t number, char out[OBJECT_NAME_MAX]);

#endif
