/*
 * folders - where the server's data and temporary files live during a run:
 * WORK/work-<owner>-<run id>/{data,tmp}.  `oomrig clean` finds those of a dead rig
 * by the owner in the name (isolation/owner.h).  Main thread, but for folders_sync_fd().
 */
#ifndef OOMRIG_RUN_FOLDERS_H
#define OOMRIG_RUN_FOLDERS_H

#include <stdint.h>

#include "base/error.h"
#include "base/fs.h"
#include "scenario/scenario.h"

#define FOLDERS_PREFIX "work-" /* then <owner>-<run id> */

struct folders {
	char *root, *data, *tmp;
	char fs_type[FS_TYPE_MAX]; /* of the data folder */
	int is_ram;
	int under_fd; /* the folder that root was made in, whatever a server has put in that one's place */
	int root_fd;  /* root itself, wherever it is moved */
};

/* Makes them; refuses a data folder on tmpfs (its files would be shmem) unless the scenario allows it. */
int folders_create(struct folders *f, const char *work, const char *run_id, const struct scenario *s,
		   struct error *err);

/* Bytes still free for data; 0 on error. */
uint64_t folders_free_bytes(const struct folders *f);

/* What the scenario's uploads may bring: prepared ones and every round's, files of the user's own included. */
uint64_t folders_upload_bytes(const struct scenario *s);
/* The size of a disk that holds them with all that a server keeps beside them. */
uint64_t folders_disk_bytes(const struct scenario *s);

/* Can the uploads of the scenario be stored at all?  A database and its log hold each byte twice. */
int folders_check_space(const struct folders *f, const struct scenario *s, struct error *err);

/* A descriptor of the data folder, which the caller closes. */
int folders_open_data(const struct folders *f, struct error *err);

/* Writes all dirty pages of its file system to disk (syncfs(2)); may block for long, so not on the loop's thread. */
int folders_sync_fd(int dir_fd, struct error *err);

/*
 * Removes everything (fs_remove_tree) and frees the paths; keep leaves the files.  A root that the server has moved
 * elsewhere is left there, and -1 names the place.
 */
int folders_release(struct folders *f, int keep, struct error *err);

#endif
