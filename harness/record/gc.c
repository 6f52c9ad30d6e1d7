#include "record/gc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/macros.h"
#include "base/text.h"
#include "record/app.h"
#include "record/log_tail.h"
#include "record/requests.h"
#include "record/samples.h"
#include "record/store.h"

#define BLOCK_BYTES 512 /* of st_blocks (stat(2)) */

static const char *const bulky[] = { SAMPLES_FILE, REQUESTS_FILE, APP_FILE, STORE_SERVER_LOG };

const json_t *gc_taken(const json_t *record)
{
	return json_object_get(record, GC_TAKEN_KEY);
}

char *gc_taken_words(const json_t *record)
{
	const char *at = json_string_value(json_object_get(gc_taken(record), "at"));
	return at != NULL ? xasprintf("samples, requests and log taken by oomrig gc on %.10s", at) : NULL;
}

/* What a file of a run takes on disk; 0: it is none, or another name of it would keep it there. */
static uint64_t bytes_of(int run_fd, const char *name)
{
	struct stat st;
	if (fstatat(run_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode) || st.st_nlink > 1)
		return 0;
	return (uint64_t)st.st_blocks * BLOCK_BYTES;
}

static int open_run(int results_fd, const char *id)
{
	return openat(results_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Of all its files. */
static uint64_t bytes_of_run(int results_fd, const char *id)
{
	uint64_t sum = 0;
	int fd = open_run(results_fd, id);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	while (dir != NULL && (entry = readdir(dir)) != NULL)
		sum += bytes_of(fd, entry->d_name);
	if (dir != NULL)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
	return sum;
}

static uint64_t bulk_of(int run_fd)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < COUNT(bulky); i++)
		sum += bytes_of(run_fd, bulky[i]);
	return sum;
}

static bool is_kept(const struct gc *g, const json_t *record)
{
	const char *label = json_string_value(json_object_get(record, "label"));
	for (size_t i = 0; label != NULL && i < g->keep_label_count; i++)
		if (strcmp(label, g->keep_labels[i]) == 0)
			return true;
	return record_state(record) == RECORD_RUNNING || !store_rig_is_dead(record);
}

/* Bytes add up where an earlier one came to its end half-way. */
static int say_taken(const char *path, const char *shown, json_t *record, uint64_t bytes, struct error *err)
{
	char at[CLOCK_RFC3339_MAX];
	json_int_t before = json_integer_value(json_object_get(gc_taken(record), "bytes"));
	clock_rfc3339(clock_wall_ns(), at);
	json_object_set_new(record, GC_TAKEN_KEY,
			    json_pack("{s:s, s:I}", "at", at, "bytes", before + (json_int_t)bytes));
	json_object_set_new(record, "folder", text_json(shown));
	return store_rewrite(path, record, err);
}

static int take_files(int run_fd, const char *shown, struct error *err)
{
	int rc = 0;
	for (size_t i = 0; i < COUNT(bulky); i++)
		if (bytes_of(run_fd, bulky[i]) > 0 && unlinkat(run_fd, bulky[i], 0) != 0 && errno != ENOENT)
			rc = error_set_errno(err, ERROR_SYSTEM, errno, "cannot remove '%s/%s'", shown, bulky[i]);
	return rc;
}

/* By the folder that is open: no name is looked up a second time. */
static int take(const struct gc *g, int run_fd, const char *shown, uint64_t *freed, struct error *err)
{
	uint64_t bytes = bulk_of(run_fd);
	char path[32];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", run_fd);
	json_t *record = bytes > 0 ? store_read(path, err) : NULL;
	int rc = 0;
	if (bytes > 0 && record == NULL)
		rc = error_prefix(err, "'%s' is left alone", shown);
	else if (bytes > 0 && !is_kept(g, record)) {
		if (!g->dry_run)
			rc = say_taken(path, shown, record, bytes, err);
		if (!g->dry_run && rc == 0)
			rc = take_files(run_fd, shown, err);
		*freed = g->dry_run ? bytes : bytes - bulk_of(run_fd);
	}
	json_decref(record);
	return rc;
}

static void take_of(const struct gc *g, int results_fd, const char *id, struct gc_result *out)
{
	struct error err = ERROR_INIT;
	uint64_t freed = 0;
	int run_fd = open_run(results_fd, id);
	if (run_fd < 0)
		return; /* a link, or gone meanwhile */
	char *shown = xasprintf("%s/%s", g->results, id);
	if (take(g, run_fd, shown, &freed, &err) != 0)
		g->failed(g->arg, &err);
	if (freed > 0) {
		out->freed_bytes += freed;
		out->taken++;
		g->took(g->arg, id, freed);
	}
	free(shown);
	close(run_fd);
}

int gc_run(const struct gc *g, struct gc_result *out, struct error *err)
{
	char **ids;
	size_t count;
	*out = (struct gc_result){ 0 };
	int results_fd = open(g->results, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (results_fd < 0 && errno == ENOENT)
		return 0;
	if (results_fd < 0)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot open folder '%s'", g->results);
	/* In turn with `oomrig clean`, which rewrites records too; where it cannot be locked, none waits. */
	while (!g->dry_run && flock(results_fd, LOCK_EX) != 0 && errno == EINTR && !g->stop(g->arg))
		;
	if (store_list(g->results, &ids, &count, err) != 0) {
		close(results_fd);
		return -1;
	}
	out->runs = count;
	for (size_t i = 0; i < count; i++)
		out->before_bytes += bytes_of_run(results_fd, ids[i]);
	for (size_t i = 0; i < count && out->before_bytes - out->freed_bytes > g->keep_bytes && !g->stop(g->arg); i++)
		take_of(g, results_fd, ids[i], out);
	store_free_list(ids, count);
	close(results_fd);
	return 0;
}
