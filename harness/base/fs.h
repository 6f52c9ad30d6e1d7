/*
 * fs - the few file operations everybody needs.  All return 0, or -1 with the
 * path quoted in the message.  Any thread.
 */
#ifndef OOMRIG_BASE_FS_H
#define OOMRIG_BASE_FS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

/* mkdir -p, mode 0755. */
int fs_make_dirs(const char *path, struct error *err);

/*
 * Removes a tree that the rig has made, whatever has been done in it since.
 * No link is followed and no mount crossed: a mount on or below the folder is
 * taken off, and what it showed stays whole.  Files and folders made immutable
 * go too, but for a file that has other names.  -1 names what could not go, with the
 * reason; all else is gone then.  A missing path is no error, nor is somebody who removes the same tree.
 */
int fs_remove_tree(const char *path, struct error *err);
/* The same for `name` in an open folder, so that no path is looked up anew; shown: that folder's path, for messages. */
int fs_remove_at(int parent_fd, const char *name, const char *shown, struct error *err);

/*
 * Takes the topmost mount off a place; what it shows is not touched.  It is made private before: the end of a shared
 * one would take mounts of the host below the original along (mount_namespaces(7)).  False: no mount, or not ours to
 * end.
 */
bool fs_unmount_at(int dir_fd, const char *name);

/* Appends the whole file to *out. */
int fs_read_file(const char *path, struct buf *out, struct error *err);

/* Replaces the file atomically (temporary name beside it, fsync, rename). */
int fs_write_file(const char *path, const void *data, size_t len, struct error *err);
/* The same without fsync, which waits for all that others write: whole when we are killed, not when the power fails. */
int fs_write_file_unsynced(const char *path, const void *data, size_t len, struct error *err);

/*
 * Name of the file system holding path, as /proc/self/mountinfo spells it
 * ("ext4", "tmpfs"); *is_ram is set for tmpfs/ramfs, whose files are shmem.
 */
#define FS_TYPE_MAX 32
int fs_type(const char *path, char name[FS_TYPE_MAX], int *is_ram, struct error *err);

/* Copies what the folder open as from holds into the folder to: files and folders with their modes, symbolic links. */
int fs_copy_tree(int from, const char *to, struct error *err);

/* Could it be executed: a path, or a name that is looked for in PATH? */
bool fs_program_found(const char *program);

/* path without the working folder in front, as one would type it; borrowed from path. */
const char *fs_shown_path(const char *path);

#endif
