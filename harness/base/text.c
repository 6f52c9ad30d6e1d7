#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/mask.h"

/* Characters that are not printed as they are (Unicode's categories Cc, Cf, Zl and Zp, and what has no width). */
static const struct range {
	uint32_t first, last;
} unprintable[] = {
	{ 0x00, 0x1f },	      { 0x7f, 0x9f },	    { 0xad, 0xad },	  { 0x34f, 0x34f },	{ 0x600, 0x605 },
	{ 0x61c, 0x61c },     { 0x6dd, 0x6dd },	    { 0x70f, 0x70f },	  { 0x890, 0x891 },	{ 0x8e2, 0x8e2 },
	{ 0x115f, 0x1160 },   { 0x180b, 0x180f },   { 0x200b, 0x200f },	  { 0x2028, 0x202e },	{ 0x2060, 0x206f },
	{ 0x3164, 0x3164 },   { 0xfe00, 0xfe0f },   { 0xfeff, 0xfeff },	  { 0xffa0, 0xffa0 },	{ 0xfff0, 0xfffb },
	{ 0xfffe, 0xffff },   { 0x110bd, 0x110bd }, { 0x13430, 0x1343f }, { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a },
	{ 0xe0000, 0xe0fff },
};

static bool printable(uint32_t c)
{
	for (size_t i = 0; i < COUNT(unprintable); i++)
		if (c >= unprintable[i].first && c <= unprintable[i].last)
			return false;
	return true;
}

/* Length of the character that starts here; 0: not UTF-8 (RFC 3629: shortest forms only, no surrogates). */
static size_t decode(const unsigned char *s, size_t len, uint32_t *c)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t need = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;
	if (need == 0 || need > len)
		return 0;
	*c = need == 1 ? s[0] : s[0] & (0x7fU >> need);
	for (size_t i = 1; i < need; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (s[i] & 0x3f);
	}
	return *c < least[need] || *c > 0x10ffff || (*c >= 0xd800 && *c <= 0xdfff) ? 0 : need;
}

static void add_shown(struct buf *out, uint32_t c)
{
	static const char short_names[] = { ['\t'] = 't', ['\n'] = 'n', ['\r'] = 'r' };
	if (c < sizeof(short_names) && short_names[c] != '\0')
		buf_addf(out, "\\%c", short_names[c]);
	else
		buf_addf(out, c < 0x80 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
}

/* kept: unprintable characters that stay nevertheless. */
static void add_printable(struct buf *out, const char *text, size_t len, const char *kept)
{
	const unsigned char *s = (const unsigned char *)text;
	while (len > 0) {
		uint32_t c = 0;
		size_t n = decode(s, len, &c);
		if (n == 0)
			buf_addf(out, "\\x%02x", *s);
		else if (printable(c) || (c != 0 && c < 0x80 && strchr(kept, (int)c) != NULL))
			buf_add(out, s, n);
		else
			add_shown(out, c);
		s += n > 0 ? n : 1;
		len -= n > 0 ? n : 1;
	}
}

static void add_foreign(struct buf *out, const char *text, size_t len, const char *kept)
{
	struct buf masked = BUF_INIT;
	mask_add(&masked, text, len);
	add_printable(out, buf_str(&masked), masked.len, kept);
	buf_release(&masked);
}

void text_add(struct buf *out, const char *text, size_t len)
{
	add_foreign(out, text, len, "");
}

void text_add_lines(struct buf *out, const char *text, size_t len)
{
	add_foreign(out, text, len, "\n");
}

static bool is_blank(char c)
{
	return strchr(" \t\r\n", c) != NULL && c != '\0';
}

void text_add_answer(struct buf *out, const char *text, size_t len)
{
	struct buf masked = BUF_INIT, words = BUF_INIT;
	mask_add(&masked, text, len);
	const char *p = buf_str(&masked), *end = p + masked.len;
	while (p < end && is_blank(*p))
		p++;
	bool page = p < end && *p == '<', tag = false, blank = false;
	for (; p < end; p++) {
		bool between = page && (tag || *p == '<');
		tag = between && *p != '>';
		if (between || is_blank(*p)) {
			blank = true;
			continue;
		}
		if (blank && words.len > 0)
			buf_addc(&words, ' ');
		blank = false;
		buf_addc(&words, *p);
	}
	text_add(out, buf_str(&words), words.len);
	buf_release(&words);
	buf_release(&masked);
}

static void add_format(struct buf *out, const char *fmt, va_list ap)
{
	struct buf line = BUF_INIT;
	buf_vaddf(&line, fmt, ap);
	text_add(out, buf_str(&line), line.len);
	buf_release(&line);
}

void text_addf(struct buf *out, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	add_format(out, fmt, ap);
	va_end(ap);
}

char *text_shown(const char *text)
{
	struct buf b = BUF_INIT;
	text_add(&b, text, strlen(text));
	return buf_detach(&b);
}

void text_line(FILE *out, const char *fmt, ...)
{
	struct buf line = BUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	add_format(&line, fmt, ap);
	va_end(ap);
	buf_addc(&line, '\n');
	fwrite(line.data, 1, line.len, out);
	buf_release(&line);
}

void text_add_csv(struct buf *out, const char *text)
{
	char *shown = text_shown(text);
	buf_addc(out, '"');
	for (const char *p = shown; *p != '\0'; p++) {
		if (*p == '"')
			buf_addc(out, '"');
		buf_addc(out, *p);
	}
	buf_addc(out, '"');
	free(shown);
}

void text_add_markdown(struct buf *out, const char *text)
{
	char *shown = text_shown(text);
	for (const char *p = shown; *p != '\0'; p++) {
		if (strchr("\\`*_[]<>|", *p) != NULL)
			buf_addc(out, '\\');
		buf_addc(out, *p);
	}
	free(shown);
}

json_t *text_json(const char *text)
{
	struct buf b = BUF_INIT;
	add_foreign(&b, text, strlen(text), "\n\t");
	json_t *json = json_string(buf_str(&b));
	buf_release(&b);
	return json;
}

/* ---- JSON --------------------------------------------------------------- */

/* Keys whose texts may have lines, and maps of such. */
static bool is_prose(const char *key)
{
	static const char *const keys[] = { "question", "why", "description", "note", "body", "files" };
	for (size_t i = 0; i < COUNT(keys); i++)
		if (strcmp(keys[i], key) == 0)
			return true;
	return false;
}

typedef void add_text(struct buf *out, const char *text, size_t len, const char *kept);

static json_t *shown_string(const char *text, size_t len, add_text *add, const char *kept)
{
	struct buf b = BUF_INIT;
	add(&b, text, len, kept);
	json_t *json = json_stringn(buf_str(&b), b.len);
	buf_release(&b);
	return json;
}

/* Texts that add_printable() leaves as they are; nearly all of a record. */
static bool is_plain(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return true;
}

static json_t *clean(const json_t *json, add_text *add, const char *kept);

/* The entries of an object in front of that key. */
static json_t *copy_before(json_t *object, const char *end)
{
	json_t *copy = json_object();
	const char *key;
	json_t *value;
	json_object_foreach (object, key, value) {
		if (strcmp(key, end) == 0)
			break;
		json_object_set(copy, key, value);
	}
	return copy;
}

static json_t *clean_object(json_t *object, add_text *add, const char *kept)
{
	json_t *copy = NULL;
	const char *key;
	json_t *value;
	json_object_foreach (object, key, value) {
		bool plain = add == add_printable && is_plain(key, strlen(key));
		json_t *cleaned = clean(value, add, is_prose(key) ? "\n\t" : kept);
		if (copy == NULL && plain && cleaned == NULL)
			continue;
		if (copy == NULL)
			copy = copy_before(object, key);
		json_t *shown = shown_string(key, strlen(key), add, "");
		json_object_set_new(copy, json_string_value(shown), cleaned != NULL ? cleaned : json_incref(value));
		json_decref(shown);
	}
	return copy;
}

static json_t *clean_array(const json_t *array, add_text *add, const char *kept)
{
	json_t *copy = NULL;
	size_t i;
	json_t *value;
	json_array_foreach (array, i, value) {
		json_t *cleaned = clean(value, add, kept);
		if (cleaned == NULL)
			continue;
		if (copy == NULL)
			copy = json_copy((json_t *)(uintptr_t)array);
		json_array_set_new(copy, i, cleaned);
	}
	return copy;
}

/* NULL: it may stay as it is, as nearly all of a record may.  What is changed is made anew: others may hold it. */
static json_t *clean(const json_t *json, add_text *add, const char *kept)
{
	if (json_is_object(json))
		return clean_object((json_t *)(uintptr_t)json, add, kept);
	if (json_is_array(json))
		return clean_array(json, add, kept);
	const char *text = json_string_value(json);
	size_t len = json_string_length(json);
	if (text == NULL || (add == add_printable && is_plain(text, len)))
		return NULL;
	return shown_string(text, len, add, kept);
}

static json_t *replace(json_t *json, add_text *add)
{
	json_t *cleaned = clean(json, add, "");
	if (cleaned == NULL)
		return json;
	json_decref(json);
	return cleaned;
}

json_t *text_json_clean(json_t *json)
{
	return replace(json, add_printable);
}

json_t *text_json_foreign(json_t *json)
{
	return replace(json, add_foreign);
}

/* In JSON as json_dumps() writes it, such characters stand in strings alone; '\n' is layout. */
char *text_json_dumps(const json_t *json, size_t flags)
{
	char *text = json_dumps(json, flags);
	struct buf out = BUF_INIT;
	size_t len = text != NULL ? strlen(text) : 0;
	for (size_t at = 0; at < len;) {
		uint32_t c = 0;
		size_t n = decode((const unsigned char *)text + at, len - at, &c);
		if (n == 0 || c == '\n' || printable(c))
			buf_add(&out, text + at, n > 0 ? n : 1);
		else if (c < 0x10000)
			buf_addf(&out, "\\u%04x", c);
		else /* RFC 8259, section 7: as a pair of surrogates */
			buf_addf(&out, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10), 0xdc00 + (c & 0x3ff));
		at += n > 0 ? n : 1;
	}
	char *done = text != NULL ? buf_detach(&out) : NULL;
	free(text);
	return done;
}

int text_json_print(const json_t *json, size_t flags, FILE *out)
{
	char *text = text_json_dumps(json, flags);
	int rc = text == NULL || fputs(text, out) == EOF || fputc('\n', out) == EOF || fflush(out) != 0 ? -1 : 0;
	free(text);
	return rc;
}
