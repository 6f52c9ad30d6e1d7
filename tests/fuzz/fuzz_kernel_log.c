/* The kernel log: records as /dev/kmsg gives them, each ended by a NUL; and all of it as the lines of one OOM dump. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "observe/kernel_log.h"
#include "observe/oom_dump.h"

static void take_records(const uint8_t *data, size_t size)
{
	const pid_t pids[] = { 515, 516 };
	const struct kernel_log_filter filter = { .group = "oomrig-1f3a", .pids = pids, .pid_count = 2 };
	struct kernel_log log = KERNEL_LOG_INIT;
	while (size > 0) {
		size_t len;
		const uint8_t *record = fuzz_part(&data, &size, '\0', &len);
		char *text = fuzz_text(record, len);
		kernel_log_take(&log, &filter, text, len);
		free(text);
	}
	kernel_log_close(&log);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct oom_dump dump;
	char *text = fuzz_text(data, size);
	take_records(data, size);
	oom_dump_parse(text, 4096, &dump);
	if (dump.task_count > OOM_TASKS_MAX)
		abort();
	free(text);
	return 0;
}
