#include "record/csv.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static void add_cell(struct csv *c, char *text)
{
	if (c->cell_count == c->cell_cap) {
		c->cell_cap = c->cell_cap == 0 ? 64 : 2 * c->cell_cap;
		c->cells = xrealloc(c->cells, c->cell_cap * sizeof(*c->cells));
	}
	c->cells[c->cell_count++] = text;
}

/* Of a quoted cell, in place: what it says is never longer than how it is written.  Returns what follows it. */
static char *unquote(char *from)
{
	char *to = from;
	bool quoted = true;
	while (*from != '\0' && (quoted || *from != ',')) {
		if (quoted && *from == '"' && *++from != '"') {
			quoted = false;
			continue;
		}
		*to++ = *from++;
	}
	if (to != from)
		*to = '\0';
	return from;
}

static void split(struct csv *c)
{
	char *at = c->lines.text;
	c->cell_count = 0;
	for (;;) {
		bool quoted = *at == '"';
		add_cell(c, at + quoted);
		if (quoted)
			at = unquote(at + 1);
		else
			while (*at != '\0' && *at != ',')
				at++;
		if (*at == '\0')
			return;
		*at++ = '\0';
	}
}

int csv_next(struct csv *c, struct error *err)
{
	int rc = lines_next(&c->lines, err);
	if (rc > 0)
		split(c);
	return rc;
}

int csv_open(struct csv *c, const char *path, struct error *err)
{
	memset(c, 0, sizeof(*c));
	int rc = lines_open(&c->lines, path, err);
	if (rc > 0)
		rc = csv_next(c, err);
	c->columns = c->cell_count;
	return rc;
}

int csv_column(const struct csv *c, const char *name)
{
	for (size_t i = 0; i < c->cell_count; i++)
		if (strcmp(c->cells[i], name) == 0)
			return (int)i;
	return -1;
}

/* Nothing else, and at most INT64_MAX: the records hold many. */
static bool digits(const char *text, uint64_t *value)
{
	*value = 0;
	for (; *text >= '0' && *text <= '9'; text++) {
		if (*value > (INT64_MAX - (uint64_t)(*text - '0')) / 10)
			return false;
		*value = *value * 10 + (uint64_t)(*text - '0');
	}
	return *text == '\0';
}

int csv_fact(const struct csv *c, int column, struct fact *out)
{
	const char *text = column < 0 || (size_t)column >= c->cell_count ? "" : c->cells[column];
	uint64_t value;
	*out = FACT_NONE;
	if (text[0] == '\0')
		return 0;
	*out = FACT_BROKEN;
	if (strcmp(text, "unreadable") == 0)
		return 0;
	if (!digits(text, &value))
		return -1;
	*out = fact_of(value);
	return 0;
}

void csv_close(struct csv *c)
{
	lines_close(&c->lines);
	free(c->cells);
	memset(c, 0, sizeof(*c));
}
