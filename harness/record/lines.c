#include "record/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"

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
	l->path = xstrdup(path);
	return 1;
}

static void add(struct lines *l, char c)
{
	if (l->len + 1 >= l->cap) {
		l->cap = l->cap == 0 ? 512 : 2 * l->cap;
		l->text = xrealloc(l->text, l->cap);
	}
	l->text[l->len++] = c;
	l->text[l->len] = '\0';
}

int lines_next(struct lines *l, struct error *err)
{
	int c;
	l->len = 0;
	l->number++;
	errno = 0;
	while ((c = getc_unlocked(l->file)) != EOF && c != '\n') {
		if (l->len == LINES_MAX)
			return error_set(err, ERROR_INPUT, "%s:%llu: a line of more than %d bytes", l->path,
					 (unsigned long long)l->number, LINES_MAX);
		add(l, (char)c);
	}
	if (c == EOF && ferror(l->file))
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot read '%s'", l->path);
	if (c == EOF)
		return 0;
	add(l, '\0');
	l->len--;
	return 1;
}

void lines_close(struct lines *l)
{
	if (l->file != NULL)
		fclose(l->file);
	free(l->path);
	free(l->text);
	memset(l, 0, sizeof(*l));
}
