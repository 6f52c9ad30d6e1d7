/* payload, objects' sources, latency, pacing: what is pure in the load generator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/macros.h"
#include "load/latency.h"
#include "load/objects.h"
#include "load/pacing.h"
#include "load/payload.h"
#include "load/plan.h"

/* Any piece at any offset equals the same piece of the whole. */
static void test_any_offset(void **state)
{
	(void)state;
	static unsigned char whole[20000], piece[20000];
	static const size_t offsets[] = { 0, 1, 7, 8, 9, 63, 64, 65, 4095, 4096, 12345 };
	static const size_t lengths[] = { 0, 1, 3, 7, 8, 9, 63, 64, 65, 127, 128, 1000, 4097, 7655 };
	payload_fill(42, 0, whole, sizeof(whole));
	for (size_t o = 0; o < COUNT(offsets); o++) {
		for (size_t n = 0; n < COUNT(lengths); n++) {
			memset(piece, 0xee, sizeof(piece));
			payload_fill(42, offsets[o], piece, lengths[n]);
			if (memcmp(piece, whole + offsets[o], lengths[n]) != 0)
				fail_msg("offset %zu length %zu: differs from the whole", offsets[o], lengths[n]);
			if (piece[lengths[n]] != 0xee)
				fail_msg("offset %zu length %zu: wrote past the end", offsets[o], lengths[n]);
			assert_int_equal(payload_check(42, offsets[o], whole + offsets[o], lengths[n]), lengths[n]);
		}
	}
}

/* A run's seed must mean the same bytes in every version and on every processor. */
static void test_stream_is_fixed(void **state)
{
	(void)state;
	uint64_t words[9], far;
	payload_fill(1, 0, words, sizeof(words));
	payload_fill(1, 1ULL << 40, &far, sizeof(far));
	static const uint64_t expected[] = { 0x871632209639e008ULL, 0x5ec6c5999c25ea0aULL, 0xc0d35e851f411855ULL };
	const uint64_t got[] = { words[0], words[8], far };
	for (size_t i = 0; i < COUNT(expected); i++)
		if (got[i] != expected[i])
			fail_msg("word %zu: got 0x%016llx, expected 0x%016llx", i, (unsigned long long)got[i],
				 (unsigned long long)expected[i]);
}

static void test_first_wrong_byte(void **state)
{
	(void)state;
	static unsigned char data[10000];
	static const size_t places[] = { 0, 1, 100, 4095, 4096, 4097, 9999 };
	for (size_t i = 0; i < COUNT(places); i++) {
		payload_fill(7, 13, data, sizeof(data));
		data[places[i]] ^= 0x80;
		size_t got = payload_check(7, 13, data, sizeof(data));
		if (got != places[i])
			fail_msg("got %zu, expected %zu", got, places[i]);
	}
}

/* What a faulty server makes of a file: none of it may compare equal. */
static void test_rearranged(void **state)
{
	(void)state;
	enum { BLOCK = 327680 }; /* the chunk of the server the case studies are about */
	unsigned char *data = malloc(2 * BLOCK), *block = malloc(BLOCK);
	static const struct {
		const char *name;
		uint64_t seed, offset;
	} rows[] = {
		{ "the next block", 5, BLOCK },	   { "the same block of another object", 6, 0 },
		{ "shifted by a byte", 5, 1 },	   { "shifted by a word", 5, 8 },
		{ "shifted by 64 KiB", 5, 65536 }, { "shifted by 4 GiB", 5, 1ULL << 32 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		payload_fill(rows[i].seed, rows[i].offset, block, BLOCK);
		size_t wrong = 0;
		for (size_t w = 0; w < BLOCK; w += 8)
			wrong += payload_check(5, w, block + w, 8) < 8;
		if (wrong != BLOCK / 8)
			fail_msg("%s: %zu of %d words differ", rows[i].name, wrong, BLOCK / 8);
	}
	free(data);
	free(block);
}

static void test_file_source(void **state)
{
	(void)state;
	char path[] = "/tmp/oomrig-test-XXXXXX";
	static unsigned char data[50000], copy[50000];
	int fd = mkstemp(path);
	payload_fill(3, 0, data, sizeof(data));
	assert_int_equal(write(fd, data, sizeof(data)), sizeof(data));
	close(fd);

	struct objects o = { .files = NULL };
	struct error err = ERROR_INIT;
	const struct source_file *file, *again;
	assert_int_equal(objects_open_file(&o, path, &file, &err), 0);
	assert_int_equal(objects_open_file(&o, path, &again, &err), 0);
	assert_ptr_equal(file, again);
	assert_int_equal(file->size_bytes, sizeof(data));
	struct source s = { .file = file };
	size_t right;
	assert_int_equal(source_fill(&s, 100, copy, 40000), 0);
	assert_memory_equal(copy, data + 100, 40000);
	assert_int_equal(source_check(&s, 100, copy, 40000, &right), 0);
	assert_int_equal(right, 40000);
	copy[39999] ^= 1;
	assert_int_equal(source_check(&s, 100, copy, 40000, &right), 0);
	assert_int_equal(right, 39999);
	assert_int_equal(source_fill(&s, 40000, copy, 20000), -1); /* beyond its end */
	unlink(path);
	assert_int_equal(objects_open_file(&o, "/tmp", &file, &err), -1);
	assert_string_equal(err.message, "'/tmp' is not a regular file");
	objects_release(&o);
}

static void test_object_name(void **state)
{
	(void)state;
	char name[OBJECT_NAME_MAX];
	struct load_group group = { .name = (char *)"slow tabs/2" };
	const struct object object = { .group = &group, .client = 3, .number = 17 };
	assert_string_equal(object_name(&object, name), "slow-tabs-2-3-17.bin");
}

static void test_latency(void **state)
{
	(void)state;
	struct latency *l = latency_new();
	assert_int_equal(latency_quantile_ns(l, 0.5), 0);
	for (uint64_t ms = 1; ms <= 1000; ms++)
		latency_record(l, ms * NS_PER_MS);
	static const struct {
		double quantile, expected_ms;
	} rows[] = { { 0, 1 }, { 0.5, 500 }, { 0.9, 900 }, { 0.99, 990 }, { 0.999, 999 }, { 1, 1000 } };
	for (size_t i = 0; i < COUNT(rows); i++) {
		double got = (double)latency_quantile_ns(l, rows[i].quantile) / (double)NS_PER_MS;
		if (got < rows[i].expected_ms || got > rows[i].expected_ms * 1.011)
			fail_msg("quantile %g: got %g ms, expected %g ms and at most 1 %% more", rows[i].quantile, got,
				 rows[i].expected_ms);
	}
	assert_int_equal(latency_count(l), 1000);
	assert_int_equal(latency_max_ns(l), 1000 * NS_PER_MS);
	latency_record(l, 1);			 /* below the first bin */
	latency_record(l, 48 * 3600 * NS_PER_S); /* above the last */
	assert_int_equal(latency_count(l), 1002);
	assert_int_equal(latency_max_ns(l), 48 * 3600 * NS_PER_S);
	assert_int_equal(latency_quantile_ns(l, 0), 1010); /* upper edge of the first bin, 1 us * 1.01 */
	latency_free(l);
}

/* Simulated time: a client that always has something to send, woken up to 5 ms late. */
static void test_bucket_rate(void **state)
{
	(void)state;
	static const uint64_t rates[] = { 100, 12500, 50000, 250000, 1000000, 100000000 };
	for (size_t i = 0; i < COUNT(rates); i++) {
		for (unsigned client = 0; client < 50; client++) {
			struct bucket b;
			uint64_t start = 1000, now = start, sent = 0;
			uint64_t total = rates[i] * 6;
			bucket_init(&b, rates[i], client, now);
			while (sent < total) {
				size_t piece = b.piece_bytes < total - sent ? b.piece_bytes : (size_t)(total - sent);
				if (!bucket_take(&b, piece, now)) {
					now = bucket_ready_ns(&b, piece) + (now * 7919) % (5 * NS_PER_MS);
					continue;
				}
				sent += piece;
				b.piece_bytes = bucket_piece_bytes(rates[i]);
			}
			double got = (double)sent / ((double)(now - start) / (double)NS_PER_S);
			if (got < (double)rates[i] * 0.995 || got > (double)rates[i] * 1.0001)
				fail_msg("client %u: got %g B/s, expected %llu", client, got,
					 (unsigned long long)rates[i]);
		}
	}
}

/* After a pause of the server's the client goes on at its rate and does not make up for it. */
static void test_bucket_does_not_catch_up(void **state)
{
	(void)state;
	struct bucket b;
	bucket_init(&b, 100000, 0, 0);
	uint64_t now = 60 * NS_PER_S;
	size_t sent = 0;
	while (bucket_take(&b, 5000, now))
		sent += 5000;
	if (sent != 100000)
		fail_msg("got %zu bytes at once after a pause, expected 1 s worth", sent);
}

static void test_intended(void **state)
{
	(void)state;
	assert_int_equal(pacing_intended_ns(500, 10, 0), 500);
	assert_int_equal(pacing_intended_ns(500, 10, 25), 500 + 2500 * NS_PER_MS);
	assert_int_equal(pacing_intended_ns(0, 0.5, 3), 6 * NS_PER_S);
}

/* What a group intends is what its clients take, one after the other. */
static void test_plan_intends(void **state)
{
	(void)state;
	static const struct {
		struct load_group group;
		bool intends;
		uint64_t requests;
	} rows[] = {
		{ { .kind = GROUP_UPLOAD, .clients = 3, .files = 2 }, true, 6 },
		{ { .kind = GROUP_DOWNLOAD, .clients = 3, .files = 2, .seeks = 10 }, true, 6 },
		{ { .kind = GROUP_SEEK, .clients = 3, .files = 2, .seeks = 10 }, true, 60 },
		{ { .kind = GROUP_SEEK, .clients = 1, .files = 1, .seeks = 1 }, true, 1 },
		{ { .kind = GROUP_REQUEST, .clients = 2, .files = 5, .rate_per_s = 7 }, true, 10 },
		{ { .kind = GROUP_REQUEST, .clients = 2, .files = 5, .duration_ns = 1 }, false, 10 },
		{ { .kind = GROUP_REQUEST, .clients = 2, .files = 0, .duration_ns = 1 }, false, 0 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct load_group *group = &rows[i].group;
		struct plan plan = { .group = group };
		uint64_t requests = 0, expected = 0, bytes = 0, taken = 0;
		struct turn turn;
		assert_int_equal(plan_intends(group, &requests), rows[i].intends);
		if (group->kind != GROUP_UPLOAD)
			plan_expect(&plan, &expected, &bytes);
		for (unsigned client = 0; group->files > 0 && client < group->clients; client++)
			for (uint64_t begun = 0; plan_take(&plan, client, begun, &turn); begun++)
				taken++;
		if (requests != rows[i].requests || taken != requests ||
		    (group->kind != GROUP_UPLOAD && expected != requests))
			fail_msg("row %zu: intended %llu, expected %llu, taken %llu instead of %llu", i,
				 (unsigned long long)requests, (unsigned long long)expected, (unsigned long long)taken,
				 (unsigned long long)rows[i].requests);
	}
	const struct load_group huge = { .kind = GROUP_SEEK, .clients = 1 << 20, .files = UINT64_MAX / 2, .seeks = 8 };
	uint64_t requests;
	assert_true(plan_intends(&huge, &requests));
	assert_true(requests == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_offset),
		cmocka_unit_test(test_stream_is_fixed),
		cmocka_unit_test(test_first_wrong_byte),
		cmocka_unit_test(test_rearranged),
		cmocka_unit_test(test_file_source),
		cmocka_unit_test(test_object_name),
		cmocka_unit_test(test_latency),
		cmocka_unit_test(test_bucket_rate),
		cmocka_unit_test(test_bucket_does_not_catch_up),
		cmocka_unit_test(test_intended),
		cmocka_unit_test(test_plan_intends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
