/*
 * misbehave - upload services that do what no service should: each way is a row
 * of a table with hooks into the one HTTP loop of service.c.  What is right to
 * say of each stands in tests/hostile/ways.
 *
 * A way runs as root beside other people's processes.  It may harm its own
 * processes, its own group, the folders it was given and the canary tree that
 * the test made for it.  It signals its parent only when that is oomrig, and its
 * process group only when it leads it; never anything else.  Bombs are bounded.
 *
 * Hooks run on the thread of the connection, several at once; NULL: the default.
 */
#ifndef TESTS_HOSTILE_MISBEHAVE_H
#define TESTS_HOSTILE_MISBEHAVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define KIB (1UL << 10)
#define MIB (1UL << 20)
#define HEAD_MAX 16384

enum reply { ORDINARY, ANSWERED, HANG_UP };
enum what { UPLOAD = 1, DOWNLOAD = 2, HEALTH = 4, FIGURES = 8, ANYTHING = 15 };

struct request {
	int fd;
	enum what what;
	char method[8], name[128];
	uint64_t length, received;
	char head[HEAD_MAX + 1];
	size_t held, head_len; /* bytes in head: the head itself and what came behind it */
};

struct way {
	const char *name, *meaning;
	void (*start)(void);			 /* before it listens */
	void (*serving)(void);			 /* it listens */
	enum reply (*accepted)(int fd);		 /* nothing was read yet */
	enum reply (*head)(struct request *r);	 /* the head was read, the body was not */
	enum reply (*answer)(struct request *r); /* all of the request was read */
	int only;				 /* enum what: head and answer are called for these; 0: uploads */
	int number;				 /* of the way: a signal, a count */
};
extern const struct way answers[], ids[], figures[], connections[], processes[], deaths[], memory[], files[], mounts[],
	logs[], ports[], groups[]; /* each ends with name == NULL */

/* What the command line and the environment gave. */
struct options {
	const struct way *way;
	const char *data, *tmp;
	const char *canary; /* a tree of the test's that must stay whole */
	uint16_t port;
};
extern struct options options;

/* service.c: serves until it is killed; never returns. */
void service_run(void) __attribute__((noreturn));
/* A listening socket, or exit(1). */
int service_listen(uint16_t port, bool share);
void service_stop_listening(void);
/* Takes connections from that listener, -1: the service's own, for ever, on the calling thread. */
void service_accept(int fd) __attribute__((noreturn));

/* False: the client has gone. */
bool say(int fd, const char *text);
bool say_bytes(int fd, const void *data, size_t len);
/* The head, then the piece again and again until the client goes. */
enum reply say_forever(int fd, const char *head, const char *piece);
/* 201, or another head, with this body. */
enum reply say_body(int fd, const char *status_and_headers, const char *body, size_t len);

/* main.c */
void sleep_ms(uint64_t ms);
void wait_for_ever(void) __attribute__((noreturn));
/* Ends with the reason; for what has to work if the way is to be one. */
void must(bool done, const char *what);
char *take(size_t bytes); /* every page touched */
void in_thread(void *(*body)(void *), void *arg);
/* fork(); the child runs body(), then waits for ever.  Its id. */
pid_t in_child(void (*body)(void));
/* A path; the text lives as long as the process. */
char *path_of(const char *folder, const char *name);
/* Writes text into a file that exists, or is made. */
bool put_text(const char *path, const char *text);
/* The folder of this process's memory group (v1, or v2's only one), and that above all groups. */
char *group_folder(void);
char *group_root(void);
/* The calling process leaves its group. */
void leave_group(void);

#endif
