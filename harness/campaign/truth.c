#include "campaign/truth.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/macros.h"
#include "campaign/interrupt.h"
#include "campaign/setup.h"
#include "observe/cpu_wait.h"
#include "run/run.h"
#include "record/summary.h"

#define CORPUS "tests/truth"
#define SUFFIX ".yaml"
#define TIME_TAG "time"
/* Programs waited for a CPU in more than half of the time: deadlines of less than a second then measure the host. */
#define BUSY_SHARE 0.5

/* The pair that the rig was built for, with files that are small enough for a test of a minute. */
static const struct {
	const char *path, *assignment;
} golden[] = {
	{ "scenarios/picoshare/three-uploads-before-any-fix.yaml", "load.tabs.size=100MB" },
	{ "scenarios/picoshare/three-uploads-all-fixes.yaml", "load.tabs.size=100MB" },
};

static bool wanted(const struct truth_options *o, const char *name)
{
	for (size_t i = 0; i < o->only_count; i++)
		if (strcmp(o->only[i], name) == 0)
			return true;
	return o->only_count == 0;
}

static bool is_timed(const struct scenario *s)
{
	for (size_t i = 0; i < s->tags.count; i++)
		if (strcmp(s->tags.items[i], TIME_TAG) == 0)
			return true;
	return false;
}

/* What the host did while a run went on. */
struct meanwhile {
	uint64_t from_ns;
	struct fact waited_ns;
};

static struct meanwhile begin_meanwhile(void)
{
	return (struct meanwhile){ clock_ns(), cpu_wait_ns(CPU_WAIT_FILE) };
}

/* 0: the kernel does not tell. */
static double waited_share(const struct meanwhile *begun)
{
	struct meanwhile now = begin_meanwhile();

	if (!fact_known(begun->waited_ns) || !fact_known(now.waited_ns))
		return 0;
	return (double)(now.waited_ns.value - begun->waited_ns.value) / (double)(now.from_ns - begun->from_ns);
}

static char *label_of(const char *outcome, const char *cause, bool loss)
{
	return xasprintf("%s%s%s%s", outcome, cause[0] != '\0' ? "/" : "", cause, loss ? " + loss" : "");
}

static int load(const struct truth_case *c, uint64_t seed, struct scenario *s, struct error *err)
{
	char *assignment = xasprintf("seed=%" PRIu64, seed);
	const char *items[] = { assignment, c->assignment };
	const struct option_list set = { items, c->assignment != NULL ? 2 : 1 };
	const struct setup setup = { .set = &set };
	int rc = setup_scenario(s, c->path, &setup, err);

	free(assignment);
	return rc;
}

/* Takes path.  A label is one verdict: with two of them nothing could be wrong. */
static int add_case(struct truth *t, const struct truth_options *o, char *path, const char *assignment,
		    struct error *err)
{
	struct truth_case c = { .path = path, .assignment = assignment };
	struct scenario s;

	if (load(&c, o->seed, &s, err) != 0) {
		free(path);
		return -1;
	}
	int rc = 0;
	if (s.expect.count != 1)
		rc = error_set(err, ERROR_INPUT, "%s: its label is %zu verdicts instead of one", path, s.expect.count);
	if (rc != 0 || !wanted(o, s.name)) {
		free(path);
	} else {
		c.name = xstrdup(s.name);
		c.timed = is_timed(&s);
		c.label = label_of(s.expect.items[0], "", s.expect_data_loss);
		t->cases = xrealloc(t->cases, (t->count + 1) * sizeof(*t->cases));
		t->cases[t->count++] = c;
	}
	scenario_release(&s);
	return rc;
}

static int is_scenario(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > strlen(SUFFIX) &&
	       strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX) == 0;
}

static int add_corpus(struct truth *t, const struct truth_options *o, struct error *err)
{
	char *folder = o->corpus != NULL ? xstrdup(o->corpus) : xasprintf("%s/" CORPUS, o->program);
	struct dirent **entries;
	int count = scandir(folder, &entries, is_scenario, alphasort), rc = 0;

	if (count < 0)
		rc = error_set_errno(err, ERROR_ENVIRONMENT, errno, "cannot read the truth corpus '%s'", folder);
	for (int i = 0; i < count; i++) {
		if (rc == 0)
			rc = add_case(t, o, xasprintf("%s/%s", folder, entries[i]->d_name), NULL, err);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	free(folder);
	for (size_t i = 0; rc == 0 && o->corpus == NULL && i < COUNT(golden); i++)
		rc = add_case(t, o, xasprintf("%s/%s", o->program, golden[i].path), golden[i].assignment, err);
	return rc;
}

static int check_only(const struct truth *t, const struct truth_options *o, struct error *err)
{
	for (size_t i = 0; i < o->only_count; i++) {
		bool found = false;

		for (size_t j = 0; j < t->count; j++)
			found |= strcmp(t->cases[j].name, o->only[i]) == 0;
		if (!found)
			return error_set(err, ERROR_USAGE, "no case '%s' in the truth corpus", o->only[i]);
	}
	if (t->count == 0)
		return error_set(err, ERROR_USAGE, "no scenario in '%s'", o->corpus);
	return 0;
}

static void add_outcome(struct truth *t, struct truth_case *c, const struct truth_outcome *outcome)
{
	if (!outcome->judged) {
		t->not_judged++;
		c->not_judged++;
		return;
	}
	confusion_add(&t->confusion, c->label, outcome->verdict);
	c->runs++;
	c->right += outcome->right;
}

static void count_run(struct truth *t, struct truth_case *c, const struct truth_options *o,
		      const struct run_summary *run, uint64_t seed, double waited)
{
	bool loss = fact_known(run->facts.corrupt) && run->facts.corrupt.value > 0;
	char *verdict = label_of(summary_outcome(run), run->cause, loss);
	struct truth_outcome outcome = { .of = c,
					 .number = t->confusion.runs + t->not_judged + 1,
					 .total = o->runs * t->count,
					 .seed = seed,
					 .verdict = verdict,
					 .evidence = run->evidence_count > 0 ? run->evidence[0] : "",
					 .folder = run->folder,
					 .right = strcmp(verdict, c->label) == 0,
					 .judged = !c->timed || waited <= BUSY_SHARE,
					 .waited_share = waited };

	add_outcome(t, c, &outcome);
	if (o->done != NULL)
		o->done(o->arg, &outcome);
	if ((outcome.right || !outcome.judged) && !o->keep)
		fs_remove_tree(run->folder, NULL); /* what stays is found by `oomrig show` */
	free(verdict);
}

static int run_case(struct truth *t, struct truth_case *c, const struct truth_options *o, uint64_t seed,
		    struct error *err)
{
	struct run_options options = { .results = o->results,
				       .label = "selftest",
				       .title = c->name,
				       .command_line = o->command_line,
				       .quiet = true };
	struct run_summary summary;
	struct scenario s;
	json_t *record;
	char *folder;

	if (load(c, seed, &s, err) != 0)
		return -1;
	struct meanwhile begun = begin_meanwhile();
	int rc = run_scenario(&s, &options, &record, &folder, err);
	double waited = waited_share(&begun);
	scenario_release(&s);
	if (rc != 0)
		return -1;
	free(folder); /* the record holds it too */
	rc = summary_read(&summary, record, err);
	if (rc == 0) {
		t->interrupted = summary.outcome == OUTCOME_INTERRUPTED;
		if (!t->interrupted)
			count_run(t, c, o, &summary, seed, waited);
		summary_release(&summary);
	}
	json_decref(record);
	return rc;
}

int truth_run(const struct truth_options *options, struct truth *out, struct error *err)
{
	*out = (struct truth){ 0 };
	int rc = add_corpus(out, options, err);
	if (rc == 0)
		rc = check_only(out, options, err);
	struct interrupt *interrupt = NULL;
	if (rc == 0)
		rc = interrupt_open(&interrupt, err);
	/* Round after round, so that an early end has covered all cases alike. */
	for (uint64_t round = 0; rc == 0 && round < options->runs; round++)
		for (size_t i = 0; rc == 0 && i < out->count && !out->interrupted; i++) {
			rc = run_case(out, &out->cases[i], options, options->seed + round, err);
			out->interrupted |= interrupt_check(NULL) != 0;
		}
	interrupt_close(interrupt);
	if (rc != 0)
		truth_release(out);
	return rc;
}

void truth_release(struct truth *t)
{
	for (size_t i = 0; i < t->count; i++) {
		free(t->cases[i].path);
		free(t->cases[i].name);
		free(t->cases[i].label);
	}
	free(t->cases);
	confusion_release(&t->confusion);
	*t = (struct truth){ 0 };
}
