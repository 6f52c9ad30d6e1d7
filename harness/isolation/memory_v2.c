#include "isolation/memory_v2.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/macros.h"

/* Its "file" holds shmem too and is split once both are known. */
static const struct memory_key stat_keys[] = {
	MEMORY_KEY("anon", MEMORY_ANON),
	MEMORY_KEY("file", MEMORY_FILE),
	MEMORY_KEY("kernel", MEMORY_KERNEL), /* Linux 5.18; the sum of its parts before */
	MEMORY_KEY("sock", MEMORY_SOCK),
	MEMORY_KEY("shmem", MEMORY_SHMEM),
	MEMORY_KEY("file_mapped", MEMORY_MAPPED_FILE),
	MEMORY_KEY("file_dirty", MEMORY_DIRTY),
	MEMORY_KEY("file_writeback", MEMORY_WRITEBACK),
	MEMORY_KEY("inactive_file", MEMORY_INACTIVE_FILE),
	MEMORY_KEY("unevictable", MEMORY_UNEVICTABLE),
	MEMORY_KEY("slab_reclaimable", MEMORY_SLAB_RECLAIMABLE),
	MEMORY_KEY("pgmajfault", MEMORY_PGMAJFAULT),
};

/* What "kernel" is the sum of; a kernel without "kernel" has the first and the last, and some of the rest. */
enum { KERNEL_STACK, PAGETABLES, PERCPU, VMALLOC, SLAB, KERNEL_PARTS };
static const struct memory_key kernel_keys[] = {
	MEMORY_KEY("kernel_stack", KERNEL_STACK),
	MEMORY_KEY("pagetables", PAGETABLES), /* Linux 5.11 */
	MEMORY_KEY("percpu", PERCPU),	      /* Linux 5.9 */
	MEMORY_KEY("vmalloc", VMALLOC),	      /* Linux 5.17 */
	MEMORY_KEY("slab", SLAB),
};

static const struct memory_key events_keys[] = {
	MEMORY_KEY("max", MEMORY_LIMIT_HITS),	 MEMORY_KEY("oom", MEMORY_OOMS),
	MEMORY_KEY("oom_kill", MEMORY_OOM_KILL),						       /* Linux 4.13 */
	MEMORY_KEY("high", MEMORY_HIGH_HITS),	 MEMORY_KEY("oom_group_kill", MEMORY_OOM_GROUP_KILLS), /* Linux 5.17 */
};

static const struct memory_key events_local_keys[] = {
	MEMORY_KEY("oom_kill", MEMORY_OOM_KILL_LOCAL),
};

/* Only their fields: the format is its own. */
static const struct memory_key pressure_keys[] = {
	MEMORY_KEY("some", MEMORY_PRESSURE_SOME),
	MEMORY_KEY("full", MEMORY_PRESSURE_FULL),
};

void memory_v2_parse_stat(const char *text, size_t len, struct memory_sample *out)
{
	struct fact *kernel = &out->field[MEMORY_KERNEL];
	struct fact parts[KERNEL_PARTS];

	memory_files_parse_keys(text, len, stat_keys, COUNT(stat_keys), out->field);
	memory_files_split_shmem(out);
	if (kernel->state != FACT_ABSENT)
		return;
	memory_files_parse_keys(text, len, kernel_keys, COUNT(kernel_keys), parts);
	for (size_t i = 0; i < KERNEL_PARTS; i++)
		*kernel = fact_add(*kernel, parts[i]);
}

void memory_v2_parse_events(const char *text, size_t len, struct memory_sample *out)
{
	memory_files_parse_keys(text, len, events_keys, COUNT(events_keys), out->field);
}

void memory_v2_parse_events_local(const char *text, size_t len, struct memory_sample *out)
{
	memory_files_parse_keys(text, len, events_local_keys, COUNT(events_local_keys), out->field);
}

void memory_v2_parse_pressure(const char *text, size_t len, struct memory_sample *out)
{
	static const char total[] = " total=";
	const char *end = text + len;

	for (size_t i = 0; i < COUNT(pressure_keys); i++)
		out->field[pressure_keys[i].field] = FACT_NONE;
	for (const char *line = text; line < end;) {
		const char *eol = memchr(line, '\n', (size_t)(end - line));
		const char *stop = eol ? eol : end;
		const char *at = memmem(line, (size_t)(stop - line), total, sizeof(total) - 1);

		for (size_t i = 0; i < COUNT(pressure_keys); i++) {
			const struct memory_key *k = &pressure_keys[i];
			const char *value = at ? at + sizeof(total) - 1 : stop;

			if ((size_t)(stop - line) > k->len && line[k->len] == ' ' && memcmp(line, k->key, k->len) == 0)
				out->field[k->field] = memory_files_parse_value(value, (size_t)(stop - value));
		}
		line = stop + 1;
	}
}

#define FILE_OF_KEYS(file, parser, table)                                                                              \
	{                                                                                                              \
		.name = file, .parse = parser, .keys = table, .key_count = COUNT(table)                                \
	}

/* memory.events comes last: a kill between two reads is then seen with the usage that led to it. */
static const struct memory_file files[] = {
	{ .name = "memory.current", .value = MEMORY_USAGE },
	FILE_OF_KEYS("memory.stat", memory_v2_parse_stat, stat_keys),
	{ .name = "memory.swap.current", .value = MEMORY_SWAP },
	FILE_OF_KEYS("memory.pressure", memory_v2_parse_pressure, pressure_keys),
	FILE_OF_KEYS("memory.events.local", memory_v2_parse_events_local, events_local_keys), /* Linux 5.2 */
	FILE_OF_KEYS("memory.events", memory_v2_parse_events, events_keys),
};
#define EVENTS_FILE (COUNT(files) - 1)
_Static_assert(COUNT(files) <= MEMORY_FILES_MAX, "MEMORY_FILES_MAX is too small");

int memory_v2_open(struct memory_files *m, int dir_fd, struct error *err)
{
	return memory_files_open(m, files, COUNT(files), dir_fd, err);
}

struct fact memory_v2_read_ooms(const struct memory_files *m)
{
	struct memory_sample now;

	memory_files_read_one(m, EVENTS_FILE, &now);
	return now.field[MEMORY_OOMS];
}

struct fact memory_v2_limit_at(int dir_fd, const char *file)
{
	static const char no_limit[] = "max\n";
	char text[sizeof(no_limit)] = "";
	int fd = openat(dir_fd, file, O_RDONLY | O_CLOEXEC);
	struct fact value = memory_files_value_at(dir_fd, file);

	if (fd < 0)
		return value;
	if (value.state == FACT_UNREADABLE && pread(fd, text, sizeof(text), 0) == sizeof(no_limit) - 1 &&
	    memcmp(text, no_limit, sizeof(no_limit) - 1) == 0)
		value = fact_of(UINT64_MAX);
	close(fd);
	return value;
}
