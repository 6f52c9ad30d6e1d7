#include "campaign/confusion.h"

#include <gsl/gsl_cdf.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADING "truth \\ verdict"

/* Where the name stands, or belongs. */
static size_t position(const struct confusion *c, const char *name, int *found)
{
	size_t i = 0;

	*found = -1;
	while (i < c->size && (*found = strcmp(c->names[i], name)) < 0)
		i++;
	return i;
}

static size_t place(struct confusion *c, const char *name)
{
	int found;
	size_t at = position(c, name, &found), size = c->size + 1;
	uint64_t *counts;

	if (at < c->size && found == 0)
		return at;
	counts = xcalloc(size * size, sizeof(*counts));
	for (size_t row = 0; row < c->size; row++)
		for (size_t column = 0; column < c->size; column++)
			counts[(row + (row >= at)) * size + column + (column >= at)] =
				c->counts[row * c->size + column];
	free(c->counts);
	c->counts = counts;
	c->names = xrealloc(c->names, size * sizeof(*c->names));
	memmove(c->names + at + 1, c->names + at, (c->size - at) * sizeof(*c->names));
	c->names[at] = xstrdup(name);
	c->size = size;
	return at;
}

void confusion_add(struct confusion *c, const char *label, const char *verdict)
{
	place(c, label);
	place(c, verdict); /* may move the label */
	c->counts[place(c, label) * c->size + place(c, verdict)]++;
	c->runs++;
	c->wrong += strcmp(label, verdict) != 0;
}

double confusion_wrong_at_most(const struct confusion *c)
{
	if (c->wrong >= c->runs)
		return 1;
	return gsl_cdf_beta_Pinv(0.95, (double)c->wrong + 1, (double)(c->runs - c->wrong));
}

/* a, b, … z, aa, ab, … */
static const char *letter(size_t column, char out[4])
{
	if (column < 26)
		snprintf(out, 4, "%c", (char)('a' + column));
	else
		snprintf(out, 4, "%c%c", (char)('a' + column / 26 % 26 - 1), (char)('a' + column % 26));
	return out;
}

static uint64_t count_of(const struct confusion *c, size_t label, size_t verdict)
{
	return c->counts[label * c->size + verdict];
}

static int name_columns(const struct confusion *c, int least)
{
	int width = least;
	for (size_t i = 0; i < c->size; i++)
		if ((int)strlen(c->names[i]) > width)
			width = (int)strlen(c->names[i]);
	return width;
}

static void add_cells(const struct confusion *c, size_t label, struct buf *out)
{
	for (size_t verdict = 0; verdict < c->size; verdict++)
		if (count_of(c, label, verdict) > 0)
			buf_addf(out, " %" PRIu64 " |", count_of(c, label, verdict));
		else
			buf_adds(out, " . |");
	buf_addc(out, '\n');
}

void confusion_matrix(const struct confusion *c, struct buf *out)
{
	int width = name_columns(c, (int)strlen(HEADING));
	char name[4];
	buf_addf(out, "| %-*s | |", width, HEADING);
	for (size_t i = 0; i < c->size; i++)
		buf_addf(out, " %s |", letter(i, name));
	buf_adds(out, "\n|---|---|");
	for (size_t i = 0; i < c->size; i++)
		buf_adds(out, "---|");
	buf_addc(out, '\n');
	for (size_t label = 0; label < c->size; label++) {
		buf_addf(out, "| %-*s | %s |", width, c->names[label], letter(label, name));
		add_cells(c, label, out);
	}
}

void confusion_list(const struct confusion *c, struct buf *out)
{
	int width = name_columns(c, 0);
	for (size_t label = 0; label < c->size; label++) {
		uint64_t runs = 0;
		for (size_t verdict = 0; verdict < c->size; verdict++)
			runs += count_of(c, label, verdict);
		if (runs == 0)
			continue;
		buf_addf(out, "%-*s  %" PRIu64 " of %" PRIu64 " right\n", width, c->names[label],
			 count_of(c, label, label), runs);
		for (size_t verdict = 0; verdict < c->size; verdict++)
			if (verdict != label && count_of(c, label, verdict) > 0)
				buf_addf(out, "%*s  WRONG: %" PRIu64 " %s\n", width, "", count_of(c, label, verdict),
					 c->names[verdict]);
	}
}

void confusion_release(struct confusion *c)
{
	for (size_t i = 0; i < c->size; i++)
		free(c->names[i]);
	free(c->names);
	free(c->counts);
	memset(c, 0, sizeof(*c));
}
