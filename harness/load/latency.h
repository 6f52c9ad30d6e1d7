/*
 * latency - a distribution of times in log-spaced bins (GSL histogram, 1 us to
 * 10 h, bins 1 % wide), so that its memory does not grow with the requests.
 */
#ifndef OOMRIG_LOAD_LATENCY_H
#define OOMRIG_LOAD_LATENCY_H

#include <stdint.h>

struct latency;

struct latency *latency_new(void);
void latency_record(struct latency *l, uint64_t ns);
uint64_t latency_count(const struct latency *l);
uint64_t latency_max_ns(const struct latency *l);
/* quantile in 0..1; 0 when nothing was recorded.  Upper edge of the bin, as HdrHistogram reports. */
uint64_t latency_quantile_ns(const struct latency *l, double quantile);
void latency_free(struct latency *l);

#endif
