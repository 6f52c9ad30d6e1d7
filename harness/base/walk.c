#include "base/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STAYS_HERE (RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS)

struct level {
	dev_t dev;
	ino_t ino;
	char *name;
	struct buf inside; /* names of folders to enter, each with its 0 */
	size_t at;	   /* the next of them */
};

struct walk {
	const struct walk_calls *calls;
	void *arg;
	int parent_fd; /* of the tree; borrowed */
	int fd;	       /* of the deepest level */
	struct level *levels;
	size_t depth, cap;
};

/* glibc has no wrapper.  Linux 5.6. */
static int open_folder(int dir_fd, const char *name, uint64_t resolve)
{
	struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK,
				.resolve = resolve };
	long fd;
	/* EAGAIN: something was renamed meanwhile, and the kernel cannot tell whether it stayed below (openat2(2)). */
	do
		fd = syscall(SYS_openat2, dir_fd, name, &how, sizeof(how));
	while (fd < 0 && (errno == EINTR || errno == EAGAIN));
	return (int)fd;
}

static void read_folder(struct walk *w, struct level *l)
{
	int fd = fcntl(w->fd, F_DUPFD_CLOEXEC, 0);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;
		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		if (w->calls->entry != NULL ? w->calls->entry(w->arg, w, w->fd, name, entry->d_type)
					    : entry->d_type == DT_DIR)
			buf_add(&l->inside, name, strlen(name) + 1);
	}
	closedir(dir);
}

static int current_fd(const struct walk *w)
{
	return w->depth > 0 ? w->fd : w->parent_fd;
}

static void go_in(struct walk *w, const char *name, int fd)
{
	struct stat st = { 0 };
	fstat(fd, &st);
	if (w->depth > 0)
		close(w->fd);
	w->fd = fd;
	if (w->depth == w->cap) {
		w->cap = w->cap * 2 + 8;
		w->levels = xrealloc(w->levels, w->cap * sizeof(*w->levels));
	}
	struct level *l = &w->levels[w->depth++];
	*l = (struct level){ .dev = st.st_dev, .ino = st.st_ino, .name = xstrdup(name), .inside = BUF_INIT };
	read_folder(w, l);
	if (w->calls->enter != NULL)
		w->calls->enter(w->arg, w, w->fd);
}

static void descend(struct walk *w, const char *name)
{
	int dir_fd = current_fd(w), fd;
	do
		fd = open_folder(dir_fd, name, STAYS_HERE | RESOLVE_BENEATH);
	while (fd < 0 && w->calls->refused(w->arg, w, dir_fd, name, errno));
	if (fd >= 0)
		go_in(w, name, fd);
}

static int moved(const struct walk *w, struct error *err)
{
	struct buf path = BUF_INIT;
	walk_path(w, NULL, &path);
	error_set(err, ERROR_SYSTEM, "'%.400s' was moved meanwhile", buf_str(&path));
	buf_release(&path);
	return -1;
}

static int ascend(struct walk *w, struct error *err)
{
	struct level *left = &w->levels[w->depth - 1];
	if (w->depth > 1) {
		const struct level *above = &w->levels[w->depth - 2];
		struct stat st;
		int up = open_folder(w->fd, "..", STAYS_HERE);
		if (up < 0 || fstat(up, &st) != 0 || st.st_dev != above->dev || st.st_ino != above->ino) {
			if (up >= 0)
				close(up);
			return moved(w, err);
		}
		close(w->fd);
		w->fd = up;
	} else {
		close(w->fd);
	}
	w->depth--;
	if (w->calls->leave != NULL)
		w->calls->leave(w->arg, w, current_fd(w), left->name);
	free(left->name);
	buf_release(&left->inside);
	return 0;
}

static void release(struct walk *w)
{
	if (w->depth > 0)
		close(w->fd);
	while (w->depth > 0) {
		free(w->levels[--w->depth].name);
		buf_release(&w->levels[w->depth].inside);
	}
	free(w->levels);
}

int walk_tree(int parent_fd, const char *name, const struct walk_calls *calls, void *arg, struct error *err)
{
	struct walk w = { .calls = calls, .arg = arg, .parent_fd = parent_fd };
	int rc = 0;
	descend(&w, name);
	while (rc == 0 && w.depth > 0) {
		struct level *l = &w.levels[w.depth - 1];
		if (l->at == l->inside.len) {
			rc = ascend(&w, err);
			continue;
		}
		const char *next = l->inside.data + l->at;
		l->at += strlen(next) + 1;
		descend(&w, next);
	}
	release(&w);
	return rc;
}

size_t walk_depth(const struct walk *w)
{
	return w->depth;
}

void walk_path(const struct walk *w, const char *name, struct buf *out)
{
	for (size_t i = 0; i < w->depth; i++)
		buf_addf(out, "%s%s", i > 0 ? "/" : "", w->levels[i].name);
	if (name != NULL)
		buf_addf(out, "%s%s", w->depth > 0 ? "/" : "", name);
}
