#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"

#define WORDS_MAX (256 << 10)
#define COUNT_MAX 4096
#define OUTPUT_MAX 8192
#define KILL_MS 10000

/* Texts one behind the other, each ended by NUL. */
struct words {
	char text[WORDS_MAX];
	size_t len;
	char *list[COUNT_MAX + 1];
};

static struct {
	struct words command, environment;
	int file_fd; /* what WIRE_DATA goes to */
	pid_t pid;
	int lives;
	int out_fd, ended, status;
	char output[OUTPUT_MAX]; /* until the port takes it */
	size_t output_len;
} s = { .file_fd = -1, .out_fd = -1 };

static void refuse(struct port *p, const char *what)
{
	char text[400];

	snprintf(text, sizeof(text), "%s: %s", what, strerror(errno));
	port_send(p, WIRE_FAILED, text, strlen(text));
}

/* ---- what comes before the start ---------------------------------------- */

static void add_words(struct words *w, const char *data, size_t len)
{
	if (len > sizeof(w->text) - w->len) /* the start will say so: the last word is not whole then */
		len = sizeof(w->text) - w->len;
	memcpy(w->text + w->len, data, len);
	w->len += len;
}

static int list_words(struct words *w)
{
	size_t count = 0;

	if (w->len == 0 || w->text[w->len - 1] != '\0')
		return -1;
	for (char *at = w->text; at < w->text + w->len && count < COUNT_MAX; at += strlen(at) + 1)
		w->list[count++] = at;
	w->list[count] = NULL;
	return count < COUNT_MAX ? 0 : -1;
}

static void open_file(struct port *p, const struct wire_head *head, const char *body)
{
	uint32_t mode;

	memcpy(&mode, body, sizeof(mode));
	if (s.file_fd >= 0)
		close(s.file_fd);
	s.file_fd = -1;
	if (head->kind == WIRE_FOLDER) {
		if (mkdir(body + sizeof(mode), mode & 07777) != 0 && errno != EEXIST)
			refuse(p, body + sizeof(mode));
		return;
	}
	s.file_fd = open(body + sizeof(mode), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode & 07777);
	if (s.file_fd < 0)
		refuse(p, body + sizeof(mode));
}

static void write_file(struct port *p, const char *data, size_t len)
{
	if (s.file_fd >= 0 && write(s.file_fd, data, len) != (ssize_t)len)
		refuse(p, "cannot write a file of the server");
}

/* ---- start -------------------------------------------------------------- */

static void become(int out_fd, int error_fd, const char *folder)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	dup2(open("/dev/null", O_RDONLY), 0);
	dup2(out_fd, 1);
	dup2(out_fd, 2);
	look_put("/proc/self/oom_score_adj", "0");
	environ = s.environment.list;
	if (chdir(folder) == 0)
		execvp(s.command.list[0], s.command.list);
	char why = (char)errno;
	ssize_t written = write(error_fd, &why, 1);
	(void)written;
	_exit(127);
}

/* A fork whose child has the process id that the stand-in has on the host: clone3(2), set_tid. */
static pid_t fork_as(pid_t pid)
{
	uint64_t ids = (uint64_t)(uintptr_t)&pid;
	struct clone_args args = { .exit_signal = SIGCHLD, .set_tid = ids, .set_tid_size = 1 };

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static void start(struct port *p, const char *body)
{
	int32_t pid;
	int out[2], error[2];
	char why = 0;

	memcpy(&pid, body, sizeof(pid));
	server_kill_all();
	s.ended = 0;
	if (s.lives++ > 0)
		set_up_again();
	if (list_words(&s.command) != 0 || list_words(&s.environment) != 0) {
		errno = E2BIG;
		refuse(p, "cannot start the server");
		return;
	}
	if (pipe2(out, O_CLOEXEC) != 0 || pipe2(error, O_CLOEXEC) != 0) {
		refuse(p, "cannot make a pipe");
		return;
	}
	s.pid = fork_as(pid);
	if (s.pid == 0)
		become(out[1], error[1], body + sizeof(pid));
	close(out[1]);
	close(error[1]);
	if (s.pid < 0 || read(error[0], &why, 1) == 1) {
		if (why != 0)
			errno = why;
		refuse(p, s.pid < 0 ? "cannot start a process" : s.command.list[0]);
		s.pid = 0;
		close(out[0]);
	} else {
		s.out_fd = out[0];
		fcntl(s.out_fd, F_SETFL, O_NONBLOCK);
		port_send(p, WIRE_STARTED, "", 0);
	}
	close(error[0]);
	s.command.len = s.environment.len = 0;
}

void server_take(struct port *p, const struct wire_head *head, char *body)
{
	int32_t number;

	switch (head->kind) {
	case WIRE_FOLDER:
	case WIRE_FILE:
		open_file(p, head, body);
		break;
	case WIRE_DATA:
		write_file(p, body, head->len);
		break;
	case WIRE_ENTRY:
		add_words(&s.environment, body, head->len);
		break;
	case WIRE_WORD:
		add_words(&s.command, body, head->len);
		break;
	case WIRE_START:
		start(p, body);
		break;
	case WIRE_SIGNAL:
		memcpy(&number, body, sizeof(number));
		if (s.pid > 0)
			kill(s.pid, number);
		break;
	}
}

/* ---- its output and its end --------------------------------------------- */

int server_output_fd(void)
{
	return s.output_len == 0 ? s.out_fd : -1;
}

static void flush_output(struct port *p)
{
	if (s.output_len > 0 && port_send(p, WIRE_OUTPUT, s.output, s.output_len) == 0)
		s.output_len = 0;
}

void server_carry_output(struct port *p)
{
	flush_output(p);
	while (s.out_fd >= 0 && s.output_len == 0) {
		ssize_t n = read(s.out_fd, s.output, sizeof(s.output));

		if (n < 0)
			return;
		if (n == 0) {
			close(s.out_fd);
			s.out_fd = -1;
		}
		s.output_len = (size_t)n;
		flush_output(p);
	}
}

void server_ended(pid_t pid, int status)
{
	if (pid != s.pid)
		return;
	s.pid = 0;
	s.ended = 1;
	s.status = status;
}

void server_tell_end(struct port *p)
{
	int32_t status = s.status;

	server_carry_output(p);
	if (s.ended && s.output_len == 0 && port_send(p, WIRE_EXITED, &status, sizeof(status)) == 0)
		s.ended = 0;
}

static void kill_one(pid_t pid, void *arg)
{
	kill(pid, SIGKILL);
	++*(int *)arg;
}

/* Milliseconds, but for one that waits for a disk: it is left after KILL_MS, and goes when the disk is done. */
void server_kill_all(void)
{
	long long end_ms = look_ms() + KILL_MS;
	int left, status;
	pid_t pid;

	do {
		left = 0;
		look_each(kill_one, &left);
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			server_ended(pid, status);
		if (left > 0)
			usleep(5000);
	} while (left > 0 && look_ms() < end_ms);
}

void server_abandon(void)
{
	if (s.pid == 0 && s.out_fd < 0)
		return;
	server_kill_all();
	if (s.out_fd >= 0)
		close(s.out_fd);
	s.out_fd = -1;
	s.output_len = 0;
	s.ended = 0;
}
