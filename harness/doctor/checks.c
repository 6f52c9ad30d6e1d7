#include "doctor/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/macros.h"
#include "base/text.h"
#include "base/units.h"
#include "isolation/isolation.h"
#include "record/host.h"

#define MIB (1ULL << 20)
#define GIB (1ULL << 30)
#define TRIAL_BYTES (32 * MIB)
#define FILES_WANTED 4096 /* 2,000 throttled clients, and a descriptor or two for each */

static const char *const level_names[] = { [LEVEL_OK] = "ok", [LEVEL_WARN] = "warn", [LEVEL_FAIL] = "FAIL" };

/* advice: what to type or do; NULL when there is nothing to do. */
static void find(struct doctor *d, const char *name, enum doctor_level level, const char *advice, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

static void find(struct doctor *d, const char *name, enum doctor_level level, const char *advice, const char *fmt, ...)
{
	struct buf found = BUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	buf_vaddf(&found, fmt, ap);
	va_end(ap);
	json_t *check = json_pack("{s:s, s:s, s:o, s:o}", "name", name, "level", level_names[level], "found",
				  text_json(buf_str(&found)), "advice", advice ? text_json(advice) : json_null());
	json_array_append_new(d->findings, text_json_clean(check));
	d->levels = xrealloc(d->levels, json_array_size(d->findings) * sizeof(*d->levels));
	d->levels[json_array_size(d->findings) - 1] = level;
	d->worst = level > d->worst ? level : d->worst;
	buf_release(&found);
}

static void check_kernel(struct doctor *d)
{
	struct utsname u;
	uname(&u);
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	find(d, "kernel", cpus > 1 ? LEVEL_OK : LEVEL_WARN,
	     cpus > 1 ? NULL : "use a host with two CPUs: the load and the server take turns here", "%s %s, %ld CPU%s",
	     u.sysname, u.release, cpus, cpus == 1 ? "" : "s");
}

/* The server is given 0 where that is allowed: it may always be raised, and lowered with CAP_SYS_RESOURCE only. */
static void check_oom_score(struct doctor *d)
{
	struct buf text = BUF_INIT;
	struct error err = ERROR_INIT;
	if (fs_read_file("/proc/self/oom_score_adj", &text, &err) != 0) {
		find(d, "oom_score_adj", LEVEL_WARN, NULL, "%s", err.message);
		buf_release(&text);
		return;
	}
	int own = atoi(buf_str(&text));
	if (own == 0)
		find(d, "oom_score_adj", LEVEL_OK, NULL, "0, for the servers too");
	else if (own < 0)
		find(d, "oom_score_adj", LEVEL_WARN, NULL,
		     "%d: the rig is protected from the OOM killer; servers get 0", own);
	else
		find(d, "oom_score_adj", LEVEL_WARN, "choom -n 0 -- oomrig ...",
		     "%d: the kernel kills what this was started from first; servers get 0 where that is allowed", own);
	buf_release(&text);
}

static void check_backends(struct doctor *d)
{
	bool capped = isolation_find("auto", NULL) != NULL;
	for (size_t i = 0; isolation_backends[i] != NULL; i++) {
		const struct isolation_backend *b = isolation_backends[i];
		struct error err = ERROR_INIT;
		if (b->probe(&err) == 0)
			find(d, b->name, LEVEL_OK, NULL, "%s", b->summary);
		else
			find(d, b->name, capped || b->by_name_only ? LEVEL_WARN : LEVEL_FAIL,
			     b->by_name_only ? "nothing, unless a scenario asks for it"
			     : capped	     ? "nothing: another one works"
					     : NULL,
			     "%s", err.message);
	}
}

/* What only an open group can tell. */
static void look_into(struct doctor *d, struct isolation *group)
{
	char text[UNITS_TEXT_MAX];
	if (group->placement != NULL)
		find(d, "group's place", LEVEL_OK, NULL, "%s", group->placement);
	struct fact cap = group->readback.memory_bytes, swap = group->readback.memory_swap_bytes;
	if (fact_known(cap) && cap.value == TRIAL_BYTES)
		find(d, "trial group", LEVEL_OK, NULL, "made, its cap of %s read back",
		     units_format_size(cap.value, text));
	else
		find(d, "trial group", LEVEL_FAIL, "look whether something else manages the cgroups of this host",
		     "a cap of 32 MiB reads back as %s",
		     fact_known(cap) ? units_format_size(cap.value, text) : "nothing");

	struct fact host_swap = host_swap_total_bytes();
	if (fact_known(host_swap) && host_swap.value == 0)
		find(d, "swap", LEVEL_OK, NULL, "this host has none, so none can soften the cap");
	else if (fact_known(swap))
		find(d, "swap", LEVEL_OK, NULL, "accounted to the group, and capped");
	else
		find(d, "swap", LEVEL_WARN, "swapoff -a, or boot with swapaccount=1",
		     "the host has swap that cannot be capped: a server may live on it");

	struct error err = ERROR_INIT;
	int fd = group->backend->oom_event_fd(group, &err);
	if (fd >= 0)
		find(d, "oom event", LEVEL_OK, NULL, "the group tells us the moment memory runs out");
	else
		find(d, "oom event", LEVEL_WARN, "nothing: the counter and the wait status still tell", "%s",
		     err.message);
	if (fd >= 0)
		close(fd);
}

static void check_trial(struct doctor *d)
{
	const struct isolation_limits limits = { .memory_bytes = TRIAL_BYTES };
	struct error err = ERROR_INIT;
	struct isolation *group;
	const struct isolation_backend *backend = isolation_find("auto", &err);
	if (backend == NULL)
		return; /* check_backends() has said so */
	if (isolation_open(backend, &limits, &group, &err) != 0) {
		find(d, "trial group", LEVEL_FAIL, "run as root", "%s", err.message);
		return;
	}
	look_into(d, group);
	if (backend->close(group, &err) != 0)
		find(d, "group removal", LEVEL_FAIL, "oomrig clean", "%s", err.message);
}

/* A figure of /proc/meminfo (proc_meminfo(5)), which counts in units of 1024 bytes. */
static struct fact meminfo(const char *key)
{
	struct buf text = BUF_INIT;
	struct fact found = FACT_BROKEN;
	char *wanted = xasprintf("%s: ", key);
	unsigned long long kib;
	if (fs_read_file("/proc/meminfo", &text, NULL) == 0) {
		const char *line = strstr(buf_str(&text), wanted);
		if (line != NULL && sscanf(line + strlen(wanted), "%llu", &kib) == 1)
			found = fact_of(kib * 1024);
	}
	free(wanted);
	buf_release(&text);
	return found;
}

static void check_memory(struct doctor *d)
{
	char text[UNITS_TEXT_MAX];
	struct fact available = meminfo("MemAvailable");
	if (!fact_known(available))
		find(d, "memory", LEVEL_WARN, NULL, "/proc/meminfo does not say what is available");
	else
		find(d, "memory", available.value >= GIB ? LEVEL_OK : LEVEL_WARN,
		     available.value >= GIB ? NULL
					    : "end something: the host should not run short before the group does",
		     "%s available", units_format_size(available.value, text));
}

static void check_disk(struct doctor *d)
{
	char type[FS_TYPE_MAX], text[UNITS_TEXT_MAX];
	int is_ram;
	struct error err = ERROR_INIT;
	struct statvfs st;
	/* Where the folder is yet to be made, the one it will be made in tells. */
	char *folder = xstrdup(d->work);
	while (access(folder, F_OK) != 0 && strrchr(folder, '/') > folder)
		*strrchr(folder, '/') = '\0';
	if (access(folder, F_OK) != 0) {
		free(folder);
		folder = xstrdup(".");
	}
	if (fs_type(folder, type, &is_ram, &err) != 0 || statvfs(folder, &st) != 0) {
		find(d, "data folder", LEVEL_FAIL, "--work DIR names another", "cannot look at '%s'", folder);
	} else {
		uint64_t free_bytes = (uint64_t)st.f_bavail * st.f_frsize;
		find(d, "data folder", is_ram || access(folder, W_OK) != 0 ? LEVEL_FAIL : LEVEL_OK,
		     is_ram ? "--work DIR on a disk: files in RAM cannot be given back like page cache"
		     : access(folder, W_OK) != 0 ? "--work DIR names one that can be written"
						 : NULL,
		     "'%s' on %s", fs_shown_path(folder), type);
		/* Three uploads of 618 MB, each in the database and in its log. */
		find(d, "disk space",
		     free_bytes >= 4 * GIB ? LEVEL_OK
		     : free_bytes >= GIB   ? LEVEL_WARN
					   : LEVEL_FAIL,
		     free_bytes >= 4 * GIB ? NULL : "--work DIR on a larger disk: three uploads of 618 MB take 4 GiB",
		     "%s free", units_format_size(free_bytes, text));
	}
	free(folder);
}

static void check_kernel_log(struct doctor *d)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0)
		find(d, "kernel log", LEVEL_OK, NULL, "/dev/kmsg can be read");
	else
		find(d, "kernel log", LEVEL_WARN, "sysctl kernel.dmesg_restrict=0, or run as root",
		     "/dev/kmsg cannot be read (%s): the other evidence must do", strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void check_open_files(struct doctor *d)
{
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	bool enough = limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= FILES_WANTED;
	find(d, "open files", enough ? LEVEL_OK : LEVEL_WARN,
	     enough ? NULL : "ulimit -n 65536, for loads of many clients", "%llu allowed",
	     (unsigned long long)limit.rlim_cur);
}

static void check_server(struct doctor *d)
{
	char *path = xasprintf("%s/server-under-test/chunkserver", d->program);
	if (access(path, X_OK) == 0)
		find(d, "bundled server", LEVEL_OK, NULL, "'%s'", fs_shown_path(path));
	else
		find(d, "bundled server", LEVEL_FAIL, "make", "'%s' is not built", fs_shown_path(path));
	free(path);
}

static void check_loopback(struct doctor *d)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* A connection completes in the backlog: no accept is needed. */
	if (server >= 0 && client >= 0 && bind(server, (struct sockaddr *)&address, len) == 0 &&
	    listen(server, 1) == 0 && getsockname(server, (struct sockaddr *)&address, &len) == 0 &&
	    connect(client, (struct sockaddr *)&address, len) == 0)
		find(d, "loopback", LEVEL_OK, NULL, "a connection to 127.0.0.1:%d came about", ntohs(address.sin_port));
	else
		find(d, "loopback", LEVEL_FAIL, "ip link set lo up", "no connection to 127.0.0.1: %s", strerror(errno));
	if (server >= 0)
		close(server);
	if (client >= 0)
		close(client);
}

static void check_root(struct doctor *d)
{
	if (geteuid() == 0)
		find(d, "privileges", LEVEL_OK, NULL, "root");
	else
		find(d, "privileges", LEVEL_WARN, "sudo oomrig ...",
		     "not root: RAM folders and network namespaces will not work");
}

static void check_git(struct doctor *d)
{
	if (fs_program_found("git"))
		find(d, "git", LEVEL_OK, NULL, "found; runs record branch and commit");
	else
		find(d, "git", LEVEL_WARN, "apt-get install git", "not found: runs cannot say which source they ran");
}

/* A clock that needs a system call or a slow device would cost more than the sampling. */
static void check_clock(struct doctor *d)
{
	enum { READS = 2000 };
	struct buf text = BUF_INIT;
	uint64_t start_ns = clock_ns();
	for (int i = 0; i < READS; i++)
		clock_ns();
	uint64_t each_ns = (clock_ns() - start_ns) / READS;
	if (fs_read_file("/sys/devices/system/clocksource/clocksource0/current_clocksource", &text, NULL) != 0)
		buf_adds(&text, "unknown source");
	find(d, "clock", each_ns <= 2000 ? LEVEL_OK : LEVEL_WARN,
	     each_ns <= 2000 ? NULL : "boot with clocksource=tsc if the hardware allows; sampling will cost more",
	     "%.*s, %llu ns a reading", (int)strcspn(buf_str(&text), "\n"), buf_str(&text),
	     (unsigned long long)each_ns);
	buf_release(&text);
}

/* In the order in which they are told. */
static void (*const checks[])(struct doctor *d) = {
	check_kernel, check_oom_score,	check_root,	  check_backends, check_trial, check_memory, check_disk,
	check_server, check_kernel_log, check_open_files, check_loopback, check_git,   check_clock,
};

void doctor_look(struct doctor *d)
{
	d->findings = json_array();
	for (size_t i = 0; i < COUNT(checks); i++)
		checks[i](d);
}

void doctor_release(struct doctor *d)
{
	json_decref(d->findings);
	free(d->levels);
	*d = (struct doctor){ 0 };
}
