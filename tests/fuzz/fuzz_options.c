/* Command lines, one word per line, through a table with every type of option; and each word as a figure. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/options.h"
#include "base/units.h"
#include "fuzz.h"

#define WORDS_MAX 32

struct settings {
	bool flag;
	const char *string, *choice;
	uint64_t count, size, rate, duration;
	struct option_list list;
};

static const char *const choices[] = { "one", "other", NULL };
#define AT(field) .offset = offsetof(struct settings, field)
static const struct option_row rows[] = {
	{ .name = "flag", .letter = 'f', .type = OPTION_FLAG, AT(flag), .help = "" },
	{ .name = "string", .letter = 's', .type = OPTION_STRING, AT(string), .argument = "S", .help = "" },
	{ .name = "choice", .type = OPTION_CHOICE, AT(choice), .argument = "C", .choices = choices, .help = "" },
	{ .name = "count", .letter = 'n', .type = OPTION_COUNT, AT(count), .argument = "N", .max = 9, .help = "" },
	{ .name = "size", .type = OPTION_SIZE, AT(size), .argument = "N", .min = 1, .max = 1 << 30, .help = "" },
	{ .name = "rate", .type = OPTION_RATE, AT(rate), .argument = "R", .help = "" },
	{ .name = "duration", .type = OPTION_DURATION, AT(duration), .argument = "D", .help = "" },
	{ .name = "list", .letter = 'l', .type = OPTION_LIST, AT(list), .argument = "L", .help = "" },
	{ .name = NULL },
};

static void as_figure(const char *word)
{
	struct error err = ERROR_INIT;
	uint64_t value = 0;
	double share = 0;
	char text[UNITS_TEXT_MAX];
	if (units_parse_size(word, &value, &err) == 0)
		units_format_size(value, text);
	if (units_parse_duration(word, &value, &err) == 0)
		units_format_duration(value, text);
	if (units_parse_rate(word, &value, &err) == 0)
		units_format_rate((double)value, text);
	units_parse_count(word, &value, &err);
	if (units_parse_share(word, &share, &err) == 0 && !(share >= 0 && share <= 1))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *words[WORDS_MAX + 2] = { fuzz_text((const uint8_t *)"oomrig", 6) };
	char *owned[WORDS_MAX + 2];
	struct settings settings = { 0 };
	struct options_result result;
	struct error err = ERROR_INIT;
	int count = 1;
	for (; size > 0 && count <= WORDS_MAX; count++) {
		size_t len;
		const uint8_t *word = fuzz_part(&data, &size, '\n', &len);
		words[count] = fuzz_text(word, len);
		as_figure(words[count]);
	}
	memcpy(owned, words, sizeof(owned)); /* they are put in another order */
	if (options_defaults(rows, &settings, &err) == 0)
		options_parse(rows, count, words, &settings, &result, &err);
	options_release(rows, &settings);
	for (int i = 0; i < count; i++)
		free(owned[i]);
	return 0;
}
