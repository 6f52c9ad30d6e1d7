#include "judge/bound.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/nearest.h"

static bool less(uint64_t a, uint64_t b)
{
	return a < b;
}

static bool at_most(uint64_t a, uint64_t b)
{
	return a <= b;
}

static bool more(uint64_t a, uint64_t b)
{
	return a > b;
}

static bool at_least(uint64_t a, uint64_t b)
{
	return a >= b;
}

static bool equal(uint64_t a, uint64_t b)
{
	return a == b;
}

static const struct bound_relation {
	const char *word;
	bool (*holds)(uint64_t figure, uint64_t value); /* NULL: the figure must not be there */
} relations[] = {
	{ "<", less }, { "<=", at_most }, { ">", more }, { ">=", at_least }, { "=", equal }, { "absent", NULL },
};

#define RELATIONS COUNT(relations)
#define SPACE " \t"

static const struct fact_row *find_row(const char *name, struct error *err)
{
	struct nearest n;

	nearest_init(&n, name);
	for (const struct fact_row *row = fact_rows; row->name != NULL; row++) {
		if (row->text)
			continue;
		if (strcmp(row->name, name) == 0)
			return row;
		nearest_offer(&n, row->name);
	}
	error_set(err, ERROR_INPUT, "unknown figure '%s'%s%s%s", name, n.best ? "; did you mean '" : "",
		  n.best ? n.best : " (oomrig list --figures tells of them)", n.best ? "'?" : "");
	return NULL;
}

static int parse_value(const struct fact_row *row, const char *text, uint64_t *out, struct error *err)
{
	if (strcmp(row->unit, "bytes") == 0)
		return units_parse_size(text, out, err);
	if (strcmp(row->unit, "bytes/s") == 0)
		return units_parse_rate(text, out, err);
	if (strcmp(row->unit, "ns") == 0)
		return units_parse_duration(text, out, err);
	return units_parse_count(text, out, err);
}

/* words: FIGURE RELATION [VALUE], cut in place. */
static int parse_words(struct bound *out, char *words, struct error *err)
{
	char *save = NULL, *figure = strtok_r(words, SPACE, &save), *relation = strtok_r(NULL, SPACE, &save);
	char *value = strtok_r(NULL, "", &save);
	size_t i = 0;

	while (relation != NULL && i < RELATIONS && strcmp(relations[i].word, relation) != 0)
		i++;
	if (relation == NULL || i == RELATIONS || (relations[i].holds == NULL) != (value == NULL))
		return error_set(err, ERROR_INPUT, "it must read FIGURE < VALUE (or <=, >, >=, =) or FIGURE absent");
	*out = (struct bound){ .row = find_row(figure, err), .relation = &relations[i] };
	if (out->row == NULL)
		return -1;
	return value != NULL ? parse_value(out->row, value + strspn(value, SPACE), &out->value, err) : 0;
}

int bound_parse(struct bound *out, const char *text, struct error *err)
{
	char *words = xstrdup(text);
	int rc = parse_words(out, words, err);

	free(words);
	if (rc != 0) {
		err->code = ERROR_INPUT;
		return error_prefix(err, "'%s'", text);
	}
	return 0;
}

static struct fact figure_of(const struct bound *b, const struct facts *f)
{
	return *(const struct fact *)((const char *)f + b->row->offset);
}

bool bound_holds(const struct bound *b, const struct facts *f)
{
	struct fact figure = figure_of(b, f);

	if (b->relation->holds == NULL)
		return figure.state == FACT_ABSENT;
	return fact_known(figure) && b->relation->holds(figure.value, b->value);
}

const char *bound_figure(const struct bound *b, const struct facts *f, char out[BOUND_TEXT_MAX])
{
	struct fact figure = figure_of(b, f);

	if (!fact_known(figure))
		snprintf(out, BOUND_TEXT_MAX, "%s", figure.state == FACT_ABSENT ? "absent" : "unreadable");
	else if (strcmp(b->row->unit, "bytes") == 0)
		units_format_size(figure.value, out);
	else if (strcmp(b->row->unit, "bytes/s") == 0)
		units_format_rate((double)figure.value, out);
	else if (strcmp(b->row->unit, "ns") == 0)
		units_format_duration(figure.value, out);
	else
		snprintf(out, BOUND_TEXT_MAX, "%" PRIu64, figure.value);
	return out;
}
