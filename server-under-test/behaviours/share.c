/*
 * C1, blocked-cleanup: the first thing the clean-up thread has to close is a
 * file on a share that is dead: its socket accepts connections, and then stays
 * silent.  Closing asks the share and waits for its answer; the sockets are real,
 * the waiting is recv().
 *
 * Both ends lie in this process: the share is a listening socket and the
 * connection it has accepted, from which nobody ever reads.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/macros.h"
#include "cleanup.h"
#include "server.h"

struct share {
	struct finaliser finaliser;
	int listener, accepted; /* the dead share's ends */
	int file;		/* ours */
	sem_t closed;		/* the finaliser has run */
};

static void close_on_share(struct finaliser *f)
{
	struct share *s = (struct share *)f;
	static const char request[] = "close\n";
	char answer[64];
	if (send(s->file, request, sizeof(request) - 1, MSG_NOSIGNAL) > 0)
		(void)!recv(s->file, answer, sizeof(answer), 0); /* the timeout, or the server's stop, ends it */
	sem_post(&s->closed);
}

static int connect_share(struct share *s, uint64_t timeout_ns)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	struct timeval timeout = { .tv_sec = (time_t)(timeout_ns / NS_PER_S),
				   .tv_usec = (suseconds_t)(timeout_ns % NS_PER_S / 1000) };
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	s->file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->listener < 0 || s->file < 0 || bind(s->listener, (struct sockaddr *)&address, len) != 0 ||
	    listen(s->listener, 1) != 0 || getsockname(s->listener, (struct sockaddr *)&address, &len) != 0 ||
	    connect(s->file, (struct sockaddr *)&address, len) != 0)
		return -1;
	s->accepted = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
	return s->accepted < 0 ? -1 : setsockopt(s->file, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
}

static void share_free(struct share *s)
{
	const int ends[] = { s->listener, s->accepted, s->file };
	for (size_t i = 0; i < COUNT(ends); i++)
		if (ends[i] >= 0)
			close(ends[i]);
	sem_destroy(&s->closed);
	free(s);
}

static int share_start(struct server *server, struct error *err)
{
	if (server->cleanup == NULL)
		return 0; /* without a clean-up thread there is nothing to block */
	struct share *s = xcalloc(1, sizeof(*s));
	s->listener = s->accepted = s->file = -1;
	sem_init(&s->closed, 0, 0);
	if (connect_share(s, server->behaviour[BLOCKED_CLEANUP]) != 0) {
		error_set_errno(err, ERROR_SYSTEM, errno, "cannot open a file on the share");
		share_free(s);
		return -1;
	}
	s->finaliser.run = close_on_share;
	server->share = s;
	cleanup_post(server->cleanup, &s->finaliser);
	return 0;
}

/* Before the clean-up thread is joined: it must wake up to end. */
static void share_stop(struct server *server)
{
	struct share *s = server->share;
	if (s == NULL)
		return;
	shutdown(s->file, SHUT_RDWR);
	while (sem_wait(&s->closed) != 0)
		;
	share_free(s);
	server->share = NULL;
}

const struct behaviour_hooks blocked_cleanup_hooks = {
	.start = share_start,
	.stop = share_stop,
};
