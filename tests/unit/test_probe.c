/* A probe against answers that never end: bounded in memory and in time, and what is known of them is kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "expect.h"
#include "loopback_server.h"
#include "base/macros.h"
#include "target/lateness.h"
#include "target/probe.h"

#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
#define PLAIN "HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n"
#define DEADLINE_NS (300 * NS_PER_MS)
/* Curl's buffers, an answer of the longest kind, and what the C library rounds up. */
#define KEPT_MAX_BYTES (8u << 20)

struct fixture {
	struct server *server;
	uv_loop_t loop;
	struct http_client *client;
	struct probe probe;
	char url[64];
	struct server_spec spec;
	struct target_access access;
	long status;
	unsigned done, wanted;
};

static char path[] = "/o/0";
static const struct request_spec request = { .path = path };

static void send_probe(struct fixture *f)
{
	struct error err = ERROR_INIT;
	if (probe_send(&f->probe, &f->access, &request, DEADLINE_NS, false, &err) != 0)
		fail_msg("%s", err.message);
}

static void on_probe(struct probe *p, long status, const char *detail)
{
	struct fixture *f = (struct fixture *)((char *)p - offsetof(struct fixture, probe));
	(void)detail;
	f->status = status;
	if (++f->done < f->wanted)
		send_probe(f);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct error err = ERROR_INIT;
	reset_failures(state);
	f->server = server_start();
	buf_adds(&f->server->objects[0], "well");
	f->server->object_count = 1;
	snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%u", f->server->port);
	f->access = (struct target_access){ .spec = &f->spec, .base_url = f->url, .netns_fd = -1 };
	uv_loop_init(&f->loop);
	*state = f;
	return http_client_new(&f->client, &f->loop, &err) != 0 ||
	       probe_init(&f->probe, f->client, on_probe, &err) != 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	probe_release(&f->probe);
	http_client_close(f->client, NULL, NULL);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	int left = uv_loop_close(&f->loop);
	server_stop(f->server);
	free(f);
	return left;
}

static void run_probes(struct fixture *f, unsigned wanted)
{
	f->done = 0;
	f->wanted = wanted;
	send_probe(f);
	uv_run(&f->loop, UV_RUN_DEFAULT);
}

static void test_answers_without_end(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *what, *head, *flood;
		unsigned copies, pause_us;
		long status; /* 0: no answer; -1: as fast as the machine is, either */
	} cases[] = {
		{ "header lines", "HTTP/1.1 200 OK\r\n", "a: b\r\n", 1000, 0, 0 },
		{ "one header line", "HTTP/1.1 200 OK\r\na: ", "bbbbbbbb", 1000, 0, 0 },
		{ "interim answers", "", "HTTP/1.1 103 X\r\na: b\r\n\r\n", 1000, 0, 0 },
		{ "cookies", "HTTP/1.1 200 OK\r\n", "Set-Cookie: a=b\r\n", 1000, 0, 0 },
		{ "trailers", CHUNKED "\r\n0\r\n", "a: b\r\n", 1000, 0, 0 },
		{ "a chunk's extension", CHUNKED "\r\n1;", "aaaaaaaa", 1000, 0, 0 },
		{ "chunk extensions", CHUNKED "\r\n", "1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\na\r\n", 1000, 0,
		  -1 },
		{ "a body", PLAIN, "aaaaaaaa", 8000, 0, -1 },
		{ "a body, byte by byte", PLAIN, "a", 1, 1000, 0 },
		{ "a header line, byte by byte", "HTTP/1.1 200 OK\r\na: ", "b", 1, 1000, 0 },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct server_behaviour behaviour = f->server->behaviour;
		behaviour.flood_head = cases[i].head;
		behaviour.flood_copies = cases[i].copies;
		behaviour.flood_pause_us = cases[i].pause_us;
		behaviour.flood = cases[i].flood;
		server_behave(f->server, behaviour);
		uint64_t start_ns = clock_ns();
		size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
		run_probes(f, 1);
		size_t kept = mallinfo2().uordblks + mallinfo2().hblkhd - before;
		if (cases[i].status >= 0)
			expect_figure(cases[i].what, (uint64_t)f->status, (uint64_t)cases[i].status);
		if ((long)kept > (long)KEPT_MAX_BYTES)
			expect_figure(cases[i].what, kept, KEPT_MAX_BYTES);
		/* Without end it would have none; how late a busy machine sees its deadline is not asked here. */
		if (clock_ns() - start_ns > DEADLINE_NS + 30 * NS_PER_S)
			expect_figure(cases[i].what, clock_ns() - start_ns, DEADLINE_NS);
	}
	assert_int_equal(failures, 0);
}

/* The thousandth probe holds no more than the twentieth. */
static void test_many_probes(void **state)
{
	struct fixture *f = *state;
	run_probes(f, 20);
	size_t before = mallinfo2().uordblks;
	run_probes(f, 1000);
	assert_int_equal(f->status, 200);
	size_t kept = mallinfo2().uordblks;
	if (kept > before + 16384)
		fail_msg("1000 probes left %zu bytes behind", kept - before);
}

static void hold_the_loop(uv_timer_t *timer)
{
	usleep(200000);
	uv_close((uv_handle_t *)timer, NULL);
}

static void test_lateness(void **state)
{
	struct fixture *f = *state;
	struct lateness l;
	uv_timer_t holder;
	lateness_init(&l, &f->loop);
	lateness_begin(&l);
	assert_int_equal(lateness_total_ns(&l), 0);
	uv_timer_init(&f->loop, &holder);
	uv_timer_start(&holder, hold_the_loop, 10, 0);
	uv_run(&f->loop, UV_RUN_ONCE);
	uint64_t under_way_ns = lateness_total_ns(&l);
	if (under_way_ns < 100 * NS_PER_MS)
		fail_msg("held for 200 ms from the tenth on, the loop is late by %" PRIu64 " ns only", under_way_ns);
	uv_run(&f->loop, UV_RUN_ONCE);
	lateness_end(&l);
	assert_true(lateness_total_ns(&l) >= under_way_ns);
	assert_true(lateness_longest_ns(&l) >= under_way_ns);
	lateness_close(&l, NULL);
	uv_run(&f->loop, UV_RUN_DEFAULT);
}

#define with_server(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
		with_server(test_answers_without_end),
		with_server(test_many_probes),
		with_server(test_lateness),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
