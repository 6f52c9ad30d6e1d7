#include "report/github.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "report/figures.h"
#include "report/markdown.h"
#include "report/output.h"

/* A workflow command ends with its line, and its properties with a comma or a colon. */
static void add_escaped(struct buf *b, const char *text, bool property)
{
	char *shown = text_shown(text);
	for (const char *p = shown; *p != '\0'; p++)
		if (*p == '%' || (property && (*p == ':' || *p == ',')))
			buf_addf(b, "%%%02X", (unsigned char)*p);
		else
			buf_addc(b, *p);
	free(shown);
}

/* "file=…,line=…," of what the scenario says it expects; nothing where the record does not say. */
static void add_place(struct buf *b, const struct run_summary *run)
{
	const char *place = json_string_value(json_object_get(run->record, "scenario_place"));
	const char *colon = place != NULL ? strrchr(place, ':') : NULL;
	if (colon == NULL)
		return;
	char *file = xasprintf("%.*s", (int)(colon - place), place);
	buf_adds(b, "file=");
	add_escaped(b, file, true);
	buf_adds(b, ",line=");
	add_escaped(b, colon + 1, true);
	buf_addc(b, ',');
	free(file);
}

static void add_annotation(struct buf *b, const struct run_summary *run)
{
	struct buf verdict = BUF_INIT, message = BUF_INIT;
	verdict_name(&verdict, run);
	buf_addf(&message, "%s, expected ", buf_str(&verdict));
	verdict_expected(&message, run);
	for (size_t i = 0; i < run->surprise_count; i++)
		buf_addf(&message, "; %s", run->surprises[i]);
	if (run->evidence_count > 0)
		buf_addf(&message, ": %s", run->evidence[0]);
	buf_addf(b, "::%s ", run->outcome == OUTCOME_SKIPPED ? "notice" : "error");
	add_place(b, run);
	buf_adds(b, "title=");
	add_escaped(b, run->scenario, true);
	buf_adds(b, "::");
	add_escaped(b, buf_str(&message), false);
	buf_addf(b, " (%s)\n", run->id);
	buf_release(&verdict);
	buf_release(&message);
}

/* The page of the job shows what is appended to that file. */
static int write_summary(const struct run_list *runs, struct error *err)
{
	const char *path = getenv("GITHUB_STEP_SUMMARY");
	if (path == NULL || path[0] == '\0')
		return 0;
	FILE *out = fopen(path, "ae");
	if (out == NULL)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot write the step summary '%s'", path);
	int rc = markdown_exporter.write(out, runs, err);
	if (fclose(out) != 0 && rc == 0)
		rc = error_set_errno(err, ERROR_SYSTEM, errno, "cannot write the step summary '%s'", path);
	return rc;
}

static int github_write(FILE *out, const struct run_list *runs, struct error *err)
{
	struct buf b = BUF_INIT;
	size_t unexpected = 0;
	for (size_t i = 0; i < runs->count; i++) {
		if (runs->summaries[i].as_expected)
			continue;
		unexpected++;
		add_annotation(&b, &runs->summaries[i]);
	}
	for (size_t i = 0; i < runs->damaged_count; i++) {
		buf_adds(&b, "::error title=unreadable record::");
		add_escaped(&b, runs->damaged[i].why, false);
		buf_addc(&b, '\n');
	}
	if (unexpected + runs->damaged_count == 0)
		buf_addf(&b, "::notice title=oomrig::%zu run%s as expected\n", runs->count,
			 runs->count == 1 ? "" : "s");
	return output_take(out, &b, err) == 0 ? write_summary(runs, err) : -1;
}

const struct exporter github_exporter = {
	.name = "github",
	.summary = "for GitHub Actions: annotations, and the step summary where GITHUB_STEP_SUMMARY is set",
	.write = github_write,
};
