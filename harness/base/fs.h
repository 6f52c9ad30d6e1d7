/*
 * fs - the few file operations everybody needs.  All return 0, or -1 with the
 * path quoted in the message.  Any thread.
 */
#ifndef OOMRIG_BASE_FS_H
#define OOMRIG_BASE_FS_H

#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

/* mkdir -p, mode 0755. */
int fs_make_dirs(const char *path, struct error *err);

/* rm -rf without following symbolic links; a missing path is no error. */
int fs_remove_tree(const char *path, struct error *err);

/* Appends the whole file to *out. */
int fs_read_file(const char *path, struct buf *out, struct error *err);

/* Replaces the file atomically (temporary name beside it, fsync, rename). */
int fs_write_file(const char *path, const void *data, size_t len, struct error *err);
/* The same without fsync, which waits for all that others write: whole when we are killed, not when the power fails. */
int fs_write_file_unsynced(const char *path, const void *data, size_t len, struct error *err);

/* Bytes allocated on disk (st_blocks) by all files below path; a missing path counts 0. */
int fs_disk_usage(const char *path, uint64_t *out_bytes, struct error *err);

/*
 * Name of the file system holding path, as /proc/self/mountinfo spells it
 * ("ext4", "tmpfs"); *is_ram is set for tmpfs/ramfs, whose files are shmem.
 */
#define FS_TYPE_MAX 32
int fs_type(const char *path, char name[FS_TYPE_MAX], int *is_ram, struct error *err);

#endif
