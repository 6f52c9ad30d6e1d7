#include "upload.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "form.h"
#include "ingest.h"
#include "server.h"

#define FORM_TYPE "multipart/form-data"
/* Room for a part's headers, and how much of the file is passed on at a time. */
#define FORM_BUFFER_BYTES (16 * 1024)

struct upload {
	struct request *request;
	struct MHD_PostProcessor *parser; /* of a form */
	bool file_seen;
	uint64_t file_bytes;
	char *filename;
	struct form *form; /* P1: the file on its way to being parsed */
	bool ingest_open;
	struct ingest ingest;
};

static struct upload *upload_new(struct request *r)
{
	struct upload *u = xcalloc(1, sizeof(*u));
	u->request = r;
	r->upload = u;
	atomic_fetch_add(&r->server->uploads_in_flight, 1);
	return u;
}

/* A form's temporary file is closed, and removed unless P2 keeps it, before the answer goes out. */
static void drop_form(struct upload *u)
{
	if (u->form != NULL)
		form_free(u->form);
	u->form = NULL;
}

void upload_free(struct upload *u)
{
	if (u->parser != NULL)
		MHD_destroy_post_processor(u->parser);
	drop_form(u);
	if (u->ingest_open)
		ingest_abort(&u->ingest);
	atomic_fetch_sub(&u->request->server->uploads_in_flight, 1);
	free(u->filename);
	free(u);
}

static int open_ingest(struct upload *u, struct error *err)
{
	if (!u->ingest_open && ingest_begin(&u->ingest, u->request->server, err) != 0)
		return -1;
	u->ingest_open = true;
	return 0;
}

static int take_file_bytes(struct upload *u, const char *data, size_t len, struct error *err)
{
	if (server_has(u->request->server, FORM_MEMORY)) {
		if (u->form == NULL)
			u->form = form_new(u->request->server);
		return form_write(u->form, data, len, err);
	}
	return open_ingest(u, err) != 0 ? -1 : ingest_write(&u->ingest, data, len, err);
}

/* Called by the post processor; off is the data's place in the value of this part. */
static enum MHD_Result on_field(void *cls, enum MHD_ValueKind kind, const char *key, const char *filename,
				const char *type, const char *encoding, const char *data, uint64_t off, size_t len)
{
	struct upload *u = cls;
	(void)kind;
	(void)type;
	(void)encoding;
	if (key == NULL || strcmp(key, "file") != 0)
		return MHD_YES;
	if (off == 0 && u->file_bytes > 0) {
		request_fail(u->request, MHD_HTTP_BAD_REQUEST, "the form has more than one field 'file'");
		return MHD_NO;
	}
	u->file_seen = true;
	if (u->filename == NULL && filename != NULL)
		u->filename = xstrdup(filename);
	struct error err = ERROR_INIT;
	if (len > 0 && take_file_bytes(u, data, len, &err) != 0) {
		request_fail_error(u->request, &err);
		return MHD_NO;
	}
	u->file_bytes += len;
	return MHD_YES;
}

void upload_begin_form(struct request *r)
{
	struct upload *u = upload_new(r);
	const char *type = request_header(r, MHD_HTTP_HEADER_CONTENT_TYPE);
	if (type == NULL || strncasecmp(type, FORM_TYPE, strlen(FORM_TYPE)) != 0) {
		request_fail(r, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "a POST must be " FORM_TYPE);
		return;
	}
	u->parser = MHD_create_post_processor(r->connection, FORM_BUFFER_BYTES, on_field, u);
	if (u->parser == NULL)
		request_fail(r, MHD_HTTP_BAD_REQUEST, "malformed form: no boundary");
}

void upload_write_form(struct request *r, const char *data, size_t len)
{
	if (MHD_post_process(r->upload->parser, data, len) != MHD_YES)
		request_fail(r, MHD_HTTP_BAD_REQUEST, "malformed form");
}

void upload_begin_raw(struct request *r)
{
	struct upload *u = upload_new(r);
	const char *filename = MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, "filename");
	if (filename != NULL)
		u->filename = xstrdup(filename);
	u->file_seen = true;
}

void upload_write_raw(struct request *r, const char *data, size_t len)
{
	struct upload *u = r->upload;
	struct error err = ERROR_INIT;
	if (open_ingest(u, &err) != 0 || ingest_write(&u->ingest, data, len, &err) != 0)
		request_fail_error(r, &err);
}

/* The form has ended: was it whole, and was the file in it? */
static void finish_form(struct upload *u)
{
	if (u->parser != NULL && MHD_destroy_post_processor(u->parser) != MHD_YES)
		request_fail(u->request, MHD_HTTP_BAD_REQUEST, "malformed form: it does not end with its boundary");
	u->parser = NULL;
	if (!u->file_seen)
		request_fail(u->request, MHD_HTTP_BAD_REQUEST, "the form has no field 'file'");
}

static int store(struct upload *u, struct error *err)
{
	if (open_ingest(u, err) != 0 || (u->form != NULL && form_store(u->form, &u->ingest, err) != 0) ||
	    ingest_commit(&u->ingest, u->filename, err) != 0)
		return -1;
	u->ingest_open = false;
	return 0;
}

enum MHD_Result upload_answer(struct request *r)
{
	struct upload *u = r->upload;
	struct error err = ERROR_INIT;
	finish_form(u);
	if (r->failure_status == 0 && store(u, &err) != 0)
		request_fail_error(r, &err);
	drop_form(u);
	if (r->failure_status != 0)
		return request_answer_failure(r);
	return http_answer_json(r->connection, MHD_HTTP_OK, json_pack("{s:s}", "id", u->ingest.id));
}
