#include "target/probe.h"

#include <string.h>

#include "base/clock.h"
#include "base/macros.h"

/* Read to its end, so that the server is not cut off; one without an end is hung up on, and its status is known. */
static size_t keep_answer(char *data, size_t size, size_t count, void *arg)
{
	struct probe *p = arg;
	size_t len = size * count;
	p->read_bytes += len;
	p->endless = p->read_bytes > PROBE_READ_MAX;
	if (p->read_bytes > PROBE_ANSWER_MAX)
		buf_clear(&p->answer);
	else
		buf_add(&p->answer, data, len);
	return p->endless ? 0 : len;
}

static size_t count_header(char *data, size_t size, size_t count, void *arg)
{
	struct probe *p = arg;
	(void)data;
	return http_header_fits(&p->transfer, size * count) ? size * count : 0;
}

static void transfer_done(struct http_transfer *transfer, CURLcode result)
{
	struct probe *p = container_of(transfer, struct probe, transfer);
	long status = 0;
	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	/* CURLOPT_CONNECT_ONLY ends well without a status: the connection is the answer. */
	if (result != CURLE_OK && !p->endless)
		status = 0;
	else if (status == 0)
		status = 1;
	p->busy = false;
	request_release(&p->request);
	p->done(p, status, curl_easy_strerror(result));
}

int probe_init(struct probe *p, struct http_client *http, void (*done)(struct probe *, long, const char *),
	       struct error *err)
{
	memset(p, 0, sizeof(*p));
	p->request = (struct request)REQUEST_INIT;
	p->answer = (struct buf)BUF_INIT;
	p->http = http;
	p->done = done;
	p->transfer.done = transfer_done;
	p->transfer.easy = curl_easy_init();
	if (p->transfer.easy == NULL)
		return error_set(err, ERROR_SYSTEM, "libcurl cannot make a handle");
	/*
	 * Any cookie starts the engine (CURLOPT_COOKIELIST(3)), which outlives curl_easy_reset(): what a login sets can
	 * be asked for afterwards.  CURLOPT_COOKIEFILE would start it with the next transfer and be forgotten by the
	 * reset, or asked for each time leave a node behind.
	 */
	curl_easy_setopt(p->transfer.easy, CURLOPT_COOKIELIST, "Set-Cookie: engine=on");
	curl_easy_setopt(p->transfer.easy, CURLOPT_COOKIELIST, "ALL");
	return 0;
}

int probe_send(struct probe *p, const struct target_access *access, const struct request_spec *spec,
	       uint64_t timeout_ns, bool tcp_only, struct error *err)
{
	CURL *easy = p->transfer.easy;
	curl_easy_reset(easy);
	buf_clear(&p->answer);
	p->read_bytes = 0;
	p->endless = false;
	if (request_build(&p->request, easy, access, spec, NULL, err) != 0) {
		request_release(&p->request);
		return -1;
	}
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, keep_answer);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, p);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, count_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, p);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(timeout_ns / NS_PER_MS) + 1); /* 0 would be for ever */
	curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, tcp_only ? 1L : 0L);
	p->sent_ns = clock_ns();
	p->busy = true;
	if (http_client_add(p->http, &p->transfer, err) != 0) {
		p->busy = false;
		request_release(&p->request);
		return -1;
	}
	return 0;
}

void probe_cancel(struct probe *p)
{
	if (!p->busy)
		return;
	http_client_remove(p->http, &p->transfer);
	request_release(&p->request);
	p->busy = false;
}

void probe_release(struct probe *p)
{
	probe_cancel(p);
	if (p->transfer.easy != NULL)
		curl_easy_cleanup(p->transfer.easy);
	p->transfer.easy = NULL;
	buf_release(&p->answer);
}
