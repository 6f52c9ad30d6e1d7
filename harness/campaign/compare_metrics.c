/* The figures that are compared: one row each. */
#include <math.h>

#include "base/units.h"
#include "campaign/compare.h"

static const char *format_share(double value, char out[64])
{
	snprintf(out, 64, "%.*f %%", value > 0 && value < 0.0995 ? 1 : 0, 100 * value);
	return out;
}

static const char *format_count(double value, char out[64])
{
	snprintf(out, 64, "%.3g", value);
	return out;
}

static const char *format_bytes(double value, char out[64])
{
	return units_format_size(units_whole(value), out);
}

static const char *format_growth(double value, char out[64])
{
	char text[UNITS_TEXT_MAX];
	snprintf(out, 64, "%s%s/MiB", value < 0 ? "-" : "", units_format_size(units_whole(fabs(value)), text));
	return out;
}

static const char *format_time(double value, char out[64])
{
	char text[UNITS_TEXT_MAX];
	snprintf(out, 64, "%s%s", value < 0 ? "-" : "", units_format_duration(units_whole(fabs(value)), text));
	return out;
}

static const char *format_throughput(double value, char out[64])
{
	return units_format_rate(value, out);
}

/* In the order of a reader who must decide about a merge: is it right, does it live, what does it need, how fast. */
const struct metric metrics[METRICS] = {
	[METRIC_LOSS] = { "lost or wrong data", "data_loss_rate", METRIC_OF_RATES, .decides = true, .correct = true,
			  .format = format_share },
	[METRIC_VERDICT] = { "verdict", "verdict", METRIC_OF_GRADES, .decides = true, .correct = true,
			     .format = format_count },
	[METRIC_CRASHES] = { "crash rate", "crash_rate", METRIC_OF_RATES, .decides = true, .correct = true,
			     .format = format_share },
	[METRIC_UNEXPECTED] = { "not as expected", "unexpected_rate", METRIC_OF_RATES, .decides = true, .correct = true,
				.format = format_share },
	[METRIC_FAILED] = { "failed requests", "failed_share", METRIC_OF_AMOUNTS, .decides = true, .correct = true,
			    .format = format_share },
	[METRIC_RESTARTS] = { "restarts", "restarts", METRIC_OF_AMOUNTS, .decides = true, .correct = true,
			      .format = format_count },
	[METRIC_DOWNTIME] = { "downtime", "downtime_ns", METRIC_OF_AMOUNTS, .decides = true, .correct = true,
			      .format = format_time },
	[METRIC_FLOOR] = { "floor (50 %)", "floor", METRIC_OF_FLOORS, .decides = true, .format = format_bytes },
	[METRIC_PEAK] = { "unreclaimable peak", "peak_unreclaimable_bytes", METRIC_OF_RATIOS, .decides = true,
			  .format = format_bytes },
	[METRIC_GROWTH] = { "growth with work", "growth_bytes_per_mib", METRIC_OF_AMOUNTS, .decides = true,
			    .format = format_growth },
	[METRIC_THROUGHPUT] = { "throughput", "throughput_bytes_per_s", METRIC_OF_RATIOS, .more_is_better = true,
				.format = format_throughput },
	[METRIC_LATENCY] = { "latency (90 %)", "latency_p90_ns", METRIC_OF_RATIOS, .format = format_time },
};

const char *const answer_names[] = { [ANSWER_BETTER] = "better",
				     [ANSWER_WORSE] = "worse",
				     [ANSWER_SAME] = "same",
				     [ANSWER_INCONCLUSIVE] = "inconclusive" };
