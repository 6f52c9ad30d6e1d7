#include "base/options.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/nearest.h"
#include "base/units.h"

static int check_range(const struct option_row *row, const char *typed, const char *text, uint64_t value,
		       struct error *err)
{
	if (row->max != 0 && (value < row->min || value > row->max))
		return error_set(err, ERROR_USAGE, "%s: '%s' is outside %llu to %llu", typed, text,
				 (unsigned long long)row->min, (unsigned long long)row->max);
	return 0;
}

static int parse_number(const struct option_row *row, const char *typed, const char *text, uint64_t *out,
			struct error *err)
{
	int (*const parse[])(const char *, uint64_t *, struct error *) = {
		[OPTION_COUNT] = units_parse_count,
		[OPTION_SIZE] = units_parse_size,
		[OPTION_RATE] = units_parse_rate,
		[OPTION_DURATION] = units_parse_duration,
	};
	uint64_t value;
	if (parse[row->type](text, &value, err) != 0) {
		err->code = ERROR_USAGE;
		return error_prefix(err, "%s", typed);
	}
	if (check_range(row, typed, text, value, err) != 0)
		return -1;
	*out = value;
	return 0;
}

static int parse_choice(const struct option_row *row, const char *typed, const char *text, const char **out,
			struct error *err)
{
	struct nearest n;
	nearest_init(&n, text);
	struct buf known = BUF_INIT;
	for (const char *const *c = row->choices; *c != NULL; c++) {
		if (strcmp(*c, text) == 0) {
			*out = *c;
			buf_release(&known);
			return 0;
		}
		nearest_offer(&n, *c);
		buf_addf(&known, "%s%s", known.len == 0 ? "" : ", ", *c);
	}
	error_set(err, ERROR_USAGE, "%s: unknown value '%s' (known: %s)%s%s%s", typed, text, buf_str(&known),
		  n.best ? "; did you mean '" : "", n.best ? n.best : "", n.best ? "'?" : "");
	buf_release(&known);
	return -1;
}

static int assign(const struct option_row *row, const char *typed, const char *text, void *settings, struct error *err)
{
	void *field = (char *)settings + row->offset;
	switch (row->type) {
	case OPTION_FLAG:
		*(bool *)field = true;
		return 0;
	case OPTION_STRING:
		*(const char **)field = text;
		return 0;
	case OPTION_PATH:
		if (text[0] == '\0')
			return error_set(err, ERROR_USAGE, "%s: the name (%s) is empty", typed, row->argument);
		*(const char **)field = text;
		return 0;
	case OPTION_CHOICE:
		return parse_choice(row, typed, text, field, err);
	case OPTION_COUNT:
	case OPTION_SIZE:
	case OPTION_RATE:
	case OPTION_DURATION:
		return parse_number(row, typed, text, field, err);
	case OPTION_LIST: {
		struct option_list *list = field;
		list->items = xrealloc(list->items, (list->count + 1) * sizeof(list->items[0]));
		list->items[list->count++] = text;
		return 0;
	}
	case OPTION_HEADING:
		break;
	}
	return error_set(err, ERROR_BUG, "option row '%s' has no type", row->name);
}

int options_defaults(const struct option_row *rows, void *settings, struct error *err)
{
	for (const struct option_row *row = rows; row->name != NULL; row++) {
		if (row->default_text == NULL || row->type == OPTION_HEADING)
			continue;
		if (assign(row, row->name, row->default_text, settings, err) != 0) {
			err->code = ERROR_BUG;
			return error_prefix(err, "default of");
		}
	}
	return 0;
}

static int unknown_option(const struct option_row *rows, const char *given, size_t len, struct error *err)
{
	char *name = xasprintf("%.*s", (int)len, given);
	struct nearest n;
	nearest_init(&n, name);
	nearest_offer(&n, "help");
	for (const struct option_row *row = rows; row->name != NULL; row++)
		if (row->type != OPTION_HEADING)
			nearest_offer(&n, row->name);
	error_set(err, ERROR_USAGE, "unknown option '--%s'%s%s%s", name, n.best ? "; did you mean '--" : "",
		  n.best ? n.best : "", n.best ? "'?" : "");
	free(name);
	return -1;
}

static const struct option_row *find_long(const struct option_row *rows, const char *name, size_t len)
{
	for (; rows->name != NULL; rows++)
		if (rows->type != OPTION_HEADING && strlen(rows->name) == len && memcmp(rows->name, name, len) == 0)
			return rows;
	return NULL;
}

static const struct option_row *find_letter(const struct option_row *rows, char letter)
{
	for (; rows->name != NULL; rows++)
		if (rows->letter == letter && letter != '\0')
			return rows;
	return NULL;
}

struct parser {
	const struct option_row *rows;
	int argc, i; /* argv[i] is the word at hand */
	char **argv;
	void *settings;
	struct options_result *result;
};

/* value: what stands in the word itself; NULL: the next word is it. */
static int take(struct parser *p, const struct option_row *row, const char *typed, const char *value, struct error *err)
{
	if (row->type != OPTION_FLAG && value == NULL) {
		if (p->i + 1 >= p->argc)
			return error_set(err, ERROR_USAGE, "%s needs a value (%s)", typed, row->argument);
		value = p->argv[++p->i];
	}
	return assign(row, typed, value, p->settings, err);
}

static int parse_long(struct parser *p, struct error *err)
{
	const char *name = p->argv[p->i] + 2;
	size_t len = strcspn(name, "=");
	const char *value = name[len] == '=' ? name + len + 1 : NULL;
	const struct option_row *row = find_long(p->rows, name, len);
	if (row == NULL)
		return unknown_option(p->rows, name, len, err);
	if (row->type == OPTION_FLAG && value != NULL)
		return error_set(err, ERROR_USAGE, "--%s takes no value", row->name);
	char *typed = xasprintf("--%s", row->name);
	int rc = take(p, row, typed, value, err);
	free(typed);
	return rc;
}

/* Flags may stand together in one word, and an option with a value behind them. */
static int parse_letters(struct parser *p, struct error *err)
{
	for (const char *at = p->argv[p->i] + 1; *at != '\0'; at++) {
		const struct option_row *row = find_letter(p->rows, *at);
		const char typed[] = { '-', *at, '\0' };
		p->result->help = row == NULL && *at == 'h';
		if (p->result->help)
			return 0;
		if (row == NULL)
			return error_set(err, ERROR_USAGE, "unknown option '%s'", typed);
		bool flag = row->type == OPTION_FLAG;
		if (flag && at[1] == '=')
			return error_set(err, ERROR_USAGE, "%s takes no value", typed);
		if (take(p, row, typed, !flag && at[1] != '\0' ? at + 1 : NULL, err) != 0)
			return -1;
		if (!flag)
			break;
	}
	return 0;
}

int options_parse(const struct option_row *rows, int argc, char **argv, void *settings, struct options_result *result,
		  struct error *err)
{
	memset(result, 0, sizeof(*result));
	result->operands = argv;
	struct parser p = { rows, argc, 1, argv, settings, result };
	for (; p.i < argc; p.i++) {
		char *word = argv[p.i];
		if (strcmp(word, "--") == 0) {
			result->rest = argv + p.i + 1;
			break;
		}
		result->help = strcmp(word, "--help") == 0;
		if (word[0] != '-' || word[1] == '\0')
			argv[result->operand_count++] = word; /* never ahead of p.i: slot 0 is free */
		else if (!result->help && (word[1] == '-' ? parse_long(&p, err) : parse_letters(&p, err)) != 0)
			return -1;
		if (result->help)
			return 0;
	}
	argv[result->operand_count] = NULL;
	return 0;
}

#define HELP_COLUMN 34
#define HELP_WIDTH 80

/* Prints words from *column on, the next line indented, so that no line is wider than HELP_WIDTH. */
static void print_words(FILE *out, size_t *column, const char *text)
{
	for (text += strspn(text, " \n"); *text != '\0'; text += strspn(text, " \n")) {
		size_t len = strcspn(text, " \n");
		bool first = *column == HELP_COLUMN;
		if (!first && *column + 1 + len > HELP_WIDTH) {
			fprintf(out, "\n%*s", HELP_COLUMN, "");
			*column = HELP_COLUMN;
			first = true;
		}
		*column += (size_t)fprintf(out, "%s%.*s", first ? "" : " ", (int)len, text);
		text += len;
	}
}

static void print_row(const struct option_row *row, FILE *out)
{
	char letter[8] = "    ";
	struct buf words = BUF_INIT;
	size_t column = HELP_COLUMN;
	if (row->letter != '\0')
		snprintf(letter, sizeof(letter), "-%c, ", row->letter);
	buf_addf(&words, "  %s--%s%s%s", letter, row->name, row->argument ? " " : "",
		 row->argument ? row->argument : "");
	fprintf(out, "%-*s", HELP_COLUMN, buf_str(&words));
	if (words.len > HELP_COLUMN - 2)
		fprintf(out, "\n%*s", HELP_COLUMN, "");
	buf_clear(&words);
	buf_adds(&words, row->help);
	if (row->choices != NULL)
		buf_adds(&words, "; one of:");
	for (const char *const *c = row->choices; c != NULL && *c != NULL; c++)
		buf_addf(&words, " %s", *c);
	if (row->default_text != NULL)
		buf_addf(&words, " [%s]", row->default_text);
	print_words(out, &column, buf_str(&words));
	fputc('\n', out);
	buf_release(&words);
}

void options_print_help(const struct option_row *rows, FILE *out)
{
	for (const struct option_row *row = rows; row->name != NULL; row++) {
		if (row->type == OPTION_HEADING)
			fprintf(out, "\n%s:\n", row->help);
		else
			print_row(row, out);
	}
	fprintf(out, "  -h, --help                      show this help\n");
}

void options_release(const struct option_row *rows, void *settings)
{
	for (; rows->name != NULL; rows++) {
		if (rows->type != OPTION_LIST)
			continue;
		struct option_list *list = (struct option_list *)((char *)settings + rows->offset);
		free(list->items);
		memset(list, 0, sizeof(*list));
	}
}
