#include "isolation/memory_v1.h"

#include "base/macros.h"

/*
 * The group's own figures; the total_ ones add groups below it, of which ours
 * has none.  "cache" holds shmem too and is split once both are known.
 */
static const struct memory_key stat_keys[] = {
	MEMORY_KEY("cache", MEMORY_FILE),
	MEMORY_KEY("rss", MEMORY_ANON),
	MEMORY_KEY("shmem", MEMORY_SHMEM),
	MEMORY_KEY("mapped_file", MEMORY_MAPPED_FILE),
	MEMORY_KEY("dirty", MEMORY_DIRTY),
	MEMORY_KEY("writeback", MEMORY_WRITEBACK),
	MEMORY_KEY("swap", MEMORY_SWAP),
	MEMORY_KEY("pgmajfault", MEMORY_PGMAJFAULT),
	MEMORY_KEY("inactive_file", MEMORY_INACTIVE_FILE),
	MEMORY_KEY("unevictable", MEMORY_UNEVICTABLE),
};

static const struct memory_key oom_control_keys[] = {
	MEMORY_KEY("under_oom", MEMORY_UNDER_OOM),
	MEMORY_KEY("oom_kill", MEMORY_OOM_KILL),
};

void memory_v1_parse_stat(const char *text, size_t len, struct memory_sample *out)
{
	memory_files_parse_keys(text, len, stat_keys, COUNT(stat_keys), out->field);
	memory_files_split_shmem(out);
}

void memory_v1_parse_oom_control(const char *text, size_t len, struct memory_sample *out)
{
	memory_files_parse_keys(text, len, oom_control_keys, COUNT(oom_control_keys), out->field);
}

/* oom_control comes last: a kill between two reads is then seen with the usage that led to it. */
static const struct memory_file files[] = {
	{ .name = "memory.usage_in_bytes", .value = MEMORY_USAGE },
	{ .name = "memory.stat", .parse = memory_v1_parse_stat, .keys = stat_keys, .key_count = COUNT(stat_keys) },
	{ .name = "memory.kmem.usage_in_bytes", .value = MEMORY_KERNEL },
	{ .name = "memory.failcnt", .value = MEMORY_LIMIT_HITS },
	{ .name = "memory.oom_control",
	  .parse = memory_v1_parse_oom_control,
	  .keys = oom_control_keys,
	  .key_count = COUNT(oom_control_keys) },
};
_Static_assert(COUNT(files) <= MEMORY_FILES_MAX, "MEMORY_FILES_MAX is too small");

int memory_v1_open(struct memory_files *m, int dir_fd, struct error *err)
{
	return memory_files_open(m, files, COUNT(files), dir_fd, err);
}
