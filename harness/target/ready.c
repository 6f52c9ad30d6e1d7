#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/mask.h"
#include "base/text.h"
#include "base/units.h"
#include "target/internal.h"

#define READY_RETRY_MS 10
#define ANSWER_SHOWN_BYTES 200

/*
 * A server may take its time over the first answer, so one probe waits for as long
 * as it may take to become ready.  It may also lose a connection that it accepted
 * while it was starting: every now and then another one asks beside the first.
 */
#define READY_AGAIN_NS (2 * NS_PER_S)

static void on_ready_timer(uv_timer_t *timer)
{
	ready_try(timer->data);
}

static uint64_t left_ns(const struct target *t)
{
	uint64_t now = clock_ns();
	return t->ready_deadline_ns > now ? t->ready_deadline_ns - now : 0;
}

/* What this answer set goes along with the requests that follow. */
static void keep_cookies(struct target *t)
{
	curl_slist_free_all(t->access.cookies);
	t->access.cookies = NULL;
	curl_easy_getinfo(t->start_probe.transfer.easy, CURLINFO_COOKIELIST, &t->access.cookies);
	/* Lines of seven fields between tabs, the last is the value (curl's HTTP-COOKIES.md). */
	for (const struct curl_slist *c = t->access.cookies; c != NULL; c = c->next)
		if (strrchr(c->data, '\t') != NULL)
			mask_value(strrchr(c->data, '\t') + 1);
}

static void become_ready(struct target *t)
{
	uv_timer_stop(&t->timer);
	t->ready = true;
	t->options.callbacks.ready(t->options.callbacks.arg);
}

static void retry_ready(struct target *t, const char *why)
{
	if (t->stopping || t->exit_seen)
		return;
	if (clock_ns() >= t->ready_deadline_ns) {
		char text[UNITS_TEXT_MAX];
		target_fail(t, ERROR_TARGET, "the server was not ready after %s: %s",
			    units_format_duration(t->spec->ready_timeout_ns, text), why);
		return;
	}
	uv_timer_start(&t->timer, on_ready_timer, READY_RETRY_MS, 0);
}

static void login(struct target *t)
{
	struct error err = ERROR_INIT;
	t->options.callbacks.answered(t->options.callbacks.arg);
	if (t->stopping || t->exit_seen)
		return;
	if (t->spec->login.path == NULL) {
		become_ready(t);
		return;
	}
	t->login_sent = true;
	keep_cookies(t);
	if (probe_send(&t->start_probe, &t->access, &t->spec->login, t->spec->login_timeout_ns, false, &err) != 0)
		target_fail(t, err.code, "login: %s", err.message);
}

/* "it answers 503: not yet": the status and how the answer's text begins. */
static void add_answer(struct buf *out, const struct probe *p, long status)
{
	struct buf words = BUF_INIT;
	text_add_answer(&words, buf_str(&p->answer), p->answer.len);
	buf_addf(out, "%ld%s%.*s", status, words.len > 0 ? ": " : "", ANSWER_SHOWN_BYTES, buf_str(&words));
	buf_release(&words);
}

static void on_ready_answer(struct target *t, const struct probe *p, long status, const char *detail)
{
	bool up = t->spec->ready_kind == READY_TCP ? status == 1 : request_status_ok(t->spec->ready.status, status);
	if (up) {
		probe_cancel(&t->start_probe);
		probe_cancel(&t->again_probe);
		uv_timer_stop(&t->timer);
		login(t);
		return;
	}
	struct buf text = BUF_INIT;
	if (status > 0) {
		buf_clear(&t->not_ready);
		buf_adds(&t->not_ready, "it answers ");
		add_answer(&t->not_ready, p, status);
	}
	/* What it last answered says more than that the deadline cut the last question short. */
	buf_adds(&text, buf_str(&t->not_ready));
	if (status <= 0)
		buf_addf(&text, "%s%s", text.len > 0 ? "; at last: " : "", detail);
	retry_ready(t, buf_str(&text));
	buf_release(&text);
}

static void on_again_probe(struct probe *p, long status, const char *detail)
{
	on_ready_answer((struct target *)((char *)p - offsetof(struct target, again_probe)), p, status, detail);
}

static void on_start_probe(struct probe *p, long status, const char *detail)
{
	struct target *t = container_of(p, struct target, start_probe);
	if (!t->login_sent) {
		on_ready_answer(t, p, status, detail);
		return;
	}
	if (!request_status_ok(t->spec->login.status, status)) {
		struct buf text = BUF_INIT;
		buf_adds(&text, status > 0 ? "it answered " : detail);
		if (status > 0)
			add_answer(&text, p, status);
		target_fail(t, ERROR_TARGET, "the login was refused: %s", buf_str(&text));
		buf_release(&text);
		return;
	}
	keep_cookies(t);
	become_ready(t);
}

void ready_try(struct target *t)
{
	struct error err = ERROR_INIT;
	if (t->spec->ready_kind == READY_LOG) {
		if (relay_found(t->relay))
			login(t);
		else
			retry_ready(t, "its log does not show the text it becomes ready with");
		return;
	}
	struct request_spec root = { .method = (char *)"GET", .path = (char *)"/" };
	bool tcp_only = t->spec->ready_kind == READY_TCP, first = !t->start_probe.busy;
	struct probe *p = first ? &t->start_probe : &t->again_probe;
	uint64_t left = left_ns(t), wait = first || left < READY_AGAIN_NS ? left : READY_AGAIN_NS;
	if (!p->busy && probe_send(p, &t->access, tcp_only ? &root : &t->spec->ready, wait, tcp_only, &err) != 0)
		target_fail(t, err.code, "readiness: %s", err.message);
	else if (first)
		uv_timer_start(&t->timer, on_ready_timer, READY_AGAIN_NS / NS_PER_MS, 0);
}

int ready_init(struct target *t, struct error *err)
{
	return probe_init(&t->start_probe, t->options.http, on_start_probe, err) != 0 ||
			       probe_init(&t->again_probe, t->options.http, on_again_probe, err) != 0
		       ? -1
		       : 0;
}
