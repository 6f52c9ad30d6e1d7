#include "base/ending.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/macros.h"

#define HOLD_PATIENCE_S 5 /* for the main thread to finish a step that it has begun */

static const int signums[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
#define SIGNUMS COUNT(signums)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the list, and of what its members have made */
static struct ending_party *parties;
static atomic_int times;
static sigset_t caught;

/* Without stdio, whose locks the main thread may hold; a full pipe is not waited for. */
void ending_say(const char *text)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };
	if (poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) != 0)
		dprintf(STDERR_FILENO, "oomrig: %s\n", text);
}

static void end_at_once(void)
{
	struct timespec until;
	/* From here on another signal does what signals do by themselves. */
	for (size_t i = 0; i < SIGNUMS; i++)
		if (sigismember(&caught, signums[i]))
			signal(signums[i], SIG_DFL);
	pthread_sigmask(SIG_UNBLOCK, &caught, NULL);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += HOLD_PATIENCE_S;
	if (pthread_mutex_timedlock(&lock, &until) != 0) {
		ending_say("ended in the middle of a step; 'oomrig clean' takes away what is left");
		_exit(ENDING_STATUS);
	}
	for (struct ending_party *p = parties; p != NULL; p = p->next)
		if (p->at_once != NULL)
			p->at_once(p->arg);
	_exit(ENDING_STATUS);
}

static void tell(void)
{
	if (atomic_fetch_add(&times, 1) > 0)
		end_at_once();
	pthread_mutex_lock(&lock);
	if (parties == NULL)
		_exit(ENDING_STATUS);
	for (struct ending_party *p = parties; p != NULL; p = p->next)
		p->asked(p->arg);
	pthread_mutex_unlock(&lock);
}

static void *wait_for_signals(void *arg)
{
	int signum;
	(void)arg;
	for (;;)
		if (sigwait(&caught, &signum) == 0)
			tell();
	return NULL;
}

/* open(2) gives the lowest number that is free.  Reading only: a write to what was closed is an error, as it was. */
static int open_standard_files(struct error *err)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDERR_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return error_set_errno(err, ERROR_ENVIRONMENT, errno, "cannot open '/dev/null'");
	return 0;
}

static void choose_signals(void)
{
	sigemptyset(&caught);
	for (size_t i = 0; i < SIGNUMS; i++) {
		struct sigaction now;
		if (sigaction(signums[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaddset(&caught, signums[i]);
	}
}

int ending_catch(struct error *err)
{
	pthread_t thread;
	signal(SIGPIPE, SIG_IGN);
	choose_signals();
	pthread_sigmask(SIG_BLOCK, &caught, NULL); /* what comes before the thread waits for it */
	if (open_standard_files(err) != 0)
		return -1;
	int rc = pthread_create(&thread, NULL, wait_for_signals, NULL);
	if (rc != 0)
		return error_set_errno(err, ERROR_SYSTEM, rc, "cannot start the thread that waits for signals");
	pthread_detach(thread);
	return 0;
}

bool ending_asked(void)
{
	return atomic_load(&times) > 0;
}

void ending_join(struct ending_party *party)
{
	pthread_mutex_lock(&lock);
	party->next = parties;
	parties = party;
	if (ending_asked())
		party->asked(party->arg);
	pthread_mutex_unlock(&lock);
}

void ending_leave(struct ending_party *party)
{
	pthread_mutex_lock(&lock);
	for (struct ending_party **at = &parties; *at != NULL; at = &(*at)->next)
		if (*at == party) {
			*at = party->next;
			break;
		}
	pthread_mutex_unlock(&lock);
}

void ending_hold(void)
{
	pthread_mutex_lock(&lock);
}

void ending_release(void)
{
	pthread_mutex_unlock(&lock);
}
