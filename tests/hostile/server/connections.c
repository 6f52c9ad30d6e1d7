/* What is done to a connection. */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "misbehave.h"

static enum reply close_it(int fd)
{
	(void)fd;
	return HANG_UP;
}

static void reset(int fd)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static enum reply reset_at_once(int fd)
{
	reset(fd);
	return HANG_UP;
}

static enum reply reset_some(struct request *r)
{
	static int asked;
	if (__atomic_fetch_add(&asked, 1, __ATOMIC_RELAXED) % 2 == 0)
		return ORDINARY;
	reset(r->fd);
	return HANG_UP;
}

static enum reply reset_in_answer(struct request *r)
{
	say(r->fd, "HTTP/1.1 201 Cre");
	reset(r->fd);
	return HANG_UP;
}

static enum reply never_read(struct request *r)
{
	(void)r;
	wait_for_ever();
}

static enum reply half_close(struct request *r)
{
	shutdown(r->fd, SHUT_WR);
	wait_for_ever();
}

static enum reply tiny_window(int fd)
{
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){ 1 }, sizeof(int));
	return ORDINARY;
}

static enum reply sip(struct request *r)
{
	char byte;
	while (recv(r->fd, &byte, 1, 0) == 1)
		sleep_ms(100);
	return HANG_UP;
}

static enum reply urgent(struct request *r)
{
	for (int i = 0; i < 100; i++)
		send(r->fd, "!", 1, MSG_OOB | MSG_NOSIGNAL);
	return ORDINARY;
}

static enum reply unasked(int fd)
{
	say(fd, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
	return ORDINARY;
}

static enum reply stop_after_first(struct request *r)
{
	(void)r;
	service_stop_listening();
	return ORDINARY;
}

const struct way connections[] = { { "closes-after-accept", "hangs up at once", .accepted = close_it },
				   { "resets-after-accept", "resets at once", .accepted = reset_at_once },
				   { "never-accepts", "listens and takes nobody", .serving = wait_for_ever },
				   { "never-reads", "takes the head and reads no further", .head = never_read },
				   { "sips", "reads ten bytes a second", .accepted = tiny_window, .head = sip },
				   { "resets-half", "resets every second upload", .head = reset_some },
				   { "resets-in-answer", "resets within the status line", .answer = reset_in_answer },
				   { "half-closes", "closes its half and stays", .answer = half_close },
				   { "urgent-data", "a hundred urgent bytes before the answer", .answer = urgent },
				   { "answers-unasked", "an answer before any request", .accepted = unasked },
				   { "closes-its-port", "stops listening at the first upload",
				     .head = stop_after_first },
				   { NULL } };
