/* target/listener.c, target/holder.c, target/port.c: which sockets take a connection, and who holds them. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/macros.h"
#include "target/holder.h"
#include "target/listener.h"
#include "target/port.h"

/* ---- the tables --------------------------------------------------------- */

#define HEAD "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
#define ROW4(address, state, inode)                                                                                    \
	"   0: " address " 00000000:0000 " state " 00000000:00000000 00:00000000 00000000     0        0 " inode       \
	" 1 0000000000000000 100 0 0 10 0\n"
#define ROW6(address, state, inode)                                                                                    \
	"  12: " address " 00000000000000000000000000000000:0000 " state                                               \
	" 00000000:00000000 00:00000000 00000000  1000        0 " inode " 1 0000000000000000 100 0 0 10 0\n"
#define LOOPBACK4 "0100007F:1F90" /* 127.0.0.1:8080 on a little-endian machine */
#define ANY4 "00000000:1F90"
#define ANY6 "00000000000000000000000000000000:1F90"
#define LOOPBACK6 "00000000000000000000000001000000:1F90"
#define MAPPED "0000000000000000FFFF00000100007F:1F90"

struct table_case {
	const char *name, *host;
	const char *tcp, *tcp6;
	const char *inodes; /* "7 8" */
	enum listener_rank rank;
};

static const struct table_case table_cases[] = {
	{ "nobody", "127.0.0.1", "", "", "", LISTENER_NONE },
	{ "the very address", "127.0.0.1", ROW4(LOOPBACK4, "0A", "7"), "", "7", LISTENER_EXACT },
	{ "another port", "127.0.0.1", ROW4("0100007F:1F91", "0A", "7"), "", "", LISTENER_NONE },
	{ "another address", "127.0.0.1", ROW4("0200007F:1F90", "0A", "7"), "", "", LISTENER_NONE },
	{ "every address", "127.0.0.1", ROW4(ANY4, "0A", "7"), "", "7", LISTENER_ANY },
	{ "the very address goes before every address", "127.0.0.1",
	  ROW4(ANY4, "0A", "7") ROW4(LOOPBACK4, "0A", "8") ROW4(ANY4, "0A", "9"), ROW6(ANY6, "0A", "10"), "8",
	  LISTENER_EXACT },
	{ "IPv4 goes before both families", "127.0.0.1", ROW4(ANY4, "0A", "7"), ROW6(ANY6, "0A", "8"), "7",
	  LISTENER_ANY },
	{ "both families", "127.0.0.1", "", ROW6(ANY6, "0A", "8"), "8", LISTENER_BOTH_FAMILIES },
	{ "IPv4 in a socket of IPv6", "127.0.0.1", ROW4(ANY4, "0A", "7"), ROW6(MAPPED, "0A", "8"), "8",
	  LISTENER_EXACT },
	{ "shared", "127.0.0.1", ROW4(LOOPBACK4, "0A", "7") ROW4(LOOPBACK4, "0A", "8"), "", "7 8", LISTENER_EXACT },
	{ "IPv6", "::1", ROW4(ANY4, "0A", "7"), ROW6(ANY6, "0A", "8") ROW6(LOOPBACK6, "0A", "9"), "9", LISTENER_EXACT },
	{ "IPv6 in brackets", "[::1]", "", ROW6(ANY6, "0A", "8"), "8", LISTENER_ANY },
	{ "a connection is no listener, and ends the listeners", "127.0.0.1",
	  ROW4(LOOPBACK4, "01", "7") ROW4(LOOPBACK4, "0A", "8"), "", "", LISTENER_NONE },
	{ "large inodes", "127.0.0.1", ROW4(LOOPBACK4, "0A", "4294967301"), "", "4294967301", LISTENER_EXACT },
	{ "not a table", "127.0.0.1", "rubbish\n: : :\n  0: 01:1F90\n", "\n\n", "", LISTENER_NONE },
};

static void read_text(struct listeners *l, const char *rows, const struct listener_address *to)
{
	char text[4096];
	snprintf(text, sizeof(text), "%s%s", HEAD, rows);
	FILE *table = fmemopen(text, strlen(text), "r");
	assert_non_null(table);
	listeners_read(l, table, to);
	fclose(table);
}

static void test_tables(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(table_cases); i++) {
		const struct table_case *c = &table_cases[i];
		struct listener_address to;
		struct listeners l = { 0 };
		struct error err = ERROR_INIT;
		char got[128] = "";
		assert_int_equal(listener_resolve(c->host, 8080, &to, 1, &err), 1);
		read_text(&l, c->tcp, &to);
		read_text(&l, c->tcp6, &to);
		for (size_t k = 0; k < l.count; k++)
			sprintf(got + strlen(got), "%s%llu", k > 0 ? " " : "", (unsigned long long)l.inodes[k]);
		if (strcmp(got, c->inodes) != 0 || l.rank != c->rank)
			fail_msg("%s: got '%s' of rank %d, expected '%s' of rank %d", c->name, got, (int)l.rank,
				 c->inodes, (int)c->rank);
		listeners_release(&l);
	}
}

static void test_resolve(void **state)
{
	(void)state;
	struct listener_address to[4];
	struct error err = ERROR_INIT;
	assert_true(listener_resolve("localhost", 80, to, COUNT(to), &err) >= 1);
	assert_int_equal(listener_resolve("no host:of this name", 80, to, COUNT(to), &err), -1);
	assert_non_null(strstr(err.message, "'no host:of this name'"));
}

/* ---- real sockets ------------------------------------------------------- */

static pid_t group[2];
static int group_count;

static int fake_pids(struct isolation *iso, pid_t *out, size_t max, struct error *err)
{
	(void)iso;
	(void)err;
	for (int i = 0; i < group_count && (size_t)i < max; i++)
		out[i] = group[i];
	return group_count;
}

static const struct isolation_backend fake_backend = { .name = "fake", .pids = fake_pids };
static struct isolation fake = { .backend = &fake_backend };

static int listen_on(const char *address, uint16_t *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(*port) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &(int){ 1 }, sizeof(int));
	assert_int_equal(inet_pton(AF_INET, address, &a.sin_addr), 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

static void look(uint16_t port, struct port_look *out)
{
	static const struct server_spec spec = { .host = (char *)"127.0.0.1" };
	struct error err = ERROR_INIT;
	struct port p;
	assert_int_equal(port_init(&p, &spec, port, &fake, &err), 0);
	port_look(&p, 0, out);
}

/* A child that holds what this process holds, until it is ended. */
static pid_t holder(bool readable)
{
	int ready[2];
	char byte;
	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!readable && (setgid(65534) != 0 || setuid(65534) != 0))
			_exit(1);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void test_holders(void **state)
{
	(void)state;
	struct port_look out;
	uint16_t port = 0;
	char self[64];
	int fd = listen_on("127.0.0.1", &port);
	pid_t child = holder(true);
	group[0] = getpid();
	group_count = 1;
	look(port, &out);
	assert_true(fact_known(out.in_group) && out.in_group.value == 1);
	group[0] = child; /* a worker holds it, and so do we, who are outside */
	look(port, &out);
	assert_true(fact_known(out.in_group) && out.in_group.value == 1);
	group_count = 0;
	look(port, &out);
	assert_true(fact_known(out.in_group) && out.in_group.value == 0);
	snprintf(self, sizeof(self), "pid %d (test_port", (int)getpid());
	char other[64];
	snprintf(other, sizeof(other), "pid %d (test_port", (int)child);
	assert_true(strstr(out.text, self) != NULL || strstr(out.text, other) != NULL);
	end(child);
	close(fd);
	look(port, &out); /* absent is not foreign */
	assert_int_equal(out.in_group.state, FACT_ABSENT);
}

static void test_shared_and_shadowed(void **state)
{
	(void)state;
	struct port_look out;
	uint16_t port = 0;
	int all = listen_on("0.0.0.0", &port);
	pid_t inside = holder(true); /* holds "all" alone of the two */
	group[0] = inside;
	group_count = 1;
	look(port, &out);
	assert_true(fact_known(out.in_group) && out.in_group.value == 1);
	int also = listen_on("0.0.0.0", &port);
	look(port, &out); /* ours takes a part */
	assert_true(fact_known(out.in_group) && out.in_group.value == 0);
	close(also);
	int before = listen_on("127.0.0.1", &port);
	look(port, &out); /* ours takes all */
	assert_true(fact_known(out.in_group) && out.in_group.value == 0);
	close(before);
	look(port, &out);
	assert_true(fact_known(out.in_group) && out.in_group.value == 1);
	end(inside);
	close(all);
}

/* A plain user and a group of which a process belongs to somebody else. */
static void test_unreadable(void **state)
{
	(void)state;
	int status;
	if (getuid() != 0)
		skip();
	uint16_t port = 0;
	int fd = listen_on("127.0.0.1", &port);
	pid_t inside = holder(true); /* of root */
	pid_t user = fork();
	if (user == 0) {
		struct port_look out;
		if (setgid(65534) != 0 || setuid(65534) != 0)
			_exit(1);
		group[0] = inside;
		group_count = 1;
		look(port, &out);
		_exit(out.in_group.state == FACT_UNREADABLE && out.text[0] != '\0' ? 0 : 2);
	}
	waitpid(user, &status, 0);
	assert_int_equal(status, 0);
	end(inside);
	close(fd);
}

static void test_describe(void **state)
{
	(void)state;
	char text[HOLDER_TEXT_MAX], path[PORT_TEXT_MAX];
	static const struct server_spec spec = { .host = (char *)"127.0.0.1" };
	struct port p = { .spec = &spec, .number = 80 };
	prctl(PR_SET_NAME, "docker-proxy");
	assert_true(holder_describe(getpid(), text));
	prctl(PR_SET_NAME, "a\x1b[2J\xc2\x9b");
	assert_false(holder_describe(getpid(), text));
	assert_non_null(strstr(text, "(a?[2J??"));
	prctl(PR_SET_NAME, "test_port");
	port_describe_unseen(&p, path);
	assert_non_null(strstr(path, "127.0.0.1:80"));
	assert_non_null(strstr(path, "container"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),	   cmocka_unit_test(test_resolve),
		cmocka_unit_test(test_holders),	   cmocka_unit_test(test_shared_and_shadowed),
		cmocka_unit_test(test_unreadable), cmocka_unit_test(test_describe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
