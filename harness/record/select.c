#include "record/select.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/macros.h"
#include "base/nearest.h"
#include "base/units.h"
#include "record/store.h"

#define COMMIT_DIGITS_MIN 7
#define CANDIDATES_SHOWN 5
#define DAY_NS (24 * 3600 * NS_PER_S)

static const char *text_at(const json_t *record, const char *key)
{
	const char *text = json_string_value(json_object_get(json_object_get(record, "server_source"), key));
	return text != NULL ? text : "";
}

static const char *label_of(const struct run_list *l, size_t i)
{
	return l->summaries[i].label;
}

static const char *branch_of(const struct run_list *l, size_t i)
{
	return text_at(l->records[i], "branch");
}

static const char *commit_of(const struct run_list *l, size_t i)
{
	return text_at(l->records[i], "commit");
}

static const char *scenario_of(const struct run_list *l, size_t i)
{
	return l->summaries[i].scenario;
}

static bool is_equal(const char *recorded, const char *word)
{
	return strcmp(recorded, word) == 0;
}

static bool begins(const char *recorded, const char *word)
{
	return strlen(word) >= COMMIT_DIGITS_MIN && strncmp(recorded, word, strlen(word)) == 0;
}

/* What is recorded of a run that a word may be, and the prefix that says that it is. */
static const struct kind {
	const char *name;
	const char *(*of)(const struct run_list *l, size_t i); /* "": none */
	bool (*matches)(const char *recorded, const char *word);
	bool named; /* a mistyped word may be meant for it */
} kinds[] = {
	{ "label", label_of, is_equal, true },
	{ "branch", branch_of, is_equal, true },
	{ "commit", commit_of, begins, false },
	{ "scenario", scenario_of, is_equal, true },
};

static bool is_of(const struct kind *kind, const struct run_list *l, size_t i, const char *word)
{
	const char *recorded = kind->of(l, i);
	return recorded[0] != '\0' && kind->matches(recorded, word);
}

/* "label:x": the kind, and *word behind its prefix; NULL: no prefix. */
static const struct kind *kind_said(const char **word)
{
	for (size_t k = 0; k < COUNT(kinds); k++) {
		size_t len = strlen(kinds[k].name);
		if (strncmp(*word, kinds[k].name, len) == 0 && (*word)[len] == ':') {
			*word += len + 1;
			return &kinds[k];
		}
	}
	return NULL;
}

/* What cannot be read may be of any. */
static bool is_of_scenario(const char *results, const char *id, const char *scenario)
{
	struct error err = ERROR_INIT;
	struct run_list one = { 0 };
	char *folder = xasprintf("%s/%s", results, id);
	bool is = run_list_read(&one, folder, &err) != 0 || strcmp(one.summaries[0].scenario, scenario) == 0;
	run_list_release(&one);
	free(folder);
	return is;
}

static int filter_ids(int (*list)(const char *results, char ***ids, size_t *count, struct error *err),
		      const char *results, const struct select_filter *filter, char ***ids, size_t *count,
		      struct error *err)
{
	char **all;
	size_t total, kept = 0;
	if (list(results, &all, &total, err) != 0)
		return -1;
	/* Newest first, so that no more is read than the limit needs; kept at the end of the array. */
	for (size_t i = total; i-- > 0;) {
		bool wanted = (filter->limit == 0 || kept < filter->limit) && strcmp(all[i], filter->since) >= 0 &&
			      (filter->scenario == NULL || is_of_scenario(results, all[i], filter->scenario));
		if (wanted)
			all[total - ++kept] = all[i];
		else
			free(all[i]);
	}
	if (kept > 0)
		memmove(all, all + total - kept, kept * sizeof(*all));
	*ids = all;
	*count = kept;
	return 0;
}

int select_ids(const char *results, const struct select_filter *filter, char ***ids, size_t *count, struct error *err)
{
	return filter_ids(store_list_all, results, filter, ids, count, err);
}

static int read_all(struct run_list *list, const char *results, const struct select_filter *filter,
		    void (*take)(struct run_list *list, const char *folder), struct error *err)
{
	char **ids;
	size_t count;
	if (select_ids(results, filter, &ids, &count, err) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		char *folder = xasprintf("%s/%s", results, ids[i]);
		take(list, folder);
		free(folder);
	}
	store_free_list(ids, count);
	return 0;
}

static bool is_narrow(const struct select_filter *filter)
{
	return filter->scenario != NULL || filter->since[0] != '\0';
}

static int none_there(const char *results, const char *word, const struct select_filter *filter, struct error *err)
{
	return error_set(err, ERROR_USAGE, "no run fits%s%s%s: '%s' holds none%s%s%s%s%s", word[0] != '\0' ? " '" : "",
			 word, word[0] != '\0' ? "'" : "", results, filter->scenario != NULL ? " of scenario '" : "",
			 filter->scenario != NULL ? filter->scenario : "", filter->scenario != NULL ? "'" : "",
			 filter->since[0] != '\0' ? " since " : "", filter->since);
}

int select_all(struct run_list *list, const char *results, const struct select_filter *filter, struct error *err)
{
	size_t before = list->count + list->damaged_count;
	if (read_all(list, results, filter, run_list_try, err) != 0)
		return -1;
	return is_narrow(filter) && list->count + list->damaged_count == before ? none_there(results, "", filter, err)
										: 0;
}

/* Adds those marked, the newest so many of them. */
static int add_marked(struct run_list *list, const struct run_list *all, const bool *marked, size_t limit,
		      struct error *err)
{
	size_t first = 0, left = limit;
	int rc = 0;
	if (limit > 0)
		for (first = all->count; first > 0 && left > 0; first--)
			left -= marked[first - 1];
	for (size_t i = first; rc == 0 && i < all->count; i++)
		if (marked[i])
			rc = run_list_add_once(list, json_incref(all->records[i]), err);
	return rc;
}

static size_t mark(const struct kind *kind, const struct run_list *all, const char *word, bool *marked)
{
	size_t count = 0;
	for (size_t i = 0; i < all->count; i++)
		count += marked[i] = is_of(kind, all, i, word);
	return count;
}

static int nothing_fits(const struct run_list *all, const char *results, const char *word,
			const struct select_filter *filter, struct error *err)
{
	struct nearest n;
	if (all->count == 0)
		return none_there(results, word, filter, err);
	nearest_init(&n, word);
	for (size_t i = 0; i < all->count; i++) {
		for (size_t k = 0; k < COUNT(kinds); k++)
			if (kinds[k].named)
				nearest_offer(&n, kinds[k].of(all, i));
		nearest_offer(&n, all->summaries[i].id);
	}
	return error_set(
		err, ERROR_USAGE,
		"'%s' is no label, branch, commit, scenario, part of an id or folder of runs in '%s'; %s '%s'%s", word,
		results, n.best ? "did you mean" : "the last run is",
		n.best ? n.best : all->summaries[all->count - 1].id, n.best ? "?" : "");
}

/* A word that is of two kinds is not guessed at, unless both mean the same runs. */
static int select_recorded(struct run_list *list, const struct run_list *all, const char *word, size_t limit,
			   struct error *err)
{
	bool *marked = xcalloc(all->count + 1, 1), *other = xcalloc(all->count + 1, 1);
	const struct kind *found = NULL;
	int rc = 0;
	for (size_t k = 0; rc == 0 && k < COUNT(kinds); k++) {
		if (mark(&kinds[k], all, word, other) == 0)
			continue;
		if (found != NULL && memcmp(marked, other, all->count) != 0)
			rc = error_set(err, ERROR_USAGE,
				       "'%s' is a %s and a %s, of other runs: type '%s:%s' or '%s:%s'", word,
				       found->name, kinds[k].name, found->name, word, kinds[k].name, word);
		else
			memcpy(marked, other, all->count);
		found = &kinds[k];
	}
	if (rc == 0 && found != NULL)
		rc = add_marked(list, all, marked, limit, err);
	free(marked);
	free(other);
	return rc != 0 ? -1 : found != NULL;
}

static int ambiguous(char *const *ids, size_t count, const char *word, struct error *err)
{
	struct buf names = BUF_INIT;
	size_t matches = 0;
	/* Newest first: those are the ones people look for. */
	for (size_t i = count; i-- > 0;)
		if (strstr(ids[i], word) != NULL && ++matches <= CANDIDATES_SHOWN)
			buf_addf(&names, "%s%s", names.len == 0 ? "" : ", ", ids[i]);
	error_set(err, ERROR_USAGE, "'%s' is in the ids of %zu runs: %s%s", word, matches, buf_str(&names),
		  matches > CANDIDATES_SHOWN ? " …" : "");
	buf_release(&names);
	return -1;
}

static bool begins_so(const char *id, const char *word)
{
	return strncmp(id, word, strlen(word)) == 0;
}

static bool has_part(const char *id, const char *word)
{
	return strstr(id, word) != NULL;
}

static int read_matching(struct run_list *list, const char *results, char *const *ids, size_t count,
			 bool (*fits)(const char *id, const char *word), const char *word)
{
	for (size_t i = 0; i < count; i++) {
		char *folder = fits(ids[i], word) ? xasprintf("%s/%s", results, ids[i]) : NULL;
		if (folder != NULL)
			run_list_try(list, folder);
		free(folder);
	}
	return 1;
}

/* All ids that begin so, the newest `limit` of them; else the one that it is a part of.  1: found. */
static int select_id(struct run_list *list, const char *results, const char *word, const struct select_filter *filter,
		     struct error *err)
{
	struct select_filter all_of_it = *filter;
	size_t count, starts = 0, parts = 0, first;
	char **ids;
	int found = 0;
	all_of_it.limit = 0;
	if (select_ids(results, &all_of_it, &ids, &count, err) != 0)
		return -1;
	for (first = count; first > 0 && (filter->limit == 0 || starts < filter->limit); first--)
		starts += begins_so(ids[first - 1], word);
	for (size_t i = 0; starts == 0 && i < count; i++)
		parts += has_part(ids[i], word);
	if (starts > 0)
		found = read_matching(list, results, ids + first, count - first, begins_so, word);
	else if (parts > 1)
		found = ambiguous(ids, count, word, err);
	else if (parts == 1)
		found = read_matching(list, results, ids, count, has_part, word);
	store_free_list(ids, count);
	return found;
}

static bool is_folder(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool holds_record(const char *folder)
{
	char *path = xasprintf("%s/" STORE_RECORD, folder);
	struct stat st;
	bool there = stat(path, &st) == 0;
	free(path);
	return there;
}

static int select_folder(struct run_list *list, const char *folder, const struct select_filter *filter,
			 struct error *err)
{
	struct run_list found = { 0 };
	if (holds_record(folder)) {
		run_list_try(list, folder);
		return 0;
	}
	int rc = select_all(&found, folder, filter, err);
	if (rc == 0 && found.count == 0)
		rc = error_set(err, ERROR_USAGE, "folder '%s' holds no such runs%s", folder,
			       found.damaged_count > 0 ? " that can be read" : "");
	if (rc == 0)
		rc = run_list_add_list(list, &found, err);
	run_list_release(&found);
	return rc;
}

static int select_last(struct run_list *list, const char *results, const struct select_filter *filter,
		       struct error *err)
{
	struct select_filter newest = *filter;
	char **ids;
	size_t count;
	newest.limit = 1;
	if (filter_ids(store_list, results, &newest, &ids, &count, err) != 0)
		return -1;
	char *folder = count > 0 ? xasprintf("%s/%s", results, ids[0]) : NULL;
	int rc = 0;
	if (folder != NULL)
		run_list_try(list, folder);
	else
		rc = none_there(results, "last", filter, err);
	free(folder);
	store_free_list(ids, count);
	return rc;
}

/* One that cannot be read is no candidate for a word; its id still finds it, and says why it cannot. */
static void take_readable(struct run_list *list, const char *folder)
{
	struct error unreadable = ERROR_INIT;
	run_list_read(list, folder, &unreadable);
}

/* By what is recorded, or by the id. */
static int look_up(struct run_list *list, const char *results, const char *word, const struct select_filter *filter,
		   struct error *err)
{
	const char *rest = word;
	const struct kind *said = kind_said(&rest);
	struct select_filter all_of_it = *filter;
	struct run_list all = { 0 };
	all_of_it.limit = 0;
	int found = read_all(&all, results, &all_of_it, take_readable, err);
	if (found == 0 && said != NULL) {
		bool *marked = xcalloc(all.count + 1, 1);
		found = mark(said, &all, rest, marked) > 0;
		if (found && add_marked(list, &all, marked, filter->limit, err) != 0)
			found = -1;
		free(marked);
	} else if (found == 0) {
		found = select_recorded(list, &all, word, filter->limit, err);
		if (found == 0)
			found = select_id(list, results, word, filter, err);
	}
	if (found == 0 && said == NULL && is_folder(word))
		found = select_folder(list, word, filter, err) == 0 ? 1 : -1;
	if (found == 0)
		nothing_fits(&all, results, word, filter, err);
	run_list_release(&all);
	return found > 0 ? 0 : -1;
}

int select_runs(struct run_list *list, const char *results, const char *word, const struct select_filter *filter,
		struct error *err)
{
	if (word[0] == '\0')
		return error_set(err, ERROR_USAGE, "the name of the runs is empty");
	if (strcmp(word, "last") == 0)
		return select_last(list, results, filter, err);
	if (strchr(word, '/') != NULL || strcmp(word, ".") == 0 || (is_folder(word) && holds_record(word))) {
		if (is_folder(word))
			return select_folder(list, word, filter, err);
		/* A branch may have one in its name. */
		if (word[0] == '/' || word[0] == '.')
			return error_set(err, ERROR_USAGE, "'%s' is no folder of runs", word);
	}
	return look_up(list, results, word, filter, err);
}

/* "7d": whole days and weeks, beside what units.h knows. */
static int parse_age(const char *text, uint64_t *out_ns, struct error *err)
{
	size_t digits = strspn(text, "0123456789");
	char unit = text[digits];
	if (digits > 0 && digits < 6 && (unit == 'd' || unit == 'w') && text[digits + 1] == '\0') {
		*out_ns = strtoull(text, NULL, 10) * (unit == 'w' ? 7 : 1) * DAY_NS;
		return 0;
	}
	return units_parse_duration(text, out_ns, err);
}

int select_parse_since(const char *text, uint64_t now_wall_ns, char out[24], struct error *err)
{
	static const char *const forms[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d" };
	struct error no_age = ERROR_INIT;
	struct tm tm;
	uint64_t age_ns;
	time_t at = -1;
	for (size_t i = 0; at < 0 && i < COUNT(forms); i++) {
		memset(&tm, 0, sizeof(tm));
		const char *end = strptime(text, forms[i], &tm);
		if (end != NULL && (*end == '\0' || strcmp(end, "Z") == 0))
			at = timegm(&tm);
	}
	if (at < 0 && parse_age(text, &age_ns, &no_age) == 0)
		at = age_ns < now_wall_ns ? (time_t)((now_wall_ns - age_ns) / NS_PER_S) : 0;
	if (at < 0)
		return error_set(err, ERROR_USAGE,
				 "'%s' is no time (such as 2026-11-30, 2026-11-30T12:00, 12h, 7d or 2w)", text);
	gmtime_r(&at, &tm);
	strftime(out, 24, "%Y%m%d-%H%M%S", &tm);
	return 0;
}
