#include "target/session.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PF_EXITING 0x4 /* include/linux/sched.h; proc(5) calls the field "flags" */

/*
 * proc(5), /proc/pid/stat: "pid (comm) state ppid pgrp session tty tpgid flags …";
 * comm may hold anything, so from the last ')'.  -1: gone, a zombie, or exiting.
 */
static pid_t session_of(const char *pid)
{
	char path[64], text[512];
	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	const char *end = strrchr(text, ')');
	char state;
	int session;
	unsigned flags;
	if (end == NULL || sscanf(end + 1, " %c %*d %*d %d %*d %*d %u", &state, &session, &flags) != 3 ||
	    state == 'Z' || state == 'X' || (flags & PF_EXITING) != 0)
		return -1;
	return session;
}

bool session_is_alive(pid_t pid)
{
	char text[16];
	snprintf(text, sizeof(text), "%d", (int)pid);
	return session_of(text) >= 0;
}

int session_for_each(pid_t session, void (*fn)(void *arg, pid_t pid), void *arg)
{
	DIR *proc = opendir("/proc");
	if (proc == NULL)
		return -1;
	int count = 0;
	struct dirent *entry;
	while ((entry = readdir(proc)) != NULL) {
		if (!isdigit((unsigned char)entry->d_name[0]) || session_of(entry->d_name) != session)
			continue;
		fn(arg, (pid_t)atoi(entry->d_name));
		count++;
	}
	closedir(proc);
	return count;
}
