#include "record/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"

#define READ_BYTES (256 << 10)

int lines_check(const char *path, uint64_t max_bytes, struct error *err)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return errno == ENOENT ? 0 : error_set_errno(err, ERROR_SYSTEM, errno, "cannot open '%s'", path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERROR_INPUT, "'%s' is not a regular file", path);
	if ((uint64_t)st.st_size > max_bytes)
		return error_set(err, ERROR_INPUT, "'%s' is too large for what it should be (%lld bytes)", path,
				 (long long)st.st_size);
	return 1;
}

int lines_open(struct lines *l, const char *path, struct error *err)
{
	memset(l, 0, sizeof(*l));
	int rc = lines_check(path, INT64_MAX, err);
	if (rc <= 0)
		return rc;
	l->file = fopen(path, "re");
	if (l->file == NULL)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot open '%s'", path);
	setvbuf(l->file, NULL, _IONBF, 0); /* read ahead here, in larger pieces */
	l->path = xstrdup(path);
	l->read = xmalloc(READ_BYTES);
	return 1;
}

static void add(struct lines *l, const char *from, size_t len)
{
	if (l->len + len >= l->cap) {
		l->cap = 2 * (l->len + len) + 512;
		l->text = xrealloc(l->text, l->cap);
	}
	memcpy(l->text + l->len, from, len);
	l->len += len;
	l->text[l->len] = '\0';
}

/* 1: there is more; 0: the end; -1. */
static int read_ahead(struct lines *l, struct error *err)
{
	if (l->at < l->end)
		return 1;
	errno = 0;
	l->at = 0;
	l->end = fread(l->read, 1, READ_BYTES, l->file);
	if (l->end == 0 && ferror(l->file))
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot read '%s'", l->path);
	return l->end > 0;
}

int lines_next(struct lines *l, struct error *err)
{
	int rc;
	l->len = 0;
	l->number++;
	while ((rc = read_ahead(l, err)) > 0) {
		const char *from = l->read + l->at, *end = memchr(from, '\n', l->end - l->at);
		size_t len = end != NULL ? (size_t)(end - from) : l->end - l->at;
		if (l->len + len > LINES_MAX)
			return error_set(err, ERROR_INPUT, "%s:%llu: a line of more than %d bytes", l->path,
					 (unsigned long long)l->number, LINES_MAX);
		add(l, from, len);
		l->at += len + (end != NULL);
		if (end != NULL)
			return 1;
	}
	return rc;
}

void lines_close(struct lines *l)
{
	if (l->file != NULL)
		fclose(l->file);
	free(l->path);
	free(l->text);
	free(l->read);
	memset(l, 0, sizeof(*l));
}
