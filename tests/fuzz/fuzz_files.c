/* Control files of a group and files under /proc: the text through every parser of such a file. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "fuzz.h"
#include "base/macros.h"
#include "isolation/group_name.h"
#include "isolation/memory_v1.h"
#include "isolation/memory_v2.h"
#include "isolation/proc_stat.h"
#include "observe/process.h"
#include "record/host.h"

static void (*const stats[])(const char *text, size_t len, struct memory_sample *out) = {
	memory_v1_parse_stat,	memory_v1_parse_oom_control,  memory_v2_parse_stat,
	memory_v2_parse_events, memory_v2_parse_events_local, memory_v2_parse_pressure,
};

/* Parsers that are given a length: nothing may be read behind it. */
static void with_length(const uint8_t *data, size_t size)
{
	struct memory_sample sample = { 0 };
	struct process_status status;
	char *text = fuzz_copy(data, size);
	for (size_t i = 0; i < COUNT(stats); i++)
		stats[i](text, size, &sample);
	memory_unreclaimable(&sample);
	memory_files_parse_value(text, size);
	process_status_parse(text, size, &status);
	free(text);
}

static void with_end(const uint8_t *data, size_t size)
{
	const char *memory;
	struct proc_stat stat;
	struct group_name name;
	char *text = fuzz_text(data, size);
	proc_stat_parse(text, size, &stat);
	group_name_parse(text, &name);
	host_cgroup_mode(text, text, &memory);
	free(text);
}

static void through_a_file(const uint8_t *data, size_t size)
{
	fuzz_write("memory.max", data, size);
	int dir = open(fuzz_scratch(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	memory_v2_limit_at(dir, "memory.max");
	memory_files_value_at(dir, "memory.max");
	close(dir);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	with_length(data, size);
	with_end(data, size);
	through_a_file(data, size);
	return 0;
}
