/* The load generator by the clock: when clients begin, how fast they are, when and how they leave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>

#include "load_cases.h"

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
	groups[0].files = 3;		   /* which they never get to */
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

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
		with_server(test_times_and_delays),
		with_server(test_throttle),
		with_server(test_open_model_has_no_coordinated_omission),
		with_server(test_vanish_and_stall),
		with_server(test_stall_until_the_load_ends),
		with_server(test_duration_cuts),
		with_server(test_stop),
		with_server(test_close_while_running),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
