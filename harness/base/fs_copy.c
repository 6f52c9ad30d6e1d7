#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"

#define PIECE_BYTES (1 << 20)

static int failed(const char *path, struct error *err)
{
	return error_set_errno(err, ERROR_SYSTEM, errno, "cannot copy to '%s'", path);
}

static int copy_file(int folder, const char *name, const struct stat *st, const char *to, struct error *err)
{
	int in = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, st->st_mode & 07777);
	ssize_t n = in < 0 || out < 0 ? -1 : 1;
	while (n > 0)
		n = sendfile(out, in, NULL, PIECE_BYTES);
	int rc = n == 0 ? 0 : failed(to, err);
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return rc;
}

static int copy_link(int folder, const char *name, const char *to, struct error *err)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(folder, name, target, sizeof(target) - 1);
	if (len < 0)
		return failed(to, err);
	target[len] = '\0';
	return symlink(target, to) == 0 ? 0 : failed(to, err);
}

static int copy_folder(int folder, const char *name, const struct stat *st, const char *to, struct error *err)
{
	int from = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (from < 0 || mkdir(to, st->st_mode & 07777) != 0) {
		if (from >= 0)
			close(from);
		return failed(to, err);
	}
	int rc = fs_copy_tree(from, to, err);
	close(from);
	return rc;
}

/* A socket or a pipe is its maker's, who does not live any more: left out. */
static int copy_entry(int folder, const char *name, const char *to, struct error *err)
{
	struct stat st;
	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return failed(to, err);
	if (S_ISDIR(st.st_mode))
		return copy_folder(folder, name, &st, to, err);
	if (S_ISLNK(st.st_mode))
		return copy_link(folder, name, to, err);
	return S_ISREG(st.st_mode) ? copy_file(folder, name, &st, to, err) : 0;
}

int fs_copy_tree(int from, const char *to, struct error *err)
{
	int own = fcntl(from, F_DUPFD_CLOEXEC, 0); /* closedir() takes it */
	DIR *dir = own < 0 ? NULL : fdopendir(own);
	struct dirent *entry;
	int rc = dir == NULL ? failed(to, err) : 0;
	while (rc == 0 && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		char *path = xasprintf("%s/%s", to, entry->d_name);
		rc = copy_entry(from, entry->d_name, path, err);
		free(path);
	}
	if (dir != NULL)
		closedir(dir);
	else if (own >= 0)
		close(own);
	return rc;
}
