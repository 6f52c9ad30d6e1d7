#include "report/table.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "report/output.h"

/* RFC 4180.  A spreadsheet would take what begins so for a formula and do what it says. */
static void add_cell(struct buf *b, const char *text)
{
	struct buf safe = BUF_INIT;
	buf_addf(&safe, "%s%s", text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL ? "'" : "", text);
	text_add_csv(b, buf_str(&safe));
	buf_release(&safe);
}

/* Nothing where a figure is absent, "unreadable" where it could not be read: neither is 0. */
static void add_fact(struct buf *b, const struct facts *f, const struct fact_row *row)
{
	const char *at = (const char *)f + row->offset;
	struct fact fact;
	buf_addc(b, ',');
	if (row->text) {
		add_cell(b, at);
		return;
	}
	memcpy(&fact, at, sizeof(fact));
	if (fact_known(fact))
		buf_addf(b, "%" PRIu64, fact.value);
	else if (fact.state != FACT_ABSENT)
		buf_adds(b, "unreadable");
}

static void add_run(struct buf *b, const struct run_summary *run)
{
	const char *const texts[] = { run->scenario, run->label, summary_outcome(run), run->cause };
	add_cell(b, run->id);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		buf_addc(b, ',');
		add_cell(b, texts[i]);
	}
	buf_addf(b, ",%d", run->as_expected);
	for (const struct fact_row *row = fact_rows; row->name != NULL; row++)
		add_fact(b, &run->facts, row);
	buf_adds(b, "\r\n");
}

static int table_write(FILE *out, const struct run_list *runs, struct error *err)
{
	struct buf b = BUF_INIT;
	buf_adds(&b, "id,scenario,label,outcome,cause,as_expected");
	for (const struct fact_row *row = fact_rows; row->name != NULL; row++)
		buf_addf(&b, ",%s", row->name);
	buf_adds(&b, "\r\n");
	for (size_t i = 0; i < runs->count; i++)
		add_run(&b, &runs->summaries[i]);
	return output_take(out, &b, err);
}

const struct exporter table_exporter = {
	.name = "csv",
	.summary = "for spreadsheets: a line for each run, a column for each figure",
	.write = table_write,
};
