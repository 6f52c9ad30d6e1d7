#include "record/log_tail.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAIL_BYTES 4096 /* looked at; a line longer than that is shown by its end */

/* Where the last so many lines begin; a '\n' at the very end ends the last one. */
static size_t start_of(const char *text, size_t len, size_t lines)
{
	size_t at = len > 0 && text[len - 1] == '\n' ? len - 1 : len;
	for (; at > 0; at--)
		if (text[at - 1] == '\n' && --lines == 0)
			break;
	return at;
}

static void add_end(int fd, size_t lines, struct buf *out)
{
	struct stat st;
	char text[TAIL_BYTES];
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return;
	off_t from = st.st_size > TAIL_BYTES ? st.st_size - TAIL_BYTES : 0;
	ssize_t len = pread(fd, text, sizeof(text), from);
	if (len <= 0)
		return;
	size_t start = start_of(text, (size_t)len, lines);
	buf_add(out, text + start, (size_t)len - start);
	if (text[len - 1] != '\n')
		buf_addc(out, '\n');
}

void log_tail(const char *folder, size_t lines, struct buf *out)
{
	char *path = xasprintf("%s/" STORE_SERVER_LOG, folder);
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0) {
		add_end(fd, lines, out);
		close(fd);
	}
	free(path);
}
