#include "html/run_parts.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fact_json.h"
#include "html/out.h"
#include "record/lines.h"
#include "report/figures.h"

#define LOG_TAIL_BYTES 16384

/* ---- verdict ------------------------------------------------------------ */

void part_badge(FILE *out, const struct run_summary *run)
{
	struct buf name = BUF_INIT;
	verdict_name(&name, run);
	html_put(out, "<span class=\"badge %t\">%t</span>", html_tone(verdict_words(run)->tone), buf_str(&name));
	buf_release(&name);
}

static void say_expected(FILE *out, const struct run_summary *run)
{
	struct buf expected = BUF_INIT;
	verdict_expected(&expected, run);
	if (run->expected_count == 0)
		fputs("Nothing was expected.", out);
	else if (run->as_expected)
		html_put(out, "As expected (%t).", buf_str(&expected));
	else if (!run_judged(run))
		html_put(out, "This says nothing; expected was %t.", buf_str(&expected));
	else if (verdict_as_asked(run))
		html_put(out, "The verdict is as expected (%t), but not what stands beside it:", buf_str(&expected));
	else
		html_put(out, "Not as expected: that was %t.", buf_str(&expected));
	buf_release(&expected);
}

static void list(FILE *out, const char *const *lines, size_t count)
{
	if (count == 0)
		return;
	fputs("<ul>\n", out);
	for (size_t i = 0; i < count; i++)
		html_put(out, "<li>%t</li>\n", lines[i]);
	fputs("</ul>\n", out);
}

void part_verdict(FILE *out, const struct run_summary *run)
{
	char cap[UNITS_TEXT_MAX];
	const char *note = json_string_value(json_object_get(run->record, "note"));
	html_put(out, "<header>\n<h1>%t</h1>\n<p class=\"subject\">%t", run->scenario, run->server);
	if (fact_known(run->memory_bytes))
		html_put(out, " under %t", figure_size(run->memory_bytes, cap));
	else
		fputs(" without a cap", out);
	if (run->label[0] != '\0')
		html_put(out, ", label %t", run->label);
	html_put(out, "; started %t</p>\n", json_string_value(json_object_get(run->record, "started")));
	if (run->question != NULL && run->question[0] != '\0')
		html_put(out, "<p class=\"question\">%t</p>\n", run->question);
	if (note != NULL)
		html_put(out, "<p class=\"subject\">Note: %t</p>\n", note);
	fputs("</header>\n<section aria-labelledby=\"verdict\">\n<h2 id=\"verdict\">Verdict</h2>\n<p "
	      "class=\"verdict\">",
	      out);
	part_badge(out, run);
	html_put(out, " %t. ", verdict_words(run)->meaning);
	say_expected(out, run);
	fputs("</p>\n", out);
	list(out, run->surprises, run->surprise_count);
	fputs("<h3>Evidence</h3>\n", out);
	list(out, run->evidence, run->evidence_count);
	fputs("</section>\n", out);
}

/* ---- the server's log --------------------------------------------------- */

/* The end of a regular file; NULL: there is none, or nothing in it. */
static char *tail_of(const char *path, size_t *len, bool *cut)
{
	struct error err = ERROR_INIT;
	FILE *file = lines_check(path, INT64_MAX, &err) > 0 ? fopen(path, "re") : NULL;
	char *text = NULL;
	*len = 0;
	if (file == NULL)
		return NULL;
	*cut = fseek(file, -LOG_TAIL_BYTES, SEEK_END) == 0 && ftell(file) > 0;
	if (!*cut)
		rewind(file);
	text = xmalloc(LOG_TAIL_BYTES);
	*len = fread(text, 1, LOG_TAIL_BYTES, file);
	fclose(file);
	return text;
}

void part_log(FILE *out, const struct run_summary *run)
{
	char *path = xasprintf("%s/server.log", run->folder);
	size_t len;
	bool cut = false;
	char *text = tail_of(path, &len, &cut);
	if (len > 0) {
		fputs("<section aria-labelledby=\"log\">\n<h2 id=\"log\">What the server said</h2>\n", out);
		if (cut)
			html_put(out, "<p class=\"note\">The last %d bytes of its log.</p>\n", LOG_TAIL_BYTES);
		fputs("<pre class=\"log\" tabindex=\"0\" aria-label=\"server log\">", out);
		html_lines(out, text, len);
		fputs("</pre>\n</section>\n", out);
	}
	free(text);
	free(path);
}

/* ---- how it was made ---------------------------------------------------- */

/* A word as a shell takes it for one. */
static void add_word(struct buf *b, const char *word)
{
	if (word[0] != '\0' &&
	    strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=:,@%+{}") ==
		    strlen(word)) {
		buf_adds(b, word);
		return;
	}
	buf_addc(b, '\'');
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			buf_adds(b, "'\\''");
		else
			buf_addc(b, *word);
	}
	buf_addc(b, '\'');
}

static void add_words(struct buf *b, const json_t *words)
{
	const json_t *word;
	size_t i;
	json_array_foreach (words, i, word) {
		buf_addc(b, ' ');
		add_word(b, json_is_string(word) ? json_string_value(word) : "?");
	}
}

void part_reproduce(FILE *out, const struct run_summary *run)
{
	const json_t *words = json_object_get(run->record, "command_line");
	struct buf line = BUF_INIT;
	if (json_array_size(words) == 0)
		return;
	buf_adds(&line, "oomrig");
	add_words(&line, words);
	html_put(
		out,
		"<p>Again, in one line:</p>\n<pre class=\"line\" tabindex=\"0\" aria-label=\"command line\">%t</pre>\n",
		buf_str(&line));
	buf_release(&line);
}

static void value_text(struct buf *b, const char *key, const json_t *value)
{
	struct fact f;
	size_t len = strlen(key);
	char text[UNITS_TEXT_MAX];
	if (json_is_string(value))
		buf_adds(b, json_string_value(value));
	else if (json_is_boolean(value))
		buf_adds(b, json_is_true(value) ? "yes" : "no");
	else if (fact_from_json(value, &f) == 0)
		buf_adds(b, len > 6 && strcmp(key + len - 6, "_bytes") == 0 ? figure_size(f, text)
									    : figure_count(f, text));
	else
		buf_adds(b, "?");
}

/* Every plain value of an object as a row; objects within it by their own rows. */
static void object_rows(FILE *out, const char *prefix, const json_t *object)
{
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)object, key, value) {
		char *name = xasprintf("%s%s", prefix, key);
		for (char *c = name; *c != '\0'; c++)
			*c = *c == '_' ? ' ' : *c;
		size_t len = strlen(name);
		if (len > 6 && strcmp(name + len - 6, " bytes") == 0)
			name[len - 6] = '\0';
		if (json_is_object(value) && json_object_get(value, "state") == NULL) {
			char *inner = xasprintf("%s ", name);
			object_rows(out, inner, value);
			free(inner);
		} else if (!json_is_null(value)) {
			struct buf text = BUF_INIT;
			value_text(&text, key, value);
			html_text_row(out, name, buf_str(&text));
			buf_release(&text);
		}
		free(name);
	}
}

static void object_table(FILE *out, const char *caption, const json_t *object)
{
	if (json_object_size(object) == 0)
		return;
	html_put(out, "<div class=\"wide\"><table>\n<caption>%t</caption>\n<tbody>\n", caption);
	object_rows(out, "", object);
	fputs("</tbody>\n</table></div>\n", out);
}

void part_setting(FILE *out, const struct run_summary *run)
{
	const json_t *scenario = json_object_get(run->record, "scenario");
	struct buf command = BUF_INIT;
	fputs("<section aria-labelledby=\"setting\">\n<h2 id=\"setting\">How it was made</h2>\n", out);
	part_reproduce(out, run);
	add_words(&command, json_object_get(run->record, "server_command"));
	if (command.len > 0)
		html_put(out,
			 "<p>The server:</p>\n<pre class=\"line\" tabindex=\"0\" aria-label=\"server "
			 "command\">%t</pre>\n",
			 buf_str(&command) + 1);
	buf_release(&command);
	object_table(out, "Sources of the server", json_object_get(run->record, "server_source"));
	object_table(out, "The cap", json_object_get(run->record, "isolation"));
	object_table(out, "Host and versions", json_object_get(run->record, "host"));
	if (json_is_object(scenario)) {
		char *text = json_dumps(scenario, JSON_INDENT(2));
		fputs("<details><summary>The scenario with every key, as it was run</summary>\n<pre tabindex=\"0\" "
		      "aria-label=\"scenario\">",
		      out);
		html_lines(out, text != NULL ? text : "", text != NULL ? strlen(text) : 0);
		fputs("</pre>\n</details>\n", out);
		free(text);
	}
	html_put(out, "<p class=\"note\">Record: %t</p>\n</section>\n", run->folder);
}
