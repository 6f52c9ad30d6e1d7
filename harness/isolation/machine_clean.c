/*
 * What a dead rig leaves of its machines.  The emulator dies with its rig and the
 * disks have no names; a folder with a socket stays, and an emulator where a
 * kernel did not keep its promise (PR_SET_PDEATHSIG).
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "isolation/group_name.h"
#include "isolation/machine.h"

static bool left_behind(const char *name)
{
	struct group_name group;

	return group_name_parse(name, &group) == 0 && owner_lives(&group.owner) == 0;
}

/* The name after "-name" in the command line of an emulator; NULL: it is none. */
static const char *machine_name_of(pid_t pid, struct buf *line)
{
	char path[40];
	const char *end, *at;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	buf_clear(line);
	if (fs_read_file(path, line, NULL) != 0 || strncmp(buf_str(line), "qemu-system-", 12) != 0)
		return NULL;
	buf_addc(line, '\0');
	end = line->data + line->len;
	for (at = line->data; at < end; at += strlen(at) + 1)
		if (strcmp(at, "-name") == 0 && at + sizeof("-name") < end)
			return at + sizeof("-name");
	return NULL;
}

static void end_emulator(struct isolation_leftovers *l, pid_t pid, const char *name)
{
	struct error err = ERROR_INIT;
	char *what = xasprintf("machine '%s' of a rig that is gone (process %d)", name, (int)pid);

	if (!l->remove || kill(pid, SIGKILL) == 0 || errno == ESRCH) {
		l->found(l->arg, what);
	} else {
		error_set_errno(&err, ERROR_SYSTEM, errno, "cannot end %s", what);
		l->failed(l->arg, &err);
	}
	free(what);
}

static int clean_emulators(struct isolation_leftovers *l, struct error *err)
{
	DIR *proc = opendir("/proc");
	struct buf line = BUF_INIT;
	struct dirent *entry;

	if (proc == NULL)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot open folder '/proc'");
	while ((entry = readdir(proc)) != NULL) {
		pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? (pid_t)atoi(entry->d_name) : 0;
		const char *name = pid > 0 ? machine_name_of(pid, &line) : NULL;
		if (name != NULL && left_behind(name))
			end_emulator(l, pid, name);
	}
	closedir(proc);
	buf_release(&line);
	return 0;
}

static void clean_folder(struct isolation_leftovers *l, int dir_fd, const char *name)
{
	struct error err = ERROR_INIT;
	struct stat st;
	char *what = xasprintf("folder '" MACHINE_FOLDERS "/%s' of a machine whose rig is gone", name);

	/* Anybody may make a folder of such a name here. */
	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid()) {
		if (!l->remove || fs_remove_at(dir_fd, name, MACHINE_FOLDERS, &err) == 0)
			l->found(l->arg, what);
		else
			l->failed(l->arg, &err);
	}
	free(what);
}

int machine_clean(struct isolation_leftovers *leftovers, struct error *err)
{
	struct dirent *entry;

	if (clean_emulators(leftovers, err) != 0)
		return -1;
	DIR *dir = opendir(MACHINE_FOLDERS);
	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (left_behind(entry->d_name))
			clean_folder(leftovers, dirfd(dir), entry->d_name);
	if (dir != NULL)
		closedir(dir);
	return 0;
}
