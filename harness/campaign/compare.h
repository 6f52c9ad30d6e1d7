/*
 * compare - two groups of runs: is the second better, worse or the same?
 *
 * Runs become observations (figures that may be censored or missing); each row
 * of the table of metrics is a test over them; Holm's adjustment holds the chance
 * of any false alarm over the whole family, of all scenarios together, at alpha.
 * An answer other than "inconclusive" is given only where the figures force it:
 *
 *   better, worse  the adjusted test rejects "no difference" and the interval
 *                  of the difference has one sign
 *   same within X  the whole interval lies within the margin; X is its far end
 *   inconclusive   neither; with how many more runs of each side would settle it
 *
 * Correctness comes first: nothing is better as long as data lost, failed requests,
 * verdicts, crashes or restarts are worse, or look worse without being proven.
 *
 * Life cycle: compare_set_read() takes two lists of runs, scenario by scenario, and compares them; print;
 * compare_set_release().  Of a single pair: observations_read() for each side, compare(), observations_free().
 * compare() and compare_all() are pure.  Main thread.
 */
#ifndef OOMRIG_CAMPAIGN_COMPARE_H
#define OOMRIG_CAMPAIGN_COMPARE_H

#include <jansson.h>
#include <stdio.h>

#include "record/run_list.h"
#include "stats/stats.h"

enum metric_id {
	METRIC_LOSS,
	METRIC_VERDICT,
	METRIC_CRASHES,
	METRIC_UNEXPECTED,
	METRIC_FAILED,
	METRIC_RESTARTS,
	METRIC_DOWNTIME,
	METRIC_FLOOR,
	METRIC_PEAK,
	METRIC_GROWTH,
	METRIC_THROUGHPUT,
	METRIC_LATENCY,
	METRICS
};

enum metric_kind {
	METRIC_OF_RATES,   /* difference of two shares; a reading is 1 or 0 */
	METRIC_OF_GRADES,  /* how grave the verdict is; grades have an order and no amount */
	METRIC_OF_FLOORS,  /* ratio of two floors, from runs under several caps */
	METRIC_OF_RATIOS,  /* the figures differ by a factor */
	METRIC_OF_AMOUNTS, /* the figures differ by an amount: they may be zero or negative */
};

struct metric {
	const char *name, *key;
	enum metric_kind kind;
	bool more_is_better;
	bool decides; /* an inconclusive one makes the whole comparison inconclusive */
	bool correct; /* of correctness: 0 is right, and as long as it looks worse nothing is better */
	const char *(*format)(double value, char out[64]);
};
extern const struct metric metrics[METRICS];

struct observation {
	bool judged, crashed, survived; /* survived: neither crashed nor stalled */
	double cap_bytes;		/* 0: none */
	double noise_bytes;		/* what the judge takes for noise of memory (judge.h) */
	double work_bytes;		/* sent and received; 0: not known */
	bool known[METRICS];
	struct reading reading[METRICS];
};

struct observations {
	const char *name; /* borrowed */
	struct observation *items;
	size_t count, judged;
	char *verdicts;		  /* "grew/leak 4, grew/kept 2 of 6"; heap, NULL: none */
	const char *first, *last; /* ids of the oldest and the newest run, which begin with their times; borrowed */
};

/* scenario: only its runs; NULL: all. */
void observations_read(struct observations *o, const char *name, const struct run_list *runs, const char *scenario);
void observations_free(struct observations *o);

/* Do all runs of both lists (of that scenario; NULL: all) carry the same load?  ERROR_INPUT says which do not. */
int compare_check_load(const struct run_list *a, const struct run_list *b, const char *scenario, struct error *err);

enum answer { ANSWER_BETTER, ANSWER_WORSE, ANSWER_SAME, ANSWER_INCONCLUSIVE };
extern const char *const answer_names[];

struct compare_options {
	double alpha;		    /* 0.05 */
	double margin;		    /* of ratios: 0.10 */
	double rate_margin;	    /* of rates: 0.30 */
	double growth_margin_bytes; /* of growth, per MiB of work; the judge's noise over the work where that is more */
	double latency_margin_ns;   /* less is the same whatever its share: 20 ms */
	double failed_margin;	    /* of the share of failed requests: 0.01 */
	double downtime_margin_ns;  /* 1 s */
};
#define COMPARE_DEFAULTS                                                                                               \
	{                                                                                                              \
		.alpha = 0.05, .margin = 0.10, .rate_margin = 0.30, .growth_margin_bytes = 16384,                      \
		.latency_margin_ns = 20e6, .failed_margin = 0.01, .downtime_margin_ns = 1e9                            \
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
	struct interval amount; /* of ratios: of the same change in the figure's own unit */
	double mean[2];		/* of rates, grades and amounts */
	double p;		/* adjusted */
	double within;		/* ANSWER_SAME: X */
	bool within_amount;	/* X is in the figure's own unit although the change is a share */
	bool leans;		/* ANSWER_INCONCLUSIVE, and of correctness it looks worse */
	size_t more;		/* ANSWER_INCONCLUSIVE: further runs of each side */
};

struct comparison {
	const char *scenario;		    /* borrowed; NULL: not said */
	const struct observations *side[2]; /* borrowed */
	struct finding findings[METRICS];
	enum answer answer;
	bool leans; /* something of correctness looks worse */
	double within;
	size_t more;
};

/* Compares the sides of each, which are set, as one family. */
void compare_all(struct comparison *items, size_t count, const struct compare_options *options);
void compare(const struct observations *a, const struct observations *b, const struct compare_options *options,
	     struct comparison *out);

/* Every scenario that both sides have. */
struct comparison_set {
	const char *names[2]; /* borrowed */
	struct comparison *items;
	struct observations *sides; /* two for each item */
	size_t count;
	char *alone[2]; /* "x, y": scenarios that only this side has; heap, NULL: none */
	enum answer answer;
	bool leans;
	size_t more;
};

/*
 * Lists whose only scenarios have other names are compared where their loads are alike.  The lists must stay as long as
 * the set.  ERROR_INPUT: they have no scenario in common, or runs of one carry different loads.
 */
int compare_set_read(struct comparison_set *set, const struct run_list lists[2], const char *const names[2],
		     const struct compare_options *options, struct error *err);
void compare_set_release(struct comparison_set *set);

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
	int (*write)(FILE *out, const struct comparison_set *set, struct error *err);
	int (*calibration)(FILE *out, const struct calibration *c, struct error *err);
};
extern const struct compare_format compare_formats[]; /* ends with name == NULL */
#define COMPARE_FORMAT_NAMES                                                                                           \
	{                                                                                                              \
		"terminal", "markdown", "json", NULL                                                                   \
	}
const struct compare_format *compare_format_find(const char *name);

#endif
