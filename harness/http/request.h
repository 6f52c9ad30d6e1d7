/*
 * request - how a request of the scenario's server description becomes a
 * configured curl handle, and how the id of a new object is found in the answer.
 * Used by the readiness probe, the login, and the load.
 */
#ifndef OOMRIG_HTTP_REQUEST_H
#define OOMRIG_HTTP_REQUEST_H

#include <curl/curl.h>
#include <jansson.h>

#include "base/buf.h"
#include "base/error.h"
#include "scenario/scenario.h"
#include "http/template.h"

/* The running server as requests see it. */
struct target_access {
	const struct server_spec *spec;	    /* borrowed */
	const struct template_scope *scope; /* the run's values */
	int netns_fd;			    /* network namespace the server listens in; -1: ours */
	const char *base_url;		    /* "http://127.0.0.1:4001" */
	struct curl_slist *cookies;	    /* Netscape lines kept from the login; NULL: none; owned by the target */
};

/* Pieces a configured handle borrows until the transfer is over; request_release() after it, also when build failed. */
struct request {
	struct curl_slist *headers;
	curl_mime *mime;
	struct buf url;
	struct buf body;
};

#define REQUEST_INIT                                                                                                   \
	{                                                                                                              \
		.url = BUF_INIT, .body = BUF_INIT                                                                      \
	}

/*
 * Sets URL, method, headers, cookies, form or body on a handle that is new or
 * reset; *r holds nothing yet.  extra: {id} and the like, found before the run's
 * own values; may be NULL.  The caller sets where the answer goes.
 */
int request_build(struct request *r, CURL *easy, const struct target_access *access, const struct request_spec *spec,
		  const struct template_scope *extra, struct error *err);

/* One upload: its name, and its bytes, which curl pulls through read (and through seek, to rewind). */
struct request_upload {
	const char *name;
	enum body_kind body;
	const char *method; /* NULL: the spec's */
	uint64_t size_bytes;
	curl_read_callback read;
	curl_seek_callback seek;
	void *arg; /* of both */
};

/* As request_build(), for an upload; the upload itself is needed only during the call. */
int request_build_upload(struct request *r, CURL *easy, const struct target_access *access,
			 const struct request_upload *upload, struct error *err);

void request_release(struct request *r);

/* The id of a new object from a finished upload called name; appends it to *out. */
int request_find_id(const struct upload_spec *spec, const char *name, CURL *easy, const struct buf *answer,
		    struct buf *out, struct error *err);

/*
 * The value at a JSON pointer, borrowed; NULL when there is none.  RFC 6901:
 * "/a/0/b~1c"; "~1" stands for "/", "~0" for "~"; "" is the whole document.
 */
const json_t *request_find_json(const json_t *value, const char *pointer);

/* Is status the one the spec asks for (0: any 2xx)? */
int request_status_ok(uint64_t expected, long status);

#endif
