/*
 * agent - the first process of a small machine in which a server runs: mounts
 * its disk, starts it, tells what becomes of it and of the memory (guest_wire.h).
 *
 * A program of its own, linked without shared libraries.  It allocates nothing once
 * it runs: its memory is what it was given at its start, locked as it is touched,
 * and named in each sample.  As process 1 no OOM killer takes it, and what it does
 * in its loop waits for nobody: what a port does not take at once is kept (output,
 * kernel log) or dropped (samples).
 */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define RECORD_MAX 8192

struct agent {
	struct port control, samples, requests, log;
	int kmsg_fd, children_fd;
	char record[RECORD_MAX + 1]; /* of the kernel log, until its port takes it */
	size_t record_len;
	int oom_open; /* an OOM was told of whose kill has not been */
	struct look look;
	pid_t squeezing; /* who asks the page cache back; 0: nobody did */
};

static struct agent a;

static void fail(const char *what)
{
	fprintf(stderr, "agent: cannot %s: %s\n", what, strerror(errno));
	for (;;)
		pause();
}

static void send_sample(struct port *p, uint32_t kind)
{
	static char text[WIRE_MAX - sizeof(struct wire_head)];

	port_send(p, kind, text, look_write(&a.look, text, sizeof(text)));
}

/* ---- the kernel log ----------------------------------------------------- */

static int tells_of_oom(const char *record)
{
	if (strstr(record, " invoked oom-killer: ") != NULL)
		return a.oom_open = 1;
	if (strstr(record, "ut of memory: Killed process ") == NULL)
		return 0;
	int alone = !a.oom_open;
	a.oom_open = 0;
	return alone;
}

static int flush_record(void)
{
	if (a.record_len > 0 && write(a.log.fd, a.record, a.record_len) != (ssize_t)a.record_len)
		return -1;
	a.record_len = 0;
	return 0;
}

static void take_log(void)
{
	while (flush_record() == 0) {
		ssize_t n = read(a.kmsg_fd, a.record, RECORD_MAX);

		if (n < 0 && errno == EPIPE)
			continue; /* some were lost, which the numbers of the next show */
		if (n <= 0)
			return;
		a.record[n] = '\0';
		a.record_len = (size_t)n + 1;
		if (tells_of_oom(a.record)) {
			a.look.ooms++;
			send_sample(&a.samples, WIRE_SAMPLE);
		}
	}
}

/* ---- requests ----------------------------------------------------------- */

/* By a child, whose end is the answer: a slow disk may take minutes, and the samples go on. */
static int squeeze(void)
{
	a.squeezing = fork();
	if (a.squeezing == 0) {
		sync();
		_exit(look_put("/proc/sys/vm/drop_caches", "1") == 0 ? 0 : 1);
	}
	return a.squeezing > 0;
}

static void answer(const struct wire_head *head, char *body)
{
	char why[200] = "";

	if (head->kind == WIRE_SET_UP)
		a.look.work_us = speed_work_us();
	if (head->kind == WIRE_SET_UP && set_up(body, why, sizeof(why)) != 0) {
		port_send(&a.requests, WIRE_REFUSED, why, strlen(why));
		return;
	}
	if (head->kind == WIRE_SQUEEZE && squeeze())
		return;
	if (head->kind == WIRE_KILL)
		server_kill_all();
	send_sample(&a.requests, head->kind);
}

/* ---- children ----------------------------------------------------------- */

static void reap(void)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	while (read(a.children_fd, &info, sizeof(info)) > 0)
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == a.squeezing)
			send_sample(&a.requests, WIRE_SQUEEZE);
		else
			server_ended(pid, status);
	}
}

/* ---- the loop ----------------------------------------------------------- */

static void prepare(void)
{
	sigset_t children;

	/* What is touched stays; what never is takes no memory. */
	mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	sigprocmask(SIG_BLOCK, &children, NULL);
	a.children_fd = signalfd(-1, &children, SFD_NONBLOCK | SFD_CLOEXEC);
	a.kmsg_fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (a.children_fd < 0 || a.kmsg_fd < 0)
		fail("watch the kernel log");
	if (port_open(&a.control, 1) != 0 || port_open(&a.samples, 2) != 0 || port_open(&a.requests, 3) != 0 ||
	    port_open(&a.log, 4) != 0)
		fail("open the ports");
	look_put("/proc/sys/kernel/pid_max", "4194304");
	set_up_network();
}

static void take_control(void)
{
	struct wire_head head;
	char *body;

	while ((body = port_take(&a.control, &head)) != NULL)
		server_take(&a.control, &head, body);
	if (a.control.gone)
		server_abandon();
}

static void take_requests(void)
{
	struct wire_head head;
	char *body;

	while ((body = port_take(&a.requests, &head)) != NULL)
		answer(&head, body);
}

/* A port whose other end is not connected is readable all the time: it is looked at with each sample only. */
static int fd_of(const struct port *p, int tick)
{
	return p->gone && !tick ? -1 : p->fd;
}

static void turn(long long *next_ms)
{
	int tick = look_ms() >= *next_ms;
	struct pollfd fds[] = { { fd_of(&a.control, tick), POLLIN, 0 },
				{ a.requests.fd, POLLIN, 0 },
				{ a.record_len > 0 ? -1 : a.kmsg_fd, POLLIN, 0 },
				{ a.children_fd, POLLIN, 0 },
				{ server_output_fd(), POLLIN, 0 } };

	if (tick) {
		send_sample(&a.samples, WIRE_SAMPLE);
		*next_ms = look_ms() + WIRE_SAMPLE_MS;
	}
	long long left = *next_ms - look_ms();
	poll(fds, sizeof(fds) / sizeof(fds[0]), left > 0 ? (int)left : 0);
	take_log();
	server_carry_output(&a.control);
	if (fds[3].revents)
		reap();
	server_tell_end(&a.control);
	if (fds[0].revents || tick)
		take_control();
	if (fds[1].revents)
		take_requests();
}

int main(void)
{
	long long next_ms = 0;

	prepare();
	for (;;)
		turn(&next_ms);
}
