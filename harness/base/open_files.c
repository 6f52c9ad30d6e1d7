#include "base/open_files.h"

#include <errno.h>
#include <sys/resource.h>

static uint64_t before;

static int read_limit(struct rlimit *limit, struct error *err)
{
	return getrlimit(RLIMIT_NOFILE, limit) == 0
		       ? 0
		       : error_set_errno(err, ERROR_SYSTEM, errno, "cannot read the limit of open files");
}

int open_files_set(uint64_t soft, struct error *err)
{
	struct rlimit limit;
	if (read_limit(&limit, err) != 0)
		return -1;
	limit.rlim_cur = soft;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		return error_set_errno(err, ERROR_ENVIRONMENT, errno, "cannot set the limit of open files to %llu",
				       (unsigned long long)soft);
	return 0;
}

int open_files_allow(uint64_t needed, struct error *err)
{
	struct rlimit limit;
	if (read_limit(&limit, err) != 0)
		return -1;
	if (limit.rlim_cur >= needed)
		return 0;
	if (limit.rlim_max < needed)
		return error_set(err, ERROR_ENVIRONMENT,
				 "%llu open files are needed, but the hard limit is %llu (ulimit -Hn)",
				 (unsigned long long)needed, (unsigned long long)limit.rlim_max);
	if (open_files_set(needed, err) != 0)
		return -1;
	if (before == 0)
		before = limit.rlim_cur;
	return 0;
}

uint64_t open_files_before(void)
{
	return before;
}
