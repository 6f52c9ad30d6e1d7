/* base/text and base/mask: what foreign text looks like when it is shown, and what of it is secret. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/macros.h"
#include "base/mask.h"
#include "base/text.h"
#include "record/csv.h"

static int failures;

static void expect(const char *of, const char *got, const char *expected)
{
	if (strcmp(got, expected) == 0)
		return;
	print_message("%s\n  got      '%s'\n  expected '%s'\n", of, got, expected);
	failures++;
}

static int setup(void **state)
{
	(void)state;
	failures = 0;
	mask_forget();
	return 0;
}

struct shown_row {
	const char *name, *text, *shown;
};

static const struct shown_row shown_rows[] = {
	{ "plain", "plain text, 100 %", "plain text, 100 %" },
	{ "letters of two to four bytes", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x92\xa5",
	  "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x92\xa5" },
	{ "escape", "\033[31mred\033]0;title\a", "\\x1b[31mred\\x1b]0;title\\x07" },
	{ "line breaks", "a\nb\rc\td", "a\\nb\\rc\\td" },
	{ "delete, backspace", "a\x7f\b", "a\\x7f\\x08" },
	{ "C1 as a character",
	  "\xc2\x9b"
	  "31m\xc2\x85",
	  "\\u009b31m\\u0085" },
	{ "C1 as a byte",
	  "\x9b"
	  "31m",
	  "\\x9b31m" },
	{ "right to left",
	  "a\xe2\x80\xae"
	  "b\xe2\x81\xa6"
	  "c\xe2\x80\x8f\xd8\x9c",
	  "a\\u202eb\\u2066c\\u200f\\u061c" },
	{ "no width", "a\xe2\x80\x8b\xe2\x81\xa0\xef\xbb\xbf\xc2\xad", "a\\u200b\\u2060\\ufeff\\u00ad" },
	{ "separators", "a\xe2\x80\xa8\xe2\x80\xa9", "a\\u2028\\u2029" },
	{ "tags", "\xf3\xa0\x81\x81", "\\U000e0041" },
	{ "byte of nothing", "\xff\xfe", "\\xff\\xfe" },
	{ "cut character", "caf\xc3", "caf\\xc3" },
	{ "too long a form of '/'", "\xc0\xaf\xe0\x80\xaf", "\\xc0\\xaf\\xe0\\x80\\xaf" },
	{ "surrogate", "\xed\xa0\x80", "\\xed\\xa0\\x80" },
	{ "beyond Unicode", "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },
	{ "an escape that is text", "C:\\new \\x1b", "C:\\new \\x1b" },
};

static void test_shown(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(shown_rows); i++) {
		char *got = text_shown(shown_rows[i].text), *again = text_shown(got);
		expect(shown_rows[i].name, got, shown_rows[i].shown);
		expect(shown_rows[i].name, again, got);
		free(got);
		free(again);
	}
	struct buf b = BUF_INIT;
	text_add(&b, "a\0b", 3);
	expect("NUL", buf_str(&b), "a\\x00b");
	buf_release(&b);
	assert_int_equal(failures, 0);
}

/* Every code point and every byte: nothing that a terminal acts on comes out. */
static void test_nothing_unprintable(void **state)
{
	(void)state;
	for (uint32_t c = 1; c < 0x110000; c++) {
		struct buf in = BUF_INIT, out = BUF_INIT;
		if (c < 0x80)
			buf_addc(&in, (char)c);
		else if (c < 0x800)
			buf_addf(&in, "%c%c", (int)(0xc0 | c >> 6), (int)(0x80 | (c & 63)));
		else if (c < 0x10000)
			buf_addf(&in, "%c%c%c", (int)(0xe0 | c >> 12), (int)(0x80 | (c >> 6 & 63)),
				 (int)(0x80 | (c & 63)));
		else
			buf_addf(&in, "%c%c%c%c", (int)(0xf0 | c >> 18), (int)(0x80 | (c >> 12 & 63)),
				 (int)(0x80 | (c >> 6 & 63)), (int)(0x80 | (c & 63)));
		text_add(&out, in.data, in.len);
		for (size_t i = 0; i < out.len; i++)
			if ((unsigned char)out.data[i] < 0x20 || out.data[i] == 0x7f ||
			    ((unsigned char)out.data[i] == 0xc2 && (unsigned char)out.data[i + 1] < 0xa0))
				fail_msg("U+%04X comes out as '%s'", c, out.data);
		json_t *valid = json_string(buf_str(&out));
		if (valid == NULL)
			fail_msg("U+%04X comes out as no UTF-8", c);
		json_decref(valid);
		buf_release(&in);
		buf_release(&out);
	}
}

static void test_csv(void **state)
{
	static const char *const cells[] = { "plain",	       "a,b",	      "say \"no\"", "\"", "",
					     "two\nlines\r\n", "\033[2J\xff", " " };
	char path[] = "/tmp/oomrig-text-XXXXXX";
	struct error err = ERROR_INIT;
	struct csv csv;
	FILE *file = fdopen(mkstemp(path), "w");
	(void)state;
	fputs("a,b,c\n", file);
	for (size_t i = 0; i < COUNT(cells); i++) {
		struct buf row = BUF_INIT;
		text_add_csv(&row, cells[i]);
		fprintf(file, "1,%s,2\n", buf_str(&row));
		buf_release(&row);
	}
	fclose(file);
	assert_int_equal(csv_open(&csv, path, &err), 1);
	for (size_t i = 0; i < COUNT(cells); i++) {
		char *shown = text_shown(cells[i]);
		assert_int_equal(csv_next(&csv, &err), 1);
		assert_int_equal(csv.cell_count, 3);
		expect("cell", csv.cells[1], shown);
		expect("cell behind it", csv.cells[2], "2");
		free(shown);
	}
	assert_int_equal(csv_next(&csv, &err), 0);
	csv_close(&csv);
	unlink(path);
	assert_int_equal(failures, 0);
}

static void test_markdown(void **state)
{
	struct buf b = BUF_INIT;
	(void)state;
	text_add_markdown(&b, "a|b\n<script>`x`*y*_z_[l](u)\\");
	expect("cell", buf_str(&b), "a\\|b\\\\n\\<script\\>\\`x\\`\\*y\\*\\_z\\_\\[l\\](u)\\\\");
	buf_release(&b);
	assert_int_equal(failures, 0);
}

static void test_json(void **state)
{
	(void)state;
	json_t *bytes = text_json("a\xff\033\nb");
	expect("any bytes", json_string_value(bytes), "a\\xff\\x1b\nb");
	json_decref(bytes);

	json_t *record = json_pack("{s:s, s:s, s:[s, i], s:{s:s}}", "question", "one\ntwo\033", "id", "x\ny",
				   "k\xc2\x9b", "\xe2\x80\xae", 7, "server", "body", "l\nm");
	record = text_json_clean(record);
	char *text = text_json_dumps(record, JSON_COMPACT);
	expect("a record", text,
	       "{\"question\":\"one\\ntwo\\\\x1b\",\"id\":\"x\\\\ny\",\"k\\\\u009b\":[\"\\\\u202e\",7],"
	       "\"server\":{\"body\":\"l\\nm\"}}");
	free(text);
	json_decref(record);

	/* Written as it is, it is read back as it was. */
	json_t *odd = json_pack("[s]", "\x7f\xc2\x9b\xe2\x80\xae\xf3\xa0\x81\x81 \xc3\xa9");
	text = text_json_dumps(odd, JSON_COMPACT);
	expect("unprintable", text, "[\"\\u007f\\u009b\\u202e\\udb40\\udc41 \xc3\xa9\"]");
	json_t *back = json_loads(text, 0, NULL);
	assert_true(json_equal(back, odd));
	json_decref(back);
	json_decref(odd);
	free(text);
	assert_int_equal(failures, 0);
}

/* ---- secrets ------------------------------------------------------------ */

static void test_secret_names(void **state)
{
	static const struct {
		const char *name;
		bool secret;
	} rows[] = {
		{ "Authorization", true },   { "PROXY-AUTHORIZATION", true },
		{ "Cookie", true },	     { "X-Api-Key", true },
		{ "DB_PASSWORD", true },     { "sessionToken", true },
		{ "--access-token", true },  { "apiKey", true },
		{ "X-Amz-Signature", true }, { "AWS_SECRET_ACCESS_KEY", true },
		{ "MYSQL_PWD", true },	     { "seed", true },
		{ "Content-Type", false },   { "monkey", false },
		{ "keyboard", false },	     { "author", false },
		{ "tokenize", false },	     { "", false },
		{ "passage", false },	     { "--listen", false },
	};
	(void)state;
	mask_name("SEED");
	for (size_t i = 0; i < COUNT(rows); i++)
		expect(rows[i].name, mask_is_secret(rows[i].name, strlen(rows[i].name)) ? "secret" : "open",
		       rows[i].secret ? "secret" : "open");
	assert_int_equal(failures, 0);
}

static void test_named_secrets(void **state)
{
	static const char *const rows[][2] = {
		{ "--token=abc --size 3", "--token=*** --size 3" },
		{ "{\"user\":\"eve\",\"password\":\"a b\",\"n\":1}",
		  "{\"user\":\"eve\",\"password\":\"***\",\"n\":1}" },
		{ "user=eve&password=x%20y&n=1", "user=eve&password=***&n=1" },
		{ "Authorization: Bearer abc def\nHost: x", "Authorization: ***\nHost: x" },
		{ "postgres://eve:pw@db/x", "postgres://eve:***@db/x" },
		{ "http://h:80/a@b", "http://h:80/a@b" },
		{ "/up?X-Amz-Signature=ff&X-Amz-Date=1", "/up?X-Amz-Signature=***&X-Amz-Date=1" },
		{ "server.env.DB_PASSWORD=x", "server.env.DB_PASSWORD=***" },
		{ "password = 'it is'", "password = '***'" },
		{ "key={name}&token=", "key={name}&token=" },
		{ "memory=1GiB", "memory=1GiB" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *got = mask_named(rows[i][0]), *again = mask_named(got);
		expect(rows[i][0], got, rows[i][1]);
		expect("again", again, got);
		free(got);
		free(again);
	}
	assert_int_equal(failures, 0);
}

static void test_known_secrets(void **state)
{
	static const char *const rows[][2] = {
		{ "hunter22", "***" },
		{ "<hunter22hunter22>", "<******>" },
		{ "hunter2", "hunter2" },
		{ "token Zm9vYmFy in a log", "token *** in a log" },
		{ "sid=c00k1e; theme=light", "sid=***; theme=light" },
		{ "a b&c\"d / a+b%26c%22d / a%20b%26c%22d / a b&c\\\"d", "*** / *** / *** / ***" },
		{ "pgpw5678 flag-pw", "*** ***" },
		{ "eve abc {name}", "eve abc {name}" },
	};
	static const char *const words[] = { "server", "--db", "pg://eve:pgpw5678@h", "--password", "flag-pw",
					     "--key",  "-x" };
	(void)state;
	mask_value("hunter22");
	mask_value("Bearer Zm9vYmFy");
	mask_learn("Cookie: sid=c00k1e; n=abc");
	mask_value("a b&c\"d");
	mask_value("abc");
	mask_value("{name}");
	mask_learn_words(words, COUNT(words));
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *got = text_shown(rows[i][0]);
		expect(rows[i][0], got, rows[i][1]);
		free(got);
	}
	assert_int_equal(mask_held("see hunte", 9), 5);
	assert_int_equal(mask_held("see hunter22", 12), 0);
	assert_int_equal(mask_held("", 0), 0);
	assert_int_equal(failures, 0);
}

static void answers_are_shown_by_their_words(void **state)
{
	(void)state;
	static const struct shown_row rows[] = {
		{ "plain", "  not   yet\r\n", "not yet" },
		{ "a comparison is no tag", "1 < 2 > 0", "1 < 2 > 0" },
		{ "JSON", "{\n  \"error\": \"<b>\"\n}", "{ \"error\": \"<b>\" }" },
		{ "a page",
		  "<!DOCTYPE HTML>\n<html lang=\"en\">\n <head><title>Error</title></head>\n<p>Error code: 501</p>",
		  "Error Error code: 501" },
		{ "a page that breaks off in a tag", "<html><p>busy</p><a href=", "busy" },
		{ "control characters", "<p>\033[31mred\x01</p>", "\\x1b[31mred\\x01" },
		{ "nothing but tags", "<html></html>", "" },
		{ "nothing", "", "" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf got = BUF_INIT;
		text_add_answer(&got, rows[i].text, strlen(rows[i].text));
		expect(rows[i].name, buf_str(&got), rows[i].shown);
		buf_release(&got);
	}
	assert_int_equal(failures, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_shown, setup),
		cmocka_unit_test_setup(test_nothing_unprintable, setup),
		cmocka_unit_test_setup(answers_are_shown_by_their_words, setup),
		cmocka_unit_test_setup(test_csv, setup),
		cmocka_unit_test_setup(test_markdown, setup),
		cmocka_unit_test_setup(test_json, setup),
		cmocka_unit_test_setup(test_secret_names, setup),
		cmocka_unit_test_setup(test_named_secrets, setup),
		cmocka_unit_test_setup(test_known_secrets, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
