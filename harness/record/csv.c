#include "record/csv.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static void more_cells(struct csv *c)
{
	c->cell_cap = c->cell_cap == 0 ? 64 : 2 * c->cell_cap;
	c->cells = xrealloc(c->cells, c->cell_cap * sizeof(*c->cells));
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

/* The end of a cell without quotes.  What figures and names are made of is above a comma: one look for each byte. */
static char *cell_end(char *at)
{
	while ((unsigned char)*at > ',' || (*at != '\0' && *at != ','))
		at++;
	return at;
}

static void split(struct csv *c)
{
	char *at = c->lines.text;
	size_t count = 0;
	for (;;) {
		if (count == c->cell_cap)
			more_cells(c);
		bool quoted = *at == '"';
		c->cells[count++] = at + quoted;
		at = quoted ? unquote(at + 1) : cell_end(at);
		if (*at == '\0')
			break;
		*at++ = '\0';
	}
	c->cell_count = count;
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
	uint64_t sum = 0;
	for (; *text >= '0' && *text <= '9'; text++) {
		uint64_t digit = (uint64_t)(*text - '0');
		if (sum >= INT64_MAX / 10 && (sum > INT64_MAX / 10 || digit > INT64_MAX % 10))
			return false;
		sum = sum * 10 + digit;
	}
	*value = sum;
	return *text == '\0';
}

int csv_fact(const struct csv *c, int column, struct fact *out)
{
	const char *text = column < 0 || (size_t)column >= c->cell_count ? "" : c->cells[column];
	uint64_t value;
	*out = FACT_NONE;
	if (text[0] == '\0')
		return 0;
	if (digits(text, &value)) {
		*out = fact_of(value);
		return 0;
	}
	*out = FACT_BROKEN;
	return strcmp(text, "unreadable") == 0 ? 0 : -1;
}

void csv_close(struct csv *c)
{
	lines_close(&c->lines);
	free(c->cells);
	memset(c, 0, sizeof(*c));
}
