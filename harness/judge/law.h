/*
 * law - growth laws: which part of the load carries the memory, from several
 * rounds of load that differ in clients, requests and bytes.  Pure.
 *
 * Two laws, each a robust linear regression (GSL, bisquare weights) over the
 * rounds but the first, which warms the server up:
 *
 *   when it was over:   kept = a + b * requests + c * bytes
 *   while a round ran:  held = a + b * requests in flight + c * bytes in flight + d * requests
 *
 * Kept is the level after settling, less the level before.  Held is the peak
 * above the lowest level that any round ended at; where something is kept for
 * good, above the lowest from that round on, because garbage may be collected
 * rounds later; after a step (a round left out of the first law) that nothing more
 * in flight explains, above the lowest from that step on.
 *
 * One round of eight may be left out, when its distance from what the others
 * predict has less than 1 % probability (t-test on the deleted residual, adjusted
 * for looking at every round).  What is held is weighed by its expected height,
 * because peaks scatter in proportion to it.  Clients, requests and bytes rise
 * together in part: of all choices of terms the one with the least AICc is taken
 * (Hurvich and Tsai 1989, "Regression and time series model selection in small
 * samples").  The constant of what is kept may be left out too, because without
 * load nothing is kept.
 *
 * A law must survive every round that was measured: one by the request or by the
 * byte says how much the warm-up, which brings the most of both, must have held,
 * and how much all rounds together must have kept.  Where that was less than half
 * of it, the law is refuted, and no term carries it.  So a high water mark that
 * only rises with what is in flight is told from what each request leaves.
 * Requests count however they ended: vanished and refused ones are work too.
 *
 * A term carries the law when the 95 % confidence interval of its coefficient
 * lies above a quarter of it and what it explains in the largest round is more than the noise.
 */
#ifndef OOMRIG_JUDGE_LAW_H
#define OOMRIG_JUDGE_LAW_H

#include <stdbool.h>

#include "judge/judge.h"

#define LAW_ROUNDS_MIN 7	  /* the warm-up and six more: two above the terms of the larger law */
#define LAW_NOISE_BYTES 4194304.0 /* the least noise of growth.c */
#define LAW_LEFT_OUT_MAX (FACTS_ROUNDS_MAX / 8)

enum law_kind { LAW_HELD, LAW_KEPT, LAWS };
enum law_term { LAW_CONSTANT, LAW_IN_FLIGHT, LAW_BYTES_IN_FLIGHT, LAW_REQUESTS, LAW_BYTES, LAW_TERMS };

struct law_coefficient {
	bool fitted; /* the law has this term */
	bool carries;
	double bytes;	       /* per unit of the term */
	double low, high;      /* 95 % confidence */
	double explains_bytes; /* in the largest round */
};

struct law {
	bool fitted; /* enough rounds, and different enough ones */
	struct law_coefficient terms[LAW_TERMS];
	double mean_bytes; /* of what the law is about, over the rounds */
	int dominant;	   /* enum law_term, -1: no term carries it */
	bool refuted;	   /* a term carried it, but the rounds as a whole, or the warm-up, kept far less */
	bool one_size;	   /* of all transfers: bytes and requests are then the same, and bytes not looked at */
	double size_bytes; /* the largest mean transfer of a round */
	size_t left_out[LAW_LEFT_OUT_MAX], left_out_count; /* 1-based rounds that the others make all but impossible */
};

void laws_fit(const struct facts *f, struct law out[LAWS]);

/* A round as the law of that kind sees it: what it held or kept, and what all terms together say of it. */
struct law_point {
	size_t round; /* from 1 */
	double measured_bytes, expected_bytes;
};

/* Those of the rounds that the law rests on; 0: it was not fitted. */
size_t law_points(const struct facts *f, const struct law laws[LAWS], enum law_kind kind,
		  struct law_point out[FACTS_ROUNDS_MAX]);

/* Is there enough in a run with that verdict to ask for a law? */
bool law_asked(const struct facts *f, const struct verdict *v);

/* Adds what the laws say to the evidence. */
void law_explain(const struct facts *f, struct verdict *v);

/* What the laws say in one word (docs/verdicts.md lists them). */
const char *law_class(const struct law laws[LAWS]);

/* That word for the dominant term of one law; NULL: no term carries it. */
const char *law_term_class(enum law_kind kind, const struct law *law);

#endif
