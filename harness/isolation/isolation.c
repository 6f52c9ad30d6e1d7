#include "isolation/isolation.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/nearest.h"
#include "isolation/backend.h"
#include "isolation/group_name.h"
#include "isolation/proc_stat.h"

const struct isolation_backend *const isolation_backends[] = {
	&isolation_cgroup_v2, &isolation_cgroup_v1, &isolation_machine, &isolation_none, NULL,
};

const struct isolation_backend *isolation_by_name(const char *name)
{
	for (size_t i = 0; isolation_backends[i]; i++)
		if (strcmp(name, isolation_backends[i]->name) == 0)
			return isolation_backends[i];
	return NULL;
}

static const struct isolation_backend *find_auto(struct error *err)
{
	struct buf reasons = BUF_INIT;

	for (size_t i = 0; isolation_backends[i]; i++) {
		const struct isolation_backend *b = isolation_backends[i];
		struct error why = ERROR_INIT;

		if (!b->caps_memory || b->by_name_only)
			continue;
		if (b->probe(&why) == 0) {
			buf_release(&reasons);
			return b;
		}
		buf_addf(&reasons, "%s%s: %s", reasons.len ? "; " : "", b->name, why.message);
	}
	error_set(err, ERROR_ENVIRONMENT, "no way to cap memory on this host: %s", buf_str(&reasons));
	buf_release(&reasons);
	return NULL;
}

const struct isolation_backend *isolation_find(const char *name, struct error *err)
{
	struct nearest nearest;

	if (strcmp(name, "auto") == 0)
		return find_auto(err);
	const struct isolation_backend *backend = isolation_by_name(name);
	if (backend != NULL) {
		if (backend->probe(err) == 0)
			return backend;
		error_prefix(err, "isolation '%s' does not work here", name);
		return NULL;
	}
	nearest_init(&nearest, name);
	nearest_offer(&nearest, "auto");
	for (size_t i = 0; isolation_backends[i]; i++)
		nearest_offer(&nearest, isolation_backends[i]->name);
	if (nearest.best)
		error_set(err, ERROR_USAGE, "unknown isolation '%s'; did you mean '%s'?", name, nearest.best);
	else
		error_set(err, ERROR_USAGE, "unknown isolation '%s'", name);
	return NULL;
}

int isolation_open(const struct isolation_backend *backend, const struct isolation_limits *limits,
		   struct isolation **out, struct error *err)
{
	char name[ISOLATION_NAME_MAX];

	if ((limits->high_bytes || limits->oom_group) && !backend->slows_and_kills_as_one)
		return error_set(err, ERROR_ENVIRONMENT, "isolation '%s' has no %s; only cgroup-v2 has", backend->name,
				 limits->high_bytes ? "memory_high" : "oom_group");
	if (group_name_make(name, err) < 0)
		return -1;
	return backend->open(name, limits, out, err);
}

void isolation_init(struct isolation *iso, const struct isolation_backend *backend, const char *name,
		    const struct isolation_limits *limits)
{
	memset(iso, 0, sizeof(*iso));
	iso->backend = backend;
	strncpy(iso->name, name, sizeof(iso->name) - 1);
	iso->readback.asked = *limits;
}

int isolation_set_main(struct isolation *iso, pid_t main_pid, struct error *err)
{
	struct proc_stat p;

	if (proc_stat_read(main_pid, &p) < 0)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot read '/proc/%d/stat'", (int)main_pid);
	iso->main_start_ticks = p.start_ticks;
	iso->main_pid = main_pid;
	return 0;
}
