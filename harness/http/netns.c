#include "http/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

int netns_open(pid_t pid, struct error *err)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot open '%s'", path);
	return fd;
}

static curl_socket_t open_inside(void *clientp, curlsocktype purpose, struct curl_sockaddr *address)
{
	(void)purpose;
	static int ours = -1;
	if (ours < 0)
		ours = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (ours < 0 || setns(*(const int *)clientp, CLONE_NEWNET) != 0)
		return CURL_SOCKET_BAD;
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	/* Back first: a rig left inside would open everything else there. */
	if (setns(ours, CLONE_NEWNET) != 0 && fd >= 0) {
		close(fd);
		fd = -1;
	}
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

void netns_use(CURL *easy, const int *netns_fd)
{
	if (*netns_fd < 0)
		return;
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_inside);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, (void *)(uintptr_t)netns_fd);
}
