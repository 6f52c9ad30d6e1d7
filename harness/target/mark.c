#include "target/mark.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "isolation/proc_stat.h"

#define VARIABLE "OOMRIG_DATA"
#define KILL_WAIT_MS 5000

char *mark_new(const char *data_dir)
{
	return xasprintf(VARIABLE "=%s", data_dir);
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);
	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* environ(7) as the process was given it: strings that end with 0 (proc_pid_environ(5)). */
static bool has_mark(const struct buf *environment, const char *data_end)
{
	bool found = false;
	for (size_t at = 0; at < environment->len && !found; at += strlen(environment->data + at) + 1)
		found = strncmp(environment->data + at, VARIABLE "=", strlen(VARIABLE "=")) == 0 &&
			ends_with(environment->data + at, data_end);
	return found;
}

bool mark_carried_by(pid_t pid, const char *data_end)
{
	struct buf environment = BUF_INIT;
	char *path = xasprintf("/proc/%d/environ", (int)proc_stat_living_thread(pid));
	bool found = fs_read_file(path, &environment, NULL) == 0 && has_mark(&environment, data_end);
	buf_release(&environment);
	free(path);
	return found;
}

/* fd keeps the id from being reused between the look and the signal (pidfd_open(2)). */
static int end(pid_t pid, int fd, struct error *err)
{
	struct pollfd ended = { .fd = fd, .events = POLLIN };
	if (pidfd_send_signal(fd, SIGKILL, NULL, 0) != 0 && errno != ESRCH)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot kill process %d", (int)pid);
	if (poll(&ended, 1, KILL_WAIT_MS) != 1)
		return error_set(err, ERROR_SYSTEM, "process %d does not end", (int)pid);
	return 0;
}

int mark_kill(const char *work_name, bool dry_run, void (*told)(void *arg, pid_t pid), void *arg, struct error *err)
{
	DIR *proc = opendir("/proc");
	if (proc == NULL)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot open folder '/proc'");
	char *data_end = xasprintf("/%s/data", work_name);
	struct dirent *entry;
	int rc = 0;
	while ((entry = readdir(proc)) != NULL) {
		pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? (pid_t)atoi(entry->d_name) : 0;
		int fd = pid > 1 && pid != getpid() ? pidfd_open(pid, 0) : -1;
		if (fd < 0)
			continue;
		if (mark_carried_by(pid, data_end)) {
			told(arg, pid);
			if (!dry_run && end(pid, fd, rc == 0 ? err : NULL) != 0)
				rc = -1;
		}
		close(fd);
	}
	closedir(proc);
	free(data_end);
	return rc;
}
