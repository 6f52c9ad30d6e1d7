/* What can be named, on the terminal. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/text.h"
#include "facts/facts.h"
#include "base/units.h"
#include "catalogue/catalogue.h"
#include "report/page.h"
#include "scenario/network.h"
#include "scenario/scenario.h"

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text != NULL ? text : "";
}

static void print_scenarios(struct page *p, const json_t *all)
{
	size_t i, k;
	json_t *s, *e;
	json_array_foreach (all, i, s) {
		char cap[UNITS_TEXT_MAX] = "no cap";
		json_t *memory = json_object_get(s, "memory_bytes");
		page_ink(p, INK_STRONG, "  %s\n", text_of(s, "path"));
		if (json_is_integer(memory))
			units_format_size((uint64_t)json_integer_value(memory), cap);
		if (json_object_get(s, "name") != NULL) {
			buf_addf(&p->text, "    %s, expected ", cap);
			json_array_foreach (json_object_get(s, "expected"), k, e)
				buf_addf(&p->text, "%s%s", k > 0 ? " or " : "", json_string_value(e));
			buf_addf(&p->text, "%s\n", k == 0 ? "nothing" : "");
		}
		if (text_of(s, "question")[0] != '\0')
			page_wrap(p, INK_FAINT, "    ", text_of(s, "question"));
		if (text_of(s, "error")[0] != '\0')
			page_wrap(p, INK_BAD, "    ", text_of(s, "error"));
	}
	if (json_array_size(all) == 0)
		page_ink(p, INK_WARN, "  none in the folder of the program\n");
}

/* "  name            text", wrapped below the text. */
static void print_item(struct page *p, const char *name, enum ink ink, const char *text)
{
	char *lead = xasprintf("  %-20s ", name);
	page_wrap(p, ink, lead, text);
	free(lead);
}

static void print_named(struct page *p, const json_t *items)
{
	size_t i;
	json_t *item;
	json_array_foreach (items, i, item) {
		struct buf text = BUF_INIT;
		json_t *value = json_object_get(item, "default");
		buf_adds(&text, text_of(item, "summary"));
		char *shown = value != NULL ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
		if (json_is_string(value))
			buf_addf(&text, " [%s]", json_string_value(value));
		else if (shown != NULL)
			buf_addf(&text, " [%s]", shown);
		free(shown);
		if (text_of(item, "error")[0] != '\0')
			buf_addf(&text, " (does not work here: %s)", text_of(item, "error"));
		print_item(p, text_of(item, "name"), text_of(item, "error")[0] != '\0' ? INK_WARN : INK_PLAIN,
			   buf_str(&text));
		buf_release(&text);
	}
}

/* Where the figures come from is in --json. */
static void print_networks(struct page *p)
{
	page_ink(p, INK_FAINT, "  %-18s %12s %12s %12s\n", "", "down", "up", "first byte");
	for (const struct network_preset *n = network_presets; n->name != NULL; n++) {
		char down[UNITS_TEXT_MAX], up[UNITS_TEXT_MAX], latency[UNITS_TEXT_MAX];
		buf_addf(&p->text, "  %-18s %12s %12s %12s\n", n->name,
			 n->down_bytes_per_s ? units_format_rate((double)n->down_bytes_per_s, down) : "unlimited",
			 n->up_bytes_per_s ? units_format_rate((double)n->up_bytes_per_s, up) : "unlimited",
			 n->latency_ns ? units_format_duration(n->latency_ns, latency) : "at once");
	}
}

void catalogue_print(FILE *out, const json_t *all)
{
	struct page p;
	json_t *server = json_object_get(all, "server");
	page_init(&p, out);
	page_ink(&p, INK_STRONG, "Scenarios\n");
	print_scenarios(&p, json_object_get(all, "scenarios"));
	if (json_is_object(server)) {
		page_ink(&p, INK_STRONG, "\nPresets of the bundled server (--set server.preset=NAME)\n");
		print_named(&p, json_object_get(server, "presets"));
		page_ink(&p, INK_STRONG, "\nBehaviours (--set server.behaviours.NAME=VALUE)\n");
		print_named(&p, json_object_get(server, "behaviours"));
	} else {
		page_ink(&p, INK_STRONG, "\nBundled server\n");
		page_wrap(&p, INK_WARN, "  ", text_of(all, "server_error"));
	}
	page_ink(&p, INK_STRONG, "\nWays to cap memory (--set isolation=NAME)\n");
	print_named(&p, json_object_get(all, "isolation"));
	page_ink(&p, INK_STRONG, "\nNetworks (--set load.GROUP.network=NAME)\n");
	print_networks(&p);
	page_ink(&p, INK_STRONG, "\nReport formats (oomrig show --format NAME)\n");
	print_named(&p, json_object_get(all, "formats"));
	page_write(&p, out);
	page_release(&p);
}

/* A row of the table of keys, "name | type | default | meaning": the meaning on lines below. */
static void print_key(struct page *p, char *line)
{
	char *at = line;
	for (int bars = 0; at != NULL && bars < 3; bars++)
		at = strchr(bars == 0 ? at : at + 1, '|');
	if (at == NULL) {
		page_wrap(p, INK_STRONG, "", line);
		return;
	}
	for (char *end = at; end > line && strchr(" |", end[-1]) != NULL; end--)
		end[-1] = '\0';
	page_wrap(p, INK_PLAIN, "", line);
	page_wrap(p, INK_FAINT, "    ", at + 1 + strspn(at + 1, " "));
}

void catalogue_print_keys(FILE *out)
{
	struct buf text = BUF_INIT;
	struct page p;
	scenario_describe_keys(&text);
	char *all = buf_detach(&text), *rest = all;
	page_init(&p, out);
	for (char *line; (line = strsep(&rest, "\n")) != NULL;)
		if (rest != NULL || line[0] != '\0')
			print_key(&p, line);
	page_write(&p, out);
	page_release(&p);
	free(all);
}

/* What a figure is given and compared in. */
static const char *unit_words(const struct fact_row *row)
{
	static const char *const words[][2] = {
		{ "bytes", "size (64MiB)" }, { "bytes/s", "rate (20MB/s)" }, { "ns", "time (8s)" },
		{ "flag", "0 or 1" },	     { "count", "number" },	     { "text", "text: absent or not" },
	};
	for (size_t i = 0; i < COUNT(words); i++)
		if (strcmp(words[i][0], row->unit) == 0)
			return words[i][1];
	return row->unit;
}

void catalogue_print_figures(FILE *out)
{
	struct page p;
	page_init(&p, out);
	for (const struct fact_row *row = fact_rows; row->name != NULL; row++) {
		page_ink(&p, INK_STRONG, "%s", row->name);
		buf_addf(&p.text, "  %s\n", unit_words(row));
		page_wrap(&p, INK_FAINT, "    ", row->meaning);
	}
	page_write(&p, out);
	page_release(&p);
}

void catalogue_describe_figures(struct buf *out)
{
	buf_adds(out, "| figure | unit | meaning |\n|---|---|---|\n");
	for (const struct fact_row *row = fact_rows; row->name != NULL; row++) {
		buf_addf(out, "| `%s` | %s | ", row->name, unit_words(row));
		text_add_markdown(out, row->meaning);
		buf_adds(out, " |\n");
	}
}

json_t *catalogue_figures(void)
{
	json_t *figures = json_array();
	for (const struct fact_row *row = fact_rows; row->name != NULL; row++)
		json_array_append_new(figures, json_pack("{s:s, s:s, s:s}", "name", row->name, "unit", row->unit,
							 "meaning", row->meaning));
	return json_pack("{s:i, s:o}", "schema", 1, "figures", figures);
}
