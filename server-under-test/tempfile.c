#include "tempfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"

#define NAME_PREFIX "chunkserver-"

int temp_files_init(struct temp_files *set, const char *dir, struct error *err)
{
	set->dir = dir;
	atomic_init(&set->count, 0);
	atomic_init(&set->bytes, 0);
	if (fs_make_dirs(dir, err) != 0)
		return -1;
	DIR *d = opendir(dir);
	if (d == NULL)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot open folder '%s'", dir);
	int rc = 0;
	const struct dirent *entry;
	while (rc == 0 && (entry = readdir(d)) != NULL)
		if (strncmp(entry->d_name, NAME_PREFIX, strlen(NAME_PREFIX)) == 0 &&
		    unlinkat(dirfd(d), entry->d_name, 0) != 0 && errno != ENOENT)
			rc = error_set_errno(err, ERROR_SYSTEM, errno, "cannot remove '%s/%s'", dir, entry->d_name);
	closedir(d);
	return rc;
}

int temp_file_create(struct temp_files *set, struct temp_file *file, struct error *err)
{
	file->set = set;
	file->size_bytes = 0;
	file->path = xasprintf("%s/" NAME_PREFIX "XXXXXX", set->dir);
	file->fd = mkostemp(file->path, O_CLOEXEC);
	if (file->fd < 0) {
		error_set_errno(err, ERROR_SYSTEM, errno, "cannot create a temporary file in '%s'", set->dir);
		free(file->path);
		return -1;
	}
	atomic_fetch_add(&set->count, 1);
	return 0;
}

int temp_file_write(struct temp_file *file, const void *data, size_t len, uint64_t offset, struct error *err)
{
	while (len > 0) {
		ssize_t n = pwrite(file->fd, data, len, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set_errno(err, ERROR_SYSTEM, errno, "cannot write '%s'", file->path);
		data = (const char *)data + n;
		len -= (size_t)n;
		offset += (uint64_t)n;
		if (offset > file->size_bytes) {
			atomic_fetch_add(&file->set->bytes, offset - file->size_bytes);
			file->size_bytes = offset;
		}
	}
	return 0;
}

int temp_file_read(struct temp_file *file, void *data, size_t len, uint64_t offset, struct error *err)
{
	while (len > 0) {
		ssize_t n = pread(file->fd, data, len, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set_errno(err, ERROR_SYSTEM, errno, "cannot read '%s'", file->path);
		if (n == 0)
			return error_set(err, ERROR_SYSTEM, "'%s' is shorter than what was written", file->path);
		data = (char *)data + n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

void temp_file_close(struct temp_file *file, bool keep)
{
	close(file->fd);
	if (!keep) {
		unlink(file->path);
		atomic_fetch_sub(&file->set->count, 1);
		atomic_fetch_sub(&file->set->bytes, file->size_bytes);
	}
	free(file->path);
}
