#include "http/request.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/netns.h"

#define DEFAULT_TYPE "application/octet-stream"
#define EXCERPT_MAX 80
#define ID_MAX 1024 /* one is kept for each object */

/*
 * What every request of ours has in common.  A user's proxy or .netrc must not
 * redirect a measurement, a redirect must show as the status it is, a
 * self-signed certificate of a test server is fine, and the body is counted as
 * it came over the wire.
 */
static void set_common(CURL *easy, const struct target_access *access)
{
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
	curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, NULL);
	curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	netns_use(easy, &access->netns_fd);
	/* Those of earlier answers go: a server that sets new ones each time would fill us with them. */
	curl_easy_setopt(easy, CURLOPT_COOKIELIST, "ALL");
	for (struct curl_slist *line = access->cookies; line != NULL; line = line->next)
		curl_easy_setopt(easy, CURLOPT_COOKIELIST, line->data);
}

static int add_header(struct request *r, const char *line, struct error *err)
{
	struct curl_slist *longer = curl_slist_append(r->headers, line);
	if (longer == NULL)
		return error_set(err, ERROR_SYSTEM, "cannot keep the header '%s'", line);
	r->headers = longer;
	return 0;
}

/* curl drops "Name:" and sends "Name;" as an empty header (CURLOPT_HTTPHEADER(3)). */
static int add_headers(struct request *r, const struct string_map *headers, const struct template_scope *scope,
		       struct error *err)
{
	for (size_t i = 0; i < headers->count; i++) {
		struct buf line = BUF_INIT;
		buf_adds(&line, headers->items[i].key);
		size_t name_len = line.len;
		buf_adds(&line, ": ");
		int failed = template_expand(headers->items[i].value, scope, &line, err);
		if (failed)
			error_prefix(err, "header '%s'", headers->items[i].key);
		if (!failed && line.len == name_len + 2) {
			line.data[name_len] = ';';
			line.data[name_len + 1] = '\0';
		}
		if (!failed)
			failed = add_header(r, line.data, err);
		buf_release(&line);
		if (failed)
			return -1;
	}
	return 0;
}

static int set_url(struct request *r, CURL *easy, const struct target_access *access, const char *path,
		   const struct template_scope *scope, struct error *err)
{
	struct buf expanded = BUF_INIT;
	bool id_is_url = access->spec->upload.id_header != NULL;
	if (template_expand_path(path != NULL ? path : "/", scope, id_is_url, &expanded, err) != 0) {
		buf_release(&expanded);
		return error_prefix(err, "path");
	}
	const char *text = buf_str(&expanded);
	bool full = strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
	if (!full) {
		buf_adds(&r->url, access->base_url);
		if (*text != '/')
			buf_addc(&r->url, '/');
	}
	buf_adds(&r->url, text);
	buf_release(&expanded);
	curl_easy_setopt(easy, CURLOPT_URL, r->url.data);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L); /* an object may be called ".." */
	return 0;
}

static int add_form(struct request *r, CURL *easy, const struct string_map *form, const struct template_scope *scope,
		    struct error *err)
{
	for (size_t i = 0; i < form->count; i++) {
		struct buf value = BUF_INIT;
		if (template_expand(form->items[i].value, scope, &value, err) != 0) {
			buf_release(&value);
			return error_prefix(err, "form field '%s'", form->items[i].key);
		}
		char *name = curl_easy_escape(easy, form->items[i].key, 0);
		char *text = curl_easy_escape(easy, buf_str(&value), (int)value.len);
		buf_addf(&r->body, "%s%s=%s", i > 0 ? "&" : "", name, text);
		curl_free(name);
		curl_free(text);
		buf_release(&value);
	}
	return 0;
}

static bool names(const struct string_map *headers, const char *name)
{
	for (size_t i = 0; i < headers->count; i++)
		if (strcasecmp(headers->items[i].key, name) == 0)
			return true;
	return false;
}

/* Such a request says that its body is empty (RFC 9110, section 8.6). */
static bool means_body(const char *method)
{
	return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0;
}

int request_build(struct request *r, CURL *easy, const struct target_access *access, const struct request_spec *spec,
		  const struct template_scope *extra, struct error *err)
{
	struct template_scope own = { .values = extra != NULL ? extra->values : NULL,
				      .parent =
					      extra != NULL && extra->parent != NULL ? extra->parent : access->scope };
	*r = (struct request)REQUEST_INIT;
	set_common(easy, access);
	if (set_url(r, easy, access, spec->path, &own, err) != 0)
		return -1;

	bool has_body = spec->form.count > 0 || spec->body != NULL;
	const char *method = spec->method != NULL ? spec->method : has_body ? "POST" : "GET";
	if (spec->form.count > 0) {
		if (add_form(r, easy, &spec->form, &own, err) != 0)
			return -1;
	} else if (spec->body != NULL) {
		buf_adds(&r->body, spec->body);
	}
	if (has_body) {
		curl_easy_setopt(easy, CURLOPT_POST, 1L);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.len);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, buf_str(&r->body));
	} else if (strcmp(method, "HEAD") == 0) {
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	} else if (means_body(method)) {
		curl_easy_setopt(easy, CURLOPT_POST, 1L);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, 0L);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
	}
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);

	/* No waiting for "100 Continue": the time would be measured as the server's. */
	if (add_header(r, "Expect:", err) != 0 || add_headers(r, &spec->headers, &own, err) != 0)
		return -1;
	/* curl calls whatever is sent this way a form. */
	if (spec->form.count == 0 && !names(&spec->headers, "Content-Type") && add_header(r, "Content-Type:", err) != 0)
		return -1;
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, r->headers);
	return 0;
}

static int add_part(struct request *r, const char *field, curl_mimepart **out, struct error *err)
{
	*out = curl_mime_addpart(r->mime);
	if (*out == NULL || curl_mime_name(*out, field) != CURLE_OK)
		return error_set(err, ERROR_SYSTEM, "cannot add the form field '%s'", field);
	return 0;
}

static const char *type_of(const struct upload_spec *spec)
{
	return spec->content_type != NULL ? spec->content_type : DEFAULT_TYPE;
}

static int build_multipart(struct request *r, CURL *easy, const struct upload_spec *spec,
			   const struct template_scope *scope, const struct request_upload *upload, struct error *err)
{
	r->mime = curl_mime_init(easy);
	if (r->mime == NULL)
		return error_set(err, ERROR_SYSTEM, "cannot create a multipart form");
	curl_mimepart *part;
	for (size_t i = 0; i < spec->fields.count; i++) {
		struct buf value = BUF_INIT;
		int failed = template_expand(spec->fields.items[i].value, scope, &value, err);
		if (failed)
			error_prefix(err, "form field '%s'", spec->fields.items[i].key);
		if (!failed)
			failed = add_part(r, spec->fields.items[i].key, &part, err);
		if (!failed)
			curl_mime_data(part, buf_str(&value), value.len); /* copies */
		buf_release(&value);
		if (failed)
			return -1;
	}
	struct buf filename = BUF_INIT;
	int failed = template_expand(spec->filename != NULL ? spec->filename : "{name}", scope, &filename, err);
	if (failed)
		error_prefix(err, "filename");
	if (!failed)
		failed = add_part(r, spec->field != NULL ? spec->field : "file", &part, err);
	if (!failed) {
		curl_mime_filename(part, buf_str(&filename));
		curl_mime_type(part, type_of(spec));
		curl_mime_data_cb(part, (curl_off_t)upload->size_bytes, upload->read, upload->seek, NULL, upload->arg);
		curl_easy_setopt(easy, CURLOPT_MIMEPOST, r->mime);
	}
	buf_release(&filename);
	return failed;
}

/* CURLOPT_UPLOAD also for POST: curl then pulls the body through the same callback whatever the method is called. */
static int build_raw(struct request *r, CURL *easy, const struct upload_spec *spec, const struct request_upload *upload,
		     struct error *err)
{
	curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE,
			 spec->chunked ? (curl_off_t)-1 : (curl_off_t)upload->size_bytes);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, upload->read);
	curl_easy_setopt(easy, CURLOPT_READDATA, upload->arg);
	curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, upload->seek);
	curl_easy_setopt(easy, CURLOPT_SEEKDATA, upload->arg);
	if (spec->chunked && add_header(r, "Transfer-Encoding: chunked", err) != 0)
		return -1;
	if (names(&spec->headers, "Content-Type"))
		return 0;
	struct buf line = BUF_INIT;
	buf_addf(&line, "Content-Type: %s", type_of(spec));
	int failed = add_header(r, line.data, err);
	buf_release(&line);
	return failed;
}

int request_build_upload(struct request *r, CURL *easy, const struct target_access *access,
			 const struct request_upload *upload, struct error *err)
{
	const struct upload_spec *spec = &access->spec->upload;
	char size_text[24];
	snprintf(size_text, sizeof(size_text), "%" PRIu64, upload->size_bytes);
	const struct template_value values[] = {
		{ "name", upload->name }, { "size", size_text }, { "type", type_of(spec) }, { NULL, NULL }
	};
	const struct template_scope scope = { .values = values, .parent = access->scope };

	*r = (struct request)REQUEST_INIT;
	set_common(easy, access);
	if (set_url(r, easy, access, spec->path, &scope, err) != 0)
		return -1;
	if ((upload->body == BODY_MULTIPART ? build_multipart(r, easy, spec, &scope, upload, err)
					    : build_raw(r, easy, spec, upload, err)) != 0)
		return -1;
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, upload->method != NULL ? upload->method : spec->method);
	if (add_header(r, "Expect:", err) != 0 || add_headers(r, &spec->headers, &scope, err) != 0)
		return -1;
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, r->headers);
	return 0;
}

void request_release(struct request *r)
{
	curl_slist_free_all(r->headers);
	curl_mime_free(r->mime);
	buf_release(&r->url);
	buf_release(&r->body);
	*r = (struct request)REQUEST_INIT;
}

/* The start of an answer for an error message, on one line. */
static void excerpt(const struct buf *answer, char out[EXCERPT_MAX])
{
	size_t len = answer->len < EXCERPT_MAX - 1 ? answer->len : EXCERPT_MAX - 1;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)answer->data[i];
		out[i] = c < ' ' || c == 0x7f ? ' ' : (char)c;
	}
	out[len] = '\0';
}

/* Array indices are digits without a leading zero (RFC 6901, section 4). */
static const json_t *array_item(const json_t *array, const char *token)
{
	if (*token == '\0' || strspn(token, "0123456789") != strlen(token) || (token[0] == '0' && token[1] != '\0'))
		return NULL;
	return json_array_get(array, strtoull(token, NULL, 10));
}

const json_t *request_find_json(const json_t *value, const char *pointer)
{
	struct buf token = BUF_INIT;
	const char *p = pointer;
	while (value != NULL && *p == '/') {
		buf_clear(&token);
		for (p++; *p != '\0' && *p != '/'; p++) {
			if (*p == '~' && (p[1] == '0' || p[1] == '1')) {
				buf_addc(&token, p[1] == '0' ? '~' : '/');
				p++;
			} else {
				buf_addc(&token, *p);
			}
		}
		value = json_is_array(value) ? array_item(value, buf_str(&token))
					     : json_object_get(value, buf_str(&token));
	}
	buf_release(&token);
	return *p == '\0' ? value : NULL;
}

static int id_from_json(const char *pointer, const struct buf *answer, struct buf *out, struct error *err)
{
	char start[EXCERPT_MAX];
	json_error_t json_error;
	json_t *root = json_loadb(buf_str(answer), answer->len, JSON_DECODE_ANY, &json_error);
	excerpt(answer, start);
	if (root == NULL)
		return error_set(err, ERROR_TARGET, "the answer '%s' is not JSON: %s", start, json_error.text);
	const json_t *value = request_find_json(root, pointer);
	int result = 0;
	if (json_is_string(value) && json_string_length(value) > 0)
		buf_adds(out, json_string_value(value));
	else if (json_is_integer(value))
		buf_addf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else
		result = error_set(err, ERROR_TARGET, "the answer '%s' has no id at '%s'", start, pointer);
	json_decref(root);
	return result;
}

static int id_from_header(const char *name, CURL *easy, struct buf *out, struct error *err)
{
	struct curl_header *header;
	if (curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
		return error_set(err, ERROR_TARGET, "the answer has no header '%s'", name);
	const char *value = header->value;
	size_t len = strcspn(value, "?#");
	while (len > 0 && value[len - 1] == '/')
		len--;
	size_t start = len;
	while (start > 0 && value[start - 1] != '/')
		start--;
	if (start == len)
		return error_set(err, ERROR_TARGET, "the header '%s: %s' holds no id", name, value);
	buf_add(out, value + start, len - start);
	return 0;
}

int request_find_id(const struct upload_spec *spec, const char *name, CURL *easy, const struct buf *answer,
		    struct buf *out, struct error *err)
{
	size_t before = out->len;
	int rc = 0;
	if (spec->id_json != NULL)
		rc = id_from_json(spec->id_json, answer, out, err);
	else if (spec->id_header != NULL)
		rc = id_from_header(spec->id_header, easy, out, err);
	else
		buf_adds(out, name);
	if (rc == 0 && out->len - before > ID_MAX)
		return error_set(err, ERROR_TARGET, "the answer has an id of %zu bytes, more than %d",
				 out->len - before, ID_MAX);
	return rc;
}

int request_status_ok(uint64_t expected, long status)
{
	if (expected == 0)
		return status >= 200 && status <= 299;
	return status >= 0 && (uint64_t)status == expected;
}
