/*
 * walk - a folder and all below it, whatever lies there: a walk that never leaves the tree.
 *
 * It goes by descriptors, one at a time, and by single names (openat2(2)), so it
 * follows no link, crosses no mount (a bind mount of the same file system
 * neither), is stopped by no length of a path and needs no more descriptors for
 * 100,000 nested folders than for one.  On the way up it looks whether ".." is
 * the folder it came from: a folder that was moved meanwhile ends the walk.
 *
 * Each folder is read once, on the way in; its folders are entered after that,
 * in the order of the list.  Any thread.
 */
#ifndef OOMRIG_BASE_WALK_H
#define OOMRIG_BASE_WALK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

struct walk; /* where it is */

/* dir_fd: the folder that the name is in; borrowed, valid during the call. */
struct walk_calls {
	/* What was read in a folder; d_type as in readdir(3).  True: go in.  NULL: into all folders. */
	bool (*entry)(void *arg, struct walk *w, int dir_fd, const char *name, unsigned char d_type);
	/* A folder was opened and read.  May be NULL. */
	void (*enter)(void *arg, struct walk *w, int fd);
	/* It cannot be entered, by errno: EXDEV is a mount, ELOOP or ENOTDIR no folder (any more).  True: try again. */
	bool (*refused)(void *arg, struct walk *w, int dir_fd, const char *name, int error);
	/* All below it has been seen.  May be NULL. */
	void (*leave)(void *arg, struct walk *w, int dir_fd, const char *name);
};

/*
 * Walks the folder `name` of parent_fd, which is itself entered and left like
 * those below.  0; -1: the walk was ended by a folder that was moved.
 */
int walk_tree(int parent_fd, const char *name, const struct walk_calls *calls, void *arg, struct error *err);

/* How many folders it is in: 0 when the tree's own is refused or left, 1 for the names in that one. */
size_t walk_depth(const struct walk *w);

/* Appends the path of `name` from the tree's own folder on, its name included; NULL: of the folder it is in. */
void walk_path(const struct walk *w, const char *name, struct buf *out);

#endif
