#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/macros.h"
#include "base/text.h"
#include "report/death_page.h"
#include "report/failed_start.h"
#include "report/figures.h"
#include "report/grid.h"
#include "report/heading.h"
#include "report/page.h"
#include "report/report.h"

#define LABEL_COLUMNS 14
#define DEATHS_SHOWN 8 /* the evidence sums up all of them */
#define EVIDENCE_SHOWN 4
#define UNEXPECTED_SHOWN 12

/* What was not as expected beside the verdict. */
static void surprises(struct page *p, const struct run_summary *run)
{
	char *lead = xasprintf("%s ", page_glyph(p, GLYPH_CROSS));
	for (size_t i = 0; i < run->surprise_count && run_judged(run); i++)
		page_wrap(p, INK_BAD, lead, run->surprises[i]);
	free(lead);
}

/* What must not be overlooked, whatever the verdict. */
static void alarms(struct page *p, const struct run_summary *run)
{
	const struct facts *f = &run->facts;
	if (fact_known(f->corrupt) && f->corrupt.value > 0) {
		buf_addc(&p->text, '\n');
		page_ink(p, INK_ALARM, " DATA LOSS ");
		page_ink(p, INK_BAD, " %llu transfer%s did not return the bytes that were stored",
			 (unsigned long long)f->corrupt.value, f->corrupt.value == 1 ? "" : "s");
		buf_addc(&p->text, '\n');
		if (f->first_corrupt[0] != '\0')
			page_wrap(p, INK_BAD, "  ", f->first_corrupt);
	}
	if (f->rig_error[0] != '\0') {
		buf_addc(&p->text, '\n');
		page_wrap(p, INK_BAD, "the rig failed: ", f->rig_error);
	}
}

/* The first lines are the strongest; those beyond `most` are counted. */
static void evidence(struct page *p, const struct run_summary *run, size_t most)
{
	buf_addc(&p->text, '\n');
	page_ink(p, INK_STRONG, "Evidence\n");
	char *lead = xasprintf("  %s ", page_glyph(p, GLYPH_BULLET));
	for (size_t i = 0; i < run->evidence_count && i < most; i++)
		page_wrap(p, INK_PLAIN, lead, run->evidence[i]);
	if (run->evidence_count == 0)
		page_wrap(p, INK_WARN, lead, "none was recorded");
	free(lead);
}

struct composition {
	struct fact usage, anon, shmem, kernel, file;
};

/* Below: what is known of `whole` beyond the parts, never negative. */
static struct fact remainder_of(struct fact whole, struct fact parts)
{
	if (!fact_known(whole) || !fact_known(parts))
		return whole.state == FACT_UNREADABLE || parts.state == FACT_UNREADABLE ? FACT_BROKEN : FACT_NONE;
	return fact_of(whole.value > parts.value ? whole.value - parts.value : 0);
}

static void draw_composition(struct page *p, const struct composition *c, struct fact cap)
{
	const struct {
		const char *name;
		enum glyph glyph;
		enum ink ink;
		bool always; /* in the legend, even when there is none */
		struct fact value;
	} parts[] = {
		{ "anon", GLYPH_ANON, INK_BAD, true, c->anon },
		{ "shmem", GLYPH_SHMEM, INK_BAD, false, c->shmem },
		{ "kernel", GLYPH_KERNEL, INK_WARN, false, c->kernel },
		{ "page cache", GLYPH_CACHE, INK_GOOD, true, c->file },
		{ "other", GLYPH_OTHER, INK_PLAIN, false,
		  remainder_of(c->usage, fact_add(fact_add(c->anon, c->shmem), fact_add(c->kernel, c->file))) },
	};
	enum { PARTS = COUNT(parts) };
	struct bar_part bar[PARTS];
	struct fact whole = fact_max(cap, c->usage);
	for (size_t i = 0; i < PARTS; i++) {
		bar[i].glyph = parts[i].glyph;
		bar[i].ink = parts[i].ink;
		bar[i].value = fact_known(parts[i].value) ? parts[i].value.value : 0;
	}
	buf_adds(&p->text, "  [");
	page_bar(p, bar, PARTS, fact_known(whole) ? whole.value : 0, (p->width > 100 ? 100 : p->width) - 4);
	buf_adds(&p->text, "]\n");

	int column = 0;
	char text[UNITS_TEXT_MAX];
	for (size_t i = 0; i < PARTS; i++) {
		figure_size(parts[i].value, text);
		if (!parts[i].always &&
		    (parts[i].value.state == FACT_ABSENT || (fact_known(parts[i].value) && parts[i].value.value == 0)))
			continue; /* the table below has every kind */
		page_legend(p, &column, parts[i].glyph, parts[i].ink, "%s %s", parts[i].name, text);
	}
	buf_addc(&p->text, '\n');
}

static void picture(struct page *p, const struct run_summary *run)
{
	const struct facts *f = &run->facts;
	bool died = run_crashed(run) && fact_known(f->death_usage_bytes);
	struct composition c = { f->peak_usage_bytes, f->peak_anon_bytes, f->peak_shmem_bytes, FACT_NONE,
				 f->peak_file_bytes };
	if (died)
		c = (struct composition){ f->death_usage_bytes, f->death_anon_bytes, f->death_shmem_bytes,
					  f->death_kernel_bytes, f->death_file_bytes };
	else
		c.kernel = remainder_of(f->peak_unreclaimable_bytes, fact_add(c.anon, c.shmem));
	if (!fact_known(c.usage))
		return;

	char usage[UNITS_TEXT_MAX], cap[UNITS_TEXT_MAX], when[UNITS_TEXT_MAX];
	struct fact limit = fact_known(f->cap_in_force_bytes) ? f->cap_in_force_bytes : run->memory_bytes;
	struct buf title = BUF_INIT;
	buf_adds(&title, died ? "Memory when it died" : "Memory at its highest");
	if (died && fact_known(f->server_end_ns))
		buf_addf(&title, ", %s after it started", figure_duration(f->server_end_ns, when));
	buf_addf(&title, ": %s charged", figure_size(c.usage, usage));
	if (fact_known(limit))
		buf_addf(&title, ", cap %s", figure_size(limit, cap));
	buf_addc(&p->text, '\n');
	page_wrap(p, INK_STRONG, "", buf_str(&title));
	buf_release(&title);
	draw_composition(p, &c, limit);
	if (!died)
		page_wrap(p, INK_FAINT, "  ",
			  "each kind at its own highest moment: together they may exceed the charge");
}

static void phases(struct page *p, const struct facts *f)
{
	enum { COLUMNS = 6, ROWS = 6 };
	static const char *const heads[COLUMNS] = { "before load", "highest",	"at death",
						    "after load",  "collected", "cache freed" };
	const struct {
		const char *name;
		struct fact at[COLUMNS];
	} rows[ROWS] = {
		{ "usage",
		  { f->baseline_usage_bytes, f->peak_usage_bytes, f->death_usage_bytes, f->settled_usage_bytes,
		    FACT_NONE, f->squeezed_usage_bytes } },
		{ "anon",
		  { f->baseline_anon_bytes, f->peak_anon_bytes, f->death_anon_bytes, f->settled_anon_bytes, FACT_NONE,
		    FACT_NONE } },
		{ "shmem", { FACT_NONE, f->peak_shmem_bytes, f->death_shmem_bytes, FACT_NONE, FACT_NONE, FACT_NONE } },
		{ "kernel",
		  { f->baseline_kernel_bytes, f->peak_kernel_bytes, f->death_kernel_bytes, f->settled_kernel_bytes,
		    FACT_NONE, FACT_NONE } },
		{ "unreclaimable",
		  { f->baseline_unreclaimable_bytes, f->peak_unreclaimable_bytes, FACT_NONE,
		    f->settled_unreclaimable_bytes, f->collected_unreclaimable_bytes,
		    f->squeezed_unreclaimable_bytes } },
		{ "page cache",
		  { f->baseline_file_bytes, f->peak_file_bytes, f->death_file_bytes, f->settled_file_bytes, FACT_NONE,
		    f->squeezed_file_bytes } },
	};
	bool used[COLUMNS] = { false }, any = false;
	for (size_t r = 0; r < ROWS; r++)
		for (size_t c = 0; c < COLUMNS; c++)
			any |= used[c] |= rows[r].at[c].state != FACT_ABSENT;
	if (!any)
		return;
	struct grid g = { .corner = "Memory", .label_columns = LABEL_COLUMNS + 2, .cell_columns = 12 };
	for (size_t c = 0; c < COLUMNS; c++)
		if (used[c])
			grid_head(&g, heads[c]);
	for (size_t r = 0; r < ROWS; r++) {
		char text[UNITS_TEXT_MAX];
		grid_row(&g, INK_PLAIN, rows[r].name);
		for (size_t c = 0; c < COLUMNS; c++)
			if (used[c])
				grid_cell(&g, figure_size(rows[r].at[c], text));
	}
	grid_print(&g, p);
}

/* "Label          text", wrapped below the text. */
static void labelled(struct page *p, const char *label, enum ink ink, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void labelled(struct page *p, const char *label, enum ink ink, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	char *lead = xasprintf("%-*s", LABEL_COLUMNS + 2, label);
	page_wrap(p, ink, lead, buf_str(&text));
	free(lead);
	buf_release(&text);
}

static void aftermath(struct page *p, const struct facts *f)
{
	char a[UNITS_TEXT_MAX], b[UNITS_TEXT_MAX], c[UNITS_TEXT_MAX], d[UNITS_TEXT_MAX], e[UNITS_TEXT_MAX];
	bool whole = fact_known(f->aftermath_intact) && f->aftermath_intact.value == f->aftermath_acknowledged.value;
	if (fact_known(f->aftermath_acknowledged))
		labelled(p, "Aftermath", whole ? INK_PLAIN : INK_BAD,
			 "%s intact, %s lost, %s corrupt, %s half-visible, %s not read",
			 figure_count(f->aftermath_intact, a), figure_count(f->aftermath_lost, b),
			 figure_count(f->aftermath_corrupt, c), figure_count(f->aftermath_half_visible, d),
			 figure_count(f->aftermath_unread, e));
	for (size_t i = 0; i < f->death_count && i < DEATHS_SHOWN && fact_known(f->deaths[i].lost); i++) {
		const struct facts_death *death = &f->deaths[i];
		labelled(p, i == 0 ? "Deaths" : "", INK_WARN, "at %s with %s unreclaimable; down %s, %s requests lost",
			 figure_duration(death->end_ns, a), figure_size(death->unreclaimable_bytes, b),
			 figure_duration(death->down_ns, c), figure_count(death->lost, d));
	}
}

static void request_counts(struct page *p, const struct facts *f, bool failed)
{
	char a[UNITS_TEXT_MAX], b[UNITS_TEXT_MAX], c[UNITS_TEXT_MAX], d[UNITS_TEXT_MAX];
	labelled(p, "Requests", failed ? INK_WARN : INK_PLAIN, "%s started, %s ok, %s failed, %s cut",
		 figure_count(f->requests_started, a), figure_count(f->requests_ok, b),
		 figure_count(f->requests_failed, c), figure_count(f->requests_cut, d));
}

static void requests(struct page *p, const struct facts *f)
{
	char a[UNITS_TEXT_MAX], b[UNITS_TEXT_MAX], c[UNITS_TEXT_MAX], d[UNITS_TEXT_MAX];
	bool failed = fact_known(f->requests_failed) && f->requests_failed.value > 0;
	buf_addc(&p->text, '\n');
	request_counts(p, f, failed);
	if (f->first_failure[0] != '\0')
		labelled(p, "", INK_WARN, "%s: %s", failed ? "first failure" : "failed beside the load",
			 f->first_failure);
	labelled(p, "", INK_PLAIN, "%s sent, %s received, %s acknowledged in %s objects", figure_size(f->sent_bytes, a),
		 figure_size(f->received_bytes, b), figure_size(f->acknowledged_bytes, c),
		 figure_count(f->acknowledged_objects, d));
	if (fact_known(f->corrupt) && f->corrupt.value > 0)
		labelled(p, "Read back", INK_BAD, "%s right, %s WRONG", figure_size(f->verified_bytes, a),
			 figure_count(f->corrupt, b));
	else if (fact_known(f->verified_bytes) && f->verified_bytes.value > 0)
		labelled(p, "Read back", INK_PLAIN, "%s compared byte by byte, %s wrong",
			 figure_size(f->verified_bytes, a), figure_count(f->corrupt, b));
	else
		labelled(p, "Read back", INK_PLAIN, "nothing: no byte of what was stored was compared");
	if (fact_known(f->read_back_failed) && f->read_back_failed.value > 0)
		labelled(p, "", INK_BAD, "%s of %s acknowledged uploads could not be read",
			 figure_count(f->read_back_failed, a), figure_count(f->read_back_started, b));
	if (fact_known(f->death_in_flight))
		labelled(p, "At its end", INK_PLAIN, "%s requests in flight with %s sent, %s acknowledged before",
			 figure_count(f->death_in_flight, a), figure_size(f->death_sent_in_flight_bytes, b),
			 figure_size(f->death_acknowledged_bytes, c));
	aftermath(p, f);
	bool cut = fact_known(f->load_deadline_hit) && f->load_deadline_hit.value > 0;
	if (fact_known(f->load_ns))
		labelled(p, "Load", INK_PLAIN, "lasted %s%s%s%s%s", figure_duration(f->load_ns, a),
			 cut ? ", cut at its deadline" : "", cut && fact_known(f->load_deadline_ns) ? " of " : "",
			 cut && fact_known(f->load_deadline_ns) ? figure_duration(f->load_deadline_ns, b) : "",
			 fact_known(f->generator_bottleneck) && f->generator_bottleneck.value
				 ? "; our generator, not the server, was the bottleneck"
				 : "");
	if (run_ended_first(f))
		labelled(p, "Server", INK_PLAIN, "ready after %s, gone after %s",
			 figure_duration(f->server_ready_ns, a), figure_duration(f->server_end_ns, b));
	else
		labelled(p, "Server", INK_PLAIN, "ready after %s, %s", figure_duration(f->server_ready_ns, a),
			 fact_known(f->our_signal_ns) ? "lived until we stopped it" : "nothing known of its end");
	labelled(p, "Observed", INK_PLAIN, "%s samples, longest gap %s, %s dropped", figure_count(f->samples, a),
		 figure_duration(f->sample_gap_max_ns, b), figure_count(f->samples_dropped, c));
}

/* The one without an end: of a rig that was killed, or is still at it. */
static void phase(struct page *p, const json_t *record)
{
	const json_t *item;
	size_t i;
	json_array_foreach (json_object_get(record, "phases"), i, item) {
		const char *name = json_string_value(json_object_get(item, "name"));
		if (name != NULL && json_is_null(json_object_get(item, "end_ns")))
			labelled(p, "Phase", INK_WARN, "%s; its end was not recorded", name);
	}
}

/* The verdict once more, below what may have scrolled it away, and where all of it is stored. */
static void ending(struct page *p, const struct run_summary *run)
{
	buf_addc(&p->text, '\n');
	heading_verdict(p, run);
	heading_record(p, run);
}

static void tables(struct page *p, const struct run_summary *run)
{
	picture(p, run);
	phases(p, &run->facts);
	report_death(p, json_object_get(run->record, "death"));
	requests(p, &run->facts);
	phase(p, run->record);
}

/* What there is room for on a terminal of 24 lines. */
static void summary(struct page *p, const struct run_summary *run)
{
	const struct facts *f = &run->facts;
	size_t more = run->evidence_count > EVIDENCE_SHOWN ? run->evidence_count - EVIDENCE_SHOWN : 0;
	if (more > 0)
		buf_addf(&p->text, "  %s %zu more, and the tables: with --verbose, or oomrig show last\n",
			 page_glyph(p, GLYPH_ELLIPSIS), more);
	picture(p, run);
	request_counts(p, f, fact_known(f->requests_failed) && f->requests_failed.value > 0);
	aftermath(p, f);
}

static void write_run(FILE *out, const struct run_summary *run, bool all)
{
	struct page p;
	bool failed = start_failed(run);
	page_init(&p, out);
	heading_add(&p, run);
	if (failed)
		report_failed_start(&p, run);
	surprises(&p, run);
	alarms(&p, run);
	evidence(&p, run, all ? SIZE_MAX : EVIDENCE_SHOWN);
	if (!failed)
		(all ? tables : summary)(&p, run);
	ending(&p, run);
	page_write(&p, out);
	page_release(&p);
}

void report_run(FILE *out, const struct run_summary *run)
{
	write_run(out, run, true);
}

void report_run_short(FILE *out, const struct run_summary *run)
{
	write_run(out, run, false);
}

void report_line(FILE *out, const struct run_summary *run, const char *note)
{
	struct page p;
	struct buf verdict = BUF_INIT;
	char anon[UNITS_TEXT_MAX];
	page_init(&p, out);
	verdict_name(&verdict, run);
	page_ink(&p, verdict_ink(run), "%-22s", buf_str(&verdict));
	const char *mark = page_glyph(&p, run->as_expected ? GLYPH_CHECK : GLYPH_CROSS);
	if (run->expected_count == 0 || !run_judged(run))
		mark = "";
	page_ink(&p, run->as_expected ? INK_GOOD : INK_BAD, "%s", mark);
	char *said = note != NULL ? xasprintf("%-13s", note)
				  : xasprintf("anon %-10s", figure_size(run->facts.peak_anon_bytes, anon));
	int used = (verdict.len > 22 ? (int)verdict.len : 22) + 4 + text_columns(said);
	buf_addf(&p.text, "%*s%s", 4 - text_columns(mark), "", said);
	page_id(&p, used, run->id);
	page_write(&p, out);
	page_release(&p);
	free(said);
	buf_release(&verdict);
}

void report_unexpected(FILE *out, const struct run_summary *runs, size_t count)
{
	size_t failed = 0, shown = 0;
	for (size_t i = 0; i < count; i++)
		failed += !runs[i].as_expected;
	if (failed > 0)
		fprintf(out, "\n%zu of %zu runs not as expected:\n", failed, count);
	else
		fprintf(out, "\nAll %zu runs as expected.\n", count);
	for (size_t i = 0; i < count && shown < UNEXPECTED_SHOWN; i++)
		if (!runs[i].as_expected) {
			report_line(out, &runs[i], NULL);
			shown++;
		}
	if (failed > shown)
		fprintf(out, "and %zu more\n", failed - shown);
}
