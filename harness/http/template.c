#include "http/template.h"

#include <ctype.h>
#include <string.h>

#include "base/clock.h"
#include "base/nearest.h"
#include "base/units.h"

#define NOW "now"
#define NAME_MAX_LEN 64

static const char *find_value(const struct template_scope *scope, const char *name)
{
	for (; scope != NULL; scope = scope->parent)
		for (const struct template_value *v = scope->values; v != NULL && v->name != NULL; v++)
			if (strcmp(v->name, name) == 0)
				return v->value;
	return NULL;
}

static int unknown_name(const char *name, const char *text, const struct template_scope *scope, struct error *err)
{
	struct nearest nearest;
	nearest_init(&nearest, name);
	nearest_offer(&nearest, NOW);
	for (; scope != NULL; scope = scope->parent)
		for (const struct template_value *v = scope->values; v != NULL && v->name != NULL; v++)
			nearest_offer(&nearest, v->name);
	if (nearest.best != NULL)
		return error_set(err, ERROR_INPUT, "unknown name '{%s}' in '%s'; did you mean '{%s}'?", name, text,
				 nearest.best);
	return error_set(err, ERROR_INPUT, "unknown name '{%s}' in '%s'", name, text);
}

/* shift: "", "+24h" or "-5m". */
static int add_now(const char *shift, struct buf *out, struct error *err)
{
	uint64_t wall_ns = clock_wall_ns();
	if (*shift != '\0') {
		uint64_t by_ns;
		if (units_parse_duration(shift + 1, &by_ns, err) != 0)
			return error_prefix(err, "'{" NOW "%s}'", shift);
		if (*shift == '-' && by_ns > wall_ns)
			return error_set(err, ERROR_INPUT, "'{" NOW "%s}' lies before 1970", shift);
		wall_ns = *shift == '-' ? wall_ns - by_ns : wall_ns + by_ns;
	}
	char text[CLOCK_RFC3339_MAX];
	clock_rfc3339(wall_ns, text);
	buf_adds(out, text);
	return 0;
}

/* How a value is put in. */
enum place { PLACE_TEXT, PLACE_PATH, PLACE_PATH_URL };

static bool stays(unsigned char c, bool in_query, bool is_url)
{
	static const char always[] = "-._~/:@!$'()*,;";
	if (isalnum(c) || (c != '\0' && strchr(always, c) != NULL))
		return true;
	if (is_url && c == '%')
		return true;
	return !in_query && (c == '&' || c == '=' || c == '+');
}

static void add_encoded(struct buf *out, const char *value, bool in_query, bool is_url)
{
	for (; *value != '\0'; value++) {
		unsigned char c = (unsigned char)*value;
		if (stays(c, in_query, is_url))
			buf_addc(out, *value);
		else
			buf_addf(out, "%%%02X", c);
	}
}

static void add_value(struct buf *out, size_t from, const char *name, const char *value, enum place place)
{
	bool id = strcmp(name, "id") == 0;
	if (place == PLACE_TEXT || (!id && strcmp(name, "name") != 0))
		buf_adds(out, value);
	else
		add_encoded(out, value, strchr(buf_str(out) + from, '?') != NULL, id && place == PLACE_PATH_URL);
}

static int expand(const char *text, const struct template_scope *scope, enum place place, struct buf *out,
		  struct error *err)
{
	size_t from = out->len;
	for (const char *p = text; *p != '\0';) {
		if (*p != '{') {
			size_t len = strcspn(p, "{");
			buf_add(out, p, len);
			p += len;
			continue;
		}
		if (p[1] == '{') {
			buf_addc(out, '{');
			p += 2;
			continue;
		}
		const char *end = strchr(p, '}');
		if (end == NULL)
			return error_set(err, ERROR_INPUT, "'{' without '}' in '%s' (a literal brace is written '{{')",
					 text);
		char name[NAME_MAX_LEN];
		size_t len = (size_t)(end - p) - 1;
		if (len == 0 || len >= sizeof(name))
			return error_set(err, ERROR_INPUT,
					 "no name between the braces in '%s' (a literal brace is written '{{')", text);
		memcpy(name, p + 1, len);
		name[len] = '\0';
		p = end + 1;

		const char *value = find_value(scope, name);
		const char *shift = name + strlen(NOW);
		if (value != NULL) {
			add_value(out, from, name, value, place);
		} else if (strncmp(name, NOW, strlen(NOW)) == 0 && strchr("+-", *shift) != NULL) {
			if (add_now(shift, out, err) != 0)
				return -1;
		} else {
			return unknown_name(name, text, scope, err);
		}
	}
	return 0;
}

int template_expand(const char *text, const struct template_scope *scope, struct buf *out, struct error *err)
{
	return expand(text, scope, PLACE_TEXT, out, err);
}

int template_expand_path(const char *text, const struct template_scope *scope, bool id_is_url, struct buf *out,
			 struct error *err)
{
	return expand(text, scope, id_is_url ? PLACE_PATH_URL : PLACE_PATH, out, err);
}
