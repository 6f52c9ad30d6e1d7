#include "judge/law.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_multifit.h>
#include <gsl/gsl_statistics_double.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "judge/evidence.h"

#define CONFIDENCE 0.975 /* of each side */
#define TERMS_MAX 4

static const struct law_form {
	size_t terms;
	enum law_term term[TERMS_MAX];
} forms[LAWS] = {
	[LAW_RISE] = { 4, { LAW_CONSTANT, LAW_IN_FLIGHT, LAW_BYTES_IN_FLIGHT, LAW_REQUESTS } },
	[LAW_KEPT] = { 3, { LAW_CONSTANT, LAW_REQUESTS, LAW_BYTES } },
};

/* What a term is called, and the kind of bug that it is the mark of. */
static const struct {
	const char *unit, *class;
} words[LAWS][LAW_TERMS] = {
	[LAW_RISE] = {
		[LAW_IN_FLIGHT] = { "per request in flight",
				    "a buffer for each request, whatever its size: as many clients at once, as much "
				    "memory" },
		[LAW_BYTES_IN_FLIGHT] = { "per byte in flight",
					  "bodies are held in memory: the larger the files, the more of it" },
		[LAW_REQUESTS] = { "per request, given back later",
				   "clean-up that falls behind: what one request leaves waits for it" },
	},
	[LAW_KEPT] = {
		[LAW_REQUESTS] = { "per request, never returned",
				   "something of each request is kept, whatever its size" },
		[LAW_BYTES] = { "per byte, never returned", "what is stored, or a part of it, is kept in memory" },
	},
};

static double value_of(const struct facts_round *r, enum law_term term)
{
	double clients = (double)r->clients.value, requests = (double)r->requests.value, bytes = (double)r->bytes.value;

	switch (term) {
	case LAW_CONSTANT:
		return 1;
	case LAW_IN_FLIGHT:
		return clients;
	case LAW_BYTES_IN_FLIGHT:
		return requests > 0 ? clients * bytes / requests : 0;
	case LAW_REQUESTS:
		return requests;
	case LAW_BYTES:
		return bytes;
	case LAW_TERMS:
		break;
	}
	return 0;
}

/*
 * What a round left behind, or what it held above what was left when all had
 * been given back that ever was: garbage may be collected rounds later.
 */
static double outcome_of(const struct facts *f, size_t round, enum law_kind kind)
{
	const struct facts_round *r = &f->rounds[round];
	uint64_t floor = r->end_bytes.value;

	if (kind == LAW_KEPT)
		return (double)r->end_bytes.value - (double)r->start_bytes.value;
	for (size_t later = round + 1; later < f->round_count; later++)
		if (f->rounds[later].end_bytes.value < floor)
			floor = f->rounds[later].end_bytes.value;
	return (double)r->peak_bytes.value - (double)floor;
}

static bool known(const struct facts_round *r)
{
	return fact_known(r->clients) && fact_known(r->requests) && fact_known(r->bytes) &&
	       fact_known(r->start_bytes) && fact_known(r->peak_bytes) && fact_known(r->end_bytes);
}

/* One round after the warm-up and its row of the design; columns are scaled to their largest value. */
struct design {
	gsl_matrix *x;
	gsl_vector *y, *coefficients;
	gsl_matrix *covariance;
	double scale[TERMS_MAX];
	size_t rows;
};

static bool fill(const struct facts *f, enum law_kind kind, const struct law_form *form, struct design *d)
{
	for (size_t j = 0; j < form->terms; j++)
		for (size_t i = 0; i < d->rows; i++)
			d->scale[j] = fmax(d->scale[j], value_of(&f->rounds[i + 1], form->term[j]));
	for (size_t i = 0; i < d->rows; i++) {
		if (!known(&f->rounds[i + 1]))
			return false;
		gsl_vector_set(d->y, i, outcome_of(f, i + 1, kind));
		for (size_t j = 0; j < form->terms; j++)
			gsl_matrix_set(d->x, i, j,
				       d->scale[j] > 0 ? value_of(&f->rounds[i + 1], form->term[j]) / d->scale[j] : 0);
	}
	return true;
}

/* Least squares first: they tell whether the rounds differ enough (rank), and serve where the robust fit does not. */
static bool least_squares(struct design *d, size_t terms)
{
	gsl_multifit_linear_workspace *work = gsl_multifit_linear_alloc(d->rows, terms);
	double chi_square;
	size_t rank = 0;
	int rc = gsl_multifit_linear_tsvd(d->x, d->y, 1e-9, d->coefficients, d->covariance, &chi_square, &rank, work);

	gsl_multifit_linear_free(work);
	return rc == GSL_SUCCESS && rank == terms;
}

/* Fails where there is no scatter to weigh (rounds that follow the law exactly) and where it does not converge. */
static bool robust(struct design *d, size_t terms)
{
	gsl_multifit_robust_workspace *work = gsl_multifit_robust_alloc(gsl_multifit_robust_bisquare, d->rows, terms);
	bool done = gsl_multifit_robust(d->x, d->y, d->coefficients, d->covariance, work) == GSL_SUCCESS;

	gsl_multifit_robust_free(work);
	for (size_t j = 0; done && j < terms; j++)
		done = isfinite(gsl_vector_get(d->coefficients, j)) && isfinite(gsl_matrix_get(d->covariance, j, j));
	return done;
}

static bool regress(struct design *d, size_t terms)
{
	return least_squares(d, terms) && (robust(d, terms) || least_squares(d, terms));
}

static void read_terms(const struct design *d, const struct law_form *form, struct law *out)
{
	double t = gsl_cdf_tdist_Pinv(CONFIDENCE, (double)(d->rows - form->terms));

	*out = (struct law){ .fitted = true,
			     .dominant = -1,
			     .mean_bytes = gsl_stats_mean(d->y->data, d->y->stride, d->rows) };
	for (size_t j = 0; j < form->terms; j++) {
		struct law_coefficient *c = &out->terms[form->term[j]];
		double value = gsl_vector_get(d->coefficients, j);
		double margin = t * sqrt(gsl_matrix_get(d->covariance, j, j));

		c->fitted = true;
		c->explains_bytes = value;
		c->bytes = value / d->scale[j];
		c->low = (value - margin) / d->scale[j];
		c->high = (value + margin) / d->scale[j];
		c->carries = form->term[j] != LAW_CONSTANT && c->low > c->bytes / 4 && value > LAW_NOISE_BYTES;
		if (c->carries && (out->dominant < 0 || value > out->terms[out->dominant].explains_bytes))
			out->dominant = (int)form->term[j];
	}
}

/* One fit with the terms of form; false: they cannot be told apart, or a round is not known. */
static bool fit(const struct facts *f, enum law_kind kind, const struct law_form *form, struct law *out)
{
	struct design d = { .rows = f->round_count - 1 };

	d.x = gsl_matrix_alloc(d.rows, form->terms);
	d.y = gsl_vector_alloc(d.rows);
	d.coefficients = gsl_vector_alloc(form->terms);
	d.covariance = gsl_matrix_alloc(form->terms, form->terms);
	bool done = fill(f, kind, form, &d) && regress(&d, form->terms);
	if (done)
		read_terms(&d, form, out);
	gsl_matrix_free(d.covariance);
	gsl_vector_free(d.coefficients);
	gsl_vector_free(d.y);
	gsl_matrix_free(d.x);
	return done;
}

/* Takes out the term that is the least certain of those that carry nothing; false: there is none. */
static bool drop_idle_term(const struct law *law, struct law_form *form)
{
	size_t idle = 0; /* the constant, which stays */
	double least = INFINITY;

	for (size_t j = 1; j < form->terms; j++) {
		const struct law_coefficient *c = &law->terms[form->term[j]];
		double certainty = c->bytes / (c->high - c->low);
		if (!c->carries && certainty < least) {
			least = certainty;
			idle = j;
		}
	}
	if (idle == 0)
		return false;
	form->terms--;
	memmove(&form->term[idle], &form->term[idle + 1], (form->terms - idle) * sizeof(form->term[0]));
	return true;
}

void law_fit(const struct facts *f, enum law_kind kind, struct law *out)
{
	struct law_form form = forms[kind];

	*out = (struct law){ .dominant = -1 };
	if (f->round_count < LAW_ROUNDS_MIN)
		return;
	/* Without it GSL ends the program; restored, because the handler is the whole program's. */
	gsl_error_handler_t *before = gsl_set_error_handler_off();
	while (fit(f, kind, &form, out) && drop_idle_term(out, &form))
		;
	gsl_set_error_handler(before);
}

/* A coefficient is a fraction of a byte for each byte, but whole bytes for each request. */
static void term_text(const struct law_coefficient *c, enum law_term term, char out[96])
{
	if (term == LAW_BYTES || term == LAW_BYTES_IN_FLIGHT)
		snprintf(out, 96, "%.2f bytes (95 %%: %.2f to %.2f)", c->bytes, c->low, c->high);
	else
		snprintf(out, 96, "%s (95 %%: %s to %s)", SIZE_TEXT((uint64_t)fmax(0, c->bytes)),
			 SIZE_TEXT((uint64_t)fmax(0, c->low)), SIZE_TEXT((uint64_t)fmax(0, c->high)));
}

/* How much more load until the cap, at the rate of what was kept. */
static void time_left(const struct facts *f, const struct law *kept, struct verdict *v)
{
	const struct facts_round *last = &f->rounds[f->round_count - 1];
	const struct law_coefficient *c = &kept->terms[kept->dominant];

	if (!fact_set(f->cap_in_force_bytes) || last->end_bytes.value >= f->cap_in_force_bytes.value)
		return;
	double left = (double)(f->cap_in_force_bytes.value - last->end_bytes.value) / c->bytes;
	if (kept->dominant == LAW_BYTES)
		evidence_add(v, "at that rate the cap is reached after %s more", SIZE_TEXT((uint64_t)left));
	else
		evidence_add(v, "at that rate the cap is reached after %.0f more requests", left);
}

static void explain(const struct facts *f, enum law_kind kind, struct verdict *v)
{
	const char *when = kind == LAW_RISE ? "held under load and given back" : "kept after the load";
	struct law law;
	char text[96];

	law_fit(f, kind, &law);
	if (!law.fitted) {
		evidence_add(v, "growth law, %s: the rounds do not tell its terms apart", when);
		return;
	}
	if (law.dominant < 0 && law.mean_bytes > LAW_NOISE_BYTES) {
		evidence_add(
			v,
			"growth law, %s: %s a round on average, which follows neither requests nor bytes nor those in "
			"flight: a cache that fills, or memory that is given back later than settling takes",
			when, SIZE_TEXT((uint64_t)law.mean_bytes));
		return;
	}
	if (law.dominant < 0) {
		evidence_add(v,
			     "growth law, %s: 0 per request and 0 per byte over %zu rounds: bounded, whatever the load",
			     when, f->round_count - 1);
		return;
	}
	for (int term = 0; term < LAW_TERMS; term++) {
		if (!law.terms[term].carries)
			continue;
		term_text(&law.terms[term], (enum law_term)term, text);
		evidence_add(v, "growth law, %s: %s %s%s", when, text, words[kind][term].unit,
			     term == law.dominant ? ", the term that carries it" : "");
	}
	evidence_add(v, "that is the mark of: %s", words[kind][law.dominant].class);
	if (kind == LAW_KEPT)
		time_left(f, &law, v);
}

void law_explain(const struct facts *f, struct verdict *v)
{
	if (f->round_count < LAW_ROUNDS_MIN || (v->outcome != OUTCOME_GREW && v->outcome != OUTCOME_STEADY))
		return;
	explain(f, LAW_RISE, v);
	explain(f, LAW_KEPT, v);
}
