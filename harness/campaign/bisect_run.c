#include "campaign/bisect_run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "record/git.h"

#define FLOOR_BUDGET 20 /* runs for each end */

#define LISTED "--no-commit-header", "--format=%H %s", "--first-parent", "--end-of-options"

static void add_commit(struct bisect_result *out, char *line)
{
	char *subject = strchr(line, ' ');
	if (subject != NULL)
		*subject++ = '\0';
	out->names = xrealloc(out->names, (out->count + 1) * sizeof(*out->names));
	out->subjects = xrealloc(out->subjects, (out->count + 1) * sizeof(*out->subjects));
	out->names[out->count] = xstrdup(line);
	out->subjects[out->count++] = xstrdup(subject != NULL ? subject : "");
}

/* OLD and every commit after it up to NEW along the first parents, oldest first. */
static int list_commits(const struct bisect_options *o, struct bisect_result *out, struct error *err)
{
	const char *repository = o->checkout.repository;
	char *range = xasprintf("%s..%s", o->oldest, o->newest), *oldest = xasprintf("%s^{commit}", o->oldest);
	const char *const one[] = { "git", "-C", repository, "rev-list", "--max-count=1", LISTED, oldest, NULL };
	const char *const others[] = { "git", "-C", repository, "rev-list", "--reverse", LISTED, range, NULL };
	struct buf text = BUF_INIT;
	int rc = git_read(one, &text);
	buf_addc(&text, '\n');
	if (rc == 0)
		rc = git_read(others, &text);
	if (rc != 0)
		error_set(err, ERROR_USAGE, "'%s' is no range of commits of '%s'", range, repository);
	char *save = NULL;
	for (char *line = rc == 0 ? strtok_r(text.data, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save))
		add_commit(out, line);
	if (rc == 0 && out->count < 2)
		rc = error_set(err, ERROR_USAGE, "no commits lead from '%s' to '%s'", o->oldest, o->newest);
	buf_release(&text);
	free(range);
	free(oldest);
	return rc;
}

/* Builds the commit when it is first needed; *builds false: it cannot be run. */
static int need_checkout(struct interrupt *interrupt, const struct bisect_options *o, struct bisect_result *r, size_t i,
			 bool *builds, struct error *err)
{
	struct error why = ERROR_INIT;
	*builds = true;
	if (r->checkouts[i].folder != NULL)
		return 0;
	int rc = checkout_make(&r->checkouts[i], &o->checkout, interrupt, r->names[i], builds, &why);
	if (rc != 0)
		*err = why;
	else if (!*builds)
		log_warning("%s; it is skipped", why.message);
	return rc;
}

/* The floors of both ends, and in s->memory_bytes a cap between them. */
static int find_cap(struct campaign *c, struct scenario *s, const struct bisect_options *o, struct bisect_result *r,
		    struct error *err)
{
	const size_t ends[2] = { 0, r->count - 1 };
	struct floor_estimate e[2];
	for (size_t k = 0; k < 2; k++) {
		bool builds;
		if (need_checkout(c->interrupt, o, r, ends[k], &builds, err) != 0)
			return -1;
		if (!builds) {
			bisect_skip(r->search, ends[k]);
			return 0;
		}
		checkout_set_command(&r->checkouts[ends[k]], s, o->command);
		if (floor_run(c, s, o->floor_precision, FLOOR_BUDGET, &r->floors[k], err) != 0)
			return -1;
		floor_estimate(r->floors[k].search, &e[k]);
	}
	struct floor_shift shift = floor_compare(r->floors[0].search, r->floors[1].search);
	if (shift.lo <= 0 && shift.hi >= 0)
		r->search->failed = BISECT_FLOORS_ALIKE;
	s->memory_bytes = r->memory_bytes = (uint64_t)sqrt((double)e[0].p50.bytes * (double)e[1].p50.bytes);
	return 0;
}

/* One run of that commit; invalid ones count for nothing, a commit with nothing else is skipped. */
static int run_commit(struct campaign *c, struct scenario *s, const struct bisect_options *o, struct bisect_result *r,
		      size_t i, struct error *err)
{
	char what[64];
	bool builds;
	size_t run;
	if (need_checkout(c->interrupt, o, r, i, &builds, err) != 0)
		return -1;
	if (!builds) {
		bisect_skip(r->search, i);
		return 0;
	}
	checkout_set_command(&r->checkouts[i], s, o->command);
	snprintf(what, sizeof(what), "bisect %.*s (%zu of %zu)", BISECT_SHOWN, r->names[i], i + 1, r->count);
	c->left_min = 0;
	c->left_max = r->search->budget - r->search->runs;
	if (trial(c, s, what, &run, err) == 0) {
		const struct run_summary *made = &c->runs.summaries[run];
		bisect_tell(r->search, i, o->floor_precision > 0 ? !run_survived(made) : !made->as_expected);
		return 0;
	}
	if (err->code != ERROR_ENVIRONMENT)
		return -1;
	log_warning("%s; the commit is skipped", err->message);
	*err = (struct error)ERROR_INIT;
	bisect_skip(r->search, i);
	return 0;
}

int bisect_run(struct campaign *c, struct scenario *s, const struct bisect_options *options, struct bisect_result *out,
	       struct error *err)
{
	size_t i;
	if (list_commits(options, out, err) != 0)
		return -1;
	out->checkouts = xcalloc(out->count, sizeof(*out->checkouts));
	out->search = bisect_new(out->count, options->confidence, options->budget);
	if (options->floor_precision > 0 && find_cap(c, s, options, out, err) != 0)
		return -1;
	while (bisect_next(out->search, &i))
		if (run_commit(c, s, options, out, i, err) != 0)
			return -1;
	return 0;
}

bool bisect_found(const struct bisect_result *r)
{
	const struct bisect *b = r->search;
	return b != NULL && bisect_suspects(b) && b->first == b->last && b->belief >= b->confidence;
}

void bisect_result_release(struct bisect_result *r)
{
	for (size_t i = 0; i < r->count; i++) {
		if (r->checkouts != NULL)
			checkout_remove(&r->checkouts[i]);
		free(r->names[i]);
		free(r->subjects[i]);
	}
	floor_result_release(&r->floors[0]);
	floor_result_release(&r->floors[1]);
	bisect_free(r->search);
	free(r->checkouts);
	free(r->names);
	free(r->subjects);
	memset(r, 0, sizeof(*r));
}
