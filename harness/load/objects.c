#include "load/objects.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "load/payload.h"

#define COMPARE_BYTES 16384

static int read_exactly(int fd, uint64_t offset, unsigned char *out, size_t len)
{
	while (len > 0) {
		ssize_t n = pread(fd, out, len, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		out += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int source_fill(const struct source *s, uint64_t offset, void *out, size_t len)
{
	if (s->file != NULL)
		return read_exactly(s->file->fd, offset, out, len);
	payload_fill(s->seed, offset, out, len);
	return 0;
}

int source_check(const struct source *s, uint64_t offset, const void *data, size_t len, size_t *right)
{
	if (s->file == NULL) {
		*right = payload_check(s->seed, offset, data, len);
		return 0;
	}
	const unsigned char *p = data;
	unsigned char expected[COMPARE_BYTES];
	for (size_t done = 0; done < len;) {
		size_t part = len - done < sizeof(expected) ? len - done : sizeof(expected);
		if (read_exactly(s->file->fd, offset + done, expected, part) != 0)
			return -1;
		if (memcmp(p + done, expected, part) != 0) {
			size_t i = 0;
			while (expected[i] == p[done + i])
				i++;
			*right = done + i;
			return 0;
		}
		done += part;
	}
	*right = len;
	return 0;
}

int objects_open_file(struct objects *o, const char *path, const struct source_file **out, struct error *err)
{
	for (struct source_file *f = o->files; f != NULL; f = f->next) {
		if (strcmp(f->path, path) == 0) {
			*out = f;
			return 0;
		}
	}
	/* Not blocking: a FIFO without a writer would wait for one (open(2)). */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return error_set_errno(err, ERROR_INPUT, errno, "cannot open '%s'", path);
	struct stat st;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return error_set(err, ERROR_INPUT, "'%s' is not a regular file", path);
	}
	struct source_file *f = xcalloc(1, sizeof(*f));
	f->path = xstrdup(path);
	f->fd = fd;
	f->size_bytes = (uint64_t)st.st_size;
	f->next = o->files;
	o->files = f;
	*out = f;
	return 0;
}

uint64_t objects_new_number(struct objects *o)
{
	return ++o->last_number;
}

void objects_add(struct objects *o, const struct object *object, char *id)
{
	struct object_list *list = object->acknowledged ? &o->acknowledged : &o->unanswered;
	if (list->count == list->cap) {
		list->cap = list->cap > 0 ? list->cap * 2 : 16;
		list->items = xrealloc(list->items, list->cap * sizeof(*list->items));
	}
	list->items[list->count] = *object;
	list->items[list->count++].id = id;
}

const struct object *objects_at(const struct objects *o, uint64_t turn)
{
	const struct object_list *list = &o->acknowledged;
	return list->count > 0 ? &list->items[turn % list->count] : NULL;
}

const struct object *objects_read_back(const struct objects *o, enum read_back_scope scope, size_t *n)
{
	for (; *n < o->acknowledged.count; ++*n)
		if (scope == READ_BACK_ALL || o->acknowledged.items[*n].group->read_back)
			return &o->acknowledged.items[*n];
	size_t behind = *n - o->acknowledged.count;
	return scope == READ_BACK_ALL && behind < o->unanswered.count ? &o->unanswered.items[behind] : NULL;
}

static void list_release(struct object_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].id);
	free(list->items);
}

void objects_release(struct objects *o)
{
	list_release(&o->acknowledged);
	list_release(&o->unanswered);
	while (o->files != NULL) {
		struct source_file *next = o->files->next;
		close(o->files->fd);
		free(o->files->path);
		free(o->files);
		o->files = next;
	}
	memset(o, 0, sizeof(*o));
}

const char *object_name(const struct object *object, char out[OBJECT_NAME_MAX])
{
	snprintf(out, OBJECT_NAME_MAX, "%.60s-%u-%" PRIu64 ".bin", object->group->name, object->client, object->number);
	for (char *p = out; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && *p != '.' && *p != '_')
			*p = '-';
	return out;
}
