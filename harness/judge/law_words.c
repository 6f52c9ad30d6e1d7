/* What the growth laws say, in words. */
#include "judge/law.h"

#include <math.h>
#include <stdio.h>

#include "judge/evidence.h"

#define SIZE_SAID_MIN 4096 /* bodies below say nothing */
#define BOUNDED "bounded"
#define UNEXPLAINED "unexplained"
#define UNDETERMINED "undetermined"

/* What a term is called, for people and for programs, and the kind of bug that it is the mark of. */
static const struct {
	const char *name, *unit, *mark;
} words[LAWS][LAW_TERMS] = {
	[LAW_HELD] = {
		[LAW_IN_FLIGHT] = { "per-request-in-flight", "per request in flight",
				    "a buffer for each request, whatever its size: as many clients at once, as much "
				    "memory" },
		[LAW_BYTES_IN_FLIGHT] = { "per-byte-in-flight", "per byte in flight",
					  "bodies are held in memory: the larger the files, the more of it" },
		[LAW_REQUESTS] = { "per-request-late", "per request, given back later",
				   "clean-up that falls behind: what one request leaves waits for it" },
	},
	[LAW_KEPT] = {
		[LAW_REQUESTS] = { "per-request-kept", "per request, never returned",
				   "something of each request is kept, whatever its size" },
		[LAW_BYTES] = { "per-byte-kept", "per byte, never returned",
				"what is stored, or a part of it, is kept in memory" },
	},
};

static bool by_the_byte(enum law_term term)
{
	return term == LAW_BYTES || term == LAW_BYTES_IN_FLIGHT;
}

/* A coefficient is a fraction of a byte for each byte, but whole bytes for each request. */
static void term_text(const struct law_coefficient *c, enum law_term term, char out[96])
{
	if (by_the_byte(term))
		snprintf(out, 96, "%.2f bytes (95 %%: %.2f to %.2f)", c->bytes, c->low, c->high);
	else
		snprintf(out, 96, "%s (95 %%: %s to %s)", SIZE_TEXT(units_whole(c->bytes)),
			 SIZE_TEXT(units_whole(c->low)), SIZE_TEXT(units_whole(c->high)));
}

/* Bytes until the cap after the last round; 0: none, or no cap. */
static double room_bytes(const struct facts *f)
{
	const struct facts_round *last = &f->rounds[f->round_count - 1];

	if (!fact_set(f->cap_in_force_bytes) || last->end_bytes.value >= f->cap_in_force_bytes.value)
		return 0;
	return (double)(f->cap_in_force_bytes.value - last->end_bytes.value);
}

/* How much more load until the cap, at the rate of what was kept. */
static void load_left(const struct facts *f, const struct law *kept, struct verdict *v)
{
	const struct law_coefficient *c = &kept->terms[kept->dominant];
	double room = room_bytes(f);

	if (room <= 0)
		return;
	if (by_the_byte((enum law_term)kept->dominant))
		evidence_add(v, "at that rate the cap is reached after another %s (%s to %s)",
			     SIZE_TEXT((uint64_t)(room / c->bytes)), SIZE_TEXT((uint64_t)(room / c->high)),
			     SIZE_TEXT((uint64_t)(room / c->low)));
	else
		evidence_add(v, "at that rate the cap is reached after another %.0f requests (%.0f to %.0f)",
			     room / c->bytes, room / c->high, room / c->low);
}

static void left_out(const struct law *law, const char *when, struct verdict *v)
{
	for (size_t i = 0; i < law->left_out_count; i++)
		evidence_add(v, "growth law, %s: round %zu is left out; the others make it all but impossible", when,
			     law->left_out[i]);
}

/* Nothing follows the load, and what there was is noise. */
static bool is_clear(const struct law *law)
{
	return law->fitted && !law->refuted && law->dominant < 0 && law->mean_bytes <= LAW_NOISE_BYTES;
}

static void explain(const struct facts *f, enum law_kind kind, const struct law laws[LAWS], struct verdict *v)
{
	const struct law *law = &laws[kind];
	const char *when = kind == LAW_HELD ? "held under load and given back" : "kept after the load";
	char text[96];

	if (!law->fitted) {
		evidence_add(v, "growth law, %s: the rounds do not tell its terms apart", when);
		return;
	}
	if (law->refuted)
		evidence_add(v,
			     "growth law, %s: what the later rounds suggest, the rounds as a whole refute: the warm-up "
			     "brought the most requests and the least in flight, and far less was left of it",
			     when);
	else if (law->dominant < 0 && law->mean_bytes > LAW_NOISE_BYTES)
		evidence_add(
			v,
			"growth law, %s: %s a round on average, which follows neither requests nor bytes nor those in "
			"flight: a cache that fills, or memory that is given back later than settling takes",
			when, SIZE_TEXT(units_whole(law->mean_bytes)));
	else if (law->dominant < 0)
		evidence_add(v, "growth law, %s: %s over %zu rounds", when,
			     kind == LAW_KEPT || is_clear(&laws[LAW_KEPT])
				     ? "bounded, whatever the load: 0 per request and 0 per byte"
				     : "nothing beside what is kept: 0 per request and 0 per byte in flight",
			     f->round_count - 1);
	for (int term = LAW_CONSTANT + 1; term < LAW_TERMS; term++) {
		if (!law->terms[term].carries)
			continue;
		term_text(&law->terms[term], (enum law_term)term, text);
		evidence_add(v, "growth law, %s: %s %s%s%s", when, text, words[kind][term].unit,
			     term == law->dominant ? ", the term that carries it" : "",
			     law->one_size && law->size_bytes >= SIZE_SAID_MIN
				     ? " (all are of one size, so it may as well be by the byte)"
				     : "");
	}
	left_out(law, when, v);
	if (law->dominant < 0)
		return;
	evidence_add(v, "that is the mark of: %s", words[kind][law->dominant].mark);
	if (kind == LAW_KEPT)
		load_left(f, law, v);
}

bool law_asked(const struct facts *f, const struct verdict *v)
{
	return f->round_count >= LAW_ROUNDS_MIN && (v->outcome == OUTCOME_GREW || v->outcome == OUTCOME_STEADY);
}

void law_explain(const struct facts *f, struct verdict *v)
{
	struct law laws[LAWS];

	if (!law_asked(f, v))
		return;
	laws_fit(f, laws);
	/* An all-clear stands below what is none, where nobody takes it for the whole answer. */
	for (int clear = 0; clear <= 1; clear++)
		for (int kind = 0; kind < LAWS; kind++)
			if (is_clear(&laws[kind]) == (bool)clear)
				explain(f, (enum law_kind)kind, laws, v);
}

static double explained(const struct law *law)
{
	return law->dominant < 0 ? 0 : law->terms[law->dominant].explains_bytes;
}

const char *law_term_class(enum law_kind kind, const struct law *law)
{
	return law->dominant < 0 ? NULL : words[kind][law->dominant].name;
}

/* The term that explains more of the largest round names the bug. */
const char *law_class(const struct law laws[LAWS])
{
	const struct law *held = &laws[LAW_HELD], *kept = &laws[LAW_KEPT];

	if (kept->dominant >= 0 && explained(kept) >= explained(held))
		return words[LAW_KEPT][kept->dominant].name;
	if (held->dominant >= 0)
		return words[LAW_HELD][held->dominant].name;
	if (!kept->fitted || !held->fitted)
		return UNDETERMINED;
	return fmax(kept->mean_bytes, held->mean_bytes) > LAW_NOISE_BYTES ? UNEXPLAINED : BOUNDED;
}
