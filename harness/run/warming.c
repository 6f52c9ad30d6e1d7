#include "run/warming.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "judge/judge.h"

static const char *const ends[] = {
	[WARM_UP_STILL] = "the level stood still",
	[WARM_UP_RISES] = "the level still rose",
	[WARM_UP_FULL] = "another round might have taken what the load needs of the cap",
};

/* Does it expect nothing but an end, or silence? */
static bool expects_a_crash(const struct scenario *s)
{
	for (size_t i = 0; i < s->expect.count; i++)
		if (strncmp(s->expect.items[i], "crashed", 7) != 0 && strncmp(s->expect.items[i], "stalled", 7) != 0)
			return false;
	return s->expect.count > 0;
}

static bool takes_part(const struct load_group *g)
{
	return g->vanish_after_bytes == 0 && g->stall_after_bytes == 0 && g->up_bytes_per_s == 0 &&
	       g->down_bytes_per_s == 0 && g->start_ns == 0 && (g->files == 0 || g->files >= WARMING_FILES_MIN);
}

bool warming_is_asked(const struct scenario *s)
{
	bool any = false;
	for (size_t i = 0; i < s->load.count; i++)
		any |= takes_part(&s->load.items[i]);
	return any && s->warm_up == WARM_UP_AUTO && s->on_crash == CRASH_STOP && s->rounds <= 1 && !expects_a_crash(s);
}

const struct group_list *warming_groups(struct warming *w, const struct scenario *s)
{
	if (w->groups.items != NULL)
		return &w->groups;
	w->groups.items = xcalloc(s->load.count, sizeof(*w->groups.items));
	for (size_t i = 0; i < s->load.count; i++) {
		struct load_group *g = &w->groups.items[w->groups.count];
		if (!takes_part(&s->load.items[i]))
			continue;
		*g = s->load.items[i];
		g->files = 1;
		g->duration_ns = 0;
		g->read_back = false;
		w->groups.count++;
	}
	return &w->groups;
}

static void note_end(struct warming *w, struct facts *f, const char *text)
{
	f->warm_up_rounds = fact_of(w->rounds);
	snprintf(f->warm_up, sizeof(f->warm_up), "%s", text);
}

bool warming_note(struct warming *w, struct fact held, struct facts *f)
{
	if (!fact_known(held)) {
		note_end(w, f, "memory could not be read");
		return false;
	}
	if (w->begun)
		w->rounds++;
	else
		f->warm_up_from_bytes = held;
	w->begun = true;
	w->level[w->rounds] = held.value;
	uint64_t cap = fact_known(f->cap_asked_bytes) ? f->cap_asked_bytes.value : 0;
	enum warm_up_answer answer = warm_up_next(w->level, w->rounds, judge_noise_bytes(f), cap);
	if (answer == WARM_UP_ANOTHER)
		return true;
	note_end(w, f, ends[answer]);
	return false;
}

void warming_give_up(struct warming *w, struct facts *f)
{
	note_end(w, f, "it took too long");
}

void warming_release(struct warming *w)
{
	free(w->groups.items);
}
