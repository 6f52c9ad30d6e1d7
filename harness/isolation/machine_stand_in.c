/*
 * The process on the host that stands for a server in a machine: sends it there,
 * passes on its output and the signals that it gets itself, and ends as it ended.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "isolation/machine.h"

#define PIECE_MAX 16384
#define END_MS 10000
#define GONE 70 /* exit status when there is no machine any more */

struct stand_in {
	int fd, ready_fd, emulator_fd;
	struct error *err;
	char in[2 * WIRE_MAX];
	size_t have;
	bool started;
};

static int send_all(struct stand_in *s, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = send(s->fd, at, len, MSG_NOSIGNAL);
		if (n <= 0)
			return error_set_errno(s->err, ERROR_ENVIRONMENT, errno, "the machine cannot be reached");
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* A head of 4 bytes in front of the text where the kind has one. */
static int send_frame(struct stand_in *s, uint32_t kind, const uint32_t *number, const void *text, size_t len)
{
	struct wire_head head = { .kind = kind, .len = (uint32_t)(len + (number != NULL ? sizeof(*number) : 0)) };

	return send_all(s, &head, sizeof(head)) != 0 || (number != NULL && send_all(s, number, sizeof(*number)) != 0) ||
			       send_all(s, text, len) != 0
		       ? -1
		       : 0;
}

/* ---- the server's folders ----------------------------------------------- */

static int send_file(struct stand_in *s, int dir_fd, const char *name, uint32_t mode, const char *path)
{
	char block[PIECE_MAX];
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;
	int rc = fd < 0 ? error_set_errno(s->err, ERROR_ENVIRONMENT, errno, "cannot open '%s'", path)
			: send_frame(s, WIRE_FILE, &mode, path, strlen(path));

	while (rc == 0 && (n = read(fd, block, sizeof(block))) > 0)
		rc = send_frame(s, WIRE_DATA, NULL, block, (size_t)n);
	if (fd >= 0)
		close(fd);
	return rc;
}

static int send_folder(struct stand_in *s, const char *path);

static int send_entry(struct stand_in *s, int dir_fd, const char *folder, const char *name)
{
	char *path = xasprintf("%s/%s", folder, name);
	struct stat st;
	int rc = 0;
	uint32_t mode;

	if (fstatat(dir_fd, name, &st, 0) == 0) {
		mode = st.st_mode & 07777;
		if (S_ISDIR(st.st_mode))
			rc = send_frame(s, WIRE_FOLDER, &mode, path, strlen(path)) != 0 ? -1 : send_folder(s, path);
		else if (S_ISREG(st.st_mode))
			rc = send_file(s, dir_fd, name, mode, path);
	}
	free(path);
	return rc;
}

static int send_folder(struct stand_in *s, const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int rc = 0;

	while (rc == 0 && dir != NULL && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			rc = send_entry(s, dirfd(dir), path, entry->d_name);
	if (dir == NULL)
		rc = error_set_errno(s->err, ERROR_ENVIRONMENT, errno, "cannot open folder '%s'", path);
	else
		closedir(dir);
	return rc;
}

/* Once: from then on the machine's own are newer. */
static int copy_folders(struct stand_in *s, const char *folder)
{
	static const char *const links[] = { MACHINE_DATA, MACHINE_TMP };
	char *copied = xasprintf("%s/" MACHINE_COPIED, folder);
	int rc = 0, fd = open(copied, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

	for (size_t i = 0; fd >= 0 && rc == 0 && i < sizeof(links) / sizeof(links[0]); i++) {
		char *link = xasprintf("%s/%s", folder, links[i]), *path = realpath(link, NULL);
		rc = path != NULL ? send_folder(s, path)
				  : error_set_errno(s->err, ERROR_ENVIRONMENT, errno, "cannot find '%s'", link);
		free(link);
		free(path);
	}
	if (fd >= 0)
		close(fd);
	free(copied);
	return rc;
}

/* ---- what it is started with -------------------------------------------- */

static int send_words(struct stand_in *s, uint32_t kind, char *const *words)
{
	int rc = 0;

	for (; rc == 0 && *words != NULL; words++)
		for (size_t len = strlen(*words) + 1, at = 0; rc == 0 && at < len; at += PIECE_MAX)
			rc = send_frame(s, kind, NULL, *words + at, len - at < PIECE_MAX ? len - at : PIECE_MAX);
	return rc;
}

static int send_start(struct stand_in *s, const char *cwd, char *const command[])
{
	uint32_t pid = (uint32_t)getpid();

	return send_words(s, WIRE_WORD, command) != 0 || send_words(s, WIRE_ENTRY, environ) != 0
		       ? -1
		       : send_frame(s, WIRE_START, &pid, cwd, strlen(cwd));
}

/* ---- while it runs ------------------------------------------------------ */

/* Signals may be blocked here, and the kernel's default is what is wanted; a SIGKILL cannot be told from its own. */
static void end_as(int status)
{
	if (WIFSIGNALED(status)) {
		sigset_t all;

		signal(WTERMSIG(status), SIG_DFL);
		sigfillset(&all);
		sigprocmask(SIG_UNBLOCK, &all, NULL);
		kill(getpid(), WTERMSIG(status));
	}
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : GONE);
}

static int take_frame(struct stand_in *s, const struct wire_head *head, const char *body)
{
	int32_t status = 0;
	ssize_t n = 0;

	if (head->kind == WIRE_FAILED)
		return error_set(s->err, ERROR_TARGET, "%.*s", (int)head->len, body);
	if (head->kind == WIRE_STARTED)
		close(s->ready_fd);
	if (head->kind == WIRE_OUTPUT)
		for (size_t at = 0; at < head->len && n >= 0; at += (size_t)n)
			n = write(1, body + at, head->len - at);
	if (head->kind == WIRE_EXITED) {
		memcpy(&status, body, sizeof(status));
		end_as(status);
	}
	return 0;
}

/* All whole frames; -1: the server could not be started. */
static int take_frames(struct stand_in *s)
{
	size_t at = 0;
	int rc = 0;
	struct wire_head head;

	while (rc == 0 && s->have - at >= sizeof(head)) {
		memcpy(&head, s->in + at, sizeof(head));
		if (head.len > WIRE_MAX)
			return error_set(s->err, ERROR_BUG, "the machine's agent does not make sense");
		if (s->have - at < sizeof(head) + head.len)
			break;
		rc = take_frame(s, &head, s->in + at + sizeof(head));
		at += sizeof(head) + head.len;
	}
	s->have -= at;
	memmove(s->in, s->in + at, s->have);
	return rc;
}

/* The emulator closes its sockets before it ends: who sees our end is to find it gone. */
static void end_after_machine(const struct stand_in *s)
{
	struct pollfd end = { s->emulator_fd, POLLIN, 0 };

	poll(&end, 1, END_MS);
	dprintf(2, "oomrig: the machine of the server is gone\n");
	_exit(GONE);
}

static int attend(struct stand_in *s, int signals)
{
	struct pollfd fds[] = { { s->fd, POLLIN, 0 }, { signals, POLLIN, 0 } };
	struct signalfd_siginfo info;

	for (;;) {
		poll(fds, 2, -1);
		if (fds[1].revents && read(signals, &info, sizeof(info)) == sizeof(info) &&
		    send_frame(s, WIRE_SIGNAL, &info.ssi_signo, "", 0) != 0)
			return -1;
		if (!fds[0].revents)
			continue;
		ssize_t n = read(s->fd, s->in + s->have, sizeof(s->in) - s->have);
		if (n <= 0)
			end_after_machine(s);
		s->have += (size_t)n;
		if (take_frames(s) != 0)
			return -1;
	}
}

static int signals_to_pass_on(void)
{
	sigset_t set;

	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigdelset(&set, SIGCHLD);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static int reach(struct stand_in *s, const char *folder)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct ucred emulator = { .pid = 0 };
	socklen_t len = sizeof(emulator);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s/" MACHINE_CONTROL, folder);
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || connect(s->fd, (struct sockaddr *)&at, sizeof(at)) != 0)
		return error_set_errno(s->err, ERROR_ENVIRONMENT, errno, "cannot reach the machine at '%s'",
				       at.sun_path);
	getsockopt(s->fd, SOL_SOCKET, SO_PEERCRED, &emulator, &len);
	s->emulator_fd = emulator.pid > 0 ? pidfd_open(emulator.pid, 0) : -1;
	return 0;
}

int machine_stand_in(const char *name, const char *cwd, char *const command[], int ready_fd, struct error *err)
{
	struct stand_in *s = xcalloc(1, sizeof(*s));
	char *folder = machine_folder(name);
	int signals = signals_to_pass_on(), rc = -1;

	*s = (struct stand_in){ .fd = -1, .ready_fd = ready_fd, .err = err };
	if (reach(s, folder) == 0 && copy_folders(s, folder) == 0 && send_start(s, cwd, command) == 0)
		rc = attend(s, signals);
	free(folder);
	free(s);
	return rc;
}
