/*
 * folder - a temporary folder as a cmocka fixture, for fake control files.
 * Included after cmocka.h.
 */
#ifndef OOMRIG_TESTS_FOLDER_H
#define OOMRIG_TESTS_FOLDER_H

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"

struct folder {
	char path[64];
	int fd;
};

static void put(const struct folder *f, const char *name, const char *text)
{
	int fd = openat(f->fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* *state becomes a struct folder, which the teardown removes. */
static int folder_setup(void **state)
{
	struct folder *f = xcalloc(1, sizeof(*f));

	strcpy(f->path, "/tmp/oomrig-test-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	f->fd = open(f->path, O_RDONLY | O_DIRECTORY);
	assert_true(f->fd >= 0);
	*state = f;
	return 0;
}

static int folder_teardown(void **state)
{
	struct folder *f = *state;

	close(f->fd);
	fs_remove_tree(f->path, NULL);
	free(f);
	return 0;
}

#endif
