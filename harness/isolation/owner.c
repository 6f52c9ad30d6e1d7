#include "isolation/owner.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "isolation/proc_stat.h"

int owner_self(struct owner *out, struct error *err)
{
	struct proc_stat self;

	out->pid = getpid();
	if (proc_stat_read(out->pid, &self) < 0)
		return error_set_errno(err, ERROR_ENVIRONMENT, errno, "cannot read '/proc/%d/stat'", (int)out->pid);
	out->start_ticks = self.start_ticks;
	return 0;
}

const char *owner_format(const struct owner *o, char out[OWNER_TEXT_MAX])
{
	snprintf(out, OWNER_TEXT_MAX, "%d-%" PRIx64, (int)o->pid, o->start_ticks);
	return out;
}

const char *owner_parse(const char *text, struct owner *out)
{
	char again[OWNER_TEXT_MAX];
	size_t len;

	if (sscanf(text, "%d-%" SCNx64, &out->pid, &out->start_ticks) != 2 || out->pid <= 0)
		return NULL;
	/* Only what we would have written ourselves: no signs, spaces or leading zeros. */
	len = strlen(owner_format(out, again));
	return strncmp(text, again, len) == 0 && text[len] == '-' ? text + len + 1 : NULL;
}

int owner_lives(const struct owner *o)
{
	struct proc_stat p;

	if (proc_stat_read(o->pid, &p) < 0)
		return errno == ENOENT || errno == ESRCH ? 0 : -1;
	return (o->start_ticks == 0 || p.start_ticks == o->start_ticks) && p.state != 'Z' && p.state != 'X';
}
