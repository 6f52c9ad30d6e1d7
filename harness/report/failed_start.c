#include "report/failed_start.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/text.h"
#include "record/log_tail.h"
#include "report/figures.h"

#define LINES_SHOWN 6
#define LINE_BYTES_SHOWN 400 /* of one line */

bool start_failed(const struct run_summary *run)
{
	const struct facts *f = &run->facts;
	bool answered = fact_known(f->requests_ok) && f->requests_ok.value > 0;
	if (run_unfinished(run) || answered)
		return false;
	return (run->outcome == OUTCOME_CRASHED || run->outcome == OUTCOME_STALLED ||
		run->outcome == OUTCOME_INVALID) &&
	       (!fact_known(f->server_ready_ns) || run->outcome == OUTCOME_INVALID);
}

static void add_end(struct buf *b, const struct facts *f)
{
	char text[UNITS_TEXT_MAX];
	if (!run_ended_first(f)) {
		buf_adds(b, fact_known(f->our_signal_ns) ? "The server was still running; the rig stopped it."
							 : "The server's end was not seen.");
		return;
	}
	buf_adds(b, "The server ended by itself");
	if (fact_known(f->server_exit_code))
		buf_addf(b, " with exit status %s", figure_count(f->server_exit_code, text));
	else if (fact_known(f->server_signal))
		buf_addf(b, " by signal %s (%s)", figure_count(f->server_signal, text),
			 strsignal((int)f->server_signal.value));
	buf_addf(b, ", %s after its start.", figure_duration(f->server_end_ns, text));
}

static void add_log(struct page *p, const struct run_summary *run)
{
	struct buf tail = BUF_INIT;
	char *path = xasprintf("%s/" STORE_SERVER_LOG, run->folder);
	log_tail(run->folder, LINES_SHOWN, &tail);
	char *shown = text_shown(fs_shown_path(path));
	if (tail.len == 0)
		page_wrap(p, INK_PLAIN, "It wrote nothing into ", shown);
	else
		page_wrap(p, INK_PLAIN, "Last lines of ", shown);
	/* A byte of zero would end the text here: text_add() shows it. */
	for (size_t at = 0; at < tail.len;) {
		const char *line = tail.data + at, *end = memchr(line, '\n', tail.len - at);
		size_t len = end != NULL ? (size_t)(end - line) : tail.len - at;
		struct buf words = BUF_INIT;
		text_add(&words, line, len < LINE_BYTES_SHOWN ? len : LINE_BYTES_SHOWN);
		page_wrap(p, INK_STRONG, "  | ", buf_str(&words));
		buf_release(&words);
		at += len + 1;
	}
	free(shown);
	free(path);
	buf_release(&tail);
}

void report_failed_start(struct page *p, const struct run_summary *run)
{
	struct buf end = BUF_INIT;
	if (!fact_known(run->facts.server_started) || run->facts.server_started.value == 0)
		return;
	add_end(&end, &run->facts);
	buf_addc(&p->text, '\n');
	page_wrap(p, INK_BAD, "", buf_str(&end));
	buf_release(&end);
	if (run->folder != NULL && run->folder[0] != '\0')
		add_log(p, run);
}
