/* The curl-on-libuv client: completions, removal, pausing, closing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>

#include "base/clock.h"
#include "base/macros.h"
#include "http/http.h"
#include "loopback_server.h"

#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

struct fixture {
	struct server *server;
	uv_loop_t loop;
	struct http_client *client;
	bool closed;
};

struct get {
	struct http_transfer transfer;
	struct fixture *fixture;
	char url[64];
	CURLcode result;
	unsigned done, again; /* times completed; times to start once more from the callback */
	size_t received;
	bool pause; /* before the first byte */
	uv_timer_t timer;
	struct get *remove; /* another one, removed from the callback */
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct error err = ERROR_INIT;
	f->server = server_start();
	for (int i = 0; i < 100000; i++)
		buf_addc(&f->server->objects[0], 'z');
	f->server->object_count = 1;
	uv_loop_init(&f->loop);
	if (http_client_new(&f->client, &f->loop, &err) != 0)
		return -1;
	*state = f;
	return 0;
}

static void on_closed(void *arg)
{
	((struct fixture *)arg)->closed = true;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	http_client_close(f->client, on_closed, f);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	int failed = uv_loop_close(&f->loop) != 0 || !f->closed;
	if (failed)
		print_error("the client left handles behind, or did not say it was closed\n");
	server_stop(f->server);
	free(f);
	return failed;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	(void)data;
	struct get *g = arg;
	if (g->pause) {
		g->pause = false;
		return CURL_WRITEFUNC_PAUSE;
	}
	g->received += size * count;
	return size * count;
}

static size_t on_header(char *data, size_t size, size_t count, void *arg)
{
	(void)data;
	return http_header_fits(arg, size * count) ? size * count : 0;
}

static void on_done(struct http_transfer *t, CURLcode result)
{
	struct get *g = container_of(t, struct get, transfer);
	struct error err = ERROR_INIT;
	g->done++;
	g->result = result;
	if (g->remove != NULL)
		http_client_remove(g->fixture->client, &g->remove->transfer);
	if (g->again > 0) {
		g->again--;
		assert_int_equal(http_client_add(g->fixture->client, t, &err), 0);
	}
}

static void get_start(struct get *g, struct fixture *f, const char *path)
{
	struct error err = ERROR_INIT;
	g->fixture = f;
	snprintf(g->url, sizeof(g->url), "http://127.0.0.1:%u%s", f->server->port, path);
	g->transfer.easy = curl_easy_init();
	g->transfer.done = on_done;
	curl_easy_setopt(g->transfer.easy, CURLOPT_URL, g->url);
	curl_easy_setopt(g->transfer.easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(g->transfer.easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(g->transfer.easy, CURLOPT_WRITEDATA, g);
	curl_easy_setopt(g->transfer.easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(g->transfer.easy, CURLOPT_HEADERDATA, &g->transfer);
	assert_int_equal(http_client_add(f->client, &g->transfer, &err), 0);
}

static void get_release(struct get *g)
{
	curl_easy_cleanup(g->transfer.easy);
}

static void test_many_at_once(void **state)
{
	struct fixture *f = *state;
	static struct get gets[20];
	memset(gets, 0, sizeof(gets));
	for (size_t i = 0; i < COUNT(gets); i++)
		get_start(&gets[i], f, "/o/0");
	uv_run(&f->loop, UV_RUN_DEFAULT);
	for (size_t i = 0; i < COUNT(gets); i++) {
		if (gets[i].done != 1 || gets[i].result != CURLE_OK || gets[i].received != 100000)
			fail_msg("%zu: got %u completions, %s, %zu bytes", i, gets[i].done,
				 curl_easy_strerror(gets[i].result), gets[i].received);
		get_release(&gets[i]);
	}
}

/* The next transfer is added from the callback of the last, on the same connection. */
static void test_again_from_the_callback(void **state)
{
	struct fixture *f = *state;
	struct get g = { .again = 9 };
	get_start(&g, f, "/o/0");
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(g.done, 10);
	assert_int_equal(g.received, 1000000);
	assert_int_equal(f->server->connections, 1);
	get_release(&g);
}

/* A refused connection ends in the timer's run of curl, where completions are drained too. */
static void test_failure_is_told(void **state)
{
	struct fixture *f = *state;
	struct get g = { .done = 0 };
	unsigned port = f->server->port;
	f->server->port = 1;
	get_start(&g, f, "/");
	f->server->port = port;
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(g.done, 1);
	assert_int_equal(g.result, CURLE_COULDNT_CONNECT);
	get_release(&g);
}

static void on_unpause(uv_timer_t *timer)
{
	struct get *g = container_of(timer, struct get, timer);
	unsigned done = g->done;
	http_client_unpause(g->fixture->client, &g->transfer);
	assert_int_equal(g->done, done); /* never from inside the call */
	uv_close((uv_handle_t *)timer, NULL);
}

static void test_pause(void **state)
{
	struct fixture *f = *state;
	struct get g = { .pause = true };
	uint64_t start_ns = clock_ns();
	get_start(&g, f, "/o/0");
	uv_timer_init(&f->loop, &g.timer);
	uv_timer_start(&g.timer, on_unpause, 60, 0);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(g.result, CURLE_OK);
	assert_int_equal(g.received, 100000);
	assert_true(clock_ns() - start_ns >= 59 * NS_PER_MS);
	get_release(&g);
}

static void test_remove_without_callback(void **state)
{
	struct fixture *f = *state;
	struct get gets[2] = { { .done = 0 }, { .pause = true } };
	gets[0].remove = &gets[1];
	get_start(&gets[1], f, "/o/0");
	get_start(&gets[0], f, "/o/0");
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(gets[0].done, 1);
	assert_int_equal(gets[1].done, 0);
	get_release(&gets[0]);
	get_release(&gets[1]);
}

/* Transfers that still run are taken back by http_client_close() in teardown; no callback, nothing left. */
static void test_close_while_running(void **state)
{
	struct fixture *f = *state;
	static struct get gets[3];
	memset(gets, 0, sizeof(gets));
	f->server->behaviour.delay_ms = 50;
	for (size_t i = 0; i < COUNT(gets); i++)
		get_start(&gets[i], f, "/o/0");
	for (int i = 0; i < 5; i++)
		uv_run(&f->loop, UV_RUN_NOWAIT);
	http_client_close(f->client, on_closed, f);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_true(f->closed);
	for (size_t i = 0; i < COUNT(gets); i++) {
		assert_int_equal(gets[i].done, 0);
		get_release(&gets[i]);
	}
	struct error err = ERROR_INIT;
	f->closed = false;
	assert_int_equal(http_client_new(&f->client, &f->loop, &err), 0);
}

/* ---- turns -------------------------------------------------------------- */

#define FLOODED 128
#define FLOOD_NS (2 * NS_PER_S)

struct flood {
	uv_prepare_t iteration;
	struct fixture *fixture;
	struct get gets[FLOODED];
	uint64_t start_ns, cpu_ns, longest_ns, iterations;
	bool over;
};

/* CPU, not time: what others on the machine take is no fault of the client. */
static void on_iteration(uv_prepare_t *iteration)
{
	struct flood *f = container_of(iteration, struct flood, iteration);
	uint64_t cpu_ns = clock_thread_cpu_ns();
	if (f->iterations++ > 0 && cpu_ns - f->cpu_ns > f->longest_ns)
		f->longest_ns = cpu_ns - f->cpu_ns;
	f->cpu_ns = cpu_ns;
	if (clock_ns() - f->start_ns < FLOOD_NS || f->over)
		return;
	f->over = true;
	uv_close((uv_handle_t *)iteration, NULL);
	for (size_t i = 0; i < FLOODED; i++)
		http_client_remove(f->fixture->client, &f->gets[i].transfer);
}

#ifdef __SANITIZE_THREAD__
#define SLOWED 10 /* by the thread sanitizer */
#else
#define SLOWED 1
#endif

/* most_ns: far more than turns take on a slow machine, far less than one round of all that are flooded. */
static void flood(struct fixture *fixture, const char *head, const char *text, uint64_t most_ns)
{
	struct flood *f = calloc(1, sizeof(*f));
	f->fixture = fixture;
	fixture->server->behaviour.flood_head = head;
	fixture->server->behaviour.flood_copies = 20000;
	fixture->server->behaviour.flood = text;
	for (size_t i = 0; i < FLOODED; i++) {
		get_start(&f->gets[i], fixture, "/o/0");
		curl_easy_setopt(f->gets[i].transfer.easy, CURLOPT_BUFFERSIZE, 128L << 10);
	}
	f->start_ns = clock_ns();
	uv_prepare_init(&fixture->loop, &f->iteration);
	uv_prepare_start(&f->iteration, on_iteration);
	uv_run(&fixture->loop, UV_RUN_DEFAULT);
	if (f->longest_ns > most_ns * SLOWED)
		fail_msg("the loop was held for %" PRIu64 " ms of CPU (%" PRIu64 " iterations)",
			 f->longest_ns / NS_PER_MS, f->iterations);
	for (size_t i = 0; i < FLOODED; i++) {
		assert_int_equal(f->gets[i].done, 0);
		get_release(&f->gets[i]);
	}
	free(f);
}

#define ENDLESS "HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n"
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;"

static void test_turns_while_bodies_flood(void **state)
{
	flood(*state, ENDLESS, "0123456789abcdef", 150 * NS_PER_MS);
}

/* curl calls nobody for these. */
static void test_turns_while_extensions_flood(void **state)
{
	flood(*state, CHUNKED, "0123456789abcdef", NS_PER_S);
}

#define with_server(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
		with_server(test_many_at_once),
		with_server(test_again_from_the_callback),
		with_server(test_failure_is_told),
		with_server(test_pause),
		with_server(test_remove_without_callback),
		with_server(test_close_while_running),
		with_server(test_turns_while_bodies_flood),
		with_server(test_turns_while_extensions_flood),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
