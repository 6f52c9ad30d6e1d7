#include "base/mask.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/macros.h"

/* Words of a name by which it is secret. */
static const char *const words[] = { "authorization", "auth",	 "cookie",   "token",	  "tokens",
				     "secret",	      "secrets", "password", "passwd",	  "passphrase",
				     "pass",	      "pwd",	 "key",	     "apikey",	  "credential",
				     "credentials",   "sig",	 "jwt",	     "signature", "pgpassword" };

struct texts {
	char **items;
	size_t count;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct texts names, values;
/* The first two bytes of all values: most of a long log is none of them. */
static unsigned char pairs[65536 / 8];

static unsigned pair_of(const char *text)
{
	return (unsigned char)text[0] << 8 | (unsigned char)text[1];
}

static void put(struct texts *list, char *text)
{
	bool known = false;
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < list->count && !known; i++)
		known = strcmp(list->items[i], text) == 0;
	if (!known) {
		list->items = xrealloc(list->items, (list->count + 1) * sizeof(*list->items));
		list->items[list->count++] = text;
	}
	pthread_mutex_unlock(&lock);
	if (known)
		free(text);
}

static void forget(struct texts *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct texts){ 0 };
}

void mask_forget(void)
{
	pthread_mutex_lock(&lock);
	forget(&names);
	forget(&values);
	memset(pairs, 0, sizeof(pairs));
	pthread_mutex_unlock(&lock);
}

/* ---- names -------------------------------------------------------------- */

void mask_name(const char *name)
{
	put(&names, xstrdup(name));
}

static bool is_named(const char *name, size_t len)
{
	bool found = false;
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < names.count && !found; i++)
		found = strlen(names.items[i]) == len && strncasecmp(names.items[i], name, len) == 0;
	pthread_mutex_unlock(&lock);
	return found;
}

static bool is_word(const char *name, size_t len)
{
	for (size_t i = 0; i < COUNT(words); i++)
		if (strlen(words[i]) == len && strncasecmp(words[i], name, len) == 0)
			return true;
	return false;
}

bool mask_is_secret(const char *name, size_t len)
{
	for (; len > 0 && *name == '-'; len--)
		name++;
	if (is_named(name, len))
		return true;
	/* A word ends at what is no letter, and where a capital follows a small one. */
	for (size_t at = 0, start = 0; at <= len; at++) {
		bool joint = at == len || !isalpha((unsigned char)name[at]);
		if (joint || (at > start && isupper((unsigned char)name[at]) && islower((unsigned char)name[at - 1]))) {
			if (is_word(name + start, at - start))
				return true;
			start = at + joint;
		}
	}
	return false;
}

/* ---- values ------------------------------------------------------------- */

/* "{name}", "{port}": filled in per request or run, nobody's secret. */
static bool is_template(const char *value)
{
	return value[0] == '{' && value[strcspn(value, "}")] == '}' && value[strcspn(value, "}") + 1] == '\0';
}

static void put_value(char *value)
{
	if (strlen(value) < MASK_VALUE_MIN || is_template(value) || strcmp(value, MASK) == 0)
		free(value);
	else {
		pthread_mutex_lock(&lock);
		pairs[pair_of(value) / 8] |= (unsigned char)(1U << pair_of(value) % 8);
		pthread_mutex_unlock(&lock);
		put(&values, value);
	}
}

/* RFC 3986: what is not unreserved as %XX; plus: a blank as a form writes it. */
static void put_encoded(const char *value, bool plus, const char *hex)
{
	struct buf b = BUF_INIT;
	for (const unsigned char *p = (const unsigned char *)value; *p != '\0'; p++) {
		if (isalnum(*p) || strchr("-._~", *p) != NULL)
			buf_addc(&b, (char)*p);
		else if (plus && *p == ' ')
			buf_addc(&b, '+');
		else
			buf_addf(&b, "%%%c%c", hex[*p >> 4], hex[*p & 15]);
	}
	put_value(buf_detach(&b));
}

static void put_quoted(const char *value)
{
	struct buf b = BUF_INIT;
	for (const char *p = value; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			buf_addc(&b, '\\');
		buf_addc(&b, *p);
	}
	put_value(buf_detach(&b));
}

static void put_forms(const char *value)
{
	put_value(xstrdup(value));
	put_encoded(value, false, "0123456789ABCDEF");
	put_encoded(value, true, "0123456789ABCDEF");
	put_encoded(value, false, "0123456789abcdef");
	put_quoted(value);
}

/* The parts of "Bearer abc" and of "session=abc; theme=dark". */
static void put_parts(const char *value)
{
	const char *blank = strchr(value, ' ');
	if (blank != NULL && strchr(blank + 1, ' ') == NULL && value[strcspn(value, "=;")] == '\0')
		put_forms(blank + 1);
	for (const char *at = strchr(value, '='); at != NULL; at = strchr(at, '=')) {
		at++;
		char *part = xasprintf("%.*s", (int)strcspn(at, ";"), at);
		put_forms(part);
		free(part);
	}
}

void mask_value(const char *value)
{
	put_forms(value);
	/* A file of lines with a secret in it: each line is one. */
	for (const char *line = value; strchr(value, '\n') != NULL && *line != '\0';) {
		size_t len = strcspn(line, "\n");
		char *one = xasprintf("%.*s", (int)len, line);
		put_forms(one);
		free(one);
		line += len + (line[len] != '\0');
	}
	put_parts(value);
}

/* ---- values that their names give away --------------------------------- */

struct span {
	size_t start, len;
};

static bool in_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

/* What follows a name: [quote] [blanks] = or : [blanks] value, quoted or up to a delimiter. */
static bool value_after(const char *text, size_t len, size_t at, struct span *value)
{
	at += at < len && (text[at] == '"' || text[at] == '\'');
	while (at < len && text[at] == ' ')
		at++;
	if (at >= len || (text[at] != '=' && text[at] != ':'))
		return false;
	bool header = text[at++] == ':';
	while (at < len && text[at] == ' ')
		at++;
	char quote = at < len && (text[at] == '"' || text[at] == '\'') ? text[at] : '\0';
	value->start = at += quote != '\0';
	const char *ends = quote != '\0' ? NULL : header ? "\r\n,}\"'" : "&;, \t\r\n\"'})";
	const char *template = at < len && text[at] == '{' ? memchr(text + at, '}', len - at) : NULL;
	at = template != NULL ? (size_t)(template + 1 - text) : at;
	while (at < len && (ends == NULL ? text[at] != quote : text[at] == '\0' || strchr(ends, text[at]) == NULL))
		at += ends == NULL && text[at] == '\\' && at + 1 < len ? 2 : 1;
	value->len = at - value->start;
	return value->len > 0;
}

/* The password of "scheme://user:password@host", at "://". */
static bool userinfo(const char *text, size_t len, size_t at, struct span *value)
{
	size_t colon = 0;
	if (len - at < 3 || memcmp(text + at, "://", 3) != 0)
		return false;
	for (at += 3; at < len && strchr("/ \t\r\n?#\"'", text[at]) == NULL; at++) {
		if (text[at] == ':' && colon == 0)
			colon = at;
		if (text[at] == '@' && colon != 0) {
			*value = (struct span){ colon + 1, at - colon - 1 };
			return value->len > 0;
		}
	}
	return false;
}

/* The next secret from *at on; *at is then behind it. */
static bool next_secret(const char *text, size_t len, size_t *at, struct span *value)
{
	while (*at < len) {
		size_t start = *at;
		while (*at < len && in_name(text[*at]))
			++*at;
		bool named = *at > start && mask_is_secret(text + start, *at - start);
		if ((named && value_after(text, len, *at, value)) || userinfo(text, len, *at, value)) {
			*at = value->start + value->len;
			return true;
		}
		if (*at == start)
			++*at;
	}
	return false;
}

void mask_learn(const char *text)
{
	struct span secret;
	for (size_t at = 0, len = strlen(text); next_secret(text, len, &at, &secret);) {
		char *value = xasprintf("%.*s", (int)secret.len, text + secret.start);
		mask_value(value);
		free(value);
	}
}

void mask_learn_entry(const char *name, const char *value)
{
	if (mask_is_secret(name, strlen(name)))
		mask_value(value);
	else
		mask_learn(value);
}

void mask_learn_words(const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		mask_learn(list[i]);
		if (i > 0 && list[i - 1][0] == '-' && list[i][0] != '-' && strchr(list[i - 1], '=') == NULL &&
		    mask_is_secret(list[i - 1], strlen(list[i - 1])))
			mask_value(list[i]);
	}
}

char *mask_named(const char *text)
{
	struct buf out = BUF_INIT;
	struct span secret;
	size_t len = strlen(text), from = 0;
	for (size_t at = 0; next_secret(text, len, &at, &secret); from = at) {
		char *value = xasprintf("%.*s", (int)secret.len, text + secret.start);
		buf_add(&out, text + from, secret.start - from);
		buf_adds(&out, is_template(value) ? value : MASK);
		free(value);
	}
	buf_adds(&out, text + from);
	return buf_detach(&out);
}

const char *mask_entry(const char *name, const char *value)
{
	return value[0] == '\0' || is_template(value) || !mask_is_secret(name, strlen(name)) ? value : MASK;
}

/* ---- masking ------------------------------------------------------------ */

/* Length of the longest known value that starts here; 0: none. */
static size_t known_at(const char *text, size_t len)
{
	size_t longest = 0;
	if (len < MASK_VALUE_MIN || (pairs[pair_of(text) / 8] & 1U << pair_of(text) % 8) == 0)
		return 0;
	for (size_t i = 0; i < values.count; i++) {
		size_t n = strlen(values.items[i]);
		if (n > longest && n <= len && values.items[i][0] == text[0] && memcmp(text, values.items[i], n) == 0)
			longest = n;
	}
	return longest;
}

void mask_add(struct buf *out, const char *text, size_t len)
{
	pthread_mutex_lock(&lock);
	if (values.count == 0)
		buf_add(out, text, len);
	for (size_t at = 0, from = 0; values.count > 0 && at <= len; at++) {
		size_t n = at < len ? known_at(text + at, len - at) : 0;
		if (n == 0 && at < len)
			continue;
		buf_add(out, text + from, at - from);
		if (n > 0)
			buf_adds(out, MASK);
		from = at + n;
		at = n > 0 ? from - 1 : at;
	}
	pthread_mutex_unlock(&lock);
}

size_t mask_held(const char *data, size_t len)
{
	size_t held = 0;
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < values.count; i++) {
		size_t n = strlen(values.items[i]) - 1;
		for (n = n > len ? len : n; n > held; n--)
			if (memcmp(data + len - n, values.items[i], n) == 0)
				held = n;
	}
	pthread_mutex_unlock(&lock);
	return held;
}
