#include "target/holder.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/macros.h"
#include "isolation/proc_stat.h"
#include "target/session.h"

/* Of processes that listen for a container, and of the groups that containers run in. */
static const char *const container_words[] = { "docker",       "containerd",  "libpod", "conmon",  "rootlesskit",
					       "rootlessport", "slirp4netns", "pasta",	"kubepods" };

static bool all_held(const struct held_socket *sockets, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!sockets[i].held)
			return false;
	return true;
}

static void mark(const char *link, struct held_socket *sockets, size_t count)
{
	uint64_t inode;
	if (sscanf(link, "socket:[%" SCNu64 "]", &inode) != 1)
		return;
	for (size_t i = 0; i < count; i++)
		if (sockets[i].inode == inode)
			sockets[i].held = true;
}

bool holder_mark(pid_t pid, struct held_socket *sockets, size_t count)
{
	char path[64], link[64];
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)proc_stat_living_thread(pid));
	DIR *dir = opendir(path);
	if (dir == NULL)
		return !session_is_alive(pid);
	bool readable = true;
	struct dirent *entry;
	while (!all_held(sockets, count) && (entry = readdir(dir)) != NULL) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		ssize_t len = readlinkat(dirfd(dir), entry->d_name, link, sizeof(link) - 1);
		readable = readable && (len >= 0 || errno != EACCES);
		link[len < 0 ? 0 : len] = '\0';
		mark(link, sockets, count);
	}
	closedir(dir);
	return readable;
}

pid_t holder_find(uint64_t inode)
{
	struct held_socket socket = { .inode = inode };
	pid_t found = 0;
	struct dirent *entry;
	DIR *proc = opendir("/proc");
	while (proc != NULL && found == 0 && (entry = readdir(proc)) != NULL) {
		pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? (pid_t)atoi(entry->d_name) : 0;
		if (pid != 0)
			holder_mark(pid, &socket, 1);
		if (socket.held)
			found = pid;
	}
	if (proc != NULL)
		closedir(proc);
	return found;
}

/* Up to the end of the line; what is no printable ASCII becomes '?'. */
static void copy_plain(char *out, size_t max, const char *text, size_t len)
{
	size_t n = len < max - 1 ? len : max - 1;
	for (size_t i = 0; i < n; i++)
		out[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	out[n] = '\0';
}

/* Its group in the memory hierarchy; on v2 its only one. */
static void read_group(pid_t pid, char *out, size_t max)
{
	char path[64];
	struct buf text = BUF_INIT;
	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)proc_stat_living_thread(pid));
	out[0] = '\0';
	if (fs_read_file(path, &text, NULL) == 0) {
		const char *line = strstr(buf_str(&text), ":memory:");
		const char *group = line != NULL ? line + strlen(":memory:") : strstr(buf_str(&text), "0::");
		group = group == NULL || line != NULL ? group : group + strlen("0::");
		if (group != NULL)
			copy_plain(out, max, group, strcspn(group, "\n"));
	}
	buf_release(&text);
}

bool holder_describe(pid_t pid, char out[HOLDER_TEXT_MAX])
{
	char path[64], name[32] = "?", group[128];
	struct buf text = BUF_INIT;
	bool container = false;
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	if (fs_read_file(path, &text, NULL) == 0)
		copy_plain(name, sizeof(name), buf_str(&text), strcspn(buf_str(&text), "\n"));
	buf_release(&text);
	read_group(pid, group, sizeof(group));
	bool in_root = group[0] == '\0' || strcmp(group, "/") == 0;
	snprintf(out, HOLDER_TEXT_MAX, "pid %d (%s%s%s%s)", (int)pid, name, in_root ? "" : ", in the group '",
		 in_root ? "" : group, in_root ? "" : "'");
	for (size_t i = 0; i < COUNT(container_words); i++)
		container |= strstr(out, container_words[i]) != NULL;
	return container;
}
