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

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
		with_server(test_uploads_arrive_and_read_back),
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
