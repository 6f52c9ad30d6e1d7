#include "run/display.h"

#define BARS_MAX 16

void display_update(struct run *r)
{
	struct load_group_progress groups[BARS_MAX];
	struct progress_bar bars[BARS_MAX];
	size_t count = r->load == NULL ? 0 : load_progress(r->load, groups, BARS_MAX);
	for (size_t i = 0; i < count; i++) {
		const struct load_group_progress *g = &groups[i];
		bars[i] = (struct progress_bar){ .name = g->name,
						 .done_bytes = g->done_bytes,
						 .expected_bytes = g->expected_bytes,
						 .done = g->done,
						 .expected = g->expected,
						 .in_flight = g->in_flight,
						 .failed = g->failed,
						 .finished = g->finished };
	}
	const struct memory_sample *m = &r->gather.last.memory;
	struct progress_memory memory = { .cap_bytes = r->isolation ? r->isolation->readback.memory_bytes : FACT_NONE,
					  .usage_bytes = m->field[MEMORY_USAGE],
					  .unreclaimable_bytes = memory_unreclaimable(m),
					  .file_bytes = m->field[MEMORY_FILE] };
	progress_update(r->progress, run_elapsed_ns(r), bars, count, &memory);
}
