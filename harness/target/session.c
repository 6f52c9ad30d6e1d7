#include "target/session.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>

#include "isolation/proc_stat.h"

bool session_is_alive(pid_t pid)
{
	struct proc_stat p;
	return proc_stat_read(pid, &p) == 0 && !p.exiting;
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
