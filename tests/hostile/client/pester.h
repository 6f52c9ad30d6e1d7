/*
 * pester - clients that do what no client should, against a server on loopback
 * that keeps the object --id.  Each way is a row of a table; it does its harm for
 * some two seconds at most and returns, or ends with fault() when the server's
 * own answer was wrong.  Whether the server still answers, how large it is and
 * whether it has kept what it acknowledged is looked at by tests/hostile/run.
 */
#ifndef TESTS_HOSTILE_PESTER_H
#define TESTS_HOSTILE_PESTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KIB (1UL << 10)
#define MIB (1UL << 20)
#define OBJECT_BYTES (1000000UL) /* of the object that is kept */

struct pest {
	const char *name, *meaning;
	void (*run)(void);
};
extern const struct pest heads[], bodies[], sockets[]; /* each ends with name == NULL */

extern uint16_t server_port;
extern const char *object_id;

/* A connection; it gives up on a read or write that waits for two seconds. */
int dial(void);
/* False: the server has hung up, or takes no more. */
bool give(int fd, const char *text);
bool give_bytes(int fd, const void *data, size_t len);
/* A head that is formatted. */
bool givef(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The piece again and again, until so many bytes are sent, a time has passed (2 s) or the server has had enough. */
void give_again(int fd, const char *piece, size_t bytes);
/* Reads what comes until the end or a pause; how many bytes. */
size_t drain(int fd);
/* dial, give, drain, close. */
size_t ask(const char *text);
void reset(int fd);
void sleep_ms(unsigned ms);
/* Says what was wrong with the server, and ends. */
void fault(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
