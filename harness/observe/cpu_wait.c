#include "observe/cpu_wait.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/fs.h"

struct fact cpu_wait_ns(const char *path)
{
	struct buf text = BUF_INIT;
	uint64_t total_us;
	struct fact waited = FACT_NONE;

	if (fs_read_file(path, &text, NULL) == 0)
		waited = sscanf(buf_str(&text), "some %*s %*s %*s total=%" SCNu64, &total_us) == 1
				 ? fact_in(total_us, NS_PER_US)
				 : FACT_BROKEN;
	buf_release(&text);
	return waited;
}
