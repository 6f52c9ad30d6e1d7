#include "isolation/group_name.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "isolation/proc_stat.h"

static void format(const struct group_name *name, char out[ISOLATION_NAME_MAX])
{
	snprintf(out, ISOLATION_NAME_MAX, ISOLATION_PREFIX "%d-%" PRIx64 "-%08" PRIx32, (int)name->pid,
		 name->start_ticks, name->random);
}

int group_name_make(char out[ISOLATION_NAME_MAX], struct error *err)
{
	struct group_name name = { .pid = getpid() };
	struct proc_stat self;

	if (proc_stat_read(name.pid, &self) < 0)
		return error_set_errno(err, ERROR_ENVIRONMENT, errno, "cannot read '/proc/%d/stat'", (int)name.pid);
	name.start_ticks = self.start_ticks;
	if (getrandom(&name.random, sizeof(name.random), 0) != sizeof(name.random))
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot get random bytes for a group name");
	format(&name, out);
	return 0;
}

int group_name_parse(const char *text, struct group_name *out)
{
	char again[ISOLATION_NAME_MAX];

	if (sscanf(text, ISOLATION_PREFIX "%d-%" SCNx64 "-%" SCNx32, &out->pid, &out->start_ticks, &out->random) != 3 ||
	    out->pid <= 0)
		return -1;
	/* Only what we would have written ourselves: no signs, spaces, leading zeros or anything behind. */
	format(out, again);
	return strcmp(again, text) == 0 ? 0 : -1;
}

int group_name_owner_lives(const struct group_name *name)
{
	struct proc_stat owner;

	if (proc_stat_read(name->pid, &owner) < 0)
		return errno == ENOENT || errno == ESRCH ? 0 : -1;
	return owner.start_ticks == name->start_ticks && !proc_stat_dead(&owner);
}
