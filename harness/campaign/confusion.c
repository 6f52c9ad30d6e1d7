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

static void write_row(const struct confusion *c, size_t row, const char *cell, struct buf *out)
{
	for (size_t column = 0; column < c->size; column++) {
		char text[24] = ".";

		if (c->counts[row * c->size + column] > 0)
			snprintf(text, sizeof(text), "%" PRIu64, c->counts[row * c->size + column]);
		buf_addf(out, cell, text);
	}
}

void confusion_write(const struct confusion *c, enum confusion_form form, struct buf *out)
{
	bool markdown = form == CONFUSION_MARKDOWN;
	const char *cell = markdown ? " %s |" : "%5s";
	int width = (int)strlen(HEADING);
	char name[4];

	for (size_t i = 0; i < c->size; i++)
		if ((int)strlen(c->names[i]) > width)
			width = (int)strlen(c->names[i]);
	buf_addf(out, markdown ? "| %-*s | |" : "%-*s    ", width, HEADING);
	for (size_t i = 0; i < c->size; i++)
		buf_addf(out, cell, letter(i, name));
	buf_addc(out, '\n');
	if (markdown) {
		buf_adds(out, "|---|---|");
		for (size_t i = 0; i < c->size; i++)
			buf_adds(out, "---|");
		buf_addc(out, '\n');
	}
	for (size_t row = 0; row < c->size; row++) {
		buf_addf(out, markdown ? "| %-*s | %s |" : "%-*s  %2s", width, c->names[row], letter(row, name));
		write_row(c, row, cell, out);
		buf_addc(out, '\n');
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
