/* The truth on the terminal and as Markdown. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "base/text.h"
#include "base/units.h"
#include "campaign/truth.h"
#include "report/page.h"

#define BEGIN_MARK "<!-- selftest: begin -->\n"
#define END_MARK "<!-- selftest: end -->\n"
#define DETAIL "           " /* before what is said of an outcome below its line */

void truth_print_outcome(FILE *out, const struct truth_outcome *o)
{
	struct page p;
	struct buf words = BUF_INIT;
	page_init(&p, out);
	buf_addf(&p.text, "%4" PRIu64 "/%" PRIu64 "  ", o->number, o->total);
	if (!o->judged)
		text_addf(&p.text, "not judged  %s", o->of->name);
	else
		text_addf(&p.text, "%-5s  %-28s %s", o->right ? "right" : "WRONG", o->of->name, o->verdict);
	buf_addc(&p.text, '\n');
	if (!o->judged) {
		buf_addf(&words, "host too busy: programs waited for a CPU %.0f %% of the time", 100 * o->waited_share);
		page_wrap(&p, INK_WARN, DETAIL, buf_str(&words));
	} else if (!o->right) {
		buf_addf(&words, "expected %s (seed %" PRIu64 "); evidence: %s", o->of->label, o->seed, o->evidence);
		page_wrap(&p, INK_BAD, DETAIL, buf_str(&words));
		buf_adds(&p.text, DETAIL);
		page_id(&p, (int)strlen(DETAIL), fs_shown_path(o->folder));
	}
	page_write(&p, out);
	fflush(out);
	buf_release(&words);
	page_release(&p);
}

void truth_print(FILE *out, const struct truth *t, uint64_t took_ns)
{
	struct page p;
	struct buf words = BUF_INIT;
	char took[UNITS_TEXT_MAX];
	page_init(&p, out);
	buf_addc(&p.text, '\n');
	confusion_list(&t->confusion, &p.text);
	buf_addc(&p.text, '\n');
	buf_addf(&words, "%" PRIu64 " runs of %zu cases in %s, %" PRIu64 " wrong", t->confusion.runs, t->count,
		 units_format_duration(took_ns, took), t->confusion.wrong);
	if (t->not_judged > 0)
		buf_addf(&words, ", %" PRIu64 " not judged", t->not_judged);
	if (t->confusion.runs > 0)
		buf_addf(&words, ": at most %.2g %% of such verdicts are wrong here, with 95 %% confidence",
			 100 * confusion_wrong_at_most(&t->confusion));
	if (t->interrupted)
		buf_adds(&words, "; interrupted");
	page_wrap(&p, t->confusion.wrong > 0 ? INK_BAD : INK_STRONG, "", buf_str(&words));
	page_write(&p, out);
	buf_release(&words);
	page_release(&p);
}

json_t *truth_json(const struct truth *t, uint64_t took_ns)
{
	json_t *cases = json_array();
	for (size_t i = 0; i < t->count; i++)
		json_array_append_new(cases,
				      json_pack("{s:o, s:o, s:I, s:I, s:I}", "case", text_json(t->cases[i].name),
						"expected", text_json(t->cases[i].label), "runs",
						(json_int_t)t->cases[i].runs, "right", (json_int_t)t->cases[i].right,
						"not_judged", (json_int_t)t->cases[i].not_judged));
	json_t *at_most = t->confusion.runs > 0 ? json_real(confusion_wrong_at_most(&t->confusion)) : json_null();
	return json_pack("{s:I, s:I, s:I, s:o, s:b, s:I, s:o}", "runs", (json_int_t)t->confusion.runs, "wrong",
			 (json_int_t)t->confusion.wrong, "not_judged", (json_int_t)t->not_judged, "wrong_at_most",
			 at_most, "interrupted", t->interrupted, "took_ns", (json_int_t)took_ns, "cases", cases);
}

/* The matrix, a line for each case, and what the count proves. */
static void add_markdown(const struct truth *t, struct buf *out)
{
	buf_addf(out,
		 "%" PRIu64 " runs of %zu cases, %" PRIu64 " wrong: at most %.2g %% of such verdicts are, with 95 %% "
		 "confidence.",
		 t->confusion.runs, t->count, t->confusion.wrong, 100 * confusion_wrong_at_most(&t->confusion));
	if (t->not_judged > 0)
		buf_addf(out, " Of cases about time %" PRIu64 " more runs were not judged: the host was too busy.",
			 t->not_judged);
	buf_adds(out, "\n\n");
	confusion_matrix(&t->confusion, out);
	buf_adds(out, "\n| case | truth | runs | right |\n|---|---|---|---|\n");
	for (size_t i = 0; i < t->count; i++) {
		text_addf(out, "| %s | %s | %" PRIu64 " | %" PRIu64 " |", t->cases[i].name, t->cases[i].label,
			  t->cases[i].runs, t->cases[i].right);
		buf_addc(out, '\n');
	}
}

int truth_write(const char *path, const struct truth *t, struct error *err)
{
	struct buf old = BUF_INIT, fresh = BUF_INIT;
	int rc = fs_read_file(path, &old, err);
	const char *begin = rc == 0 ? strstr(buf_str(&old), BEGIN_MARK) : NULL;
	const char *end = begin != NULL ? strstr(begin, END_MARK) : NULL;
	if (rc == 0 && end == NULL) {
		rc = error_set(err, ERROR_INPUT, "'%s' lacks the lines '%.*s' and '%.*s'", path,
			       (int)strlen(BEGIN_MARK) - 1, BEGIN_MARK, (int)strlen(END_MARK) - 1, END_MARK);
	} else if (rc == 0) {
		buf_addf(&fresh, "%.*s" BEGIN_MARK "\n", (int)(begin - old.data), old.data);
		add_markdown(t, &fresh);
		buf_addf(&fresh, "\n%s", end);
		rc = fs_write_file(path, fresh.data, fresh.len, err);
	}
	buf_release(&old);
	buf_release(&fresh);
	return rc;
}
