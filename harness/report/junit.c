#include "report/junit.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "report/figures.h"
#include "report/output.h"

/* Text of an attribute or an element: XML 1.0 has no way to write control characters, so they are shown first. */
static void add_xml(struct buf *b, const char *text)
{
	char *shown = text_shown(text);
	for (const char *p = shown; *p != '\0'; p++) {
		static const char special[] = "&<>\"'";
		static const char *const entities[] = { "&amp;", "&lt;", "&gt;", "&quot;", "&apos;" };
		const char *at = strchr(special, *p);
		if (at != NULL)
			buf_adds(b, entities[at - special]);
		else
			buf_addc(b, *p);
	}
	free(shown);
}

struct suite_counts {
	size_t tests, failures, errors, skipped;
};

/* What is wrong with a run in JUnit's words; NULL: nothing. */
static const char *fault_of(const struct run_summary *run)
{
	if (run->as_expected)
		return NULL;
	if (run->outcome == OUTCOME_SKIPPED)
		return "skipped";
	return run->outcome == OUTCOME_INVALID || run->outcome == OUTCOME_INTERRUPTED ? "error" : "failure";
}

static bool is_first_of_scenario(const struct run_list *runs, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(runs->summaries[k].scenario, runs->summaries[i].scenario) == 0)
			return false;
	return true;
}

static struct suite_counts count(const struct run_list *runs, const char *scenario)
{
	struct suite_counts c = { 0 };
	for (size_t i = 0; i < runs->count; i++) {
		const char *fault = fault_of(&runs->summaries[i]);
		if (scenario != NULL && strcmp(runs->summaries[i].scenario, scenario) != 0)
			continue;
		c.tests++;
		c.failures += fault != NULL && strcmp(fault, "failure") == 0;
		c.errors += fault != NULL && strcmp(fault, "error") == 0;
		c.skipped += fault != NULL && strcmp(fault, "skipped") == 0;
	}
	return c;
}

static void add_counts(struct buf *b, const struct suite_counts *c)
{
	buf_addf(b, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\"", c->tests, c->failures, c->errors,
		 c->skipped);
}

static void add_fault(struct buf *b, const struct run_summary *run, const char *fault)
{
	struct buf message = BUF_INIT;
	verdict_name(&message, run);
	buf_adds(&message, ", expected ");
	verdict_expected(&message, run);
	for (size_t i = 0; i < run->surprise_count; i++)
		buf_addf(&message, "; %s", run->surprises[i]);
	buf_addf(b, "      <%s message=\"", fault);
	add_xml(b, buf_str(&message));
	buf_adds(b, "\">");
	for (size_t i = 0; i < run->evidence_count; i++) {
		add_xml(b, run->evidence[i]);
		buf_addc(b, '\n');
	}
	add_xml(b, run->folder[0] != '\0' ? run->folder : run->id);
	buf_addf(b, "</%s>\n", fault);
	buf_release(&message);
}

static void add_case(struct buf *b, const struct run_summary *run)
{
	const char *fault = fault_of(run);
	uint64_t load_ns = fact_known(run->facts.load_ns) ? run->facts.load_ns.value : 0;
	buf_adds(b, "    <testcase classname=\"");
	add_xml(b, run->scenario);
	buf_adds(b, "\" name=\"");
	add_xml(b, run->id);
	buf_addf(b, "\" time=\"%.3f\">\n", (double)load_ns / NS_PER_S);
	if (fault != NULL)
		add_fault(b, run, fault);
	buf_adds(b, "    </testcase>\n");
}

static void add_suite(struct buf *b, const struct run_list *runs, const char *scenario)
{
	struct suite_counts c = count(runs, scenario);
	buf_adds(b, "  <testsuite name=\"");
	add_xml(b, scenario);
	buf_addc(b, '"');
	add_counts(b, &c);
	buf_adds(b, ">\n");
	for (size_t i = 0; i < runs->count; i++)
		if (strcmp(runs->summaries[i].scenario, scenario) == 0)
			add_case(b, &runs->summaries[i]);
	buf_adds(b, "  </testsuite>\n");
}

/* A record that cannot be read is an error of a suite of its own: it may have been anything. */
static void add_damaged(struct buf *b, const struct run_list *runs)
{
	if (runs->damaged_count == 0)
		return;
	buf_addf(
		b,
		"  <testsuite name=\"unreadable records\" tests=\"%zu\" failures=\"0\" errors=\"%zu\" skipped=\"0\">\n",
		runs->damaged_count, runs->damaged_count);
	for (size_t i = 0; i < runs->damaged_count; i++) {
		buf_adds(b, "    <testcase classname=\"unreadable records\" name=\"");
		add_xml(b, runs->damaged[i].folder);
		buf_adds(b, "\"><error message=\"");
		add_xml(b, runs->damaged[i].why);
		buf_adds(b, "\"/></testcase>\n");
	}
	buf_adds(b, "  </testsuite>\n");
}

static int junit_write(FILE *out, const struct run_list *runs, struct error *err)
{
	struct buf b = BUF_INIT;
	struct suite_counts all = count(runs, NULL);
	all.tests += runs->damaged_count;
	all.errors += runs->damaged_count;
	buf_adds(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"oomrig\"");
	add_counts(&b, &all);
	buf_adds(&b, ">\n");
	for (size_t i = 0; i < runs->count; i++)
		if (is_first_of_scenario(runs, i))
			add_suite(&b, runs, runs->summaries[i].scenario);
	add_damaged(&b, runs);
	buf_adds(&b, "</testsuites>\n");
	return output_take(out, &b, err);
}

const struct exporter junit_exporter = {
	.name = "junit",
	.summary = "for CI: JUnit XML, a suite for each scenario, a case for each run",
	.write = junit_write,
};
