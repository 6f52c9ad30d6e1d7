/*
 * compare - two groups of runs: is the second better, worse or the same?
 *
 * Runs become observations (figures that may be censored or missing); each row
 * of the table of metrics is a test over them; Holm's adjustment holds the chance
 * of any false alarm over the whole family at alpha.  An answer other than
 * "inconclusive" is given only where the figures force it:
 *
 *   better, worse  the adjusted test rejects "no difference" and the interval
 *                  of the difference has one sign
 *   same within X  the whole interval lies within the margin; X is its far end
 *   inconclusive   neither; with how many more runs of each side would settle it
 *
 * Life cycle: observations_read() for each side, compare(), print, observations_free().
 * compare() is pure.  Main thread.
 */
#ifndef OOMRIG_CAMPAIGN_COMPARE_H
#define OOMRIG_CAMPAIGN_COMPARE_H

#include <jansson.h>
#include <stdio.h>

#include "stats/stats.h"
#include "record/run_list.h"

enum metric_id { METRIC_CRASHES, METRIC_FLOOR, METRIC_PEAK, METRIC_GROWTH, METRIC_THROUGHPUT, METRIC_LATENCY, METRICS };

enum metric_kind {
	METRIC_OF_RATES,   /* difference of two shares */
	METRIC_OF_FLOORS,  /* ratio of two floors, from runs under several caps */
	METRIC_OF_RATIOS,  /* the figures differ by a factor */
	METRIC_OF_AMOUNTS, /* the figures differ by an amount: they may be zero or negative */
};

struct metric {
	const char *name, *key;
	enum metric_kind kind;
	bool more_is_better;
	bool decides; /* an inconclusive one makes the whole comparison inconclusive */
	const char *(*format)(double value, char out[64]);
};
extern const struct metric metrics[METRICS];

struct observation {
	bool judged, crashed, survived; /* survived: neither crashed nor stalled */
	double cap_bytes;		/* 0: none */
	bool known[METRICS];
	struct reading reading[METRICS];
};

struct observations {
	const char *name; /* borrowed */
	struct observation *items;
	size_t count, judged;
	const char *first, *last; /* ids of the oldest and the newest run, which begin with their times; borrowed */
};

void observations_read(struct observations *o, const char *name, const struct run_list *runs);
void observations_free(struct observations *o);

/* Do all runs of both lists carry the same load?  ERROR_INPUT says which do not. */
int compare_check_load(const struct run_list *a, const struct run_list *b, struct error *err);

enum answer { ANSWER_BETTER, ANSWER_WORSE, ANSWER_SAME, ANSWER_INCONCLUSIVE };
extern const char *const answer_names[];

struct compare_options {
	double alpha;		    /* 0.05 */
	double margin;		    /* of ratios: 0.10 */
	double rate_margin;	    /* of crash rates: 0.30 */
	double growth_margin_bytes; /* of growth, per MiB of work */
};
#define COMPARE_DEFAULTS                                                                                               \
	{                                                                                                              \
		.alpha = 0.05, .margin = 0.10, .rate_margin = 0.30, .growth_margin_bytes = 16384                       \
	}

#define COMPARE_MORE_MAX 1000 /* "more runs" beyond this are said as "more than" */

struct finding {
	bool there;	 /* both sides have figures; otherwise only why is set */
	const char *why; /* static: why there is nothing to compare */
	enum answer answer;
	size_t count[2], censored[2]; /* figures on each side, of these censored */
	double centre[2];	      /* median of the figures, or the rate; NAN when most are censored */
	struct interval estimate;     /* of the change: a share of ratios, an amount otherwise */
	struct interval interval;
	double p;      /* adjusted */
	double within; /* ANSWER_SAME: X */
	size_t more;   /* ANSWER_INCONCLUSIVE: further runs of each side */
};

struct comparison {
	const struct observations *side[2]; /* borrowed */
	struct compare_options options;
	struct finding findings[METRICS];
	enum answer answer;
	double within;
	size_t more;
};

void compare(const struct observations *a, const struct observations *b, const struct compare_options *options,
	     struct comparison *out);

/*
 * How far this comparison can be trusted, measured on the runs themselves:
 * `rounds` times runs drawn from a against other runs of a (any difference is a
 * false alarm), and as often runs of a against runs of b.
 */
struct calibration {
	size_t rounds, runs;	      /* asked for: runs of each side in each round */
	uint64_t seed;		      /* asked for */
	size_t same[4], different[4]; /* answers, by enum answer */
};
int compare_calibrate(const struct observations *a, const struct observations *b, const struct compare_options *options,
		      struct calibration *out, struct error *err);

/* compare_print.c: how a comparison and its calibration are told; a new way is one row. */
struct compare_format {
	const char *name; /* "terminal" */
	bool people;	  /* progress may stand beside it */
	int (*write)(FILE *out, const struct comparison *c, struct error *err);
	int (*calibration)(FILE *out, const struct calibration *c, struct error *err);
};
extern const struct compare_format compare_formats[]; /* ends with name == NULL */
#define COMPARE_FORMAT_NAMES                                                                                           \
	{                                                                                                              \
		"terminal", "markdown", "json", NULL                                                                   \
	}
const struct compare_format *compare_format_find(const char *name);

#endif
