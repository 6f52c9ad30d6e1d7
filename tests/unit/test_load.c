/* The load generator against a server in this process, on loopback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>

#include "base/clock.h"
#include "base/units.h"
#include "load/load.h"
#include "load/payload.h"
#include "loopback_server.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define RECORDS_MAX 2000

struct fixture {
	struct server *server;
	char url[64];
	struct server_spec spec;
	struct target_access access;
	uv_loop_t loop;
	struct load *load;
	struct load_request records[RECORDS_MAX];
	size_t count, first; /* first: of the last phase */
	struct load_totals totals;
	enum read_back_scope scope; /* of run_phase() without groups */
	struct load_group *groups[40]; /* what the load borrowed, freed after it */
	size_t group_arrays;
	unsigned stop_after; /* load_stop() after that many records, 0: never */
	uint64_t started_ns, took_ns;
	bool finished;
};

static char slash_json[] = "/file/id", location[] = "Location", upload_path[] = "/up?expires={now+24h}&n={name}",
	    download_path[] = "/o/{id}", field[] = "file", raw[] = "raw", multipart[] = "multipart",
	    group_name[] = "tabs";

static void request_done(void *arg, const struct load_request *r)
{
	struct fixture *f = arg;
	if (f->count < RECORDS_MAX)
		f->records[f->count++] = *r;
	if (f->stop_after > 0 && f->count - f->first == f->stop_after)
		load_stop(f->load);
}

static void on_finished(void *arg)
{
	struct fixture *f = arg;
	f->took_ns = clock_ns() - f->started_ns;
	f->finished = true;
	uv_stop(&f->loop);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct error err = ERROR_INIT;
	f->server = server_start();
	snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%u", f->server->port);
	f->spec = (struct server_spec){ .upload = { .path = upload_path, .field = field, .id_json = slash_json },
					.download = { .path = download_path } };
	f->access = (struct target_access){ .spec = &f->spec, .base_url = f->url, .netns_fd = -1 };
	uv_loop_init(&f->loop);
	struct load_callbacks callbacks = { f, request_done, on_finished };
	if (load_new(&f->load, &f->loop, &f->access, 1, &callbacks, &err) != 0)
		return -1;
	*state = f;
	return 0;
}

static void run_phase(struct fixture *f, const struct load_group *groups, size_t count)
{
	struct error err = ERROR_INIT;
	f->finished = false;
	f->first = f->count;
	f->started_ns = clock_ns();
	struct load_group *kept = calloc(count + 1, sizeof(*kept));
	for (size_t i = 0; i < count; i++)
		kept[i] = groups[i];
	assert_true(f->group_arrays < COUNT(f->groups));
	f->groups[f->group_arrays++] = kept;
	if ((count > 0 ? load_start(f->load, kept, count, &err) : load_start_read_back(f->load, f->scope, &err)) != 0)
		fail_msg("%s", err.message);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_true(f->finished);
	load_totals(f->load, &f->totals);
	assert_int_equal(f->totals.started, f->totals.ok + f->totals.failed + f->totals.cut);
	assert_int_equal(f->totals.in_flight, 0);
	assert_int_equal(f->totals.sent_in_flight_bytes, 0);
}

/* Nothing may keep the loop alive after load_close(). */
static int teardown(void **state)
{
	struct fixture *f = *state;
	load_close(f->load, NULL, NULL);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	int left = uv_loop_close(&f->loop);
	if (left != 0)
		print_error("the loop still has handles after load_close\n");
	server_stop(f->server);
	for (size_t i = 0; i < f->group_arrays; i++)
		free(f->groups[i]);
	free(f);
	return left;
}

static struct load_group upload_group(uint64_t clients, uint64_t files, uint64_t *sizes, size_t size_count)
{
	return (struct load_group){ .name = group_name, .kind = GROUP_UPLOAD, .clients = clients, .files = files,
				    .size = { sizes, size_count }, .body = raw, .verify = true, .read_back = true };
}

static void prepare(struct fixture *f, uint64_t size_bytes, uint64_t files)
{
	struct load_group group = upload_group(1, files, &size_bytes, 1);
	run_phase(f, &group, 1);
	assert_int_equal(f->totals.ok, files);
}

/* Every kind of body and id, sizes around the edges; the server must hold exactly the seeded bytes. */
static void test_uploads_arrive_and_read_back(void **state)
{
	struct fixture *f = *state;
	static uint64_t sizes[] = { 0, 1, 1000, 65536, 1000003 };
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

struct answer_row {
	const char *name;
	struct server_behaviour behaviour;
	enum request_end end;
	enum request_verdict verify;
	uint64_t corrupt_at;
	const char *error;
	enum object_found found;
};

static void check_answer(struct fixture *f, const struct answer_row *row)
{
	assert_true(f->count > f->first);
	const struct load_request *r = &f->records[f->count - 1];
	if (r->end != row->end || r->verify != row->verify || r->corrupt_at != row->corrupt_at ||
	    r->found != row->found || strstr(r->error, row->error) == NULL || (row->error[0] == '\0' && r->error[0] != '\0'))
		fail_msg("%s\n  got      %s verify %d at %" PRIu64 " found '%s' '%s'\n"
			 "  expected %s verify %d at %" PRIu64 " found '%s' '%s'",
			 row->name, request_end_names[r->end], r->verify, r->corrupt_at, object_found_names[r->found],
			 r->error, request_end_names[row->end], row->verify, row->corrupt_at,
			 object_found_names[row->found], row->error);
}

#define NO_FLIP .flip_at = UINT64_MAX
#define SIZE 300000

static void test_faulty_answers(void **state)
{
	struct fixture *f = *state;
	static const struct {
		enum group_kind kind;
		bool read_back;
		struct answer_row row;
	} rows[] = {
		{ GROUP_UPLOAD, false, { "refused upload", { NO_FLIP, .refuse_upload = 503 },
		  END_STATUS, 0, 0, "answered 503: no room", FOUND_NOT_LOOKED } },
		{ GROUP_UPLOAD, false, { "no id", { NO_FLIP, .upload_answer = "{\"x\":1}" },
		  END_STATUS, 0, 0, "has no id at '/file/id'", FOUND_NOT_LOOKED } },
		{ GROUP_UPLOAD, false, { "not JSON", { NO_FLIP, .upload_answer = "fine" },
		  END_STATUS, 0, 0, "'fine' is not JSON", FOUND_NOT_LOOKED } },
		{ GROUP_UPLOAD, false, { "no answer", { NO_FLIP, .close_without_answer = true },
		  END_TRANSPORT, 0, 0, "Empty reply", FOUND_NOT_LOOKED } },
		{ GROUP_DOWNLOAD, false, { "good download", { NO_FLIP }, END_OK, VERIFY_OK, 0, "", FOUND_NOT_LOOKED } },
		{ GROUP_DOWNLOAD, false, { "404", { NO_FLIP, .refuse_download = 404 },
		  END_STATUS, 0, 0, "answered 404: gone", FOUND_NOT_LOOKED } },
		{ GROUP_DOWNLOAD, false, { "flipped", { .flip_at = 12345 },
		  END_OK, VERIFY_CORRUPT, 12345, "wrong byte at 12345", FOUND_NOT_LOOKED } },
		{ GROUP_DOWNLOAD, false, { "last byte", { .flip_at = SIZE - 1 },
		  END_OK, VERIFY_CORRUPT, SIZE - 1, "wrong byte", FOUND_NOT_LOOKED } },
		{ GROUP_DOWNLOAD, false, { "short", { NO_FLIP, .short_by = 10 },
		  END_OK, VERIFY_CORRUPT, SIZE - 10, "299990 of 300000", FOUND_NOT_LOOKED } },
		{ GROUP_DOWNLOAD, false, { "empty", { NO_FLIP, .short_by = SIZE },
		  END_OK, VERIFY_CORRUPT, 0, " 0 of 300000", FOUND_NOT_LOOKED } },
		{ GROUP_DOWNLOAD, false, { "long", { NO_FLIP, .excess = 3 },
		  END_OK, VERIFY_CORRUPT, SIZE, "3 bytes too many", FOUND_NOT_LOOKED } },
		{ GROUP_DOWNLOAD, false, { "broken off", { NO_FLIP, .break_after = 5000 },
		  END_TRANSPORT, 0, 0, "remaining", FOUND_NOT_LOOKED } },
		{ GROUP_SEEK, false, { "good window", { NO_FLIP }, END_OK, VERIFY_OK, 0, "", FOUND_NOT_LOOKED } },
		{ GROUP_SEEK, false, { "no ranges", { NO_FLIP, .ignore_range = true },
		  END_STATUS, 0, 0, "answered 200 to a range request", FOUND_NOT_LOOKED } },
		{ GROUP_SEEK, false, { "another range", { NO_FLIP, .wrong_range = true },
		  END_STATUS, 0, 0, "instead of 'bytes 0-299999/300000'", FOUND_NOT_LOOKED } },
		{ GROUP_SEEK, false, { "flipped window", { .flip_at = 77 },
		  END_OK, VERIFY_CORRUPT, 77, "wrong byte at 77", FOUND_NOT_LOOKED } },
		{ GROUP_SEEK, false, { "416", { NO_FLIP, .refuse_download = 416 },
		  END_STATUS, 0, 0, "answered 416: gone", FOUND_NOT_LOOKED } },
		{ GROUP_DOWNLOAD, true, { "good read-back", { NO_FLIP }, END_OK, VERIFY_OK, 0, "", FOUND_INTACT } },
		{ GROUP_DOWNLOAD, true, { "lost", { NO_FLIP, .refuse_download = 404 }, END_STATUS, VERIFY_CORRUPT, 0,
			"acknowledged object 1 (id 0) reads back 0 of 300000 bytes: answered 404: gone", FOUND_LOST } },
		{ GROUP_DOWNLOAD, true, { "emptied", { NO_FLIP, .short_by = SIZE },
		  END_OK, VERIFY_CORRUPT, 0, "(id 0) reads back 0 of 300000 bytes", FOUND_HALF } },
		{ GROUP_DOWNLOAD, true, { "too long", { NO_FLIP, .excess = 3 },
		  END_OK, VERIFY_CORRUPT, SIZE, "3 bytes too many", FOUND_CORRUPT } },
		{ GROUP_DOWNLOAD, true, { "breaks off", { NO_FLIP, .break_after = 4096 },
		  END_TRANSPORT, VERIFY_CORRUPT, 4096, "4096 of 300000", FOUND_HALF } },
		{ GROUP_DOWNLOAD, true, { "rotten", { .flip_at = 9 },
		  END_OK, VERIFY_CORRUPT, 9, "acknowledged object 1 (id 0): wrong byte at 9", FOUND_CORRUPT } },
		{ GROUP_DOWNLOAD, true, { "no answer", { NO_FLIP, .close_without_answer = true },
		  END_TRANSPORT, VERIFY_NOT_CHECKED, 0, "Empty reply", FOUND_UNREAD } },
	};
	uint64_t size = SIZE;
	prepare(f, SIZE, 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct load_totals before = f->totals;
		struct load_group group = upload_group(1, 1, &size, 1);
		group.kind = rows[i].kind;
		group.read_back = false;
		group.seeks = 1;
		group.window_bytes = 1000;
		f->server->behaviour = rows[i].row.behaviour;
		run_phase(f, &group, rows[i].read_back ? 0 : 1);
		check_answer(f, &rows[i].row);
		bool good = rows[i].row.end == END_OK && rows[i].row.verify == VERIFY_OK;
		assert_int_equal(f->totals.ok - before.ok, good);
		assert_int_equal(f->totals.failed - before.failed, !good);
		assert_int_equal(f->totals.corrupt - before.corrupt, rows[i].row.verify == VERIFY_CORRUPT);
	}
}

/* Open, jump, read a window, hang up: each window right, at its place, and nowhere near the whole file sent. */
static void test_seeks(void **state)
{
	struct fixture *f = *state;
	prepare(f, 3000000, 2);
	struct load_group group = { .name = group_name, .kind = GROUP_SEEK, .clients = 2, .files = 2, .seeks = 4,
				    .window_bytes = 50000, .verify = true };
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
	struct load_group group = { .name = group_name, .kind = GROUP_SEEK, .clients = 1, .files = 1, .seeks = 8,
				    .window_bytes = 100, .verify = true };
	run_phase(f, &group, 1);
	memcpy(starts, f->server->range_starts, sizeof(starts));
	teardown(state);
	setup(state);
	f = *state;
	prepare(f, 100000, 1);
	run_phase(f, &group, 1);
	assert_memory_equal(starts, f->server->range_starts, sizeof(starts));
}

static void test_vanish_and_stall(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *name;
		enum group_kind kind;
		char *body;
		uint64_t vanish, stall, stall_ns;
		enum request_end end;
	} rows[] = {
		{ "vanishing raw upload", GROUP_UPLOAD, raw, 100000, 0, 0, END_VANISHED },
		{ "vanishing multipart upload", GROUP_UPLOAD, multipart, 100000, 0, 0, END_VANISHED },
		{ "vanishing download", GROUP_DOWNLOAD, NULL, 100000, 0, 0, END_VANISHED },
		{ "stalling upload", GROUP_UPLOAD, raw, 0, 100000, 50 * NS_PER_MS, END_STALLED },
		{ "stalling download", GROUP_DOWNLOAD, NULL, 0, 100000, 50 * NS_PER_MS, END_STALLED },
		{ "upload stalled for ever", GROUP_UPLOAD, raw, 0, 100000, 0, END_STALLED },
		{ "vanishing beyond the end", GROUP_DOWNLOAD, NULL, 5000000, 0, 0, END_OK },
	};
	uint64_t size = 4000000;
	prepare(f, size, 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct load_totals before = f->totals;
		struct load_group group = upload_group(3, 1, &size, 1);
		group.kind = rows[i].kind;
		group.body = rows[i].body;
		group.vanish_after_bytes = rows[i].vanish;
		group.stall_after_bytes = rows[i].stall;
		group.stall_ns = rows[i].stall_ns;
		run_phase(f, &group, 1);
		for (size_t n = f->first; n < f->count; n++)
			if (f->records[n].end != rows[i].end)
				fail_msg("%s: got %s (%s), expected %s", rows[i].name,
					 request_end_names[f->records[n].end], f->records[n].error,
					 request_end_names[rows[i].end]);
		assert_int_equal(f->count - f->first, 3);
		assert_int_equal(f->totals.failed, before.failed);
		assert_int_equal(f->totals.cut - before.cut, rows[i].end == END_OK ? 0 : 3);
		uint64_t bytes = f->records[f->first].sent_bytes + f->records[f->first].received_bytes;
		if (rows[i].end != END_OK && (bytes < 100000 || bytes > 100000 + 65536))
			fail_msg("%s: got %" PRIu64 " bytes, expected about 100000", rows[i].name, bytes);
		if (rows[i].stall_ns > 0 && f->took_ns < rows[i].stall_ns)
			fail_msg("%s: left after %" PRIu64 " ns", rows[i].name, f->took_ns);
	}
	assert_int_equal(f->totals.corrupt, 0);
}

/* Clients that stall for ever end when the others do, not before. */
static void test_stall_until_the_load_ends(void **state)
{
	struct fixture *f = *state;
	uint64_t size = 200000, small = 20000;
	struct load_group groups[] = { upload_group(2, 1, &size, 1), upload_group(1, 2, &small, 1) };
	groups[0].stall_after_bytes = 1000;
	groups[0].files = 3; /* which they never get to */
	groups[1].up_bytes_per_s = 200000; /* 0.1 s each */
	run_phase(f, groups, 2);
	assert_int_equal(f->totals.ok, 2);
	assert_int_equal(f->totals.cut, 2);
	if (f->took_ns < 199 * NS_PER_MS)
		fail_msg("ended after %" PRIu64 " ns", f->took_ns);
	/* Alone, they stay for their own duration. */
	groups[0].duration_ns = 80 * NS_PER_MS;
	run_phase(f, groups, 1);
	assert_int_equal(f->totals.cut, 4);
	if (f->took_ns < 80 * NS_PER_MS)
		fail_msg("ended after %" PRIu64 " ns", f->took_ns);
}

static void test_throttle(void **state)
{
	struct fixture *f = *state;
	prepare(f, 100000, 1);
	static const struct {
		enum group_kind kind;
		char *body;
	} rows[] = { { GROUP_UPLOAD, raw }, { GROUP_UPLOAD, multipart }, { GROUP_DOWNLOAD, NULL } };
	uint64_t size = 100000;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct load_group group = upload_group(4, 1, &size, 1);
		group.kind = rows[i].kind;
		group.body = rows[i].body;
		group.up_bytes_per_s = group.down_bytes_per_s = 500000;
		run_phase(f, &group, 1);
		for (size_t n = f->first; n < f->count; n++) {
			const struct load_request *r = &f->records[n];
			double s = (double)(r->finished_ns - r->started_ns) / (double)NS_PER_S;
			/* 0.2 s; a busy machine wakes late, but never early. */
			if (r->end != END_OK || s < 0.199 || s > 1)
				fail_msg("%s %zu: got %s after %.3f s, expected 0.2 s", request_kind_names[r->kind], n,
					 request_end_names[r->end], s);
		}
	}
}

/* A server that takes 30 ms, asked every 10 ms over one connection: waiting in line must show in the latency. */
static void test_open_model_has_no_coordinated_omission(void **state)
{
	struct fixture *f = *state;
	uint64_t size = 10;
	struct load_group group = upload_group(1, 12, &size, 1);
	group.rate_per_s = 100;
	f->server->behaviour.delay_ms = 30;
	run_phase(f, &group, 1);
	assert_int_equal(f->totals.ok, 12);
	for (size_t i = 1; i < f->count; i++)
		assert_int_equal((f->records[i].intended_ns - f->records[i - 1].intended_ns + 500) / 1000, 10000);
	uint64_t longest = latency_max_ns(load_group_latency(f->load, 0));
	if (longest < 12 * 30 * NS_PER_MS - 110 * NS_PER_MS)
		fail_msg("got %" PRIu64 " ms, expected at least 250", longest / NS_PER_MS);
	/* With clients enough nobody waits for another: one after the other would take 1.2 s. */
	group.clients = 12;
	group.files = 1;
	f->server->behaviour.delay_ms = 100;
	run_phase(f, &group, 1);
	longest = latency_max_ns(load_group_latency(f->load, 0));
	if (longest > 700 * NS_PER_MS)
		fail_msg("got %" PRIu64 " ms, expected about 100", longest / NS_PER_MS);
}

static void test_duration_cuts(void **state)
{
	struct fixture *f = *state;
	uint64_t size = 1000000;
	struct load_group group = upload_group(3, 0, &size, 1);
	group.duration_ns = 100 * NS_PER_MS;
	group.cut = true;
	group.up_bytes_per_s = 100000; /* would take 10 s */
	run_phase(f, &group, 1);
	assert_int_equal(f->totals.cut, 3);
	assert_int_equal(f->totals.failed, 0);
	assert_in_range(f->took_ns, 90 * NS_PER_MS, 600 * NS_PER_MS);
	/* Without cut what was begun is ended, and nothing new begins. */
	uint64_t small = 20000;
	struct load_group whole = upload_group(2, 0, &small, 1);
	whole.duration_ns = 50 * NS_PER_MS;
	whole.up_bytes_per_s = 100000;
	run_phase(f, &whole, 1);
	assert_int_equal(f->totals.ok, 2);
	assert_int_equal(f->totals.cut, 3);
}

static void test_stop(void **state)
{
	struct fixture *f = *state;
	uint64_t small = 1000, large = 100000000;
	struct load_group groups[] = { upload_group(2, 0, &small, 1), upload_group(2, 1, &large, 1) };
	groups[0].duration_ns = 60 * NS_PER_S;
	groups[1].up_bytes_per_s = 10000;
	f->stop_after = 20;
	run_phase(f, groups, 2);
	assert_true(f->totals.cut >= 2);
	assert_true(f->totals.ok >= 18);
	assert_int_equal(f->totals.failed, 0);
}

/* load_close() in the middle: no record, no handle left (see teardown). */
static void test_close_while_running(void **state)
{
	struct fixture *f = *state;
	struct error err = ERROR_INIT;
	uint64_t large = 100000000;
	struct load_group groups[] = { upload_group(5, 1, &large, 1), upload_group(5, 1, &large, 1) };
	groups[0].up_bytes_per_s = 10000;
	groups[1].start_ns = NS_PER_S;
	assert_int_equal(load_start(f->load, groups, 2, &err), 0);
	for (int i = 0; i < 20; i++)
		uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(f->count, 0);
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

static void test_nothing_to_read(void **state)
{
	struct fixture *f = *state;
	struct load_group group = { .name = group_name, .kind = GROUP_DOWNLOAD, .clients = 1, .files = 2 };
	run_phase(f, &group, 1);
	assert_int_equal(f->totals.failed, 2);
	assert_string_equal(f->records[0].error, "nothing to read: no upload has been acknowledged");
}

/* A dead server is asked again after a pause, not in a storm. */
static void test_dead_server(void **state)
{
	struct fixture *f = *state;
	uint64_t size = 100;
	struct load_group group = upload_group(1, 3, &size, 1);
	snprintf(f->url, sizeof(f->url), "http://127.0.0.1:1");
	run_phase(f, &group, 1);
	assert_int_equal(f->totals.failed, 3);
	assert_int_equal(f->records[0].curl_code, CURLE_COULDNT_CONNECT);
	assert_non_null(strstr(f->records[0].error, "connect"));
	assert_int_equal(f->records[0].connected_ns, 0);
	for (size_t i = 1; i < 3; i++)
		assert_true(f->records[i].started_ns - f->records[i - 1].finished_ns >= 95 * NS_PER_MS);
}

/* What was under way when the server went can be looked for where the client chose its name. */
static void test_unanswered_uploads(void **state)
{
	struct fixture *f = *state;
	uint64_t size = SIZE, acknowledged, unanswered;
	struct load_group group = upload_group(2, 1, &size, 1);
	static const struct {
		char *id_json;
		uint64_t unanswered;
	} rows[] = { { slash_json, 0 }, { NULL, 2 } };

	group.read_back = false;
	prepare(f, SIZE, 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		f->spec.upload.id_json = rows[i].id_json;
		f->server->behaviour = (struct server_behaviour){ NO_FLIP, .close_without_answer = true };
		run_phase(f, &group, 1);
		load_objects(f->load, READ_BACK_ALL, &acknowledged, &unanswered);
		assert_int_equal(acknowledged, 1);
		assert_int_equal(unanswered, rows[i].unanswered);
	}
	/* All that is known, the unanswered after the acknowledged: the server's names are numbers, so it has none of ours. */
	f->server->behaviour = (struct server_behaviour){ NO_FLIP };
	f->server->object_count = 1;
	f->scope = READ_BACK_ALL;
	f->spec.download.path = (char *)"/o/{id}";
	run_phase(f, NULL, 0);
	assert_int_equal(f->count - f->first, 3);
	assert_int_equal(f->records[f->first].found, FOUND_INTACT);
	assert_true(f->records[f->first].acknowledged);
	f->server->behaviour.refuse_download = 404;
	run_phase(f, NULL, 0);
	assert_int_equal(f->records[f->first].verify, VERIFY_CORRUPT);
	for (size_t i = f->first + 1; i < f->count; i++) {
		assert_false(f->records[i].acknowledged);
		assert_int_equal(f->records[i].found, FOUND_LOST);
		assert_int_equal(f->records[i].verify, VERIFY_NOT_CHECKED);
	}
	f->scope = READ_BACK_ASKED;
	load_objects(f->load, READ_BACK_ASKED, &acknowledged, &unanswered);
	assert_int_equal(acknowledged, 1);
	assert_int_equal(unanswered, 0);
}

static void test_small_requests(void **state)
{
	struct fixture *f = *state;
	static char path[] = "/o/{id}", missing[] = "/o/999", get[] = "GET";
	prepare(f, 100, 1);
	struct load_group group = { .name = group_name, .kind = GROUP_REQUEST, .clients = 2, .files = 5,
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

static void test_times_and_delays(void **state)
{
	struct fixture *f = *state;
	uint64_t size = 100;
	struct load_group group = upload_group(3, 2, &size, 1);
	group.start_ns = 30 * NS_PER_MS;
	group.stagger_ns = 20 * NS_PER_MS;
	group.latency_ns = 40 * NS_PER_MS;
	group.think_ns = 25 * NS_PER_MS;
	run_phase(f, &group, 1);
	for (size_t i = 0; i < f->count; i++) {
		const struct load_request *r = &f->records[i];
		uint64_t due = f->started_ns + 30 * NS_PER_MS + r->client * 20 * NS_PER_MS;
		if (r->started_ns < due)
			fail_msg("client %u started %" PRIu64 " us early", r->client, (due - r->started_ns) / 1000);
		assert_true(r->connected_ns >= r->started_ns + 40 * NS_PER_MS);
		assert_true(r->first_byte_ns >= r->connected_ns && r->finished_ns >= r->first_byte_ns);
		for (size_t n = 0; n < i; n++)
			if (f->records[n].client == r->client)
				assert_true(r->started_ns >= f->records[n].finished_ns + 24 * NS_PER_MS);
	}
	assert_int_equal(f->totals.ok, 6);
	assert_int_equal(f->server->connections, 3); /* each client keeps its connection */
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
		"4000000000 clients need 4000000256 open files",
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

#define with_server(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
		with_server(test_uploads_arrive_and_read_back),
		with_server(test_faulty_answers),
		with_server(test_seeks),
		with_server(test_seeks_are_reproducible),
		with_server(test_vanish_and_stall),
		with_server(test_stall_until_the_load_ends),
		with_server(test_throttle),
		with_server(test_open_model_has_no_coordinated_omission),
		with_server(test_duration_cuts),
		with_server(test_stop),
		with_server(test_close_while_running),
		with_server(test_user_file),
		with_server(test_objects_differ),
		with_server(test_reader_waits_for_uploads),
		with_server(test_nothing_to_read),
		with_server(test_dead_server),
		with_server(test_unanswered_uploads), with_server(test_small_requests),
		with_server(test_times_and_delays),
		with_server(test_bad_groups),
		with_server(test_self),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
