#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

int fs_make_dirs(const char *path, struct error *err)
{
	if (path[0] == '\0')
		return error_set(err, ERROR_USAGE, "the name of a folder is empty");
	char *copy = xstrdup(path);
	int rc = 0;
	for (char *p = copy + 1; rc == 0; p++) {
		if (*p != '/' && *p != '\0')
			continue;
		char end = *p;
		*p = '\0';
		if (mkdir(copy, 0755) != 0 && errno != EEXIST)
			rc = error_set_errno(err, ERROR_SYSTEM, errno, "cannot create folder '%s'", copy);
		*p = end;
		if (end == '\0')
			break;
	}
	free(copy);
	return rc;
}

int fs_read_file(const char *path, struct buf *out, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot open '%s'", path);
	char block[16384];
	ssize_t n;
	while ((n = read(fd, block, sizeof(block))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			error_set_errno(err, ERROR_SYSTEM, errno, "cannot read '%s'", path);
			close(fd);
			return -1;
		}
		buf_add(out, block, (size_t)n);
	}
	close(fd);
	return 0;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int replace(const char *path, const void *data, size_t len, bool sync, struct error *err)
{
	char *temporary = xasprintf("%s.tmp", path);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int failed = fd < 0 || write_all(fd, data, len) != 0 || (sync && fsync(fd) != 0);
	int saved = errno;
	if (fd >= 0)
		close(fd);
	if (!failed && rename(temporary, path) != 0) {
		failed = 1;
		saved = errno;
	}
	if (failed) {
		unlink(temporary);
		error_set_errno(err, ERROR_SYSTEM, saved, "cannot write '%s'", path);
	}
	free(temporary);
	return failed ? -1 : 0;
}

int fs_write_file(const char *path, const void *data, size_t len, struct error *err)
{
	return replace(path, data, len, true, err);
}

int fs_write_file_unsynced(const char *path, const void *data, size_t len, struct error *err)
{
	return replace(path, data, len, false, err);
}

int fs_type(const char *path, char name[FS_TYPE_MAX], int *is_ram, struct error *err)
{
	struct statfs fs;
	struct stat st;
	if (statfs(path, &fs) != 0 || stat(path, &st) != 0)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot stat '%s'", path);
	*is_ram = fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC;
	snprintf(name, FS_TYPE_MAX, "0x%lx", (unsigned long)fs.f_type);

	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	if (mounts == NULL)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot open '/proc/self/mountinfo'");
	char *line = NULL;
	size_t cap = 0;
	while (getline(&line, &cap, mounts) > 0) {
		/* proc(5): ID parent major:minor root mountpoint options [tags…] - type source options */
		unsigned int maj, min;
		const char *dash = strstr(line, " - ");
		if (dash == NULL || sscanf(line, "%*d %*d %u:%u", &maj, &min) != 2 || makedev(maj, min) != st.st_dev)
			continue;
		if (sscanf(dash, " - %31s", name) == 1)
			break;
	}
	free(line);
	fclose(mounts);
	return 0;
}

const char *fs_shown_path(const char *path)
{
	char cwd[PATH_MAX];
	size_t len = getcwd(cwd, sizeof(cwd)) != NULL ? strlen(cwd) : 0;
	return len > 1 && strncmp(path, cwd, len) == 0 && path[len] == '/' ? path + len + 1 : path;
}

bool fs_program_found(const char *program)
{
	const char *path = getenv("PATH");
	bool found = strchr(program, '/') != NULL && access(program, X_OK) == 0;

	while (strchr(program, '/') == NULL && path != NULL && *path != '\0' && !found) {
		size_t len = strcspn(path, ":");
		char *candidate = xasprintf("%.*s/%s", (int)len, path, program);
		found = access(candidate, X_OK) == 0;
		free(candidate);
		path += len + (path[len] == ':');
	}
	return found;
}
