#include "report/listing.h"

#include <stdlib.h>
#include <time.h>

#include "base/fs.h"
#include "base/text.h"
#include "record/run_list.h"
#include "report/report.h"

/* "3 min ago" from the record's RFC 3339 time; "-" without one. */
static void add_age(struct buf *b, const json_t *record)
{
	const char *started = json_string_value(json_object_get(record, "started"));
	struct tm tm = { 0 };
	if (started == NULL || strptime(started, "%Y-%m-%dT%H:%M:%S", &tm) == NULL) {
		buf_adds(b, "-");
		return;
	}
	time_t age = time(NULL) - timegm(&tm);
	if (age < 0)
		buf_addf(b, "%.19s", started); /* the clock was set back: no age can be told */
	else if (age >= 48 * 3600)
		buf_addf(b, "%lld days ago", (long long)age / 86400);
	else if (age >= 3600)
		buf_addf(b, "%lld h ago", (long long)age / 3600);
	else if (age >= 60)
		buf_addf(b, "%lld min ago", (long long)age / 60);
	else
		buf_addf(b, "%lld s ago", (long long)age);
}

static void list_one(FILE *out, const char *folder, const char *id, size_t *unreadable)
{
	struct run_list one = { 0 };
	struct error err = ERROR_INIT;
	if (run_list_read(&one, folder, &err) == 0) {
		struct buf age = BUF_INIT;
		add_age(&age, one.records[0]);
		report_line(out, one.summaries, buf_str(&age));
		buf_release(&age);
	} else {
		text_line(out, "%-40s%s", "unreadable", id);
		text_line(out, "    %s", err.message);
		(*unreadable)++;
	}
	run_list_release(&one);
}

int report_listing(FILE *out, const char *results, size_t *unreadable, struct error *err)
{
	char **ids;
	size_t count;
	*unreadable = 0;
	if (store_list_all(results, &ids, &count, err) != 0)
		return -1;
	if (count == 0)
		text_line(out, "no runs in '%s'", fs_shown_path(results));
	for (size_t i = 0; i < count; i++) {
		char *folder = xasprintf("%s/%s", results, ids[i]);
		list_one(out, folder, ids[i], unreadable);
		free(folder);
	}
	store_free_list(ids, count);
	return 0;
}
