/*
 * P1, form-memory, and P2, keep-temp-files: the form parser.
 *
 * The growth is that of Go's bytes.Buffer (ReadFrom, growSlice): room for at
 * least 512 bytes before each read, a new array of twice the capacity, zeroed,
 * and a copy; the outgrown array is left to the collector.  ReadForm copies
 * limit+1 bytes to learn whether the file fits, so 32 MiB end in a 64 MiB array.
 */
#include "form.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "collector.h"
#include "server.h"

#define READ_MINIMUM_BYTES 512

struct form {
	struct server *server;
	char *data; /* the collector's */
	size_t len, capacity;
	bool spilled, parsed;
	struct temp_file file; /* when spilled */
};

struct form *form_new(struct server *server)
{
	struct form *form = xcalloc(1, sizeof(*form));
	form->server = server;
	return form;
}

static void grow(struct form *form)
{
	size_t capacity = form->len + READ_MINIMUM_BYTES;
	if (capacity < 2 * form->capacity)
		capacity = 2 * form->capacity;
	char *data = collector_alloc(form->server->collector, capacity);
	if (form->data != NULL) {
		memcpy(data, form->data, form->len);
		collector_drop(form->server->collector, form->data);
	}
	form->data = data;
	form->capacity = capacity;
}

/* Keeps what may be kept of data, limit+1 bytes in all; returns how much that was. */
static size_t keep(struct form *form, const char *data, size_t len)
{
	size_t left = (size_t)form->server->behaviour[FORM_MEMORY] + 1 - form->len;
	size_t total = len < left ? len : left;
	for (size_t done = 0; done < total;) {
		if (form->capacity - form->len < READ_MINIMUM_BYTES)
			grow(form);
		size_t n = form->capacity - form->len;
		if (n > total - done)
			n = total - done;
		memcpy(form->data + form->len, data + done, n);
		form->len += n;
		done += n;
	}
	return total;
}

static int spill(struct form *form, struct error *err)
{
	if (temp_file_create(&form->server->temp_files, &form->file, err) != 0)
		return -1;
	form->spilled = true;
	if (temp_file_write(&form->file, form->data, form->len, 0, err) != 0)
		return -1;
	collector_drop(form->server->collector, form->data);
	form->data = NULL;
	return 0;
}

int form_write(struct form *form, const char *data, size_t len, struct error *err)
{
	if (!form->spilled) {
		size_t kept = keep(form, data, len);
		if (form->len <= form->server->behaviour[FORM_MEMORY])
			return 0;
		if (spill(form, err) != 0)
			return -1;
		data += kept;
		len -= kept;
	}
	return temp_file_write(&form->file, data, len, form->file.size_bytes, err);
}

static int store_file(struct form *form, struct ingest *ingest, struct error *err)
{
	char *chunk = xmalloc(CHUNK_BYTES);
	int rc = 0;
	for (uint64_t at = 0; rc == 0 && at < form->file.size_bytes;) {
		uint64_t left = form->file.size_bytes - at;
		size_t n = left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES;
		rc = temp_file_read(&form->file, chunk, n, at, err);
		if (rc == 0)
			rc = ingest_write(ingest, chunk, n, err);
		at += n;
	}
	free(chunk);
	return rc;
}

int form_store(struct form *form, struct ingest *ingest, struct error *err)
{
	form->parsed = true;
	if (form->spilled)
		return store_file(form, ingest, err);
	for (size_t at = 0; at < form->len; at += CHUNK_BYTES) {
		size_t n = form->len - at < CHUNK_BYTES ? form->len - at : CHUNK_BYTES;
		if (ingest_write(ingest, form->data + at, n, err) != 0)
			return -1;
	}
	return 0;
}

void form_free(struct form *form)
{
	/* A parse that fails cleans up after itself; a parsed form waits for a release that P2 forgets. */
	if (form->spilled)
		temp_file_close(&form->file, form->parsed && server_has(form->server, KEEP_TEMP_FILES));
	if (form->data != NULL)
		collector_drop(form->server->collector, form->data);
	free(form);
}

static int start_collector(struct server *server, struct error *err)
{
	server->collector = collector_new(err);
	return server->collector != NULL ? 0 : -1;
}

static void stop_collector(struct server *server)
{
	collector_free(server->collector);
	server->collector = NULL;
}

static void report_collector(struct server *server, json_t *report)
{
	struct collector_figures f;
	collector_figures(server->collector, &f);
	json_object_set_new(report, "collector",
			    json_pack("{s:I, s:I, s:I, s:I}", "live_bytes", (json_int_t)f.live_bytes, "garbage_bytes",
				      (json_int_t)f.garbage_bytes, "retained_bytes", (json_int_t)f.retained_bytes,
				      "cycles", (json_int_t)f.cycles));
}

static void collect(struct server *server)
{
	collector_collect(server->collector);
}

const struct behaviour_hooks form_memory_hooks = {
	.start = start_collector,
	.stop = stop_collector,
	.debug = report_collector,
	.collect = collect,
};
