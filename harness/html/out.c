#include "html/out.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const char *entity(char c)
{
	switch (c) {
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '&':
		return "&amp;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	}
	return NULL;
}

static void put_escaped(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		const char *instead = entity(*text);
		if (instead != NULL)
			fputs(instead, out);
		else
			putc_unlocked(*text, out);
	}
}

void html_text(FILE *out, const char *text)
{
	struct buf shown = BUF_INIT;
	if (text == NULL)
		return;
	text_add(&shown, text, strlen(text));
	put_escaped(out, buf_str(&shown));
	buf_release(&shown);
}

void html_lines(FILE *out, const char *text, size_t len)
{
	struct buf shown = BUF_INIT;
	text_add_lines(&shown, text, len);
	put_escaped(out, buf_str(&shown));
	buf_release(&shown);
}

void html_put(FILE *out, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	for (; *fmt != '\0'; fmt++) {
		if (*fmt != '%') {
			putc_unlocked(*fmt, out);
			continue;
		}
		switch (*++fmt) {
		case 't':
			html_text(out, va_arg(ap, const char *));
			break;
		case 'i':
			fprintf(out, "%zu", va_arg(ap, size_t));
			break;
		case 'd':
			fprintf(out, "%d", va_arg(ap, int));
			break;
		default:
			putc_unlocked('%', out);
			if (*fmt != '%')
				fmt--;
		}
	}
	va_end(ap);
}

/* JSON is ASCII here: what is markup is only these three, and only in strings. */
static void put_json(FILE *out, const char *json)
{
	for (; *json != '\0'; json++)
		if (strchr("<>&", *json) != NULL)
			fprintf(out, "\\u%04x", (unsigned)*json);
		else
			putc_unlocked(*json, out);
}

void html_json(FILE *out, const json_t *json)
{
	char *text = json_dumps(json, JSON_ENSURE_ASCII | JSON_ENCODE_ANY | JSON_COMPACT);
	put_json(out, text != NULL ? text : "null");
	free(text);
}

void html_json_text(FILE *out, const char *text)
{
	char *shown = text_shown(text);
	json_t *json = json_string(shown);
	html_json(out, json);
	json_decref(json);
	free(shown);
}

void html_json_number(FILE *out, double value, int decimals)
{
	char text[64];
	if (!isfinite(value)) {
		fputs("null", out);
		return;
	}
	int len = snprintf(text, sizeof(text), "%.*f", decimals, value);
	while (decimals > 0 && text[len - 1] == '0')
		text[--len] = '\0';
	if (text[len - 1] == '.')
		text[--len] = '\0';
	fputs(text, out);
}

void html_text_row(FILE *out, const char *name, const char *text)
{
	if (text != NULL && text[0] != '\0')
		html_put(out, "<tr><th scope=\"row\">%t</th><td>%t</td></tr>\n", name, text);
}

void html_fact_row(FILE *out, const char *name, struct fact f,
		   const char *(*format)(struct fact f, char out[UNITS_TEXT_MAX]))
{
	char text[UNITS_TEXT_MAX];
	if (f.state == FACT_UNREADABLE)
		html_text_row(out, name, "could not be read");
	else if (fact_known(f))
		html_text_row(out, name, format(f, text));
}

const char *html_tone(enum outcome_tone tone)
{
	static const char *const names[] = {
		[TONE_WARN] = "warn", [TONE_GOOD] = "good", [TONE_BAD] = "bad", [TONE_ALARM] = "alarm"
	};
	return names[tone];
}
