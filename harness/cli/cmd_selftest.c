/*
 * oomrig selftest: are this rig's verdicts right, on this host?
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/home.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "base/units.h"
#include "campaign/truth.h"
#include "cli/cmd.h"

#define BEGIN_MARK "<!-- selftest: begin -->\n"
#define END_MARK "<!-- selftest: end -->\n"

struct selftest_settings {
	uint64_t runs, seed;
	const char *corpus, *results, *write;
	bool keep, quiet;
};

#define FIELD(name) offsetof(struct selftest_settings, name)

static const struct option_row rows[] = {
	{ "runs", 'n', OPTION_COUNT, FIELD(runs), "N", "1", 1, 100000, NULL, "run each case N times" },
	{ "seed", 's', OPTION_COUNT, FIELD(seed), "N", "1", 0, 0, NULL,
	  "of the first round; the next ones count on: sizes and times\nof the targets are drawn from it" },
	{ "corpus", 'c', OPTION_PATH, FIELD(corpus), "DIR", NULL, 0, 0, NULL,
	  "scenarios of your own, each with the one right verdict as\n'expect', instead of those that come with it" },
	{ "results", 'r', OPTION_PATH, FIELD(results), "DIR", NULL, 0, 0, NULL,
	  "where the run folders go; without it\n$OOMRIG_RESULTS, or ./results" },
	{ "keep", 'k', OPTION_FLAG, FIELD(keep), NULL, NULL, 0, 0, NULL,
	  "keep the folders of runs that came out right too" },
	{ "write", 'w', OPTION_PATH, FIELD(write), "FILE", NULL, 0, 0, NULL,
	  "write the result as Markdown into FILE, between the lines\n'<!-- selftest: begin -->' and "
	  "'<!-- selftest: end -->'" },
	{ "quiet", 'q', OPTION_FLAG, FIELD(quiet), NULL, NULL, 0, 0, NULL, "only what came out wrong, and the matrix" },
	{ 0 },
};

static const struct manual manual = {
	.usage = "oomrig selftest [CASE...] [options]",
	.about = "Runs servers whose fate is known by construction (tests/truth/) and the golden\n"
		 "pair of the case study, and counts how often this rig's verdict on this host is\n"
		 "the right one.  Takes about a minute.  A CASE is the name of one of them.",
	.examples = "  oomrig selftest                          all of them once\n"
		    "  oomrig selftest worker-killed --runs 20  one of them twenty times\n"
		    "  oomrig selftest --runs 13 --write docs/verdicts.md",
	.statuses = { STATUS_OK, STATUS_VERDICT, STATUS_USAGE, STATUS_RIG, STATUS_INTERRUPTED, STATUS_END },
	.meanings = { [STATUS_OK] = "every verdict is right", [STATUS_VERDICT] = "a verdict is wrong" },
};

static void print_outcome(void *arg, const struct truth_outcome *o)
{
	const struct selftest_settings *settings = arg;

	if (o->right && settings->quiet)
		return;
	text_line(stdout, "%4" PRIu64 "/%" PRIu64 "  %-5s  %-28s %s", o->number, o->total, o->right ? "right" : "WRONG",
		  o->of->name, o->verdict);
	if (!o->right) {
		text_line(stdout, "           expected %s (seed %" PRIu64 "); evidence: %s", o->of->label, o->seed,
			  o->evidence);
		text_line(stdout, "           %s", cmd_shown_path(o->folder));
	}
	fflush(stdout);
}

static void print_matrix(const struct truth *t, uint64_t took_ns)
{
	struct buf matrix = BUF_INIT;

	confusion_write(&t->confusion, CONFUSION_TEXT, &matrix);
	printf("\n%s\n%" PRIu64 " runs of %zu cases in %s, %" PRIu64 " wrong", buf_str(&matrix), t->confusion.runs,
	       t->count, units_format_duration(took_ns, (char[UNITS_TEXT_MAX]){ 0 }), t->confusion.wrong);
	if (t->confusion.runs > 0)
		printf(": at most %.2g %% of such verdicts are wrong here, with 95 %% confidence",
		       100 * confusion_wrong_at_most(&t->confusion));
	printf("%s\n", t->interrupted ? "; interrupted" : "");
	buf_release(&matrix);
}

/* Puts text between the marks. */
static int write_between_marks(const char *path, const char *text, struct error *err)
{
	struct buf old = BUF_INIT, fresh = BUF_INIT;
	int rc = fs_read_file(path, &old, err);

	if (rc == 0) {
		const char *begin = strstr(buf_str(&old), BEGIN_MARK);
		const char *end = begin != NULL ? strstr(begin, END_MARK) : NULL;
		if (end == NULL) {
			rc = error_set(err, ERROR_INPUT, "'%s' lacks the lines '%.*s' and '%.*s'", path,
				       (int)strlen(BEGIN_MARK) - 1, BEGIN_MARK, (int)strlen(END_MARK) - 1, END_MARK);
		} else {
			buf_addf(&fresh, "%.*s" BEGIN_MARK "\n%s\n%s", (int)(begin - old.data), old.data, text, end);
			rc = fs_write_file(path, fresh.data, fresh.len, err);
		}
	}
	buf_release(&old);
	buf_release(&fresh);
	return rc;
}

static int report(const struct truth *t, const struct selftest_settings *settings, uint64_t took_ns, struct error *err)
{
	struct buf text = BUF_INIT;
	int rc = 0;

	print_matrix(t, took_ns);
	if (settings->write != NULL && !t->interrupted) {
		truth_markdown(t, &text);
		rc = write_between_marks(settings->write, buf_str(&text), err);
	}
	buf_release(&text);
	if (rc != 0)
		return cmd_fail(err);
	if (t->interrupted)
		return STATUS_INTERRUPTED;
	return t->confusion.wrong > 0 ? STATUS_VERDICT : STATUS_OK;
}

static int main_selftest(int argc, char **argv)
{
	struct selftest_settings settings = { 0 };
	struct options_result words;
	struct error err = ERROR_INIT;
	struct truth truth;
	int status;

	if (!cmd_begin(&manual, rows, argc, argv, &settings, &words, &status))
		return status;
	char *program = home_folder(&err);
	char *results = cmd_results_folder(settings.results);
	struct truth_options options = { .program = program,
					 .corpus = settings.corpus,
					 .results = results,
					 .only = (const char *const *)words.operands,
					 .only_count = words.operand_count,
					 .runs = settings.runs,
					 .seed = settings.seed,
					 .keep = settings.keep,
					 .command_line = (const char *const *)argv,
					 .done = print_outcome,
					 .arg = &settings };
	uint64_t started_ns = clock_ns();
	if (program == NULL || truth_run(&options, &truth, &err) != 0) {
		status = cmd_fail(&err);
	} else {
		status = report(&truth, &settings, clock_ns() - started_ns, &err);
		truth_release(&truth);
	}
	free(results);
	free(program);
	return status;
}

const struct command command_selftest = { "selftest", "are the verdicts right, on this host?", &manual, rows,
					  main_selftest };
