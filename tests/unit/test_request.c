/* Templates, requests as they go over the wire, ids in answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <time.h>

#include "base/clock.h"
#include "loopback_server.h"
#include "base/macros.h"
#include "http/request.h"

static const struct template_value run_values[] = {
	{ "port", "4001" }, { "data", "/d" }, { "id", "outer" }, { NULL, NULL }
};
static const struct template_scope run_scope = { run_values, NULL };

static void test_template(void **state)
{
	(void)state;
	static const struct template_value own[] = { { "id", "x7" }, { "name", "a.bin" }, { NULL, NULL } };
	static const struct template_scope scope = { own, &run_scope };
	static const struct {
		const char *text, *expected, *error;
	} rows[] = {
		{ "", "", NULL },
		{ "plain } text", "plain } text", NULL },
		{ "/-{id}?n={name}&p={port}", "/-x7?n=a.bin&p=4001", NULL },
		{ "{{\"a\":\"{id}\"}", "{\"a\":\"x7\"}", NULL },
		{ "{{{{", "{{", NULL },
		{ "{nmae}", NULL, "unknown name '{nmae}' in '{nmae}'; did you mean '{name}'?" },
		{ "{zzzzzzzz}", NULL, "unknown name '{zzzzzzzz}' in '{zzzzzzzz}'" },
		{ "{id", NULL, "'{' without '}' in '{id' (a literal brace is written '{{')" },
		{ "a{}", NULL, "no name between the braces in 'a{}' (a literal brace is written '{{')" },
		{ "{now+1fortnight}", NULL, "'{now+1fortnight}': '1fortnight' is not a duration" },
		{ "{now+}", NULL, "'{now+}': '' is not a duration" },
		{ "{now-1000000h}", NULL, "'{now-1000000h}' lies before 1970" },
		{ "{nowhere}", NULL, "unknown name '{nowhere}'" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf out = BUF_INIT;
		struct error err = ERROR_INIT;
		int result = template_expand(rows[i].text, &scope, &out, &err);
		const char *expected = rows[i].error != NULL ? rows[i].error : rows[i].expected;
		const char *got = result != 0 ? err.message : buf_str(&out);
		if ((result != 0) != (rows[i].error != NULL) || strncmp(got, expected, strlen(expected)) != 0 ||
		    (result == 0 && strcmp(got, expected) != 0))
			fail_msg("'%s'\n  got      %s\n  expected %s", rows[i].text, got, expected);
		buf_release(&out);
	}
}

/* What has a meaning of its own in a URL is of the object's name, not of the URL. */
static void test_template_in_a_path(void **state)
{
	static const struct {
		const char *text, *id, *name;
		bool id_is_url;
		const char *expected;
	} rows[] = {
		{ "/o/{id}", "plain-1_2.~", "", false, "/o/plain-1_2.~" },
		{ "/o/{id}", "a?b#c%d e", "", false, "/o/a%3Fb%23c%25d%20e" },
		{ "/o/{id}", "2024/may/a b.bin", "", false, "/o/2024/may/a%20b.bin" },
		{ "/o/{id}", "\xc3\xa9\"<>\\^`{|}", "", false, "/o/%C3%A9%22%3C%3E%5C%5E%60%7B%7C%7D" },
		{ "/o/{id}", "a&b=c+d;e:f@g", "", false, "/o/a&b=c+d;e:f@g" },
		{ "/o?id={id}&x={port}", "a&b=c+d", "", false, "/o?id=a%26b%3Dc%2Bd&x=4001" },
		{ "/o/{id}", "a%20b%3F c?d", "", true, "/o/a%20b%3F%20c%3Fd" },
		{ "/up/{name}?t={now+1h}", "", "holiday #1.jpg", true, "/up/holiday%20%231.jpg?t=2" },
		{ "{data}/{id}", "..", "", false, "/d/.." },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct template_value own[] = { { "id", rows[i].id }, { "name", rows[i].name }, { NULL, NULL } };
		const struct template_scope scope = { own, &run_scope };
		struct buf out = BUF_INIT;
		struct error err = ERROR_INIT;
		int rc = template_expand_path(rows[i].text, &scope, rows[i].id_is_url, &out, &err);
		if (rc != 0 || strncmp(buf_str(&out), rows[i].expected, strlen(rows[i].expected)) != 0)
			fail_msg("row %zu: got %s, expected %s", i, rc != 0 ? err.message : buf_str(&out),
				 rows[i].expected);
		buf_release(&out);
	}
}

static void test_template_now(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		long shift_s;
	} rows[] = { { "{now}", 0 }, { "{now+24h}", 86400 }, { "{now-5m}", -300 }, { "{now+1h30m}", 5400 } };
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf out = BUF_INIT;
		struct error err = ERROR_INIT;
		struct tm tm = { .tm_year = 0 };
		assert_int_equal(template_expand(rows[i].text, NULL, &out, &err), 0);
		const char *rest = strptime(buf_str(&out), "%Y-%m-%dT%H:%M:%S", &tm);
		long got = (long)(timegm(&tm) - (time_t)(clock_wall_ns() / NS_PER_S));
		if (rest == NULL || *rest != '.' || rest[4] != 'Z' || got < rows[i].shift_s - 2 ||
		    got > rows[i].shift_s)
			fail_msg("%s: got %s, %ld s from now, expected %ld", rows[i].text, buf_str(&out), got,
				 rows[i].shift_s);
		buf_release(&out);
	}
}

static void test_status(void **state)
{
	(void)state;
	static const struct {
		uint64_t expected;
		long status;
		int ok;
	} rows[] = { { 0, 200, 1 }, { 0, 204, 1 },   { 0, 299, 1 },   { 0, 199, 0 },  { 0, 302, 0 },
		     { 0, 0, 0 },   { 302, 302, 1 }, { 302, 200, 0 }, { 404, 404, 1 } };
	for (size_t i = 0; i < COUNT(rows); i++)
		if (request_status_ok(rows[i].expected, rows[i].status) != rows[i].ok)
			fail_msg("status %ld where %llu is expected: not %d", rows[i].status,
				 (unsigned long long)rows[i].expected, rows[i].ok);
}

static void test_id_from_json(void **state)
{
	(void)state;
	static const struct {
		const char *pointer, *answer, *expected, *error;
	} rows[] = {
		{ "/id", "{\"id\":\"abc\"}", "abc", NULL },
		{ "/id", "{\"id\":17}", "17", NULL },
		{ "/a/0/b", "{\"a\":[{\"b\":\"deep\"}]}", "deep", NULL },
		{ "/a~1b/m~0n", "{\"a/b\":{\"m~n\":\"escaped\"}}", "escaped", NULL },
		{ "", "\"whole\"", "whole", NULL },
		{ "/", "{\"\":\"empty key\"}", "empty key", NULL },
		{ "/id", "{\"id\":\"\"}", NULL, "the answer '{\"id\":\"\"}' has no id at '/id'" },
		{ "/id", "{\"id\":null}", NULL, "has no id at '/id'" },
		{ "/id/x", "{\"id\":\"abc\"}", NULL, "has no id at '/id/x'" },
		{ "/a/01", "{\"a\":[1,2]}", NULL, "has no id at '/a/01'" },
		{ "/a/9", "{\"a\":[1,2]}", NULL, "has no id at '/a/9'" },
		{ "id", "{\"id\":\"abc\"}", NULL, "has no id at 'id'" },
		{ "/id", "<html>\nno", NULL, "the answer '<html> no' is not JSON" },
		{ "/id", "", NULL, "the answer '' is not JSON" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct upload_spec spec = { .id_json = (char *)rows[i].pointer };
		struct buf answer = BUF_INIT, out = BUF_INIT;
		struct error err = ERROR_INIT;
		buf_adds(&answer, rows[i].answer);
		int result = request_find_id(&spec, "name", NULL, &answer, &out, &err);
		const char *expected = rows[i].error != NULL ? rows[i].error : rows[i].expected;
		const char *got = result != 0 ? err.message : buf_str(&out);
		if ((result != 0) != (rows[i].error != NULL) || strstr(got, expected) == NULL)
			fail_msg("'%s' in %s\n  got      %s\n  expected %s", rows[i].pointer, rows[i].answer, got,
				 expected);
		buf_release(&answer);
		buf_release(&out);
	}
	struct upload_spec by_name = { .id_json = NULL };
	struct buf out = BUF_INIT;
	assert_int_equal(request_find_id(&by_name, "tabs-1-2.bin", NULL, &out, &out, NULL), 0);
	assert_string_equal(buf_str(&out), "tabs-1-2.bin");
	buf_release(&out);
}

struct wire {
	struct server *server;
	char url[64];
	struct server_spec spec;
	struct target_access access;
	CURL *easy;
	struct request request;
	struct buf answer;
	uint64_t sent;
};

static int setup(void **state)
{
	struct wire *w = calloc(1, sizeof(*w));
	w->request = (struct request)REQUEST_INIT;
	w->answer = (struct buf)BUF_INIT;
	w->server = server_start();
	snprintf(w->url, sizeof(w->url), "http://127.0.0.1:%u", w->server->port);
	w->access = (struct target_access){ .spec = &w->spec, .scope = &run_scope, .base_url = w->url, .netns_fd = -1 };
	w->easy = curl_easy_init();
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct wire *w = *state;
	request_release(&w->request);
	curl_easy_cleanup(w->easy);
	curl_slist_free_all(w->access.cookies);
	buf_release(&w->answer);
	server_stop(w->server);
	free(w);
	return 0;
}

static size_t keep(char *data, size_t size, size_t count, void *arg)
{
	buf_add(arg, data, size * count);
	return size * count;
}

/* Sends what was built and gives the head the server saw. */
static const char *head_of(struct wire *w)
{
	curl_easy_setopt(w->easy, CURLOPT_WRITEFUNCTION, keep);
	curl_easy_setopt(w->easy, CURLOPT_WRITEDATA, &w->answer);
	CURLcode code = curl_easy_perform(w->easy);
	if (code != CURLE_OK)
		fail_msg("%s", curl_easy_strerror(code));
	return buf_str(&w->server->last_head);
}

static void expect_in(const char *head, const char *line)
{
	if (strstr(head, line) == NULL)
		fail_msg("got\n%s\nexpected in it: %s", head, line);
}

static void expect_not_in(const char *head, const char *line)
{
	if (strcasestr(head, line) != NULL)
		fail_msg("got\n%s\nexpected not in it: %s", head, line);
}

static char token[] = "X-Token", token_value[] = "{id}-{port}", empty_header[] = "X-Empty", nothing[] = "";

static void test_get_on_the_wire(void **state)
{
	struct wire *w = *state;
	struct error err = ERROR_INIT;
	static char path[] = "/o/{id}?until={now+1h}";
	struct string_pair headers[] = { { token, token_value }, { empty_header, nothing } };
	struct request_spec spec = { .path = path, .headers = { headers, 2 } };
	static const struct template_value own[] = { { "id", "0" }, { NULL, NULL } };
	static const struct template_scope extra = { own, NULL };
	w->access.cookies = curl_slist_append(NULL, "127.0.0.1\tFALSE\t/\tFALSE\t0\tsession\tsecret");
	setenv("http_proxy", "http://127.0.0.1:9", 1);
	assert_int_equal(request_build(&w->request, w->easy, &w->access, &spec, &extra, &err), 0);
	const char *head = head_of(w);
	unsetenv("http_proxy");
	assert_int_equal(strncmp(head, "GET /o/0?until=2", 16), 0);
	expect_in(head, "\r\nX-Token: 0-4001\r\n");
	expect_in(head, "\r\nX-Empty:\r\n");
	expect_in(head, "\r\nCookie: session=secret\r\n");
	expect_not_in(head, "Expect:");
	expect_not_in(head, "Accept-Encoding:");
}

static void test_form_on_the_wire(void **state)
{
	struct wire *w = *state;
	struct error err = ERROR_INIT;
	static char path[] = "login", key[] = "shared secret", value[] = "a&b={port}";
	struct string_pair form[] = { { key, value } };
	struct request_spec spec = { .path = path, .form = { form, 1 } };
	assert_int_equal(request_build(&w->request, w->easy, &w->access, &spec, NULL, &err), 0);
	const char *head = head_of(w);
	assert_int_equal(strncmp(head, "POST /login HTTP/1.1", 20), 0);
	expect_in(head, "\r\nContent-Type: application/x-www-form-urlencoded\r\n");
	static const char expected[] = "shared%20secret=a%26b%3D4001";
	assert_int_equal(w->server->objects[0].len, strlen(expected));
	assert_memory_equal(w->server->objects[0].data, expected, strlen(expected));
}

static void test_empty_bodies_on_the_wire(void **state)
{
	struct wire *w = *state;
	static char path[] = "/o/0", put[] = "PUT", post[] = "POST", patch[] = "PATCH", get[] = "GET", body[] = "{}";
	const struct {
		char *method, *body;
		const char *length;
	} rows[] = {
		{ post, NULL, "\r\nContent-Length: 0\r\n" },  { put, NULL, "\r\nContent-Length: 0\r\n" },
		{ patch, NULL, "\r\nContent-Length: 0\r\n" }, { get, NULL, NULL },
		{ post, body, "\r\nContent-Length: 2\r\n" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error err = ERROR_INIT;
		struct request_spec spec = { .method = rows[i].method, .path = path, .body = rows[i].body };
		curl_easy_reset(w->easy);
		assert_int_equal(request_build(&w->request, w->easy, &w->access, &spec, NULL, &err), 0);
		const char *head = head_of(w);
		assert_int_equal(strncmp(head, rows[i].method, strlen(rows[i].method)), 0);
		expect_not_in(head, "Content-Type:");
		if (rows[i].length != NULL)
			expect_in(head, rows[i].length);
		else
			expect_not_in(head, "Content-Length:");
		request_release(&w->request);
	}
}

static void test_full_url_and_errors(void **state)
{
	struct wire *w = *state;
	struct error err = ERROR_INIT;
	char full[80];
	snprintf(full, sizeof(full), "%s/o/0", w->url);
	w->access.base_url = "http://127.0.0.1:1";
	struct request_spec spec = { .path = full };
	assert_int_equal(request_build(&w->request, w->easy, &w->access, &spec, NULL, &err), 0);
	expect_in(head_of(w), "GET /o/0 ");
	request_release(&w->request);
	static char bad[] = "/{prot}";
	spec.path = bad;
	assert_int_equal(request_build(&w->request, w->easy, &w->access, &spec, NULL, &err), -1);
	assert_string_equal(err.message, "path: unknown name '{prot}' in '/{prot}'; did you mean '{port}'?");
	request_release(&w->request);
	static char path[] = "/";
	struct string_pair headers[] = { { token, bad } };
	spec = (struct request_spec){ .path = path, .headers = { headers, 1 } };
	assert_int_equal(request_build(&w->request, w->easy, &w->access, &spec, NULL, &err), -1);
	assert_string_equal(err.message,
			    "header 'X-Token': unknown name '{prot}' in '/{prot}'; did you mean '{port}'?");
}

static size_t read_letters(char *out, size_t size, size_t count, void *arg)
{
	struct wire *w = arg;
	size_t len = size * count < 1000 - w->sent ? size * count : 1000 - w->sent;
	memset(out, 'y', len);
	w->sent += len;
	return len;
}

static int rewind_letters(void *arg, curl_off_t offset, int origin)
{
	(void)origin;
	((struct wire *)arg)->sent = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

static void test_uploads_on_the_wire(void **state)
{
	struct wire *w = *state;
	static char path[] = "/up/{name}", field[] = "file", note[] = "note", note_value[] = "{size} bytes",
		    type[] = "video/mp4", header_value[] = "{type}", put[] = "PUT", post[] = "POST",
		    location[] = "Location";
	struct string_pair fields[] = { { note, note_value } }, headers[] = { { token, header_value } };
	static const struct {
		enum body_kind kind;
		char *method;
		bool chunked;
		const char *request_line, *framing, *content_type;
	} rows[] = {
		{ BODY_RAW, NULL, false, "PUT /up/a.bin ", "Content-Length: 1000\r\n", "Content-Type: video/mp4\r\n" },
		{ BODY_RAW, post, false, "POST /up/a.bin ", "Content-Length: 1000\r\n", "Content-Type: video/mp4\r\n" },
		{ BODY_RAW, put, true, "PUT /up/a.bin ", "Transfer-Encoding: chunked\r\n",
		  "Content-Type: video/mp4\r\n" },
		{ BODY_MULTIPART, NULL, false, "POST /up/a.bin ", "Content-Length: 1",
		  "Content-Type: multipart/form-data; boundary" },
		{ BODY_MULTIPART, put, false, "PUT /up/a.bin ", "Content-Length: 1",
		  "Content-Type: multipart/form-data; boundary" },
		{ BODY_RAW, post, false, "POST /up/a.bin ", "Content-Length: 1000\r\n", "Content-Type: video/mp4\r\n" },
		{ BODY_MULTIPART, put, false, "PUT /up/a.bin ", "Content-Length: 1",
		  "Content-Type: multipart/form-data; boundary" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error err = ERROR_INIT;
		w->spec.upload = (struct upload_spec){ .method = rows[i].method,
						       .path = path,
						       .body = rows[i].kind,
						       .field = field,
						       .content_type = type,
						       .fields = { fields, 1 },
						       .headers = { headers, 1 },
						       .chunked = rows[i].chunked,
						       .id_header = location };
		curl_easy_reset(w->easy);
		w->sent = 0;
		const struct request_upload upload = { .name = "a.bin",
						       .body = rows[i].kind,
						       .size_bytes = 1000,
						       .read = read_letters,
						       .seek = rewind_letters,
						       .arg = w };
		if (request_build_upload(&w->request, w->easy, &w->access, &upload, &err) != 0)
			fail_msg("row %zu: %s", i, err.message);
		const char *head = head_of(w);
		expect_in(head, rows[i].request_line);
		expect_in(head, rows[i].framing);
		expect_in(head, rows[i].content_type);
		expect_in(head, "\r\nX-Token: video/mp4\r\n");
		expect_not_in(head, "Expect:");
		assert_int_equal(w->server->objects[i].len, 1000);
		struct buf id = BUF_INIT;
		char expected[16];
		snprintf(expected, sizeof(expected), "%zu", i);
		assert_int_equal(request_find_id(&w->spec.upload, "a.bin", w->easy, &w->answer, &id, &err), 0);
		assert_string_equal(buf_str(&id), expected);
		buf_release(&id);
		request_release(&w->request);
	}
	static char missing[] = "X-Id";
	struct error err = ERROR_INIT;
	struct buf id = BUF_INIT;
	w->spec.upload.id_header = missing;
	assert_int_equal(request_find_id(&w->spec.upload, "a.bin", w->easy, &w->answer, &id, &err), -1);
	assert_string_equal(err.message, "the answer has no header 'X-Id'");
}

#define with_server(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_template),       cmocka_unit_test(test_template_in_a_path),
		cmocka_unit_test(test_template_now),   cmocka_unit_test(test_status),
		cmocka_unit_test(test_id_from_json),   with_server(test_get_on_the_wire),
		with_server(test_form_on_the_wire),    with_server(test_empty_bodies_on_the_wire),
		with_server(test_full_url_and_errors), with_server(test_uploads_on_the_wire),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
