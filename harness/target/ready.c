#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/mask.h"
#include "base/units.h"
#include "target/internal.h"

#define READY_RETRY_MS 10
#define READY_PROBE_TIMEOUT_NS (2 * NS_PER_S)

static void on_ready_timer(uv_timer_t *timer)
{
	ready_try(timer->data);
}

/* What is left until the server must be ready, at most the time of one probe. */
static uint64_t probe_timeout_ns(const struct target *t)
{
	uint64_t now = clock_ns();
	uint64_t left = t->ready_deadline_ns > now ? t->ready_deadline_ns - now : 0;
	return left < READY_PROBE_TIMEOUT_NS ? left : READY_PROBE_TIMEOUT_NS;
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
	if (probe_send(&t->start_probe, &t->access, &t->spec->login, READY_PROBE_TIMEOUT_NS, false, &err) != 0)
		target_fail(t, err.code, "login: %s", err.message);
}

static void on_start_probe(struct probe *p, long status, const char *detail)
{
	struct target *t = container_of(p, struct target, start_probe);
	if (!t->login_sent) {
		bool up = t->spec->ready_kind == READY_TCP ? status == 1
							   : request_status_ok(t->spec->ready.status, status);
		char text[64];
		snprintf(text, sizeof(text), "it answers %ld", status);
		if (up)
			login(t);
		else
			retry_ready(t, status > 0 ? text : detail);
		return;
	}
	if (!request_status_ok(t->spec->login.status, status)) {
		target_fail(t, ERROR_TARGET, "the login was refused: status %ld (%s)", status, status ? "" : detail);
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
	bool tcp_only = t->spec->ready_kind == READY_TCP;
	if (probe_send(&t->start_probe, &t->access, tcp_only ? &root : &t->spec->ready, probe_timeout_ns(t), tcp_only,
		       &err) != 0)
		target_fail(t, err.code, "readiness: %s", err.message);
}

int ready_init(struct target *t, struct error *err)
{
	return probe_init(&t->start_probe, t->options.http, on_start_probe, err);
}
