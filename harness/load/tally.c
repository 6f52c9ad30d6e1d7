#include "load/tally.h"

uint64_t tally_started(struct tally *t)
{
	t->totals->in_flight++;
	t->progress.in_flight++;
	return t->totals->started++;
}

void tally_sent(struct tally *t, uint64_t bytes)
{
	t->totals->sent_bytes += bytes;
	t->totals->sent_in_flight_bytes += bytes;
	t->progress.done_bytes += bytes;
}

void tally_sent_again(struct tally *t, uint64_t bytes)
{
	t->totals->sent_bytes -= bytes;
	t->totals->sent_in_flight_bytes -= bytes;
	t->progress.done_bytes -= bytes;
}

void tally_upload_ended(struct tally *t, uint64_t taken_bytes, uint64_t sent_bytes)
{
	t->totals->sent_in_flight_bytes -= taken_bytes;
	t->totals->sent_bytes -= taken_bytes - sent_bytes;
	t->progress.done_bytes -= taken_bytes - sent_bytes;
}

void tally_waits(struct tally *t, bool first)
{
	t->totals->waiting++;
	t->totals->waited += first;
}

void tally_waits_no_more(struct tally *t)
{
	t->totals->waiting--;
}

void tally_acknowledged(struct tally *t, uint64_t bytes)
{
	t->totals->acknowledged_objects++;
	t->totals->acknowledged_bytes += bytes;
}

void tally_received(struct tally *t, uint64_t bytes)
{
	t->totals->received_bytes += bytes;
	t->progress.done_bytes += bytes;
}

void tally_verified(struct tally *t, uint64_t bytes)
{
	t->totals->verified_bytes += bytes;
}

void tally_ended(struct tally *t, const struct load_request *r)
{
	t->totals->in_flight--;
	t->progress.in_flight--;
	t->progress.done++;
	if (r->verify == VERIFY_CORRUPT)
		t->totals->corrupt++;
	if (r->end == END_VANISHED || r->end == END_STALLED || r->end == END_CUT) {
		t->totals->cut++;
	} else if (r->end != END_OK || r->verify == VERIFY_CORRUPT) {
		t->totals->failed++;
		t->progress.failed++;
	} else {
		t->totals->ok++;
		latency_record(t->latency, r->finished_ns - r->intended_ns);
	}
}
