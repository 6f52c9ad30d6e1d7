#include "isolation/memory_v1.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* memory.stat has 47 lines of at most 50 bytes on Linux 6.18. */
#define FILE_TEXT_MAX 8192

struct key_row {
	const char *key;
	size_t len;
	enum memory_field field;
};
#define KEY(key, field) { key, sizeof(key) - 1, field }

/*
 * The group's own figures; the total_ ones add groups below it, of which ours
 * has none.  "cache" holds shmem too and is split once both are known.
 */
static const struct key_row stat_rows[] = {
	KEY("cache", MEMORY_FILE),
	KEY("rss", MEMORY_ANON),
	KEY("shmem", MEMORY_SHMEM),
	KEY("mapped_file", MEMORY_MAPPED_FILE),
	KEY("dirty", MEMORY_DIRTY),
	KEY("writeback", MEMORY_WRITEBACK),
	KEY("swap", MEMORY_SWAP),
	KEY("pgmajfault", MEMORY_PGMAJFAULT),
	KEY("inactive_file", MEMORY_INACTIVE_FILE),
	KEY("unevictable", MEMORY_UNEVICTABLE),
};

static const struct key_row oom_control_rows[] = {
	KEY("under_oom", MEMORY_UNDER_OOM),
	KEY("oom_kill", MEMORY_OOM_KILL),
};

#define ROWS(a) (sizeof(a) / sizeof((a)[0]))

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

static void parse_keys(const char *text, size_t len, const struct key_row *rows, size_t count,
		       struct memory_sample *out)
{
	const char *end = text + len;
	size_t found = 0;

	for (const char *line = text; line < end && found < count;) {
		const char *eol = memchr(line, '\n', (size_t)(end - line));
		const char *stop = eol ? eol : end;
		const char *space = memchr(line, ' ', (size_t)(stop - line));
		size_t key_len = space ? (size_t)(space - line) : 0;

		for (size_t i = 0; key_len && i < count; i++) {
			if (rows[i].len != key_len || memcmp(rows[i].key, line, key_len) != 0)
				continue;
			out->field[rows[i].field] = memory_v1_parse_value(space + 1, (size_t)(stop - space - 1));
			found++;
			break;
		}
		line = stop + 1;
	}
}

void memory_v1_parse_stat(const char *text, size_t len, struct memory_sample *out)
{
	struct fact *file = &out->field[MEMORY_FILE];
	const struct fact *shmem = &out->field[MEMORY_SHMEM];

	for (size_t i = 0; i < ROWS(stat_rows); i++)
		out->field[stat_rows[i].field] = FACT_NONE;
	parse_keys(text, len, stat_rows, ROWS(stat_rows), out);

	/* Here file is still v1's cache.  Without a shmem figure it cannot be told what part of it can be reclaimed. */
	if (!fact_known(*file))
		return;
	if (!fact_known(*shmem))
		*file = *shmem;
	else
		file->value = file->value > shmem->value ? file->value - shmem->value : 0;
}

void memory_v1_parse_oom_control(const char *text, size_t len, struct memory_sample *out)
{
	for (size_t i = 0; i < ROWS(oom_control_rows); i++)
		out->field[oom_control_rows[i].field] = FACT_NONE;
	parse_keys(text, len, oom_control_rows, ROWS(oom_control_rows), out);
}

struct fact memory_v1_parse_value(const char *text, size_t len)
{
	const char *at = text, *end = text + len;
	uint64_t value;

	if (!take_number(&at, end, &value))
		return FACT_BROKEN;
	return at == end || (*at == '\n' && at + 1 == end) ? fact_of(value) : FACT_BROKEN;
}

struct file_row {
	const char *name;
	/* A file of several figures has a parser and its keys, … */
	void (*parse)(const char *text, size_t len, struct memory_sample *out);
	const struct key_row *keys;
	size_t key_count;
	/* … a file of one figure goes to this field. */
	enum memory_field value;
};

/* oom_control comes last: a kill between two reads is then seen with the usage that led to it. */
static const struct file_row file_rows[MEMORY_V1_FILES] = {
	{ .name = "memory.usage_in_bytes", .value = MEMORY_USAGE },
	{ .name = "memory.stat", .parse = memory_v1_parse_stat, .keys = stat_rows, .key_count = ROWS(stat_rows) },
	{ .name = "memory.kmem.usage_in_bytes", .value = MEMORY_KERNEL },
	{ .name = "memory.failcnt", .value = MEMORY_LIMIT_HITS },
	{ .name = "memory.oom_control",
	  .parse = memory_v1_parse_oom_control,
	  .keys = oom_control_rows,
	  .key_count = ROWS(oom_control_rows) },
};

/* Returns the length; -1 when it cannot be read whole. */
static ssize_t read_text(int fd, char text[FILE_TEXT_MAX])
{
	ssize_t got;

	do
		got = pread(fd, text, FILE_TEXT_MAX, 0);
	while (got < 0 && errno == EINTR);
	return got == FILE_TEXT_MAX ? -1 : got;
}

struct fact memory_v1_value_at(int dir_fd, const char *file)
{
	char text[FILE_TEXT_MAX];
	int fd = openat(dir_fd, file, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return errno == ENOENT ? FACT_NONE : FACT_BROKEN;
	got = read_text(fd, text);
	close(fd);
	return got < 0 ? FACT_BROKEN : memory_v1_parse_value(text, (size_t)got);
}

int memory_v1_open(struct memory_v1 *m, int dir_fd, struct error *err)
{
	int opened = 0;

	for (size_t i = 0; i < MEMORY_V1_FILES; i++) {
		m->fd[i] = openat(dir_fd, file_rows[i].name, O_RDONLY | O_CLOEXEC);
		m->without_fd[i] = m->fd[i] < 0 && errno != ENOENT ? FACT_UNREADABLE : FACT_ABSENT;
		opened += m->fd[i] >= 0;
	}
	if (opened == 0)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot open '%s'", file_rows[0].name);
	return 0;
}

static void set_file_fields(const struct file_row *row, enum fact_state state, struct memory_sample *out)
{
	if (!row->parse)
		out->field[row->value] = (struct fact){ state, 0 };
	for (size_t i = 0; i < row->key_count; i++)
		out->field[row->keys[i].field] = (struct fact){ state, 0 };
}

void memory_v1_read(const struct memory_v1 *m, struct memory_sample *out)
{
	char text[FILE_TEXT_MAX];

	memset(out, 0, sizeof(*out)); /* FACT_ABSENT is 0 */
	for (size_t i = 0; i < MEMORY_V1_FILES; i++) {
		const struct file_row *row = &file_rows[i];
		ssize_t got;

		if (m->fd[i] < 0) {
			set_file_fields(row, m->without_fd[i], out);
			continue;
		}
		got = read_text(m->fd[i], text);
		if (got <= 0)
			set_file_fields(row, FACT_UNREADABLE, out);
		else if (row->parse)
			row->parse(text, (size_t)got, out);
		else
			out->field[row->value] = memory_v1_parse_value(text, (size_t)got);
	}
}

void memory_v1_close(struct memory_v1 *m)
{
	for (size_t i = 0; i < MEMORY_V1_FILES; i++)
		if (m->fd[i] >= 0)
			close(m->fd[i]);
}
