#include "isolation/memory_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* memory.stat has 47 lines of at most 50 bytes on v1, 70 on v2 (Linux 6.18). */
#define FILE_TEXT_MAX 8192

/* Reads digits from *at up to end; false if there are none or they overflow. */
static bool take_number(const char **at, const char *end, uint64_t *out)
{
	const char *p = *at;
	uint64_t value = 0;

	for (; p < end && *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
			return false;
	if (p == *at)
		return false;
	*at = p;
	*out = value;
	return true;
}

struct fact memory_files_parse_value(const char *text, size_t len)
{
	const char *at = text, *end = text + len;
	uint64_t value;

	if (!take_number(&at, end, &value))
		return FACT_BROKEN;
	return at == end || (*at == '\n' && at + 1 == end) ? fact_of(value) : FACT_BROKEN;
}

void memory_files_parse_keys(const char *text, size_t len, const struct memory_key *keys, size_t count,
			     struct fact *out)
{
	const char *end = text + len;
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		out[keys[i].field] = FACT_NONE;
	for (const char *line = text; line < end && found < count;) {
		const char *eol = memchr(line, '\n', (size_t)(end - line));
		const char *stop = eol ? eol : end;
		const char *space = memchr(line, ' ', (size_t)(stop - line));
		size_t key_len = space ? (size_t)(space - line) : 0;

		for (size_t i = 0; key_len && i < count; i++) {
			if (keys[i].len != key_len || memcmp(keys[i].key, line, key_len) != 0)
				continue;
			out[keys[i].field] = memory_files_parse_value(space + 1, (size_t)(stop - space - 1));
			found++;
			break;
		}
		line = stop + 1;
	}
}

void memory_files_split_shmem(struct memory_sample *out)
{
	struct fact *file = &out->field[MEMORY_FILE];
	const struct fact *shmem = &out->field[MEMORY_SHMEM];

	if (!fact_known(*file))
		return;
	if (!fact_known(*shmem))
		*file = *shmem;
	else
		file->value = file->value > shmem->value ? file->value - shmem->value : 0;
}

/* Returns the length; -1 when it cannot be read whole. */
static ssize_t read_text(int fd, char text[FILE_TEXT_MAX])
{
	ssize_t got;

	do
		got = pread(fd, text, FILE_TEXT_MAX, 0);
	while (got < 0 && errno == EINTR);
	if (got == FILE_TEXT_MAX)
		errno = EFBIG;
	return got == FILE_TEXT_MAX ? -1 : got;
}

struct fact memory_files_value_at(int dir_fd, const char *file)
{
	char text[FILE_TEXT_MAX];
	int fd = openat(dir_fd, file, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return errno == ENOENT ? FACT_NONE : FACT_BROKEN;
	got = read_text(fd, text);
	close(fd);
	return got < 0 ? FACT_BROKEN : memory_files_parse_value(text, (size_t)got);
}

int memory_files_open(struct memory_files *m, const struct memory_file *rows, size_t count, int dir_fd,
		      struct error *err)
{
	int opened = 0;

	m->rows = rows;
	m->count = count;
	for (size_t i = 0; i < count; i++) {
		m->fd[i] = openat(dir_fd, rows[i].name, O_RDONLY | O_CLOEXEC);
		m->without_fd[i] = m->fd[i] < 0 && errno != ENOENT ? FACT_UNREADABLE : FACT_ABSENT;
		opened += m->fd[i] >= 0;
	}
	if (opened == 0)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot open '%s'", rows[0].name);
	return 0;
}

static void set_fields(const struct memory_file *row, enum fact_state state, struct memory_sample *out)
{
	if (!row->parse)
		out->field[row->value] = (struct fact){ state, 0 };
	for (size_t i = 0; i < row->key_count; i++)
		out->field[row->keys[i].field] = (struct fact){ state, 0 };
}

void memory_files_read_one(const struct memory_files *m, size_t index, struct memory_sample *out)
{
	const struct memory_file *row = &m->rows[index];
	char text[FILE_TEXT_MAX];
	ssize_t got;

	if (m->fd[index] < 0) {
		set_fields(row, m->without_fd[index], out);
		return;
	}
	got = read_text(m->fd[index], text);
	if (got <= 0)
		/* EOPNOTSUPP: the file is there and what it would tell is switched off (memory.pressure with psi=0). */
		set_fields(row, got < 0 && errno == EOPNOTSUPP ? FACT_ABSENT : FACT_UNREADABLE, out);
	else if (row->parse)
		row->parse(text, (size_t)got, out);
	else
		out->field[row->value] = memory_files_parse_value(text, (size_t)got);
}

void memory_files_read(const struct memory_files *m, struct memory_sample *out)
{
	memset(out, 0, sizeof(*out)); /* FACT_ABSENT is 0 */
	for (size_t i = 0; i < m->count; i++)
		memory_files_read_one(m, i, out);
}

void memory_files_close(struct memory_files *m)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->fd[i] >= 0)
			close(m->fd[i]);
}
