/* What is done to connections. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pester.h"

#define CROWD 300

static void idle_crowd(void)
{
	int fds[CROWD];
	for (int i = 0; i < CROWD; i++)
		fds[i] = dial();
	sleep_ms(500);
	for (int i = 0; i < CROWD; i++)
		close(fds[i]);
}

static void comes_and_goes(void)
{
	for (int i = 0; i < 2000; i++) {
		int fd = dial();
		if (i % 2 == 0)
			reset(fd);
		else
			close(fd);
	}
}

/* So many downloads are asked for, and not read. */
static void never_reads(void)
{
	int fds[50];
	for (int i = 0; i < 50; i++) {
		fds[i] = dial();
		setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &(int){ 1 }, sizeof(int));
		givef(fds[i], "GET /-%s HTTP/1.1\r\nHost: x\r\n\r\n", object_id);
	}
	sleep_ms(1000);
	for (int i = 0; i < 50; i++)
		reset(fds[i]);
}

static void resets_mid_download(void)
{
	char piece[1000];
	for (int i = 0; i < 100; i++) {
		int fd = dial();
		givef(fd, "GET /-%s HTTP/1.1\r\nHost: x\r\n\r\n", object_id);
		if (recv(fd, piece, sizeof(piece), 0) <= 0)
			fault("a download is not begun");
		reset(fd);
	}
}

static void half_closed(void)
{
	for (int i = 0; i < 100; i++) {
		int fd = dial();
		shutdown(fd, SHUT_WR);
		close(fd);
	}
	size_t got = ask("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
	if (got == 0)
		fault("no answer to a client that has closed its half");
}

static void urgent(void)
{
	int fd = dial();
	for (int i = 0; i < 100; i++)
		send(fd, "!", 1, MSG_OOB | MSG_NOSIGNAL);
	give(fd, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
	close(fd);
}

static void deletes_while_read(void)
{
	int reader = dial();
	givef(reader, "GET /-%s HTTP/1.1\r\nHost: x\r\n\r\n", object_id);
	for (int i = 0; i < 200; i++) {
		int fd = dial();
		givef(fd, "DELETE /api/entry/nobody%d HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", i);
		drain(fd);
		close(fd);
	}
	reset(reader);
}

static void talks_on(void)
{
	int fd = dial();
	give(fd, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	give_again(fd, "and another thing, and another thing, and another thing\r\n", 16 * MIB);
	close(fd);
}

const struct pest sockets[] = { { "idle-crowd", "300 connections that say nothing", idle_crowd },
				{ "comes-and-goes", "2,000 connections closed or reset at once", comes_and_goes },
				{ "never-reads", "50 downloads that are not read", never_reads },
				{ "resets-mid-download", "100 downloads, each cut by a reset", resets_mid_download },
				{ "half-closes", "closes its half before it says a word, and after", half_closed },
				{ "urgent-data", "a hundred urgent bytes", urgent },
				{ "deletes-while-read", "deletes what is not there while it reads",
				  deletes_while_read },
				{ "talks-on", "16 MiB after it said close", talks_on },
				{ NULL, NULL, NULL } };
