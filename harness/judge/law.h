/*
 * law - growth laws: which part of the load carries the memory, from several
 * rounds of load that differ in clients, requests and bytes.  Pure.
 *
 * Two laws, each a robust linear regression (GSL, bisquare weights) over the
 * rounds but the first, which warms the server up:
 *
 *   while a round ran:  held = a + b * uploads in flight + c * bytes in flight + d * requests
 *                       (above what was left when all had been given back that ever was)
 *   when it was over:   kept = a + b * requests + c * bytes
 *
 * Terms that carry nothing are taken out one by one, the least certain first, and
 * the rest is fitted again: clients, requests and bytes rise together in part.
 *
 * A term carries the law when the 95 % confidence interval of its coefficient
 * lies above a quarter of it and what it explains in the largest round is more than the noise.
 */
#ifndef OOMRIG_JUDGE_LAW_H
#define OOMRIG_JUDGE_LAW_H

#include <stdbool.h>

#include "judge/judge.h"

#define LAW_ROUNDS_MIN 7 /* the warm-up and six more: two above the terms of the larger law */
#define LAW_NOISE_BYTES 1048576.0

enum law_kind { LAW_RISE, LAW_KEPT, LAWS };
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
};

void law_fit(const struct facts *f, enum law_kind kind, struct law *out);

/* Adds what the laws say to a verdict of growth or of none. */
void law_explain(const struct facts *f, struct verdict *v);

#endif
