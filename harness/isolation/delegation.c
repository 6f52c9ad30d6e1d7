#include "isolation/delegation.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/macros.h"
#include "isolation/group_name.h"

#define CONTROLLER "memory"
#define SUBTREE_CONTROL "cgroup.subtree_control"

static void join_path(char out[PATH_MAX], const char *root, const char *place, const char *file)
{
	snprintf(out, PATH_MAX, "%s%s%s/%s", root, place[0] ? "/" : "", place, file);
}

/* Writes with write(2): every refusal must be seen, and libcgroup writes only to groups it has listed. */
static int put(const char *root, const char *place, const char *file, const char *text)
{
	char path[PATH_MAX];
	int fd, failed;

	join_path(path, root, place, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	failed = write(fd, text, strlen(text)) < 0 ? errno : 0;
	close(fd);
	errno = failed;
	return failed ? -1 : 0;
}

static bool lists_memory(const char *root, const char *place, const char *file)
{
	struct buf text = BUF_INIT;
	char path[PATH_MAX];
	bool found = false;

	join_path(path, root, place, file);
	if (fs_read_file(path, &text, NULL) == 0 && text.len > 0)
		for (char *word, *save = NULL, *at = text.data; (word = strtok_r(at, " \n", &save)); at = NULL)
			found |= strcmp(word, CONTROLLER) == 0;
	buf_release(&text);
	return found;
}

static bool writable(const char *root, const char *place)
{
	char path[PATH_MAX];

	join_path(path, root, place, ".");
	if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0)
		return false;
	join_path(path, root, place, "cgroup.procs");
	return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0;
}

/*
 * What of the hierarchy is mounted at root, as /proc/self/mountinfo has it
 * (proc_pid_mountinfo(5): fields 4 and 5); "/" unless a container was given a
 * part of it.
 */
static void mounted_part(const char *root, char out[PATH_MAX])
{
	struct buf text = BUF_INIT;
	char part[PATH_MAX], mount_point[PATH_MAX];

	strcpy(out, "/");
	if (fs_read_file("/proc/self/mountinfo", &text, NULL) == 0 && text.len > 0)
		for (char *line, *save = NULL, *at = text.data; (line = strtok_r(at, "\n", &save)); at = NULL)
			if (strstr(line, " - cgroup2 ") &&
			    sscanf(line, "%*s %*s %*s %4095s %4095s", part, mount_point) == 2 &&
			    strcmp(mount_point, root) == 0)
				strcpy(out, part);
	buf_release(&text);
}

/* The rig's own group below root; "" when it lies outside of what is mounted. */
static int own_place(const char *root, char out[PATH_MAX], struct error *err)
{
	struct buf text = BUF_INIT;
	char part[PATH_MAX];
	const char *line;
	size_t len;

	if (fs_read_file("/proc/self/cgroup", &text, err) < 0)
		return -1;
	line = strncmp(buf_str(&text), "0::/", 4) == 0 ? buf_str(&text) : strstr(buf_str(&text), "\n0::/");
	if (!line) {
		buf_release(&text);
		return error_set(err, ERROR_ENVIRONMENT, "'/proc/self/cgroup' names no cgroup v2");
	}
	line = strchr(line, '/');
	snprintf(out, PATH_MAX, "%.*s", (int)strcspn(line, "\n"), line);
	buf_release(&text);

	mounted_part(root, part);
	len = strcmp(part, "/") == 0 ? 0 : strlen(part);
	if (strncmp(out, part, len) != 0 || out[len] != '/' || strncmp(out, "/..", 3) == 0)
		out[0] = '\0';
	else
		memmove(out, out + len + 1, strlen(out + len));
	return 0;
}

/* The group above, false when there is none or place is that of the unit. */
static bool go_up(char place[PATH_MAX], const char *unit)
{
	char *slash = strrchr(place, '/');

	if (place[0] == '\0' || (unit && strcmp(slash ? slash + 1 : place, unit) == 0))
		return false;
	*(slash ? slash : place) = '\0';
	return true;
}

int delegation_find(struct delegation *d, const char *root, const char *name, struct error *err)
{
	char path[PATH_MAX];

	d->leaf[0] = '\0';
	if (own_place(root, d->place, err) < 0)
		return -1;
	do {
		join_path(path, root, d->place, name);
		if (access(path, F_OK) == 0)
			return 0;
	} while (go_up(d->place, NULL));
	return error_set(err, ERROR_SYSTEM, "no group '%s' at or above that of this process", name);
}

static bool enabled(struct delegation *d, const char *root)
{
	return writable(root, d->place) && lists_memory(root, d->place, SUBTREE_CONTROL);
}

static bool enable(struct delegation *d, const char *root)
{
	return writable(root, d->place) && lists_memory(root, d->place, "cgroup.controllers") &&
	       put(root, d->place, SUBTREE_CONTROL, "+" CONTROLLER) == 0;
}

static void remove_leaf(struct delegation *d, const char *root)
{
	char path[PATH_MAX];

	put(root, d->place, "cgroup.procs", "0"); /* 0: whoever writes */
	join_path(path, root, d->place, d->leaf);
	rmdir(path);
	d->leaf[0] = '\0';
}

static bool step_aside(struct delegation *d, const char *root)
{
	char path[PATH_MAX], procs[ISOLATION_NAME_MAX + 32];

	if (!writable(root, d->place) || !lists_memory(root, d->place, "cgroup.controllers") ||
	    group_name_make(d->leaf, NULL) < 0)
		return false;
	join_path(path, root, d->place, d->leaf);
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", d->leaf);
	if (mkdir(path, 0755) != 0) {
		d->leaf[0] = '\0';
		return false;
	}
	if (put(root, d->place, procs, "0") == 0 && put(root, d->place, SUBTREE_CONTROL, "+" CONTROLLER) == 0)
		return true;
	remove_leaf(d, root);
	return false;
}

/* Why none of the places will do, judged by the rig's own group, and what to type. */
static int nowhere(const char *root, struct error *err)
{
	char own[PATH_MAX];

	if (own_place(root, own, err) < 0)
		return -1;
	const char *slash = own[0] ? "/" : "";
	if (!writable(root, own))
		return error_set(err, ERROR_ENVIRONMENT,
				 "cannot make groups in '%s%s%s'; run as root, or type: systemd-run --user --scope -p "
				 "Delegate=yes oomrig ...",
				 root, slash, own);
	if (!lists_memory(root, own, "cgroup.controllers"))
		return error_set(err, ERROR_ENVIRONMENT,
				 "the memory controller is not handed down to '%s%s%s'; type, as root: echo +memory "
				 ">%s/cgroup.subtree_control, and so on for each group on the way",
				 root, slash, own, root);
	return error_set(
		err, ERROR_ENVIRONMENT,
		"other processes sit beside the rig in '%s%s%s', which must be empty to hand memory down; "
		"type: cd %s%s%s && mkdir rest && for p in $(cat cgroup.procs); do echo $p >rest/cgroup.procs; "
		"done",
		root, slash, own, root, slash, own);
}

int delegation_enter(struct delegation *d, const char *root, const char *unit, struct error *err)
{
	/* By how much they change. */
	bool (*const ways[])(struct delegation *, const char *) = { enabled, enable };

	d->leaf[0] = '\0';
	for (size_t i = 0; i < COUNT(ways); i++) {
		if (own_place(root, d->place, err) < 0)
			return -1;
		do
			if (ways[i](d, root))
				return 0;
		while (go_up(d->place, unit));
	}
	if (own_place(root, d->place, err) < 0)
		return -1;
	return step_aside(d, root) ? 0 : nowhere(root, err);
}

/* Are there groups below place, other than the leaf?  Then somebody relies on the controller. */
static bool shared(const struct delegation *d, const char *root)
{
	char path[PATH_MAX];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	join_path(path, root, d->place, ".");
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		found |= entry->d_type == DT_DIR && entry->d_name[0] != '.' && strcmp(entry->d_name, d->leaf) != 0;
	if (dir)
		closedir(dir);
	return found || !dir;
}

void delegation_leave(struct delegation *d, const char *root)
{
	if (d->leaf[0] == '\0' || shared(d, root))
		return;
	if (put(root, d->place, SUBTREE_CONTROL, "-" CONTROLLER) == 0)
		remove_leaf(d, root);
}
