#include "html/marks.h"

#include <string.h>

#include "base/clock.h"
#include "html/out.h"
#include "report/figures.h"

struct mark {
	uint64_t t_ns;
	const char *kind, *what;
};

#define MARKS_MAX (2 + FACTS_DEATHS_MAX + FACTS_PASSES_MAX + 32)

static uint64_t time_of(const json_t *object, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(object, key));
	return value > 0 ? (uint64_t)value : 0;
}

uint64_t marks_span_ns(const struct run_summary *run)
{
	const json_t *phase;
	size_t i;
	uint64_t span_ns = 0;
	json_array_foreach (json_object_get(run->record, "phases"), i, phase) {
		uint64_t start = time_of(phase, "start_ns"), end = time_of(phase, "end_ns");
		span_ns = start > span_ns ? start : span_ns;
		span_ns = end > span_ns ? end : span_ns;
	}
	return span_ns;
}

static size_t add(struct mark *marks, size_t n, struct fact t_ns, const char *kind, const char *what)
{
	if (!fact_known(t_ns) || n == MARKS_MAX)
		return n;
	size_t at = n;
	for (; at > 0 && marks[at - 1].t_ns > t_ns.value; at--)
		marks[at] = marks[at - 1];
	marks[at] = (struct mark){ t_ns.value, kind, what };
	return n + 1;
}

/* By time. */
static size_t find(const struct run_summary *run, struct mark marks[MARKS_MAX])
{
	const struct facts *f = &run->facts;
	const json_t *phase;
	size_t i, n = add(marks, 0, f->oom_event_ns, "oom", "out of memory: the kernel's event");
	if (run_ended_first(f) && f->death_count == 0)
		n = add(marks, n, f->server_end_ns, "death",
			run_crashed(run) ? verdict_words(run)->meaning : "the server ended");
	for (i = 0; i < f->death_count; i++)
		n = add(marks, n, f->deaths[i].end_ns, "death", "the server died");
	for (i = 0; i < f->pass_count; i++)
		n = add(marks, n, f->passes[i].seen_ns, "pass", "a pass of its own maintenance (VACUUM) was over");
	json_array_foreach (json_object_get(run->record, "phases"), i, phase) {
		const char *name = json_string_value(json_object_get(phase, "name"));
		struct fact start = fact_of(time_of(phase, "start_ns"));
		if (name != NULL && strcmp(name, "squeeze") == 0)
			n = add(marks, n, start, "squeeze", "page cache asked back");
		if (name != NULL && strcmp(name, "collect") == 0)
			n = add(marks, n, start, "collect", "garbage asked back");
	}
	return n;
}

static double seconds(uint64_t ns)
{
	return (double)ns / NS_PER_S;
}

void marks_json(const struct run_summary *run, uint64_t span_ns, FILE *out)
{
	struct mark marks[MARKS_MAX];
	const json_t *phase;
	size_t i, n = find(run, marks);
	fputs("\"phases\":[", out);
	json_array_foreach (json_object_get(run->record, "phases"), i, phase) {
		uint64_t end = time_of(phase, "end_ns");
		const char *name = json_string_value(json_object_get(phase, "name"));
		fprintf(out, "%s{\"from\":%.6f,\"to\":%.6f,\"name\":", i > 0 ? "," : "",
			seconds(time_of(phase, "start_ns")), seconds(end > 0 ? end : span_ns));
		html_json_text(out, name != NULL ? name : "?");
		fputc('}', out);
	}
	fputs("],\"marks\":[", out);
	for (i = 0; i < n; i++)
		fprintf(out, "%s{\"t\":%.6f,\"kind\":\"%s\"}", i > 0 ? "," : "", seconds(marks[i].t_ns), marks[i].kind);
	fputc(']', out);
}

static void write_phases(const struct run_summary *run, uint64_t span_ns, FILE *out)
{
	const json_t *phases = json_object_get(run->record, "phases"), *phase;
	size_t i;
	fputs("<p class=\"zoom\" role=\"group\" aria-label=\"show a phase on all charts\"><button type=\"button\" "
	      "data-whole>whole run</button>",
	      out);
	json_array_foreach (phases, i, phase) {
		uint64_t start = time_of(phase, "start_ns"), end = time_of(phase, "end_ns");
		fprintf(out, " <button type=\"button\" data-from=\"%.6f\" data-to=\"%.6f\">", seconds(start),
			seconds(end > 0 ? end : span_ns));
		html_put(out, "%t</button>", json_string_value(json_object_get(phase, "name")));
	}
	fputs("</p>\n", out);
}

void marks_write(const struct run_summary *run, uint64_t span_ns, FILE *out)
{
	struct mark marks[MARKS_MAX];
	char text[UNITS_TEXT_MAX];
	size_t n = find(run, marks);
	write_phases(run, span_ns, out);
	if (n == 0)
		return;
	fputs("<ol class=\"marks\" aria-label=\"moments marked on the charts\">\n", out);
	for (size_t i = 0; i < n; i++)
		html_put(out, "<li class=\"%t\">%t: %t</li>\n", marks[i].kind,
			 figure_duration(fact_of(marks[i].t_ns), text), marks[i].what);
	fputs("</ol>\n", out);
}
