#include "load/patience.h"

bool patience_refused(struct patience *p, uint64_t now_ns)
{
	if (p->since_ns == 0)
		p->since_ns = p->last_ns = now_ns;
	if (p->down)
		p->last_ns = now_ns;
	return now_ns - p->last_ns < PATIENCE_NS;
}

void patience_met(struct patience *p, uint64_t now_ns)
{
	if (p->since_ns != 0)
		p->closed_ns += now_ns - p->since_ns;
	p->since_ns = 0;
}
