#include "record/store.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/macros.h"
#include "base/text.h"
#include "record/app.h"
#include "record/rejudge.h"
#include "record/requests.h"
#include "record/samples.h"

#define ROW_BUFFER_BYTES 65536
#define NAME_IN_ID_MAX 80

/* The streams of a run and their files. */
static const struct row_file {
	const char *name;
	size_t offset;
} row_files[] = {
	{ SAMPLES_FILE, offsetof(struct store_run, samples) },
	{ REQUESTS_FILE, offsetof(struct store_run, requests) },
	{ APP_FILE, offsetof(struct store_run, app) },
};
#define ROW_FILES COUNT(row_files)

static FILE **stream_of(struct store_run *run, const struct row_file *file)
{
	return (FILE **)((char *)run + file->offset);
}

const char *const record_state_names[] = {
	[RECORD_RUNNING] = "running", [RECORD_FINISHED] = "finished", [RECORD_INTERRUPTED] = "interrupted"
};

enum record_state record_state(const json_t *record)
{
	const char *name = json_string_value(json_object_get(record, "state"));
	enum record_state state = RECORD_RUNNING;

	while (state < RECORD_STATES && (name == NULL || strcmp(name, record_state_names[state]) != 0))
		state++;
	return state;
}

bool store_rig_is_dead(const json_t *record)
{
	struct owner rig = {
		.pid = (pid_t)json_integer_value(json_object_get(record, "rig_pid")),
		.start_ticks = (uint64_t)json_integer_value(json_object_get(record, "rig_start_time")),
	};
	return rig.pid <= 0 || owner_lives(&rig) == 0;
}

/* Letters, digits, '.', '_' and '-' stay; a folder name must not start with a dot. */
static void clean_name(const char *name, char out[NAME_IN_ID_MAX + 1])
{
	size_t len = 0;

	for (; *name != '\0' && len < NAME_IN_ID_MAX; name++) {
		unsigned char c = (unsigned char)*name;
		bool plain = c < 0x80 && (isalnum(c) || c == '-' || c == '_' || (c == '.' && len > 0));
		if (plain || (len > 0 && out[len - 1] != '-'))
			out[len++] = plain ? (char)c : '-';
	}
	out[len] = '\0';
	if (len == 0)
		strcpy(out, "run");
}

static int make_id(const char *name, char out[STORE_ID_MAX], struct error *err)
{
	uint64_t wall_ns = clock_wall_ns();
	time_t seconds = (time_t)(wall_ns / NS_PER_S);
	char stamp[32], clean[NAME_IN_ID_MAX + 1];
	uint16_t random;
	struct tm utc;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot get random bytes for the id of the run");
	gmtime_r(&seconds, &utc);
	strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &utc);
	clean_name(name, clean);
	snprintf(out, STORE_ID_MAX, "%s.%03u-%s-%04x", stamp, (unsigned)(wall_ns % NS_PER_S / NS_PER_MS), clean,
		 random);
	return 0;
}

/* Under a name that no reader looks at: a rig killed before the first record is there leaves no run without one. */
static int make_folder(struct store_run *run, const char *results, const char *name, struct error *err)
{
	if (make_id(name, run->id, err) != 0)
		return -1;
	char owner[OWNER_TEXT_MAX];
	run->folder = xasprintf("%s/" STORE_NEW_PREFIX "%s-%s", results, owner_format(&run->rig, owner), run->id);
	if (mkdir(run->folder, 0755) != 0)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot create folder '%s'", run->folder);
	return 0;
}

/* rename(2) fails with ENOTEMPTY or EEXIST for the second of two rigs that came to the same id. */
static int publish(struct store_run *run, const char *results, struct error *err)
{
	char *folder = xasprintf("%s/%s", results, run->id);

	store_set(run, "folder", text_json(folder));
	int rc = store_update(run, err);
	if (rc == 0 && rename(run->folder, folder) != 0)
		rc = error_set_errno(err, ERROR_SYSTEM, errno, "cannot create folder '%s'", folder);
	if (rc != 0) {
		free(folder);
		return -1;
	}
	free(run->folder);
	run->folder = folder;
	return 0;
}

static int open_rows(struct store_run *run, struct error *err)
{
	for (size_t i = 0; i < ROW_FILES; i++) {
		char *path = store_path(run, row_files[i].name);
		FILE *stream = fopen(path, "wxe");
		if (stream == NULL)
			error_set_errno(err, ERROR_SYSTEM, errno, "cannot create '%s'", path);
		else
			setvbuf(stream, NULL, _IOFBF, ROW_BUFFER_BYTES);
		*stream_of(run, &row_files[i]) = stream;
		free(path);
		if (stream == NULL)
			return -1;
	}
	return 0;
}

static void release(struct store_run *run)
{
	for (size_t i = 0; i < ROW_FILES; i++)
		if (*stream_of(run, &row_files[i]) != NULL)
			fclose(*stream_of(run, &row_files[i]));
	json_decref(run->record);
	free(run->folder);
	memset(run, 0, sizeof(*run));
}

int store_create(struct store_run *run, const char *results, const char *name, struct error *err)
{
	memset(run, 0, sizeof(*run));
	if (owner_self(&run->rig, err) != 0 || fs_make_dirs(results, err) != 0 ||
	    make_folder(run, results, name, err) != 0) {
		release(run);
		return -1;
	}
	run->record = json_object();
	store_set(run, "schema", json_integer(STORE_SCHEMA));
	store_set(run, "id", json_string(run->id));
	store_end(run, RECORD_RUNNING);
	store_set(run, "rig_pid", json_integer(run->rig.pid));
	store_set(run, "rig_start_time", json_integer((json_int_t)run->rig.start_ticks));
	if (open_rows(run, err) != 0 || publish(run, results, err) != 0) {
		fs_remove_tree(run->folder, NULL);
		release(run);
		return -1;
	}
	return 0;
}

void store_set(struct store_run *run, const char *key, json_t *value)
{
	json_object_set_new(run->record, key, value ? text_json_clean(value) : json_null());
}

void store_end(struct store_run *run, enum record_state state)
{
	store_set(run, "state", json_string(record_state_names[state]));
}

#define ABANDON_PATIENCE_S 2

static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER; /* of records */

typedef int write_file(const char *path, const void *data, size_t len, struct error *err);

/* The one place that writes a run.json. */
static int write_record(const char *folder, const json_t *record, write_file *write, struct error *err)
{
	char *text = text_json_dumps(record, JSON_INDENT(2));
	if (text == NULL)
		return error_set(err, ERROR_BUG, "the record in '%s' cannot be written as JSON", folder);
	char *path = xasprintf("%s/" STORE_RECORD, folder);
	int rc = write(path, text, strlen(text), err);
	free(text);
	free(path);
	return rc;
}

int store_rewrite(const char *folder, const json_t *record, struct error *err)
{
	return write_record(folder, record, fs_write_file, err);
}

/* Takes the lock for good. */
int store_abandon(const char *folder, const char *why, struct error *err)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ABANDON_PATIENCE_S;
	if (pthread_mutex_timedlock(&writing, &until) != 0)
		return error_set(err, ERROR_SYSTEM, "the record in '%s' is being written", folder);
	json_t *record = store_read(folder, err);
	int rc = record != NULL ? 0 : -1;
	if (record_state(record) == RECORD_RUNNING) {
		rc = rejudge_as_interrupted(record, why, err);
		if (rc == 0)
			rc = write_record(folder, record, fs_write_file_unsynced, err);
	}
	json_decref(record);
	return rc;
}

static int update(struct store_run *run, write_file *write, struct error *err)
{
	/* The record first: it tells what became of the run even when a row file fails. */
	pthread_mutex_lock(&writing);
	int rc = write_record(run->folder, run->record, write, err);
	pthread_mutex_unlock(&writing);

	return store_flush(run, rc == 0 ? err : NULL) == 0 ? rc : -1;
}

int store_update(struct store_run *run, struct error *err)
{
	return update(run, fs_write_file, err);
}

int store_update_unsynced(struct store_run *run, struct error *err)
{
	return update(run, fs_write_file_unsynced, err);
}

int store_flush(struct store_run *run, struct error *err)
{
	for (size_t i = 0; i < ROW_FILES; i++) {
		FILE *stream = *stream_of(run, &row_files[i]);
		/* A write that stdio did by itself may have failed earlier: only ferror() still knows. */
		if (fflush(stream) != 0)
			return error_set_errno(err, ERROR_SYSTEM, errno, "cannot write '%s/%s'", run->folder,
					       row_files[i].name);
		if (ferror(stream))
			return error_set(err, ERROR_SYSTEM, "rows of '%s/%s' could not be written and are lost",
					 run->folder, row_files[i].name);
	}
	return 0;
}

int store_write_kernel_log(const struct store_run *run, const char *text, size_t len, struct error *err)
{
	char *path = store_path(run, STORE_KERNEL_LOG);
	int rc = fs_write_file(path, text, len, err);

	free(path);
	return rc;
}

char *store_path(const struct store_run *run, const char *file)
{
	return xasprintf("%s/%s", run->folder, file);
}

int store_close(struct store_run *run, struct error *err)
{
	int rc = store_update(run, err);

	for (size_t i = 0; i < ROW_FILES; i++) {
		FILE **stream = stream_of(run, &row_files[i]);
		if (fclose(*stream) != 0 && rc == 0)
			rc = error_set_errno(err, ERROR_SYSTEM, errno, "cannot write '%s/%s'", run->folder,
					     row_files[i].name);
		*stream = NULL;
	}
	release(run);
	return rc;
}
