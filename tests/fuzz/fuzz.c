#include "fuzz.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"

static char scratch[] = "/dev/shm/oomrig-fuzz-XXXXXX";

char *fuzz_copy(const uint8_t *data, size_t size)
{
	char *copy = malloc(size > 0 ? size : 1);
	if (copy == NULL)
		abort();
	if (size > 0)
		memcpy(copy, data, size);
	return copy;
}

char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	if (text == NULL)
		abort();
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

static void remove_scratch(void)
{
	fs_remove_tree(scratch, NULL);
}

const char *fuzz_scratch(void)
{
	static const char *made;
	if (made == NULL) {
		made = mkdtemp(scratch);
		if (made == NULL || atexit(remove_scratch) != 0)
			abort();
	}
	return made;
}

void fuzz_write(const char *name, const void *data, size_t size)
{
	char *path = xasprintf("%s/%s", fuzz_scratch(), name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || (size > 0 && write(fd, data, size) != (ssize_t)size))
		abort();
	close(fd);
	free(path);
}

FILE *fuzz_sink(void)
{
	static FILE *sink;
	if (sink == NULL)
		sink = fopen("/dev/null", "we");
	if (sink == NULL)
		abort();
	return sink;
}

const uint8_t *fuzz_part(const uint8_t **data, size_t *size, char mark, size_t *part_size)
{
	const uint8_t *part = *data, *end = *size > 0 ? memchr(part, mark, *size) : NULL;
	*part_size = end != NULL ? (size_t)(end - part) : *size;
	size_t taken = *part_size + (end != NULL);
	*data += taken;
	*size -= taken;
	return part;
}
