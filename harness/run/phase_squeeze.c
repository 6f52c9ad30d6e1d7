/* squeeze: the page cache is asked back, so that what cannot be reclaimed is seen. */
#include "base/log.h"
#include "base/units.h"
#include "run/phases.h"

/* Unknown, whatever the reason: the judge takes none of it for page cache then. */
static void note_unreadable(struct run *r, const struct error *err)
{
	struct facts *f = &r->facts;
	log_info("the kernel could not be asked to free the page cache: %s", err->message);
	f->squeezed_usage_bytes = f->squeezed_file_bytes = f->squeezed_unreclaimable_bytes = f->squeezed_kernel_bytes =
		FACT_BROKEN;
}

enum phase_id phase_squeeze_enter(struct run *r)
{
	struct error err = ERROR_INIT;
	gather_phase(&r->gather, GATHER_AFTER);
	if (squeeze_start(&r->squeeze, &r->folders, r->isolation, &r->squeeze_async, &err) == 0)
		return PHASE_STAY;
	note_unreadable(r, &err);
	return phase_next(r);
}

static enum phase_id on_squeezed(struct run *r)
{
	struct facts *f = &r->facts;
	struct error err = ERROR_INIT;
	struct isolation_final after;
	if (squeeze_take(&r->squeeze, &after, &err) != 0) {
		note_unreadable(r, &err);
		return phase_next(r);
	}
	f->squeezed_usage_bytes = after.memory.field[MEMORY_USAGE];
	f->squeezed_file_bytes = after.memory.field[MEMORY_FILE];
	f->squeezed_unreclaimable_bytes = memory_unreclaimable(&after.memory);
	f->squeezed_kernel_bytes = after.memory.field[MEMORY_KERNEL];
	f->squeezed_unclassed_bytes = gather_unclassed(&after.memory);
	return phase_next(r);
}

static enum phase_id on_deadline(struct run *r)
{
	struct error err = ERROR_INIT;
	char text[UNITS_TEXT_MAX];
	error_set(&err, ERROR_SYSTEM, "the kernel was not done with it after %s",
		  units_format_duration(r->scenario->deadline_ns, text));
	note_unreadable(r, &err);
	return phase_next(r);
}

enum phase_id phase_squeeze_event(struct run *r, const struct event *event)
{
	if (event->kind == EVENT_SQUEEZED)
		return on_squeezed(r);
	return event->kind == EVENT_DEADLINE ? on_deadline(r) : phase_default(r, event);
}
