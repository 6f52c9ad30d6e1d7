#include "record/csv.h"

#include <ctype.h>
#include <errno.h>
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

/* In place: what a cell says is never longer than how it is written. */
static void split(struct csv *c)
{
	char *from = c->lines.text, *to;
	c->cell_count = 0;
	for (;;) {
		bool quoted = *from == '"';
		from += quoted;
		add_cell(c, to = from);
		while (*from != '\0' && (quoted || *from != ',')) {
			if (quoted && *from == '"' && *++from != '"') {
				quoted = false;
				continue;
			}
			*to++ = *from++;
		}
		bool more = *from == ',';
		*to = '\0';
		if (!more)
			return;
		from++;
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

int csv_fact(const struct csv *c, int column, struct fact *out)
{
	const char *text = column < 0 || (size_t)column >= c->cell_count ? "" : c->cells[column];
	char *end;
	*out = FACT_NONE;
	if (text[0] == '\0')
		return 0;
	*out = FACT_BROKEN;
	if (strcmp(text, "unreadable") == 0)
		return 0;
	errno = 0;
	uint64_t value = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || *end != '\0' || errno != 0 || value > INT64_MAX)
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
