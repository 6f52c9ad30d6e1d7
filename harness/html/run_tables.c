/* The tables of a run's page. */
#include <stdlib.h>
#include <string.h>

#include "base/fact_json.h"
#include "html/layout.h"
#include "html/out.h"
#include "html/run_parts.h"
#include "judge/law.h"
#include "report/figures.h"

typedef const char *format_fact(struct fact f, char out[UNITS_TEXT_MAX]);

static void head(FILE *out, const char *caption, const char *const *columns)
{
	html_put(out, "<div class=\"wide\"><table>\n<caption>%t</caption>\n<thead><tr>", caption);
	for (size_t i = 0; columns[i] != NULL; i++)
		html_put(out, "<th scope=\"col\">%t</th>", columns[i]);
	fputs("</tr></thead>\n<tbody>\n", out);
}

static void end(FILE *out)
{
	fputs("</tbody>\n</table></div>\n", out);
}

static void cell(FILE *out, struct fact f, format_fact *format)
{
	char text[UNITS_TEXT_MAX];
	html_put(out, "<td class=\"figure\">%t</td>",
		 f.state == FACT_UNREADABLE ? "could not be read"
		 : fact_known(f)	    ? format(f, text)
					    : "\xe2\x80\x93");
}

/* ---- memory by phase ---------------------------------------------------- */

#define LEVELS(field)                                                                                                  \
	{                                                                                                              \
		offsetof(struct facts, baseline_##field), offsetof(struct facts, peak_##field),                        \
			offsetof(struct facts, settled_##field)                                                        \
	}
static const struct {
	const char *name;
	size_t level[3], squeezed; /* squeezed 0: not looked at */
	format_fact *format;
} levels[] = {
	{ "charged to the group", LEVELS(usage_bytes), offsetof(struct facts, squeezed_usage_bytes), figure_size },
	{ "unreclaimable", LEVELS(unreclaimable_bytes), offsetof(struct facts, squeezed_unreclaimable_bytes),
	  figure_size },
	{ "anon", LEVELS(anon_bytes), 0, figure_size },
	{ "page cache", LEVELS(file_bytes), offsetof(struct facts, squeezed_file_bytes), figure_size },
	{ "kernel", LEVELS(kernel_bytes), offsetof(struct facts, squeezed_kernel_bytes), figure_size },
	{ "processes", LEVELS(processes), 0, figure_count },
	{ "threads", LEVELS(threads), 0, figure_count },
	{ "open files", LEVELS(open_files), 0, figure_count },
};

static struct fact fact_at(const struct facts *f, size_t offset)
{
	return *(const struct fact *)((const char *)f + offset);
}

void part_levels(FILE *out, const struct run_summary *run)
{
	static const char *const columns[] = {
		"kind", "before the load", "peak", "after it settled", "after page cache was asked back", NULL
	};
	const struct facts *f = &run->facts;
	fputs("<section aria-labelledby=\"levels\">\n<h2 id=\"levels\">Memory by phase</h2>\n", out);
	head(out, "Levels and peaks", columns);
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		html_put(out, "<tr><th scope=\"row\">%t</th>", levels[i].name);
		for (size_t k = 0; k < 3; k++)
			cell(out, fact_at(f, levels[i].level[k]), levels[i].format);
		cell(out, levels[i].squeezed > 0 ? fact_at(f, levels[i].squeezed) : FACT_NONE, levels[i].format);
		fputs("</tr>\n", out);
	}
	end(out);
	if (run_crashed(run))
		fputs("<p class=\"note\">A killed server wanted more than it was given: its peaks are lower "
		      "bounds.</p>\n",
		      out);
	fputs("</section>\n", out);
}

/* ---- requests ----------------------------------------------------------- */

static void latency_rows(FILE *out, const json_t *groups)
{
	static const char *const columns[] = { "load group", "requests", "median", "90 %", "99 %", "slowest", NULL };
	static const char *const keys[] = { "p50_ns", "p90_ns", "p99_ns", "max_ns" };
	const json_t *group;
	size_t i;
	head(out, "Latency of requests that were answered", columns);
	json_array_foreach (groups, i, group) {
		struct fact count = FACT_NONE, took;
		fact_from_json(json_object_get(group, "count"), &count);
		html_put(out, "<tr><th scope=\"row\">%t</th>", json_string_value(json_object_get(group, "name")));
		cell(out, count, figure_count);
		for (size_t k = 0; k < 4; k++) {
			if (fact_from_json(json_object_get(group, keys[k]), &took) != 0 || count.value == 0)
				took = FACT_NONE;
			cell(out, took, figure_duration);
		}
		fputs("</tr>\n", out);
	}
	end(out);
}

void part_requests(FILE *out, const struct run_summary *run)
{
	const struct facts *f = &run->facts;
	const json_t *groups = json_object_get(json_object_get(run->record, "load"), "latency");
	fputs("<section aria-labelledby=\"requests\">\n<h2 id=\"requests\">Requests</h2>\n<div class=\"wide\"><table>\n"
	      "<caption>What became of them</caption>\n<tbody>\n",
	      out);
	html_fact_row(out, "started", f->requests_started, figure_count);
	html_fact_row(out, "answered as expected", f->requests_ok, figure_count);
	html_fact_row(out, "failed", f->requests_failed, figure_count);
	html_text_row(out, "the first that failed", f->first_failure);
	html_fact_row(out, "cut off by the end of the load", f->requests_cut, figure_count);
	html_fact_row(out, "sent", f->sent_bytes, figure_size);
	html_fact_row(out, "received", f->received_bytes, figure_size);
	html_fact_row(out, "acknowledged", f->acknowledged_bytes, figure_size);
	html_fact_row(out, "read and compared", f->verified_bytes, figure_size);
	html_fact_row(out, "transfers that were wrong", f->corrupt, figure_count);
	html_text_row(out, "the first that was wrong", f->first_corrupt);
	html_fact_row(out, "length of the load", f->load_ns, figure_duration);
	end(out);
	if (json_array_size(groups) > 0)
		latency_rows(out, groups);
	fputs("</section>\n", out);
}

/* ---- growth law and forecast -------------------------------------------- */

static void law_data(FILE *out, const char *id, const struct law_point *points, size_t count)
{
	html_put(out,
		 "<script type=\"application/json\" id=\"%t\">{\"tables\":{\"rounds\":{\"columns\":[\"t\",\"measured\","
		 "\"expected\"],\"rows\":[",
		 id);
	for (size_t i = 0; i < count; i++) {
		fprintf(out, "%s[%zu,", i > 0 ? "," : "", points[i].round);
		html_json_number(out, points[i].measured_bytes / 1024, 3);
		fputc(',', out);
		html_json_number(out, points[i].expected_bytes / 1024, 3);
		fputc(']', out);
	}
	fputs("]}}}</script>\n", out);
}

static void law_table(FILE *out, const char *caption, const struct run_summary *run, const struct law_point *points,
		      size_t count)
{
	static const char *const columns[] = {
		"round", "clients", "requests", "bytes", "measured", "by the law", NULL
	};
	head(out, caption, columns);
	for (size_t i = 0; i < count; i++) {
		const struct facts_round *r = &run->facts.rounds[points[i].round - 1];
		char measured[UNITS_TEXT_MAX], expected[UNITS_TEXT_MAX];
		html_put(out, "<tr><th scope=\"row\">%i</th>", points[i].round);
		cell(out, r->clients, figure_count);
		cell(out, fact_known(r->ended) ? r->ended : r->requests, figure_count);
		cell(out, r->bytes, figure_size);
		html_put(out, "<td class=\"figure\">%t</td><td class=\"figure\">%t</td></tr>\n",
			 units_format_size(units_whole(points[i].measured_bytes), measured),
			 units_format_size(units_whole(points[i].expected_bytes), expected));
	}
	end(out);
}

static const struct {
	const char *id, *heading, *words, *table;
} law_words[LAWS] = {
	[LAW_KEPT] = { "law-kept", "What each round left behind",
		       "Unreclaimable memory after a round less that before it, as measured, and by the law that was "
		       "fitted through the rounds.",
		       "Left behind by each round" },
	[LAW_HELD] = { "law-held", "What each round held while it ran",
		       "The peak of a round above the lowest level, as measured, and by the law that was fitted "
		       "through "
		       "the rounds.",
		       "Held by each round while it ran" },
};

void part_law(FILE *out, const struct run_summary *run)
{
	struct law laws[LAWS];
	struct law_point points[FACTS_ROUNDS_MAX];
	bool begun = false;
	if (run->law == NULL)
		return;
	laws_fit(&run->facts, laws);
	for (int kind = 0; kind < LAWS; kind++) {
		size_t count = laws[kind].dominant < 0 ? 0 : law_points(&run->facts, laws, (enum law_kind)kind, points);
		char *data = xasprintf("%s-data", law_words[kind].id);
		struct chart_figure chart = {
			law_words[kind].id, data, law_words[kind].heading, law_words[kind].words,
			"{\"unit\":\"bytes\",\"apart\":true,\"axis\":\"round\",\"series\":[[\"rounds\","
			"\"measured\",\"measured\",1,\"dots\"],[\"rounds\",\"expected\",\"by the "
			"law\",2,\"dashed\"]]}"
		};
		if (count > 0 && !begun)
			html_put(
				out,
				"<section aria-labelledby=\"law\">\n<h2 id=\"law\">Growth law</h2>\n<p>Memory grows by "
				"the law <strong>%t</strong>: "
				"the evidence above says what and by how much. The first round warms the server up and "
				"does not "
				"count.</p>\n",
				law_class(laws));
		if (count > 0) {
			layout_chart(out, &chart);
			law_data(out, data, points, count);
			law_table(out, law_words[kind].table, run, points, count);
			begun = true;
		}
		free(data);
	}
	if (begun)
		fputs("</section>\n", out);
}

static struct fact left_of(const json_t *rate, const char *key, double unit)
{
	const json_t *value = json_object_get(rate, key);
	return json_is_number(value) ? fact_of(units_whole(json_number_value(value) * unit)) : FACT_NONE;
}

void part_forecast(FILE *out, const struct run_summary *run)
{
	static const char *const columns[] = { "by",	       "memory for each", "left until the cap",
					       "at the least", "at the most",	  NULL };
	static const struct {
		const char *key, *name;
		double unit;
		format_fact *format;
	} rows[] = { { "requests", "request", 1, figure_count },
		     { "bytes", "byte sent or received", 1, figure_size },
		     { "seconds", "second", 1e9, figure_duration } };
	if (!json_is_object(run->forecast))
		return;
	fputs("<section aria-labelledby=\"forecast\">\n<h2 id=\"forecast\">Forecast</h2>\n<p>If it keeps growing as it "
	      "did "
	      "in this load; one load cannot tell a leak from a cache that is larger than the load.</p>\n",
	      out);
	head(out, "How far it is from the cap, with 95 % intervals", columns);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const json_t *rate = json_object_get(run->forecast, rows[i].key);
		char text[UNITS_TEXT_MAX];
		if (!json_is_object(rate))
			continue;
		snprintf(text, sizeof(text), "%.4g B", json_number_value(json_object_get(rate, "rate_bytes")));
		html_put(out, "<tr><th scope=\"row\">%t</th><td class=\"figure\">%t</td>", rows[i].name, text);
		cell(out, left_of(rate, "left", rows[i].unit), rows[i].format);
		cell(out, left_of(rate, "left_least", rows[i].unit), rows[i].format);
		cell(out, left_of(rate, "left_most", rows[i].unit), rows[i].format);
		fputs("</tr>\n", out);
	}
	end(out);
	fputs("</section>\n", out);
}

/* ---- death -------------------------------------------------------------- */

static struct fact figure_of(const json_t *object, const char *key)
{
	struct fact fact;
	return fact_from_json(json_object_get(object, key), &fact) == 0 ? fact : FACT_BROKEN;
}

static void task_rows(FILE *out, const json_t *tasks)
{
	static const char *const columns[] = { "process", "pid",   "resident",	  "anon",
					       "file",	  "shmem", "page tables", NULL };
	static const char *const keys[] = { "rss_bytes", "rss_anon_bytes", "rss_file_bytes", "rss_shmem_bytes",
					    "pgtables_bytes" };
	const json_t *task;
	size_t i;
	head(out, "Processes, biggest first", columns);
	json_array_foreach (tasks, i, task) {
		html_put(out, "<tr><th scope=\"row\">%t%t</th>", json_string_value(json_object_get(task, "name")),
			 json_is_true(json_object_get(task, "killed")) ? " (killed)" : "");
		fprintf(out, "<td class=\"figure\">%lld</td>",
			(long long)json_integer_value(json_object_get(task, "pid")));
		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			cell(out, figure_of(task, keys[k]), figure_size);
		fputs("</tr>\n", out);
	}
	end(out);
}

static void both_views(FILE *out, const json_t *ours, const json_t *kernels)
{
	static const char *const columns[] = { "kind", "read by the rig", "printed by the kernel", NULL };
	static const struct {
		const char *name, *key;
	} rows[] = {
		{ "charged", "usage_bytes" },	    { "anon", "anon_bytes" },	    { "shmem", "shmem_bytes" },
		{ "kernel", "kernel_bytes" },	    { "page cache", "file_bytes" }, { "dirty", "dirty_bytes" },
		{ "writeback", "writeback_bytes" },
	};
	if (!json_is_object(ours) && !json_is_object(kernels))
		return;
	head(out, "Memory at the kill", columns);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		html_put(out, "<tr><th scope=\"row\">%t</th>", rows[i].name);
		cell(out, figure_of(ours, rows[i].key), figure_size);
		cell(out, figure_of(kernels, rows[i].key), figure_size);
		fputs("</tr>\n", out);
	}
	end(out);
}

void part_death(FILE *out, const struct run_summary *run)
{
	const json_t *death = json_object_get(run->record, "death"), *tasks = json_object_get(death, "tasks");
	const json_t *at_oom = json_object_get(death, "at_oom");
	if (!json_is_object(death))
		return;
	fputs("<section aria-labelledby=\"death\">\n<h2 id=\"death\">The death</h2>\n", out);
	both_views(out, json_object_get(at_oom, "memory"), json_object_get(death, "memory"));
	if (!json_is_array(tasks)) {
		html_put(out, "<p class=\"note\">No table of the kernel's: %t. Below is what the rig read.</p>\n",
			 json_string_value(json_object_get(death, "tasks_absent")));
		tasks = json_object_get(at_oom, "processes");
	}
	if (json_array_size(tasks) > 0)
		task_rows(out, tasks);
	fputs("</section>\n", out);
}

/* ---- aftermath ---------------------------------------------------------- */

static void deaths_table(FILE *out, const struct facts *f)
{
	static const char *const columns[] = { "death",		"at",	    "signal",	     "charged",
					       "unreclaimable", "down for", "requests lost", NULL };
	head(out, "Each death", columns);
	for (size_t i = 0; i < f->death_count; i++) {
		const struct facts_death *d = &f->deaths[i];
		html_put(out, "<tr><th scope=\"row\">%i</th>", i + 1);
		cell(out, d->end_ns, figure_duration);
		cell(out, d->signal, figure_count);
		cell(out, d->usage_bytes, figure_size);
		cell(out, d->unreclaimable_bytes, figure_size);
		cell(out, d->down_ns, figure_duration);
		cell(out, d->lost, figure_count);
		fputs("</tr>\n", out);
	}
	end(out);
}

void part_aftermath(FILE *out, const struct run_summary *run)
{
	const struct facts *f = &run->facts;
	if (!fact_known(f->aftermath_acknowledged) && f->death_count == 0)
		return;
	fputs("<section aria-labelledby=\"aftermath\">\n<h2 id=\"aftermath\">Aftermath</h2>\n", out);
	if (f->death_count > 0)
		deaths_table(out, f);
	fputs("<div class=\"wide\"><table>\n<caption>What it had acknowledged before it died, read back after it was "
	      "started "
	      "again</caption>\n<tbody>\n",
	      out);
	html_fact_row(out, "ready again after", f->aftermath_ready_ns, figure_duration);
	html_fact_row(out, "objects to be read", f->aftermath_acknowledged, figure_count);
	html_fact_row(out, "intact", f->aftermath_intact, figure_count);
	html_fact_row(out, "lost", f->aftermath_lost, figure_count);
	html_fact_row(out, "wrong", f->aftermath_corrupt, figure_count);
	html_fact_row(out, "half visible", f->aftermath_half_visible, figure_count);
	html_fact_row(out, "not read", f->aftermath_unread, figure_count);
	html_fact_row(out, "unanswered uploads that are there in full", f->unanswered_whole, figure_count);
	html_fact_row(out, "unanswered uploads that are half visible", f->unanswered_half_visible, figure_count);
	html_fact_row(out, "unanswered uploads that are not there", f->unanswered_absent, figure_count);
	html_text_row(out, "why not all was read", f->aftermath_error);
	html_text_row(out, "the first that were not intact", f->aftermath_first);
	end(out);
	fputs("</section>\n", out);
}
