#include "run/patience.h"

#include "base/macros.h"

struct scenario patience_in_machine(const struct scenario *s, uint64_t times)
{
	struct scenario out = *s;
	uint64_t *const waits[] = { &out.deadline_ns, &out.server.ready_timeout_ns, &out.server.login_timeout_ns,
				    &out.server.health_deadline_ns, &out.server.collect_deadline_ns };

	for (size_t i = 0; i < COUNT(waits); i++)
		*waits[i] *= times;
	return out;
}
