#include "target/session.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>

#include "base/buf.h"
#include "isolation/proc_stat.h"

/* A killed process that held much takes its time over it: all of its threads are on their way out, and counted. */
static bool any_thread_lives(pid_t pid)
{
	char *path = xasprintf("/proc/%d/task", (int)pid);
	DIR *threads = opendir(path);
	struct dirent *entry;
	bool lives = false;
	free(path);
	while (threads != NULL && !lives && (entry = readdir(threads)) != NULL) {
		struct proc_stat p;
		lives = isdigit((unsigned char)entry->d_name[0]) && proc_stat_read(atoi(entry->d_name), &p) == 0 &&
			!p.thread_ended;
	}
	if (threads != NULL)
		closedir(threads);
	return lives;
}

bool session_is_alive(pid_t pid)
{
	struct proc_stat p;
	if (proc_stat_read(pid, &p) != 0 || p.exiting)
		return false;
	return !p.thread_ended || any_thread_lives(pid);
}

int session_for_each(pid_t session, void (*fn)(void *arg, pid_t pid), void *arg)
{
	DIR *proc = opendir("/proc");
	if (proc == NULL)
		return -1;
	int count = 0;
	struct dirent *entry;
	while ((entry = readdir(proc)) != NULL) {
		struct proc_stat p;
		pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? (pid_t)atoi(entry->d_name) : 0;
		if (pid == 0 || proc_stat_read(pid, &p) != 0 || p.exiting || p.session != session)
			continue;
		fn(arg, pid);
		count++;
	}
	closedir(proc);
	return count;
}
