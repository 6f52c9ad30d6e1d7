#include "report/progress.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "report/figures.h"
#include "report/page.h"

#define REDRAW_NS (NS_PER_S / 10)
#define PLAIN_NS (2 * NS_PER_S)
#define NAME_COLUMNS 12
#define BAR_COLUMNS_MIN 8
#define BAR_COLUMNS_MAX 40

struct progress {
	FILE *out;
	bool quiet, terminal;
	char *title;
	char *phase;
	uint64_t shown_ns; /* elapsed time of the last display */
	bool shown;
	pthread_mutex_t lock; /* of what is below: a log message may come from any thread */
	struct page page;     /* the frame on the screen, without its line ends' effect */
	int *line_columns;    /* width of each line of it, for a terminal that was resized meanwhile */
	size_t lines, lines_cap;
};

static void window(const struct progress *p, int *columns, int *rows)
{
	struct winsize size;
	*columns = 80;
	*rows = 24;
	if (ioctl(fileno(p->out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
		*columns = size.ws_col;
		*rows = size.ws_row;
	}
}

/*
 * Appends what takes the frame off the screen: cursor up over its lines, then
 * erase to the end (ECMA-48 CUU, ED).  In a terminal made narrower since, each
 * line now takes as many rows as it wraps to.
 */
static void add_erase(struct progress *p, struct buf *b)
{
	int columns, rows, up = 0;
	window(p, &columns, &rows);
	for (size_t i = 0; i < p->lines; i++)
		up += p->line_columns[i] > columns ? (p->line_columns[i] + columns - 1) / columns : 1;
	up = up > rows - 1 ? rows - 1 : up;
	if (up > 0)
		buf_addf(b, "\r\033[%dA\033[J", up);
	p->lines = 0;
}

static void erase(struct progress *p)
{
	struct buf b = BUF_INIT;
	add_erase(p, &b);
	fwrite(buf_str(&b), 1, b.len, p->out);
	fflush(p->out);
	buf_release(&b);
}

static void before_log(void *arg)
{
	struct progress *p = arg;
	pthread_mutex_lock(&p->lock);
	erase(p);
	pthread_mutex_unlock(&p->lock);
}

struct progress *progress_new(const struct progress_options *options)
{
	const char *term = getenv("TERM");
	struct progress *p = xcalloc(1, sizeof(*p));
	p->out = options->out;
	p->quiet = options->quiet;
	p->title = text_shown(options->title != NULL ? options->title : "");
	p->phase = xstrdup("");
	p->terminal = isatty(fileno(p->out)) && term != NULL && strcmp(term, "dumb") != 0;
	pthread_mutex_init(&p->lock, NULL);
	page_init(&p->page, p->out);
	if (!p->quiet && p->terminal)
		log_set_before_write(before_log, p);
	return p;
}

static void plain_line(struct progress *p, const char *line)
{
	buf_clear(&p->page.text);
	page_wrap(&p->page, INK_PLAIN, "", line);
	page_write(&p->page, p->out);
	fflush(p->out);
}

void progress_phase(struct progress *p, const char *phase, uint64_t elapsed_ns)
{
	free(p->phase);
	p->phase = xstrdup(phase);
	p->shown = false; /* the next update shows at once */
	if (p->quiet || p->terminal)
		return;
	char *line = xasprintf("%s: %s %.2f s", p->title, phase, (double)elapsed_ns / 1e9);
	plain_line(p, line);
	free(line);
}

/* "48 %" of a bar; -1 when nobody knows how much there is to do. */
static int percent(const struct progress_bar *bar)
{
	if (bar->finished)
		return 100;
	double done = -1;
	if (bar->expected_bytes > 0)
		done = (double)bar->done_bytes / (double)bar->expected_bytes;
	else if (bar->expected > 0)
		done = (double)bar->done / (double)bar->expected;
	/* Not complete before it is: 100 is left to the finished. */
	return done < 0 ? -1 : done >= 0.99 ? 99 : (int)(done * 100);
}

/* "1 failed, 549 MiB of 1.73 GiB, 0/3 done, 3 open": failures first, a narrow terminal cuts the end. */
static void add_amount(struct buf *b, const struct progress_bar *bar)
{
	char done[UNITS_TEXT_MAX], expected[UNITS_TEXT_MAX];
	if (bar->failed > 0)
		buf_addf(b, "%llu failed, ", (unsigned long long)bar->failed);
	buf_adds(b, units_format_size(bar->done_bytes, done));
	if (bar->expected_bytes > 0)
		buf_addf(b, " of %s", units_format_size(bar->expected_bytes, expected));
	buf_addf(b, ", %llu", (unsigned long long)bar->done);
	if (bar->expected > 0)
		buf_addf(b, "/%llu", (unsigned long long)bar->expected);
	buf_adds(b, " done");
	if (bar->in_flight > 0)
		buf_addf(b, ", %llu open", (unsigned long long)bar->in_flight);
}

/* Whole MiB, so that the line has one unit and fits 80 columns. */
static const char *mebibytes(struct fact f, char out[UNITS_TEXT_MAX])
{
	if (!fact_known(f))
		return figure_size(f, out);
	snprintf(out, UNITS_TEXT_MAX, "%llu", (unsigned long long)((f.value + (1 << 19)) >> 20));
	return out;
}

/* "133 of 256 MiB: 53 unreclaimable, 80 cache" */
static void add_memory(struct buf *b, const struct progress_memory *m)
{
	char usage[UNITS_TEXT_MAX], part[UNITS_TEXT_MAX];
	buf_adds(b, mebibytes(m->usage_bytes, usage));
	if (fact_known(m->cap_bytes))
		buf_addf(b, " of %s", mebibytes(m->cap_bytes, part));
	buf_addf(b, " MiB: %s unreclaimable", mebibytes(m->unreclaimable_bytes, part));
	buf_addf(b, ", %s cache", mebibytes(m->file_bytes, part));
}

/* Ends the line that began at `start` bytes, cut to the terminal: a wrapped line could not be erased. */
static void end_line(struct progress *p, struct buf *tail, int used, int columns)
{
	int room = columns - 1 - used;
	size_t len = 0;
	int shown = 0;
	const char *text = buf_str(tail);
	while (text[len] != '\0' && shown < room) {
		len++;
		while (((unsigned char)text[len] & 0xc0) == 0x80)
			len++;
		shown++;
	}
	buf_addf(&p->page.text, "%.*s\n", (int)len, text);
	if (p->lines == p->lines_cap) {
		p->lines_cap = p->lines_cap * 2 + 8;
		p->line_columns = xrealloc(p->line_columns, p->lines_cap * sizeof(p->line_columns[0]));
	}
	p->line_columns[p->lines++] = used + shown;
	buf_clear(tail);
}

/* Bytes of the first so many characters of a UTF-8 text. */
static size_t first_characters(const char *text, int count)
{
	const char *p = text;
	for (; *p != '\0'; p++)
		if (((unsigned char)*p & 0xc0) != 0x80 && count-- == 0)
			break;
	return (size_t)(p - text);
}

/* "name         [bar]" ; returns the columns used. */
static int begin_bar(struct progress *p, const char *name, const struct bar_part *parts, size_t count, uint64_t scale,
		     int columns)
{
	struct buf *text = &p->page.text;
	int cells = columns / 4;
	cells = cells < BAR_COLUMNS_MIN ? BAR_COLUMNS_MIN : cells > BAR_COLUMNS_MAX ? BAR_COLUMNS_MAX : cells;
	if (columns < NAME_COLUMNS + 2 + cells)
		return 0;
	char *shown = xasprintf("%.*s", (int)first_characters(name, NAME_COLUMNS), name);
	buf_addf(text, "%s%*s", shown, NAME_COLUMNS + 1 - text_columns(shown), "");
	free(shown);
	page_bar(&p->page, parts, count, scale, cells);
	buf_addc(text, ' ');
	return NAME_COLUMNS + 2 + cells;
}

static uint64_t value_or_zero(struct fact f)
{
	return fact_known(f) ? f.value : 0;
}

static void compose(struct progress *p, uint64_t elapsed_ns, const struct progress_bar *bars, size_t count,
		    const struct progress_memory *memory)
{
	struct buf tail = BUF_INIT;
	int columns, rows;
	window(p, &columns, &rows);
	p->lines = 0;

	buf_addf(&tail, "%s  %s  %.2f s", p->title, p->phase, (double)elapsed_ns / 1e9);
	end_line(p, &tail, 0, columns);
	/* Title, memory, the line for the rest, and the line the cursor waits on. */
	size_t fit = rows > 5 ? (size_t)rows - 4 : 1;
	for (size_t i = 0; i < count && i < fit; i++) {
		int done = percent(&bars[i]);
		struct bar_part part = { GLYPH_ANON, bars[i].failed > 0 ? INK_WARN : INK_GOOD,
					 done < 0 ? 0 : (uint64_t)done };
		add_amount(&tail, &bars[i]);
		end_line(p, &tail, begin_bar(p, bars[i].name, &part, 1, 100, columns), columns);
	}
	if (count > fit) {
		buf_addf(&tail, "%s and %zu more groups", page_glyph(&p->page, GLYPH_ELLIPSIS), count - fit);
		end_line(p, &tail, 0, columns);
	}
	const struct bar_part parts[] = {
		{ GLYPH_ANON, INK_BAD, value_or_zero(memory->unreclaimable_bytes) },
		{ GLYPH_CACHE, INK_GOOD, value_or_zero(memory->file_bytes) },
	};
	struct fact scale = fact_max(memory->cap_bytes, memory->usage_bytes);
	add_memory(&tail, memory);
	end_line(p, &tail, begin_bar(p, "memory", parts, 2, value_or_zero(scale), columns), columns);
	buf_release(&tail);
}

static void update_terminal(struct progress *p, uint64_t elapsed_ns, const struct progress_bar *bars, size_t count,
			    const struct progress_memory *memory)
{
	pthread_mutex_lock(&p->lock);
	buf_clear(&p->page.text);
	add_erase(p, &p->page.text);
	compose(p, elapsed_ns, bars, count, memory);
	page_write(&p->page, p->out);
	fflush(p->out);
	pthread_mutex_unlock(&p->lock);
}

static void update_plain(struct progress *p, uint64_t elapsed_ns, const struct progress_bar *bars, size_t count,
			 const struct progress_memory *memory)
{
	struct buf line = BUF_INIT;
	buf_addf(&line, "%s: %s %.2f s", p->title, p->phase, (double)elapsed_ns / 1e9);
	for (size_t i = 0; i < count; i++) {
		int done = percent(&bars[i]);
		text_addf(&line, "; %s ", bars[i].name);
		if (done >= 0)
			buf_addf(&line, "%d %%, ", done);
		add_amount(&line, &bars[i]);
	}
	buf_adds(&line, "; memory ");
	add_memory(&line, memory);
	plain_line(p, buf_str(&line));
	buf_release(&line);
}

void progress_update(struct progress *p, uint64_t elapsed_ns, const struct progress_bar *bars, size_t count,
		     const struct progress_memory *memory)
{
	uint64_t interval_ns = p->terminal ? REDRAW_NS : PLAIN_NS;
	if (p->quiet)
		return;
	/* A plain log has just been told of the phase: its next line is due after the interval. */
	if (!p->shown && !p->terminal)
		p->shown_ns = elapsed_ns;
	bool due = elapsed_ns - p->shown_ns >= interval_ns || (p->terminal && !p->shown);
	p->shown = true;
	if (!due)
		return;
	p->shown_ns = elapsed_ns;
	(p->terminal ? update_terminal : update_plain)(p, elapsed_ns, bars, count, memory);
}

void progress_free(struct progress *p)
{
	if (p == NULL)
		return;
	if (!p->quiet && p->terminal) {
		log_set_before_write(NULL, NULL);
		erase(p);
	}
	pthread_mutex_destroy(&p->lock);
	page_release(&p->page);
	free(p->line_columns);
	free(p->title);
	free(p->phase);
	free(p);
}
