#include "load/handles.h"

#include <stddef.h>

void handles_opened(struct handles *h)
{
	h->open++;
}

void handles_closed(struct handles *h)
{
	if (--h->open == 0 && h->all_closed != NULL)
		h->all_closed(h->arg);
}

void handles_when_closed(struct handles *h, void (*all_closed)(void *arg), void *arg)
{
	h->all_closed = all_closed;
	h->arg = arg;
}
