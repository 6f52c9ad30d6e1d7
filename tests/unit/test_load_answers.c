/* The load generator against a server that answers wrongly, or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>

#include "load_cases.h"

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
	    r->found != row->found || strstr(r->error, row->error) == NULL ||
	    (row->error[0] == '\0' && r->error[0] != '\0'))
		fail_msg("%s\n  got      %s verify %d at %" PRIu64 " found '%s' '%s'\n"
			 "  expected %s verify %d at %" PRIu64 " found '%s' '%s'",
			 row->name, request_end_names[r->end], r->verify, r->corrupt_at, object_found_names[r->found],
			 r->error, request_end_names[row->end], row->verify, row->corrupt_at,
			 object_found_names[row->found], row->error);
}

static void test_faulty_answers(void **state)
{
	struct fixture *f = *state;
	static const struct {
		enum group_kind kind;
		bool read_back;
		struct answer_row row;
	} rows[] = {
		{ GROUP_UPLOAD,
		  false,
		  { "refused upload",
		    { NO_FLIP, .refuse_upload = 503 },
		    END_STATUS,
		    0,
		    0,
		    "answered 503: no room",
		    FOUND_NOT_LOOKED } },
		{ GROUP_UPLOAD,
		  false,
		  { "no id",
		    { NO_FLIP, .upload_answer = "{\"x\":1}" },
		    END_STATUS,
		    0,
		    0,
		    "has no id at '/file/id'",
		    FOUND_NOT_LOOKED } },
		{ GROUP_UPLOAD,
		  false,
		  { "not JSON",
		    { NO_FLIP, .upload_answer = "fine" },
		    END_STATUS,
		    0,
		    0,
		    "'fine' is not JSON",
		    FOUND_NOT_LOOKED } },
		{ GROUP_UPLOAD,
		  false,
		  { "no answer",
		    { NO_FLIP, .close_without_answer = true },
		    END_TRANSPORT,
		    0,
		    0,
		    "Empty reply",
		    FOUND_NOT_LOOKED } },
		{ GROUP_DOWNLOAD, false, { "good download", { NO_FLIP }, END_OK, VERIFY_OK, 0, "", FOUND_NOT_LOOKED } },
		{ GROUP_DOWNLOAD,
		  false,
		  { "404",
		    { NO_FLIP, .refuse_download = 404 },
		    END_STATUS,
		    0,
		    0,
		    "answered 404: gone",
		    FOUND_NOT_LOOKED } },
		{ GROUP_DOWNLOAD,
		  false,
		  { "flipped",
		    { .flip_at = 12345 },
		    END_OK,
		    VERIFY_CORRUPT,
		    12345,
		    "wrong byte at 12345",
		    FOUND_NOT_LOOKED } },
		{ GROUP_DOWNLOAD,
		  false,
		  { "last byte",
		    { .flip_at = SIZE - 1 },
		    END_OK,
		    VERIFY_CORRUPT,
		    SIZE - 1,
		    "wrong byte",
		    FOUND_NOT_LOOKED } },
		{ GROUP_DOWNLOAD,
		  false,
		  { "short",
		    { NO_FLIP, .short_by = 10 },
		    END_OK,
		    VERIFY_CORRUPT,
		    SIZE - 10,
		    "299990 of 300000",
		    FOUND_NOT_LOOKED } },
		{ GROUP_DOWNLOAD,
		  false,
		  { "empty",
		    { NO_FLIP, .short_by = SIZE },
		    END_OK,
		    VERIFY_CORRUPT,
		    0,
		    " 0 of 300000",
		    FOUND_NOT_LOOKED } },
		{ GROUP_DOWNLOAD,
		  false,
		  { "long",
		    { NO_FLIP, .excess = 3 },
		    END_OK,
		    VERIFY_CORRUPT,
		    SIZE,
		    "3 bytes too many",
		    FOUND_NOT_LOOKED } },
		{ GROUP_DOWNLOAD,
		  false,
		  { "broken off",
		    { NO_FLIP, .break_after = 5000 },
		    END_TRANSPORT,
		    0,
		    0,
		    "remaining",
		    FOUND_NOT_LOOKED } },
		{ GROUP_SEEK, false, { "good window", { NO_FLIP }, END_OK, VERIFY_OK, 0, "", FOUND_NOT_LOOKED } },
		{ GROUP_SEEK,
		  false,
		  { "no ranges",
		    { NO_FLIP, .ignore_range = true },
		    END_STATUS,
		    0,
		    0,
		    "answered 200 to a range request",
		    FOUND_NOT_LOOKED } },
		{ GROUP_SEEK,
		  false,
		  { "another range",
		    { NO_FLIP, .wrong_range = true },
		    END_STATUS,
		    0,
		    0,
		    "instead of 'bytes 0-299999/300000'",
		    FOUND_NOT_LOOKED } },
		{ GROUP_SEEK,
		  false,
		  { "flipped window",
		    { .flip_at = 77 },
		    END_OK,
		    VERIFY_CORRUPT,
		    77,
		    "wrong byte at 77",
		    FOUND_NOT_LOOKED } },
		{ GROUP_SEEK,
		  false,
		  { "416",
		    { NO_FLIP, .refuse_download = 416 },
		    END_STATUS,
		    0,
		    0,
		    "answered 416: gone",
		    FOUND_NOT_LOOKED } },
		{ GROUP_DOWNLOAD, true, { "good read-back", { NO_FLIP }, END_OK, VERIFY_OK, 0, "", FOUND_INTACT } },
		{ GROUP_DOWNLOAD,
		  true,
		  { "lost",
		    { NO_FLIP, .refuse_download = 404 },
		    END_STATUS,
		    VERIFY_CORRUPT,
		    0,
		    "acknowledged object 1 (id 0) reads back 0 of 300000 bytes: answered 404: gone",
		    FOUND_LOST } },
		{ GROUP_DOWNLOAD,
		  true,
		  { "emptied",
		    { NO_FLIP, .short_by = SIZE },
		    END_OK,
		    VERIFY_CORRUPT,
		    0,
		    "(id 0) reads back 0 of 300000 bytes",
		    FOUND_HALF } },
		{ GROUP_DOWNLOAD,
		  true,
		  { "too long",
		    { NO_FLIP, .excess = 3 },
		    END_OK,
		    VERIFY_CORRUPT,
		    SIZE,
		    "3 bytes too many",
		    FOUND_CORRUPT } },
		{ GROUP_DOWNLOAD,
		  true,
		  { "breaks off",
		    { NO_FLIP, .break_after = 4096 },
		    END_TRANSPORT,
		    VERIFY_CORRUPT,
		    4096,
		    "4096 of 300000",
		    FOUND_HALF } },
		{ GROUP_DOWNLOAD,
		  true,
		  { "rotten",
		    { .flip_at = 9 },
		    END_OK,
		    VERIFY_CORRUPT,
		    9,
		    "acknowledged object 1 (id 0): wrong byte at 9",
		    FOUND_CORRUPT } },
		{ GROUP_DOWNLOAD,
		  true,
		  { "no answer",
		    { NO_FLIP, .close_without_answer = true },
		    END_TRANSPORT,
		    VERIFY_NOT_CHECKED,
		    0,
		    "Empty reply",
		    FOUND_UNREAD } },
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
		server_behave(f->server, rows[i].row.behaviour);
		run_phase(f, &group, rows[i].read_back ? 0 : 1);
		check_answer(f, &rows[i].row);
		bool good = rows[i].row.end == END_OK && rows[i].row.verify == VERIFY_OK;
		assert_int_equal(f->totals.ok - before.ok, good);
		assert_int_equal(f->totals.failed - before.failed, !good);
		assert_int_equal(f->totals.corrupt - before.corrupt, rows[i].row.verify == VERIFY_CORRUPT);
	}
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
		server_behave(f->server, (struct server_behaviour){ NO_FLIP, .close_without_answer = true });
		run_phase(f, &group, 1);
		load_objects(f->load, READ_BACK_ALL, &acknowledged, &unanswered);
		assert_int_equal(acknowledged, 1);
		assert_int_equal(unanswered, rows[i].unanswered);
	}
	/* All that is known, the unanswered after the acknowledged: the server's names are numbers, so it has none of
	 * ours. */
	server_behave(f->server, (struct server_behaviour){ NO_FLIP });
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

/* What a client keeps of an answer's head, its trailers and its id is bounded: the transfer ends and says why. */
static void test_answers_without_end(void **state)
{
	struct fixture *f = *state;
	uint64_t size = 1000;
	struct load_group group = upload_group(2, 1, &size, 1);
	static char long_id[2000];
	static const struct {
		const char *head, *flood, *answer;
		enum request_end end;
		const char *error;
	} rows[] = {
		{ "HTTP/1.1 200 OK\r\n", "a: b\r\n", NULL, END_TRANSPORT, "more header lines" },
		{ "", "HTTP/1.1 103 X\r\na: b\r\n\r\n", NULL, END_TRANSPORT, "more header lines" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "a: b\r\n", NULL, END_TRANSPORT,
		  "more header lines" },
		{ NULL, NULL, long_id, END_STATUS, "an id of" },
	};
	memset(long_id, 'i', sizeof(long_id) - 1);
	static const char start[] = "{\"file\":{\"id\":\"", end[] = "\"}}";
	memcpy(long_id, start, strlen(start));
	memcpy(long_id + sizeof(long_id) - sizeof(end), end, sizeof(end));
	group.read_back = false;
	alarm(60); /* a transfer that does not end */
	for (size_t i = 0; i < COUNT(rows); i++) {
		server_behave(f->server,
			      (struct server_behaviour){ NO_FLIP, .flood_head = rows[i].head, .flood = rows[i].flood,
							 .flood_copies = 1000, .upload_answer = rows[i].answer });
		run_phase(f, &group, 1);
		for (size_t n = f->first; n < f->count; n++)
			if (f->records[n].end != rows[i].end || strstr(f->records[n].error, rows[i].error) == NULL)
				fail_msg("%zu: got %s, '%s'", i, request_end_names[f->records[n].end],
					 f->records[n].error);
	}
	alarm(0);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
		with_server(test_faulty_answers),      with_server(test_nothing_to_read),
		with_server(test_dead_server),	       with_server(test_unanswered_uploads),
		with_server(test_answers_without_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
