#include "report/story.h"

#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "report/column.h"
#include "report/json.h"
#include "report/repeats.h"
#include "base/text.h"
#include "record/git.h"

#define OFFSET(field) offsetof(struct facts, field)
#define COMMIT_SHOWN 8
#define TIME_SHOWN 16 /* "2026-11-21T11:44" */

static const char *const source_keys[] = { "branch", "commit", "diff_sha" };

struct experiment {
	const json_t *record;	  /* of its first run; borrowed */
	struct run_summary *runs; /* copies that borrow what the list owns */
	size_t count;
};

static const json_t *source_of(const json_t *record, const char *key)
{
	return json_object_get(json_object_get(record, "server_source"), key);
}

static const char *text(const json_t *json)
{
	const char *s = json_string_value(json);
	return s != NULL ? s : "";
}

static bool same_text(const json_t *a, const json_t *b)
{
	return strcmp(text(a), text(b)) == 0;
}

static bool belongs(const struct experiment *e, const json_t *record)
{
	for (size_t i = 0; i < COUNT(source_keys); i++)
		if (!same_text(source_of(e->record, source_keys[i]), source_of(record, source_keys[i])))
			return false;
	return same_text(json_object_get(e->record, "label"), json_object_get(record, "label")) &&
	       same_text(json_object_get(e->record, "note"), json_object_get(record, "note"));
}

static struct experiment *experiments_new(const struct run_list *list, size_t *count)
{
	struct experiment *all = xcalloc(list->count + 1, sizeof(*all));
	*count = 0;
	for (size_t i = 0; i < list->count; i++) {
		size_t k = 0;
		while (k < *count && !belongs(&all[k], list->records[i]))
			k++;
		if (k == *count) {
			all[k].record = list->records[i];
			(*count)++;
		}
		all[k].runs = xrealloc(all[k].runs, (all[k].count + 1) * sizeof(*all[k].runs));
		all[k].runs[all[k].count++] = list->summaries[i];
	}
	return all;
}

static void experiments_free(struct experiment *all, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(all[i].runs);
	free(all);
}

#define GIT_WORDS 7
#define ASKED_AT_ONCE 1000 /* of commits: git is slow to start */

/* Adds "COMMIT SUBJECT" lines of those that the checkout we stand in knows. */
static void ask_subjects(const char *const *commits, size_t count, struct buf *out)
{
	const char *const words[GIT_WORDS] = { "git",
					       "log",
					       "--no-walk=unsorted",
					       "--ignore-missing",
					       "--no-show-signature",
					       "--format=%H %s",
					       "--end-of-options" };
	const char **all = xcalloc(GIT_WORDS + count + 1, sizeof(*all));
	memcpy(all, words, sizeof(words));
	memcpy(all + GIT_WORDS, commits, count * sizeof(*commits));
	git_read(all, out);
	buf_addc(out, '\n');
	free(all);
}

/* The first lines of the commits' messages, by commit. */
static json_t *subjects_of(const struct experiment *all, size_t count)
{
	json_t *subjects = json_object();
	const char **commits = xcalloc(count + 1, sizeof(*commits));
	struct buf lines = BUF_INIT;
	size_t asked = 0;
	for (size_t i = 0; i < count; i++) {
		const char *commit = text(source_of(all[i].record, "commit"));
		if (commit[0] != '\0')
			commits[asked++] = commit;
	}
	for (size_t i = 0; i < asked; i += ASKED_AT_ONCE)
		ask_subjects(commits + i, asked - i < ASKED_AT_ONCE ? asked - i : ASKED_AT_ONCE, &lines);
	char *save = NULL;
	for (char *line = strtok_r(lines.data, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
		char *space = strchr(line, ' ');
		if (space == NULL)
			continue;
		*space = '\0';
		json_object_set_new(subjects, line, text_json(space + 1));
	}
	buf_release(&lines);
	free(commits);
	return subjects;
}

static void heading(struct page *p, const struct experiment *e, const json_t *subjects)
{
	const char *branch = text(source_of(e->record, "branch")), *commit = text(source_of(e->record, "commit"));
	const char *diff = text(source_of(e->record, "diff_sha")), *label = text(json_object_get(e->record, "label"));
	const char *note = text(json_object_get(e->record, "note")),
		   *started = text(json_object_get(e->record, "started"));
	const char *subject = text(json_object_get(subjects, commit));
	page_ink(p, INK_FAINT, "%.10s %.5s  ", started, strlen(started) >= TIME_SHOWN ? started + 11 : "");
	struct buf source = BUF_INIT;
	buf_addf(&source, "%s %.*s", branch[0] != '\0' ? branch : "(no branch)", COMMIT_SHOWN, commit);
	if (diff[0] != '\0')
		buf_addf(&source, " + changes %.*s", COMMIT_SHOWN, diff);
	if (label[0] != '\0')
		buf_addf(&source, "  [%s]", label);
	page_wrap_from(p, INK_STRONG, TIME_SHOWN + 2, buf_str(&source));
	buf_release(&source);
	if (subject[0] != '\0')
		page_wrap(p, INK_FAINT, "    commit: ", subject);
	if (note[0] != '\0')
		page_wrap(p, INK_PLAIN, "    tried:  ", note);
}

/* "two-uploads, 256 MiB, chunkserver all-fixes: crashed/oom-kill 3 of 10, …; unreclaimable 135-137 MiB" */
static void result_line(struct page *p, const struct column *c)
{
	const struct run_summary *first = c->runs[0];
	char cap[UNITS_TEXT_MAX];
	struct buf line = BUF_INIT;
	struct spread peak = column_spread(c, OFFSET(peak_unreclaimable_bytes), RUNS_ENDED);
	buf_addf(&line, "%s, %s, %s: ", first->scenario,
		 fact_known(first->memory_bytes) ? figure_size(first->memory_bytes, cap) : "no cap", first->server);
	column_tally(&line, c, " ");
	if (c->judged > 1) {
		buf_adds(&line, "; crash rate ");
		repeats_rate(&line, p, c);
	}
	if (peak.known > 0) {
		buf_adds(&line, "; unreclaimable ");
		spread_add(&line, p, &peak, figure_size);
	}
	page_wrap(p, column_agreed(c, RUNS_ALL) != NULL ? verdict_ink(first) : INK_WARN, "    ", buf_str(&line));
	buf_release(&line);
}

void report_story(FILE *out, const struct run_list *runs)
{
	struct page p;
	size_t count;
	struct experiment *all = experiments_new(runs, &count);
	json_t *subjects = subjects_of(all, count);
	page_init(&p, out);
	for (size_t i = 0; i < count; i++) {
		size_t n;
		char *common;
		struct column *columns = columns_new(all[i].runs, all[i].count, &n, &common);
		if (i > 0)
			buf_addc(&p.text, '\n');
		heading(&p, &all[i], subjects);
		for (size_t k = 0; k < n; k++)
			result_line(&p, &columns[k]);
		columns_free(columns, n);
		free(common);
	}
	page_write(&p, out);
	page_release(&p);
	json_decref(subjects);
	experiments_free(all, count);
}

static json_t *copy_or_null(const json_t *value)
{
	return value != NULL ? json_deep_copy(value) : json_null();
}

json_t *story_json(const struct run_list *runs)
{
	size_t count;
	struct experiment *all = experiments_new(runs, &count);
	json_t *experiments = json_array();
	for (size_t i = 0; i < count; i++) {
		json_t *e = json_object(), *ids = json_array();
		for (size_t k = 0; k < COUNT(source_keys); k++)
			json_object_set_new(e, source_keys[k], copy_or_null(source_of(all[i].record, source_keys[k])));
		json_object_set_new(e, "label", copy_or_null(json_object_get(all[i].record, "label")));
		json_object_set_new(e, "note", copy_or_null(json_object_get(all[i].record, "note")));
		json_object_set_new(e, "started", copy_or_null(json_object_get(all[i].record, "started")));
		for (size_t k = 0; k < all[i].count; k++)
			json_array_append_new(ids, text_json(all[i].runs[k].id));
		json_object_set_new(e, "runs", ids);
		json_object_set_new(e, "summary", repeats_json(all[i].runs, all[i].count));
		json_array_append_new(experiments, e);
	}
	experiments_free(all, count);
	return json_pack("{s:i, s:o, s:o}", "schema", 1, "experiments", experiments, "damaged",
			 report_damaged_json(runs));
}
