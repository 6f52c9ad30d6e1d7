/*
 * objects - the uploads of a load that may be there to read: those that were
 * acknowledged and those that were never answered, the bytes that each must
 * consist of, and which of them are read back and in which order.
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

struct object_list {
	struct object *items;
	size_t count, cap;
};

/* Zeroed memory is an empty set. */
struct objects {
	struct object_list acknowledged;
	struct object_list unanswered; /* where the client names its objects, so that they can be asked for */
	struct source_file *files;
	uint64_t last_number;
};

/* Of the next upload: 1, 2, … */
uint64_t objects_new_number(struct objects *o);

/* The file opened once for all groups that name it. */
int objects_open_file(struct objects *o, const char *path, const struct source_file **out, struct error *err);

/* Keeps a copy in the list that object->acknowledged names; id becomes the set's. */
void objects_add(struct objects *o, const struct object *object, char *id);

/* An acknowledged object, by turns so that readers spread over them; NULL while there is none. */
const struct object *objects_at(const struct objects *o, uint64_t turn);

enum read_back_scope {
	READ_BACK_ASKED, /* what was acknowledged to groups with read_back */
	READ_BACK_ALL,	 /* whatever was acknowledged, then what was never answered and whose name is known */
};

/* The first object in the scope from number *n on, which is set to its number; NULL when there is none. */
const struct object *objects_read_back(const struct objects *o, enum read_back_scope scope, size_t *n);

void objects_release(struct objects *o);

/* "tabs-3-17.bin": group, client, number, so never twice in one load; characters outside A-Za-z0-9._ become "-". */
#define OBJECT_NAME_MAX 96
const char *object_name(const struct object *object, char out[OBJECT_NAME_MAX]);

#endif
