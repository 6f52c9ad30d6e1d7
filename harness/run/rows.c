#include "run/rows.h"

#include <inttypes.h>
#include "base/text.h"

void request_csv_header(struct buf *out)
{
	buf_adds(out, "sequence,phase,group,client,kind,end,status,object,offset,size_bytes,sent_bytes,received_bytes,"
		      "intended_ns,started_ns,connected_ns,first_byte_ns,finished_ns,verified,corrupt_at,curl_code,"
		      "error,death");
}

/* A point in time that was not reached is an empty cell. */
static void add_time(struct buf *out, uint64_t t_ns, uint64_t origin_ns)
{
	buf_addc(out, ',');
	if (t_ns != 0)
		buf_addf(out, "%" PRId64, (int64_t)(t_ns - origin_ns));
}

void request_csv_row(const struct load_request *r, const char *phase, unsigned death, uint64_t origin_ns,
		     struct buf *out)
{
	static const char *const verified[] = {
		[VERIFY_NOT_CHECKED] = "", [VERIFY_OK] = "yes", [VERIFY_CORRUPT] = "corrupt"
	};
	buf_addf(out, "%" PRIu64 ",%s,", r->sequence, phase);
	text_add_csv(out, r->group);
	buf_addf(out, ",%u,%s,%s,%ld,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64, r->client,
		 request_kind_names[r->kind], request_end_names[r->end], r->status, r->object, r->offset, r->size_bytes,
		 r->sent_bytes, r->received_bytes);
	add_time(out, r->intended_ns, origin_ns);
	add_time(out, r->started_ns, origin_ns);
	add_time(out, r->connected_ns, origin_ns);
	add_time(out, r->first_byte_ns, origin_ns);
	add_time(out, r->finished_ns, origin_ns);
	buf_addf(out, ",%s,", verified[r->verify]);
	if (r->verify == VERIFY_CORRUPT)
		buf_addf(out, "%" PRIu64, r->corrupt_at);
	buf_addf(out, ",%d,", r->curl_code);
	text_add_csv(out, r->error);
	buf_addc(out, ',');
	if (death > 0)
		buf_addf(out, "%u", death);
}
