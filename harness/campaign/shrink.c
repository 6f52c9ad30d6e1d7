#include "campaign/shrink.h"

#include <math.h>
#include <stdlib.h>

#include "base/buf.h"

struct shrink *shrink_new(size_t count, const struct shrink_options *options)
{
	struct shrink *s = xcalloc(1, sizeof(*s));
	s->options = *options;
	s->figures = xcalloc(count + 1, sizeof(*s->figures));
	s->count = count;
	s->asking = true;
	return s;
}

void shrink_free(struct shrink *s)
{
	if (s == NULL)
		return;
	free(s->figures);
	free(s);
}

static bool is_close(const struct shrink *s, const struct shrink_figure *f)
{
	return f->crashes <= f->lives + f->unit ||
	       (f->unit > 1 && (double)f->crashes <= (double)f->lives * (1 + s->options.precision));
}

/* Between what lives and what crashes: the geometric middle, in the figure's unit. */
static uint64_t middle(const struct shrink_figure *f)
{
	uint64_t m = (uint64_t)sqrt((double)f->lives * (double)f->crashes) / f->unit * f->unit;
	return m <= f->lives ? f->lives + f->unit : m;
}

/* The next smaller value to try: first the least of all; false: the figure is as small as it gets. */
static bool make_smaller(const struct shrink *s, struct shrink_figure *f)
{
	if (f->crashes <= f->least || (f->lives > 0 && is_close(s, f)))
		return false;
	uint64_t smaller = f->lives == 0 ? f->least : middle(f);
	if (smaller >= f->crashes)
		return false;
	f->now = smaller;
	return true;
}

static void begin_round(struct shrink *s)
{
	s->at = 0;
	s->changed = false;
	for (size_t i = 0; i < s->count; i++) {
		s->figures[i].lives = 0;
		s->figures[i].round_was = s->figures[i].crashes;
	}
}

/* The next figures to ask about; false: none are left. */
static bool ask(struct shrink *s)
{
	for (;;) {
		for (; s->at < s->count; s->at++) {
			struct shrink_figure *f = &s->figures[s->at];
			if (make_smaller(s, f))
				return true;
			/* What is only within the precision is not worth another round. */
			s->changed |= (double)f->crashes * (1 + s->options.precision) < (double)f->round_was;
		}
		if (!s->changed)
			return false;
		begin_round(s);
	}
}

static bool end_with(struct shrink *s, enum shrink_end end)
{
	s->end = end;
	for (size_t i = 0; i < s->count; i++)
		s->figures[i].now = s->figures[i].crashes;
	return false;
}

static void begin(struct shrink *s)
{
	for (size_t i = 0; i < s->count; i++)
		s->figures[i].now = s->figures[i].crashes = s->figures[i].before;
	begin_round(s);
}

bool shrink_next(struct shrink *s)
{
	if (s->end != SHRINK_OPEN)
		return false;
	if (s->runs == 0)
		begin(s);
	if (!s->asking && !(s->asking = ask(s)))
		return end_with(s, SHRINK_COMPLETE);
	return s->runs < s->options.budget || end_with(s, SHRINK_BUDGET_USED);
}

void shrink_tell(struct shrink *s, bool crashed)
{
	s->runs++;
	if (crashed && ++s->confirmed < s->options.confirm)
		return;
	s->asking = false;
	s->confirmed = 0;
	if (!s->crashed) {
		s->crashed = crashed;
		if (!crashed)
			end_with(s, SHRINK_LIVES);
		return;
	}
	struct shrink_figure *f = &s->figures[s->at];
	if (crashed)
		f->crashes = f->now;
	else
		f->lives = f->now;
	f->now = f->crashes;
}
