/* fs_remove_tree() and fs_remove_at(): the only remover of trees in the rig. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/walk.h"

#define PASSES 3	   /* while others make new files in the tree */
#define MOUNTS_MAX 100000  /* stacked ones: taken off one by one */
#define NAMED_MAX 4	   /* of what cannot go */
#define SHOWN_PATH_MAX 160 /* of one path */

struct removal {
	const char *shown; /* path of the folder that the tree is in */
	struct buf left;   /* names of what cannot go, with the reasons */
	size_t left_count;
	int first_errno;
	size_t mounts;
};

static void note_left(struct removal *r, const struct walk *w, const char *name, int error)
{
	struct buf path = BUF_INIT;
	if (r->left_count++ == 0)
		r->first_errno = error;
	buf_addf(&path, "%s/", r->shown);
	walk_path(w, name, &path);
	bool clip = path.len > SHOWN_PATH_MAX;
	if (r->left_count <= NAMED_MAX)
		buf_addf(&r->left, "%s'%.*s%s%s' (%s)", r->left.len > 0 ? ", " : "",
			 clip ? SHOWN_PATH_MAX / 2 : SHOWN_PATH_MAX, path.data, clip ? "..." : "",
			 clip ? path.data + path.len - SHOWN_PATH_MAX / 2 : "", strerror(error));
	buf_release(&path);
}

/* A name for what is open, which no rename and no link can turn into another (proc_pid_fd(5)). */
static int pin(int dir_fd, const char *name, char path[32])
{
	int fd = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	snprintf(path, 32, "/proc/self/fd/%d", fd);
	return fd;
}

bool fs_unmount_at(int dir_fd, const char *name)
{
	char path[32];
	int fd = pin(dir_fd, name, path);
	bool off = fd >= 0 && mount(NULL, path, NULL, MS_REC | MS_PRIVATE, NULL) == 0 && umount2(path, MNT_DETACH) == 0;
	if (fd >= 0)
		close(fd);
	return off;
}

/* chattr +i and +a (ioctl_iflags(2)): false when it was not these that are in the way. */
static bool loosen(int fd)
{
	int flags;
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) != 0 || (flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)) == 0)
		return false;
	flags &= ~(FS_IMMUTABLE_FL | FS_APPEND_FL);
	return ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0;
}

/* A file with other names may be one of the host's: it keeps what it was given. */
static bool is_of_tree_alone(const struct stat *st)
{
	return S_ISDIR(st->st_mode) || (S_ISREG(st->st_mode) && st->st_nlink == 1);
}

static bool loosen_entry(int dir_fd, const char *name)
{
	struct stat st;
	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !is_of_tree_alone(&st))
		return false;
	int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	bool loosened = fd >= 0 && fstat(fd, &st) == 0 && is_of_tree_alone(&st) && loosen(fd);
	if (fd >= 0)
		close(fd);
	return loosened;
}

/* Rights that a folder's owner lacks and may give himself. */
static bool open_up(int dir_fd, const char *name)
{
	char path[32];
	struct stat st;
	int fd = pin(dir_fd, name, path);
	bool opened = fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && (st.st_mode & S_IRWXU) != S_IRWXU &&
		      chmod(path, S_IRWXU) == 0 && fstat(fd, &st) == 0 && (st.st_mode & S_IRWXU) == S_IRWXU;
	if (fd >= 0)
		close(fd);
	return opened;
}

/* Clears away what kept an entry; the folder that the tree is in (depth 0) is not ours to change. */
static bool clear_way(struct removal *r, const struct walk *w, int dir_fd, const char *name, int error)
{
	bool inside = walk_depth(w) > 0;
	switch (error) {
	case EBUSY:
	case EXDEV:
		return r->mounts++ < MOUNTS_MAX && fs_unmount_at(dir_fd, name);
	case EPERM:
		return loosen_entry(dir_fd, name) || (inside && loosen(dir_fd));
	case EACCES:
		return open_up(dir_fd, name) || (inside && open_up(dir_fd, "."));
	default:
		return false;
	}
}

/* 0, or errno of what stays. */
static int remove_entry(struct removal *r, const struct walk *w, int dir_fd, const char *name, int flags)
{
	while (unlinkat(dir_fd, name, flags) != 0) {
		int error = errno;
		if (error == ENOENT)
			return 0; /* another one was quicker */
		if (!clear_way(r, w, dir_fd, name, error))
			return error;
	}
	return 0;
}

static bool on_entry(void *arg, struct walk *w, int dir_fd, const char *name, unsigned char d_type)
{
	int error = d_type == DT_DIR ? EISDIR : remove_entry(arg, w, dir_fd, name, 0);
	if (error != 0 && error != EISDIR)
		note_left(arg, w, name, error);
	return error == EISDIR;
}

static bool on_refused(void *arg, struct walk *w, int dir_fd, const char *name, int error)
{
	if (error == ENOENT)
		return false;
	if (error == ELOOP || error == ENOTDIR) /* no folder (any more) */
		error = remove_entry(arg, w, dir_fd, name, 0);
	else if (clear_way(arg, w, dir_fd, name, error))
		return true;
	if (error != 0)
		note_left(arg, w, name, error);
	return false;
}

static void on_leave(void *arg, struct walk *w, int dir_fd, const char *name)
{
	int error = remove_entry(arg, w, dir_fd, name, AT_REMOVEDIR);
	/* Not empty: what stays in it has been noted, or came after it was read and goes with the next pass. */
	if (error != 0 && error != ENOTEMPTY && error != EEXIST)
		note_left(arg, w, name, error);
}

static int fail(struct removal *r, struct error *err)
{
	error_set(err, ERROR_SYSTEM, "cannot remove %s", buf_str(&r->left));
	if (err != NULL) {
		err->sys_errno = r->first_errno;
		size_t len = strlen(err->message);
		if (r->left_count > NAMED_MAX)
			snprintf(err->message + len, sizeof(err->message) - len, " and %zu more",
				 r->left_count - NAMED_MAX);
	}
	return -1;
}

int fs_remove_at(int parent_fd, const char *name, const char *shown, struct error *err)
{
	static const struct walk_calls calls = { .entry = on_entry, .refused = on_refused, .leave = on_leave };
	struct removal r = { .shown = shown, .left = BUF_INIT };
	struct stat st;
	int rc = 0;
	for (int pass = 0; r.left_count == 0 && pass < PASSES; pass++) {
		if (fstatat(parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
			return 0;
		rc = walk_tree(parent_fd, name, &calls, &r, err);
	}
	if (rc != 0)
		error_prefix(err, "cannot remove '%s/%s'", shown, name);
	else if (r.left_count > 0)
		rc = fail(&r, err);
	else if (fstatat(parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		rc = error_set_errno(err, ERROR_SYSTEM, ENOTEMPTY, "cannot remove '%s/%s'", shown, name);
	buf_release(&r.left);
	return rc;
}

int fs_remove_tree(const char *path, struct error *err)
{
	char *folder = xstrdup(path), *end = folder + strlen(folder);
	while (end > folder + 1 && end[-1] == '/')
		*--end = '\0';
	char *slash = strrchr(folder, '/');
	const char *name = slash != NULL ? slash + 1 : folder, *parent = slash == NULL ? "." : folder;
	int rc = 0;
	if (slash == folder)
		parent = "/";
	else if (slash != NULL)
		*slash = '\0';
	if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		rc = error_set(err, ERROR_BUG, "'%s' is no name of a folder that can be removed", path);
	} else {
		int fd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0) {
			rc = fs_remove_at(fd, name, parent, err);
			close(fd);
		} else if (errno != ENOENT) {
			rc = error_set_errno(err, ERROR_SYSTEM, errno, "cannot open folder '%s'", parent);
		}
	}
	free(folder);
	return rc;
}
