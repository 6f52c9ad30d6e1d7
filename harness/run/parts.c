#include "run/parts.h"

#include <stdio.h>

uint64_t run_elapsed_ns(const struct run *r)
{
	return r->clocks.origin_ns == 0 ? 0 : clock_ns() - r->clocks.origin_ns;
}

void run_note_fault(struct run *r, const struct error *err)
{
	if (r->facts.rig_error[0] != '\0')
		return;
	snprintf(r->facts.rig_error, sizeof(r->facts.rig_error), "%s", err->message);
	r->facts.rig_error_by_server = fact_of(err->code == ERROR_TARGET);
}
