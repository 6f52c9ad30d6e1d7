#include "record/requests.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

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

int requests_open(struct requests *r, const char *folder, struct error *err)
{
	char *path = xasprintf("%s/" REQUESTS_FILE, folder);
	int rc = csv_open(&r->csv, path, err);
	free(path);
	r->bad = false;
	if (rc <= 0)
		return rc;
	r->started = csv_column(&r->csv, "started_ns");
	r->finished = csv_column(&r->csv, "finished_ns");
	r->end = csv_column(&r->csv, "end");
	r->kind = csv_column(&r->csv, "kind");
	r->size = csv_column(&r->csv, "size_bytes");
	return rc;
}

static bool read_acknowledged(struct requests *r)
{
	r->acknowledged_bytes = FACT_NONE;
	if (r->kind < 0 || strcmp(r->csv.cells[r->kind], request_kind_names[REQUEST_UPLOAD]) != 0 ||
	    strcmp(r->csv.cells[r->end], request_end_names[END_OK]) != 0)
		return true;
	return csv_fact(&r->csv, r->size, &r->acknowledged_bytes) == 0;
}

static bool read_row(struct requests *r)
{
	struct fact finished;
	if (r->csv.cell_count != r->csv.columns || r->end < 0 || csv_fact(&r->csv, r->started, &r->started_ns) != 0 ||
	    csv_fact(&r->csv, r->finished, &finished) != 0 || !fact_known(finished))
		return false;
	r->finished_ns = finished.value;
	const char *end = r->csv.cells[r->end];
	r->failed =
		strcmp(end, request_end_names[END_STATUS]) == 0 || strcmp(end, request_end_names[END_TRANSPORT]) == 0;
	return read_acknowledged(r) && (!fact_known(r->started_ns) || r->started_ns.value <= r->finished_ns);
}

int requests_next(struct requests *r, struct error *err)
{
	int rc = csv_next(&r->csv, err);
	r->bad = rc > 0 && !read_row(r);
	return rc;
}

void requests_close(struct requests *r)
{
	csv_close(&r->csv);
}
