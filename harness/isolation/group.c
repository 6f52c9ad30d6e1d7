/* What the cgroup backends have in common. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "base/units.h"
#include "isolation/backend.h"
#include "isolation/group_name.h"

int isolation_read_pids(int dir_fd, pid_t *out, size_t max)
{
	int fd = openat(dir_fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	char text[4096];
	size_t count = 0;
	pid_t pid = 0;
	ssize_t got;

	if (fd < 0)
		return -1;
	while ((got = read(fd, text, sizeof(text))) > 0) {
		for (ssize_t i = 0; i < got; i++) {
			if (text[i] >= '0' && text[i] <= '9') {
				pid = pid * 10 + (text[i] - '0');
				continue;
			}
			if (count < max)
				out[count] = pid;
			count++;
			pid = 0;
		}
	}
	close(fd);
	return got < 0 ? -1 : (int)count;
}

int isolation_check_swap(const struct isolation_limits *limits, bool accounted, struct error *err)
{
	struct sysinfo info;
	uint64_t host_swap = sysinfo(&info) == 0 ? (uint64_t)info.totalswap * info.mem_unit : 0;
	char asked[UNITS_TEXT_MAX], there[UNITS_TEXT_MAX];

	units_format_size(limits->swap_bytes, asked);
	units_format_size(host_swap, there);
	if (limits->swap_bytes > host_swap)
		return error_set(err, ERROR_ENVIRONMENT,
				 "cannot give %s of swap: this host has %s; make a swap file (dd, mkswap) and type: "
				 "swapon FILE",
				 asked, there);
	if (!accounted && host_swap > 0)
		return error_set(err, ERROR_ENVIRONMENT,
				 "this host has %s of swap and does not account it, so that a cap would leak into "
				 "it; type: swapoff -a (or boot with swapaccount=1)",
				 there);
	return 0;
}

void isolation_clean_one(struct isolation_leftovers *leftovers, const struct isolation_backend *backend,
			 const char *name, int (*clean)(void *arg, const char *name, struct error *err), void *arg)
{
	struct error err = ERROR_INIT;
	struct group_name group;
	int inside;

	if (group_name_parse(name, &group) < 0 || owner_lives(&group.owner) != 0)
		return;
	inside = clean(arg, name, &err);
	if (inside >= 0) {
		char *what = xasprintf("%s group '%s' of a rig that is gone, %d %s inside", backend->name, name, inside,
				       inside == 1 ? "process" : "processes");
		leftovers->found(leftovers->arg, what);
		free(what);
	} else if (err.sys_errno != ENOENT && err.sys_errno != ENODEV) { /* otherwise another `clean` was quicker */
		error_prefix(&err, "leftover group '%s'", name);
		leftovers->failed(leftovers->arg, &err);
	}
}
