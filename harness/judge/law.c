#include "judge/law.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_multifit.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <string.h>

#define CONFIDENCE 0.975 /* of each side */
#define TERMS_MAX 4
#define ROUNDS_PER_STRAY 8
#define STRAY_PROBABILITY 0.01
#define CHARGED_AHEAD_BYTES 262144.0 /* 64 pages for each processor: mm/memcontrol.c, MEMCG_CHARGE_BATCH */
#define PASSES 4
#define SCATTER_MIN_BYTES (4 * LAW_NOISE_BYTES)
#define SIZES_DIFFER 1.25 /* the design makes them differ by 2 */

static const struct law_form {
	size_t terms;
	enum law_term term[TERMS_MAX];
} forms[LAWS] = {
	[LAW_HELD] = { 4, { LAW_CONSTANT, LAW_IN_FLIGHT, LAW_BYTES_IN_FLIGHT, LAW_REQUESTS } },
	[LAW_KEPT] = { 3, { LAW_CONSTANT, LAW_REQUESTS, LAW_BYTES } },
};

static double value_of(const struct facts_round *r, enum law_term term)
{
	double clients = (double)r->clients.value, bytes = (double)r->bytes.value;
	double requests = (double)(fact_known(r->ended) ? r->ended.value : r->requests.value);

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

/* The lowest level that a round ended at, from that one on. */
static double lowest_from(const struct facts *f, size_t round)
{
	uint64_t lowest = f->rounds[round].end_bytes.value;

	for (size_t i = round + 1; i < f->round_count; i++)
		if (f->rounds[i].end_bytes.value < lowest)
			lowest = f->rounds[i].end_bytes.value;
	return (double)lowest;
}

static bool known(const struct facts_round *r)
{
	return fact_known(r->clients) && fact_known(r->requests) && fact_known(r->bytes) &&
	       fact_known(r->start_bytes) && fact_known(r->peak_bytes) && fact_known(r->end_bytes);
}

/* The rounds that count, and the terms that are still in question. */
struct sheet {
	struct law_form form;
	size_t rows;
	size_t round[FACTS_ROUNDS_MAX];
	double outcome[FACTS_ROUNDS_MAX];
	double scatter[FACTS_ROUNDS_MAX]; /* expected, up to a factor that all share; both sides are divided by it */
};

/* The same as matrices; columns are scaled to their largest value. */
struct design {
	gsl_matrix *x;
	gsl_vector *y, *coefficients;
	gsl_matrix *covariance;
	double scale[TERMS_MAX];
	double chi_square;
	size_t rows;
};

static void design_make(struct design *d, const struct facts *f, const struct sheet *s)
{
	*d = (struct design){ .rows = s->rows,
			      .x = gsl_matrix_alloc(s->rows, s->form.terms),
			      .y = gsl_vector_alloc(s->rows),
			      .coefficients = gsl_vector_alloc(s->form.terms),
			      .covariance = gsl_matrix_alloc(s->form.terms, s->form.terms) };
	for (size_t j = 0; j < s->form.terms; j++)
		for (size_t i = 0; i < s->rows; i++)
			d->scale[j] = fmax(d->scale[j], value_of(&f->rounds[s->round[i]], s->form.term[j]));
	for (size_t i = 0; i < s->rows; i++) {
		gsl_vector_set(d->y, i, s->outcome[i] / s->scatter[i]);
		for (size_t j = 0; j < s->form.terms; j++) {
			double value = value_of(&f->rounds[s->round[i]], s->form.term[j]);
			gsl_matrix_set(d->x, i, j, d->scale[j] > 0 ? value / d->scale[j] / s->scatter[i] : 0);
		}
	}
}

static void design_release(struct design *d)
{
	gsl_matrix_free(d->covariance);
	gsl_vector_free(d->coefficients);
	gsl_vector_free(d->y);
	gsl_matrix_free(d->x);
}

/* Least squares first: they tell whether the rounds differ enough (rank), and serve where the robust fit does not. */
static bool least_squares(struct design *d, size_t terms)
{
	gsl_multifit_linear_workspace *work = gsl_multifit_linear_alloc(d->rows, terms);
	size_t rank = 0;
	int rc =
		gsl_multifit_linear_tsvd(d->x, d->y, 1e-9, d->coefficients, d->covariance, &d->chi_square, &rank, work);

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

static void read_terms(const struct design *d, const struct sheet *s, struct law *out)
{
	const struct law_form *form = &s->form;
	double t = gsl_cdf_tdist_Pinv(CONFIDENCE, (double)(d->rows - form->terms));

	out->fitted = true;
	out->dominant = -1;
	out->mean_bytes = gsl_stats_mean(s->outcome, 1, s->rows);
	memset(out->terms, 0, sizeof(out->terms));
	for (size_t j = 0; j < form->terms; j++) {
		struct law_coefficient *c = &out->terms[form->term[j]];
		double value = gsl_vector_get(d->coefficients, j);
		double margin = t * sqrt(gsl_matrix_get(d->covariance, j, j));

		c->fitted = true;
		c->explains_bytes = value;
		c->bytes = value / d->scale[j];
		c->low = (value - margin) / d->scale[j];
		c->high = (value + margin) / d->scale[j];
		c->carries = c->low > c->bytes / 4 && value > LAW_NOISE_BYTES;
		if (form->term[j] == LAW_CONSTANT || !c->carries)
			continue;
		if (out->dominant < 0 || value > out->terms[out->dominant].explains_bytes)
			out->dominant = (int)form->term[j];
	}
}

/* One fit; false: its terms cannot be told apart. */
static bool fit(const struct facts *f, const struct sheet *s, struct law *out)
{
	struct design d;

	design_make(&d, f, s);
	bool done = regress(&d, s->form.terms);
	if (done)
		read_terms(&d, s, out);
	design_release(&d);
	return done;
}

static void leave_out(struct sheet *s, size_t row)
{
	s->rows--;
	memmove(&s->round[row], &s->round[row + 1], (s->rows - row) * sizeof(s->round[0]));
	memmove(&s->outcome[row], &s->outcome[row + 1], (s->rows - row) * sizeof(s->outcome[0]));
	memmove(&s->scatter[row], &s->scatter[row + 1], (s->rows - row) * sizeof(s->scatter[0]));
}

/* How likely the others, by their own law and scatter, make a round that lies as far off as this one; 1: no telling. */
static double likelihood(const struct facts *f, const struct sheet *all, size_t row)
{
	struct sheet others = *all;
	struct design d;
	double values[TERMS_MAX], expected, margin, p = 1;

	leave_out(&others, row);
	double freedom = (double)others.rows - (double)others.form.terms;
	design_make(&d, f, &others);
	if (freedom >= 1 && least_squares(&d, others.form.terms)) {
		for (size_t j = 0; j < others.form.terms; j++)
			values[j] = value_of(&f->rounds[all->round[row]], others.form.term[j]) / d.scale[j];
		gsl_vector_view x = gsl_vector_view_array(values, others.form.terms);
		gsl_multifit_linear_est(&x.vector, d.coefficients, d.covariance, &expected, &margin);
		double off = fabs(all->outcome[row] - expected) / all->scatter[row];
		double scatter =
			sqrt(d.chi_square / freedom + margin * margin / (all->scatter[row] * all->scatter[row]));
		if (off * all->scatter[row] > LAW_NOISE_BYTES)
			p = scatter > 0 ? 2 * gsl_cdf_tdist_Q(off / scatter, freedom) : 0;
	}
	design_release(&d);
	return p;
}

/* Something else happened in a round that the others make all but impossible: one of eight may be left out. */
static void leave_out_strays(const struct facts *f, struct sheet *s, struct law *out)
{
	for (size_t allowed = s->rows / ROUNDS_PER_STRAY; allowed > 0; allowed--) {
		double least = 1;
		size_t stray = 0;
		for (size_t i = 0; i < s->rows; i++) {
			double p = likelihood(f, s, i);
			if (p < least) {
				least = p;
				stray = i;
			}
		}
		if (least * (double)s->rows > STRAY_PROBABILITY) /* as many looks as rounds (Bonferroni) */
			return;
		out->left_out[out->left_out_count++] = s->round[stray] + 1;
		leave_out(s, stray);
	}
}

/* Up to a constant; no scatter counts as less than the kernel's charges in advance. */
static double aicc(const struct design *d, const struct sheet *s)
{
	double n = (double)s->rows, parameters = (double)s->form.terms + 1, resolution = 0;

	for (size_t i = 0; i < s->rows; i++)
		resolution += pow(CHARGED_AHEAD_BYTES / s->scatter[i], 2);
	if (n <= parameters + 1)
		return INFINITY;
	return n * log(fmax(d->chi_square, resolution) / n) + 2 * parameters * n / (n - parameters - 1);
}

/* Memory is taken, not given, by what the load does. */
static bool rises(const struct design *d, const struct law_form *form)
{
	for (size_t j = 0; j < form->terms; j++)
		if (form->term[j] != LAW_CONSTANT && gsl_vector_get(d->coefficients, j) <= 0)
			return false;
	return true;
}

static struct law_form some_of(const struct law_form *form, unsigned which)
{
	struct law_form some = { 0 };

	for (size_t j = 0; j < form->terms; j++)
		if (which & 1U << j)
			some.term[some.terms++] = form->term[j];
	return some;
}

/*
 * The terms that explain the rounds best for their number, over all choices of
 * them.  A level has a constant, the idle server's; but without load nothing is
 * kept, so there it is a term like the others.
 */
static void choose_terms(const struct facts *f, struct sheet *s, bool of_kept)
{
	struct law_form best = { 0 };
	double least = INFINITY;

	for (unsigned which = 1; which < 1U << s->form.terms; which++) {
		struct sheet some = *s;
		struct design d;
		some.form = some_of(&s->form, which);
		if (!of_kept && some.form.term[0] != LAW_CONSTANT)
			continue;
		design_make(&d, f, &some);
		if (least_squares(&d, some.form.terms) && rises(&d, &some.form) && aicc(&d, &some) < least) {
			least = aicc(&d, &some);
			best = some.form;
		}
		design_release(&d);
	}
	if (best.terms > 0)
		s->form = best;
}

static void take_out_term(struct law_form *form, size_t at)
{
	form->terms--;
	memmove(&form->term[at], &form->term[at + 1], (form->terms - at) * sizeof(form->term[0]));
}

/* Transfers of one size, such as downloads of one object: by the byte and by the request are then the same thing. */
static void note_sizes(const struct facts *f, const struct sheet *s, struct law *out)
{
	double least = INFINITY, most = 0;

	for (size_t i = 0; i < s->rows; i++) {
		const struct facts_round *r = &f->rounds[s->round[i]];
		double requests = value_of(r, LAW_REQUESTS);
		double size = requests > 0 ? (double)r->bytes.value / requests : 0;
		least = fmin(least, size);
		most = fmax(most, size);
	}
	out->size_bytes = most;
	out->one_size = most <= least * SIZES_DIFFER;
}

static void take_out_bytes(struct law_form *form)
{
	for (size_t j = form->terms; j-- > 0;)
		if (form->term[j] == LAW_BYTES || form->term[j] == LAW_BYTES_IN_FLIGHT)
			take_out_term(form, j);
}

static bool holds_more(const struct facts_round *r, const struct facts_round *before)
{
	return value_of(r, LAW_IN_FLIGHT) > value_of(before, LAW_IN_FLIGHT) ||
	       value_of(r, LAW_BYTES_IN_FLIGHT) > SIZES_DIFFER * value_of(before, LAW_BYTES_IN_FLIGHT);
}

/*
 * The first round that stands on the same ground as this one: the one itself where
 * something is kept for good; else the last that made a step with no more in
 * flight than the round before it; else the first of all.
 */
static size_t ground_of(const struct facts *f, const struct law *kept, size_t round)
{
	size_t ground = 1;

	if (kept->dominant >= 0)
		return round;
	for (size_t i = 0; i < kept->left_out_count; i++) {
		size_t step = kept->left_out[i] - 1;
		if (step <= round && step > ground && !holds_more(&f->rounds[step], &f->rounds[step - 1]))
			ground = step;
	}
	return ground;
}

/* False: a round is not known.  kept: what the law of it said; NULL: that is the one in question. */
static bool fill(const struct facts *f, const struct law *kept, struct sheet *s)
{
	*s = (struct sheet){ .form = forms[kept == NULL ? LAW_KEPT : LAW_HELD] };
	for (size_t i = 1; i < f->round_count; i++) {
		const struct facts_round *r = &f->rounds[i];
		if (!known(r))
			return false;
		s->round[s->rows] = i;
		s->scatter[s->rows] = 1;
		s->outcome[s->rows++] = kept == NULL
						? (double)r->end_bytes.value - (double)r->start_bytes.value
						: (double)r->peak_bytes.value - lowest_from(f, ground_of(f, kept, i));
	}
	return true;
}

/*
 * Peaks scatter in proportion to their height, but small ones by the noise.  The
 * height that is expected is that of the law of all terms, which in turn is
 * fitted with the weights that it gives.
 */
static void weigh(const struct facts *f, struct sheet *s)
{
	for (int pass = 0; pass < PASSES; pass++) {
		struct design d;
		design_make(&d, f, s);
		bool done = least_squares(&d, s->form.terms);
		for (size_t i = 0; done && i < s->rows; i++) {
			gsl_vector_view x = gsl_matrix_row(d.x, i);
			double expected, margin;
			gsl_multifit_linear_est(&x.vector, d.coefficients, d.covariance, &expected, &margin);
			s->scatter[i] = fmax(expected * s->scatter[i], SCATTER_MIN_BYTES);
		}
		design_release(&d);
	}
}

/* What the term that carries the law expects of that round, at the least. */
static double least_expected(const struct law *law, const struct facts_round *r)
{
	return law->terms[law->dominant].low * value_of(r, (enum law_term)law->dominant);
}

/*
 * By all rounds together, the warm-up and those left out included: what each left
 * adds up to the rise from the first to the last.  The level between two rounds may
 * fall, where garbage is collected late, but not by most of what the law says.
 */
static bool kept_refuted(const struct facts *f, const struct law *law)
{
	const struct facts_round *first = &f->rounds[0], *last = &f->rounds[f->round_count - 1];
	double expected = 0, risen = (double)last->end_bytes.value - (double)first->start_bytes.value;

	for (size_t i = 0; i < f->round_count; i++)
		expected += least_expected(law, &f->rounds[i]);
	double warm_up = (double)first->end_bytes.value - (double)first->start_bytes.value;
	return risen < expected / 2 || warm_up < least_expected(law, first) / 2 - LAW_NOISE_BYTES;
}

/* By the warm-up alone: it has the most requests and the least in flight. */
static bool held_refuted(const struct facts *f, const struct law *law)
{
	const struct facts_round *first = &f->rounds[0];
	double held = (double)first->peak_bytes.value - (double)first->start_bytes.value;

	return law->dominant == LAW_REQUESTS && held < least_expected(law, first) / 2 - LAW_NOISE_BYTES;
}

static void try_on_all_rounds(const struct facts *f, bool of_kept, struct law *law)
{
	if (law->dominant < 0 || !known(&f->rounds[0]))
		return;
	law->refuted = of_kept ? kept_refuted(f, law) : held_refuted(f, law);
	if (!law->refuted)
		return;
	law->terms[law->dominant].carries = false;
	law->dominant = -1;
}

static void fit_all(const struct facts *f, const struct law *kept, struct law *out)
{
	struct sheet s;

	*out = (struct law){ .dominant = -1 };
	if (f->round_count < LAW_ROUNDS_MIN || !fill(f, kept, &s))
		return;
	note_sizes(f, &s, out);
	if (out->one_size)
		take_out_bytes(&s.form);
	if (kept != NULL)
		weigh(f, &s);
	leave_out_strays(f, &s, out);
	if (!fit(f, &s, out)) /* with all terms: rounds too much alike cannot tell them apart */
		return;
	choose_terms(f, &s, kept == NULL);
	fit(f, &s, out);
	try_on_all_rounds(f, kept == NULL, out);
}

void laws_fit(const struct facts *f, struct law out[LAWS])
{
	/* Without it GSL ends the program; restored, because the handler is the whole program's. */
	gsl_error_handler_t *before = gsl_set_error_handler_off();

	fit_all(f, NULL, &out[LAW_KEPT]);
	fit_all(f, &out[LAW_KEPT], &out[LAW_HELD]);
	gsl_set_error_handler(before);
}

size_t law_points(const struct facts *f, const struct law laws[LAWS], enum law_kind kind,
		  struct law_point out[FACTS_ROUNDS_MAX])
{
	struct sheet s;

	if (!laws[kind].fitted || !fill(f, kind == LAW_KEPT ? NULL : &laws[LAW_KEPT], &s))
		return 0;
	for (size_t i = 0; i < s.rows; i++) {
		out[i] = (struct law_point){ s.round[i] + 1, s.outcome[i], 0 };
		for (int term = 0; term < LAW_TERMS; term++)
			if (laws[kind].terms[term].fitted)
				out[i].expected_bytes += laws[kind].terms[term].bytes *
							 value_of(&f->rounds[s.round[i]], (enum law_term)term);
	}
	return s.rows;
}
