/* The load generator against a server in this process: what is sent, stored and read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <unistd.h>

#include "load/payload.h"
#include "load_cases.h"

/* Every kind of body and id, sizes around the edges; the server must hold exactly the seeded bytes. */
static void test_uploads_arrive_and_read_back(void **state)
{
	struct fixture *f = *state;
	static uint64_t sizes[] = { 0, 1, 1000, 65536, 1000003 };
	static char location[] = "Location";
	static const struct {
		const char *name;
		char *body, *id_json, *id_header;
		bool chunked;
		uint64_t up_bytes_per_s;
	} rows[] = {
		{ "raw", raw, slash_json, NULL, false, 0 },
		{ "raw chunked", raw, slash_json, NULL, true, 0 },
		{ "multipart", multipart, slash_json, NULL, false, 0 },
		{ "id from Location", raw, NULL, location, false, 0 },
		{ "raw throttled", raw, slash_json, NULL, false, 20000000 },
		{ "multipart throttled", multipart, slash_json, NULL, false, 20000000 },
		{ "chunked throttled", raw, slash_json, NULL, true, 20000000 },
	};
	uint64_t expected_ok = 0, sum = 0;
	for (size_t i = 0; i < COUNT(sizes); i++)
		sum += sizes[i] * 2;
	for (size_t i = 0; i < COUNT(rows); i++) {
		f->spec.upload.id_json = rows[i].id_json;
		f->spec.upload.id_header = rows[i].id_header;
		f->spec.upload.chunked = rows[i].chunked;
		struct load_group group = upload_group(2, 5, sizes, COUNT(sizes));
		group.body = rows[i].body;
		group.up_bytes_per_s = rows[i].up_bytes_per_s;
		run_phase(f, &group, 1);
		expected_ok += 10;
		if (f->totals.ok != expected_ok)
			fail_msg("%s: got %" PRIu64 " ok, expected %" PRIu64 ": %s", rows[i].name, f->totals.ok,
				 expected_ok, f->records[f->count - 1].error);
		if (f->totals.acknowledged_bytes != sum * (i + 1) || f->totals.sent_bytes != sum * (i + 1))
			fail_msg("%s: got %" PRIu64 " acknowledged, %" PRIu64 " sent, expected %" PRIu64, rows[i].name,
				 f->totals.acknowledged_bytes, f->totals.sent_bytes, sum * (i + 1));
	}
	struct load_group_progress progress;
	assert_int_equal(load_progress(f->load, &progress, 1), 1);
	assert_int_equal(progress.expected_bytes, sum);
	assert_int_equal(progress.done_bytes, sum);
	assert_int_equal(progress.done, 10);
	assert_int_equal(latency_count(load_group_latency(f->load, 0)), 10);
	assert_null(load_group_latency(f->load, 1));

	run_phase(f, NULL, 0);
	assert_int_equal(f->totals.verified_bytes, sum * COUNT(rows));
	assert_int_equal(f->totals.corrupt, 0);
	assert_int_equal(f->totals.ok, expected_ok * 2);
	for (size_t i = f->first; i < f->count; i++) {
		assert_int_equal(f->records[i].kind, REQUEST_READ_BACK);
		assert_int_equal(f->records[i].verify, VERIFY_OK);
		assert_string_equal(f->records[i].group, group_name);
	}
}

/* Open, jump, read a window, hang up: each window right, at its place, and nowhere near the whole file sent. */
static void test_seeks(void **state)
{
	struct fixture *f = *state;
	prepare(f, 3000000, 2);
	struct load_group group = { .name = group_name,
				    .kind = GROUP_SEEK,
				    .clients = 2,
				    .files = 2,
				    .seeks = 4,
				    .window_bytes = 50000,
				    .verify = true };
	run_phase(f, &group, 1);
	assert_int_equal(f->totals.ok, 2 + 16);
	assert_int_equal(f->totals.verified_bytes, 16 * 50000);
	assert_int_equal(f->server->range_requests, 16);
	unsigned at_start = 0;
	for (size_t i = f->first; i < f->count; i++) {
		at_start += f->records[i].offset == 0;
		assert_true(f->records[i].offset <= 3000000 - 50000);
		assert_int_equal(f->records[i].status, 206);
		assert_int_equal(f->records[i].received_bytes, 50000);
	}
	assert_int_equal(at_start,
			 4); /* each client opens two files; a random jump to 0 would be one in three million */
}

static void test_seeks_are_reproducible(void **state)
{
	struct fixture *f = *state;
	uint64_t starts[8];
	prepare(f, 100000, 1);
	struct load_group group = { .name = group_name,
				    .kind = GROUP_SEEK,
				    .clients = 1,
				    .files = 1,
				    .seeks = 8,
				    .window_bytes = 100,
				    .verify = true };
	run_phase(f, &group, 1);
	memcpy(starts, f->server->range_starts, sizeof(starts));
	teardown(state);
	setup(state);
	f = *state;
	prepare(f, 100000, 1);
	run_phase(f, &group, 1);
	assert_memory_equal(starts, f->server->range_starts, sizeof(starts));
}

static void test_user_file(void **state)
{
	struct fixture *f = *state;
	char path[] = "/tmp/oomrig-test-XXXXXX";
	static char text[70000];
	int fd = mkstemp(path);
	payload_fill(99, 0, text, sizeof(text));
	assert_int_equal(write(fd, text, sizeof(text)), sizeof(text));
	close(fd);
	struct load_group group = upload_group(2, 1, NULL, 0);
	group.file = path;
	run_phase(f, &group, 1);
	assert_int_equal(f->server->objects[0].len, sizeof(text));
	assert_memory_equal(f->server->objects[0].data, text, sizeof(text));
	run_phase(f, NULL, 0);
	assert_int_equal(f->totals.verified_bytes, 2 * sizeof(text));
	f->server->behaviour.flip_at = 65000;
	run_phase(f, NULL, 0);
	assert_int_equal(f->records[f->first].corrupt_at, 65000);
	unlink(path);
}

/* Two uploads never hold the same bytes, or a server that mixes them up would pass. */
static void test_objects_differ(void **state)
{
	struct fixture *f = *state;
	prepare(f, 4096, 3);
	for (unsigned i = 0; i < 3; i++)
		for (unsigned n = 0; n < i; n++)
			assert_memory_not_equal(f->server->objects[i].data, f->server->objects[n].data, 4096);
}

/* A reader starts before there is anything to read: it waits for the uploader of the same phase. */
static void test_reader_waits_for_uploads(void **state)
{
	struct fixture *f = *state;
	uint64_t size = 5000;
	struct load_group groups[] = { upload_group(1, 1, &size, 1), upload_group(2, 1, &size, 1) };
	groups[0].start_ns = 80 * NS_PER_MS;
	groups[1].kind = GROUP_DOWNLOAD;
	run_phase(f, groups, 2);
	assert_int_equal(f->totals.ok, 3);
	assert_int_equal(f->totals.verified_bytes, 10000);
}

static void test_small_requests(void **state)
{
	struct fixture *f = *state;
	static char path[] = "/o/{id}", missing[] = "/o/999", get[] = "GET";
	prepare(f, 100, 1);
	struct load_group group = { .name = group_name,
				    .kind = GROUP_REQUEST,
				    .clients = 2,
				    .files = 5,
				    .request = { .method = get, .path = path } };
	run_phase(f, &group, 1);
	assert_int_equal(f->totals.ok, 11);
	assert_int_equal(f->totals.received_bytes, 1000);
	group.request.path = missing;
	run_phase(f, &group, 1);
	assert_int_equal(f->totals.failed, 10);
	group.request.status = 404;
	run_phase(f, &group, 1);
	assert_int_equal(f->totals.ok, 21);
}

static void test_bad_groups(void **state)
{
	struct fixture *f = *state;
	uint64_t size = 1;
	struct load_group groups[] = { upload_group(0, 1, &size, 1), upload_group(1, 1, NULL, 0),
				       upload_group(1, 0, &size, 1), upload_group(1, 1, NULL, 0),
				       upload_group(4000000000u, 1, &size, 1) };
	static char missing[] = "/nonexistent/film.mp4";
	groups[3].file = missing;
	static const char *const expected[] = {
		"group 'tabs' has no clients",
		"group 'tabs' uploads, but has neither size nor file",
		"group 'tabs' would never end: it needs files or duration",
		"group 'tabs': cannot open '/nonexistent/film.mp4': No such file or directory",
		"4000000000 clients: 4000000256 open files are needed",
	};
	for (size_t i = 0; i < COUNT(groups); i++) {
		struct error err = ERROR_INIT;
		if (load_start(f->load, &groups[i], 1, &err) == 0 ||
		    strncmp(err.message, expected[i], strlen(expected[i])) != 0)
			fail_msg("got '%s', expected '%s'", err.message, expected[i]);
	}
}

static void test_self(void **state)
{
	struct fixture *f = *state;
	struct load_self self;
	uint64_t size = 2000;
	struct load_group group = upload_group(1, 1, &size, 1);
	group.up_bytes_per_s = 10000;
	run_phase(f, &group, 1);
	load_self(f->load, &self);
	assert_true(self.wall_ns >= 100 * NS_PER_MS && self.cpu_ns > 0 && self.cpu_ns < self.wall_ns / 2);
	assert_false(self.bottleneck);
	assert_string_equal(self.reason, "");
}

/* The server's port closed, and after a while open again. */
struct pause {
	struct fixture *f;
	uv_timer_t timer;
	int held;   /* the port, without listening */
	bool known; /* the load is told */
	unsigned ms;
};

static int bind_again(struct fixture *f, bool listening)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				       .sin_port = htons((uint16_t)f->server->port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || (listening && listen(fd, 64) != 0))
		fail_msg("the port cannot be taken again");
	return fd;
}

static void on_up_again(uv_timer_t *timer)
{
	struct pause *p = timer->data;
	close(p->held);
	p->f->server->listener = bind_again(p->f, true);
	pthread_create(&p->f->server->acceptor, NULL, server_accept_main, p->f->server);
	load_server_down(p->f->load, false);
	uv_close((uv_handle_t *)timer, NULL);
}

static void close_port(struct pause *p)
{
	struct server *s = p->f->server;
	shutdown(s->listener, SHUT_RDWR);
	pthread_join(s->acceptor, NULL);
	close(s->listener);
	p->held = bind_again(p->f, false);
	load_server_down(p->f->load, p->known);
	uv_timer_init(&p->f->loop, &p->timer);
	p->timer.data = p;
	uv_timer_start(&p->timer, on_up_again, p->ms, 0);
}

/* A port that is closed for a while costs no transfer, of whatever kind, at whatever speed, known to be down or not. */
static void test_refused_is_not_spent(void **state)
{
	struct fixture *f = *state;
	uint64_t size = SIZE, ok = 2;
	prepare(f, SIZE, 2);
	struct load_group slow = upload_group(3, 2, &size, 1), timed = slow, open = slow;
	slow.up_bytes_per_s = 10 * SIZE;
	timed.timeout_ns = 30 * NS_PER_S;
	open.clients = 1, open.files = 4, open.rate_per_s = 20;
	struct load_group seek = { .name = group_name,
				   .kind = GROUP_SEEK,
				   .clients = 2,
				   .files = 1,
				   .seeks = 2,
				   .window_bytes = 5000,
				   .verify = true };
	const struct {
		const char *what;
		struct load_group group;
		bool known;
		unsigned ms;
		uint64_t ok, waited;
	} rows[] = {
		{ "uploads, known to be down", upload_group(3, 2, &size, 1), true, 700, 6, 3 },
		{ "for longer than its patience", upload_group(1, 2, &size, 1), true, 6000, 2, 1 },
		{ "uploads, unknown", upload_group(3, 2, &size, 1), false, 700, 6, 3 },
		{ "throttled", slow, false, 700, 6, 3 },
		{ "with a time-out", timed, false, 700, 6, 3 },
		{ "ranges", seek, false, 700, 4, 2 },
		{ "by the clock", open, false, 700, 4, 1 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct load_totals before = f->totals;
		struct pause p = { .f = f, .known = rows[i].known, .ms = rows[i].ms };
		close_port(&p);
		run_phase(f, &rows[i].group, 1);
		ok += rows[i].ok;
		if (f->totals.ok != ok || f->totals.failed != 0 || f->totals.waiting != 0 ||
		    f->totals.waited - before.waited != rows[i].waited || f->totals.refused_ns <= before.refused_ns)
			fail_msg("%s: got %" PRIu64 " ok, %" PRIu64 " failed, %" PRIu64 " waited, expected %" PRIu64
				 ", 0, %" PRIu64,
				 rows[i].what, f->totals.ok, f->totals.failed, f->totals.waited - before.waited, ok,
				 rows[i].waited);
	}
}

/* Whoever waits for a connection is cut with the load, and with the duration of its group. */
static void test_waiting_is_cut(void **state)
{
	struct fixture *f = *state;
	uint64_t size = SIZE;
	struct load_group group = upload_group(2, 0, &size, 1);
	struct pause p = { .f = f, .known = true, .ms = 1500 };
	prepare(f, SIZE, 1);
	group.duration_ns = 300 * NS_PER_MS;
	close_port(&p);
	run_phase(f, &group, 1);
	assert_int_equal(f->totals.ok, 1);
	assert_int_equal(f->totals.cut, 2);
	assert_int_equal(f->totals.waiting, 0);
	uv_run(&f->loop, UV_RUN_DEFAULT); /* the port is open again */
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
		with_server(test_uploads_arrive_and_read_back),
		with_server(test_refused_is_not_spent),
		with_server(test_waiting_is_cut),
		with_server(test_seeks),
		with_server(test_seeks_are_reproducible),
		with_server(test_user_file),
		with_server(test_objects_differ),
		with_server(test_reader_waits_for_uploads),
		with_server(test_small_requests),
		with_server(test_bad_groups),
		with_server(test_self),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
