#include "load/stream_end.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

static void describe_refusal(const struct stream *s, long status, char *out, size_t size)
{
	if (s->why[0] != '\0') {
		snprintf(out, size, "%s", s->why);
		return;
	}
	/* Shown before it is cut: half a secret would not be known for one. */
	struct buf shown = BUF_INIT;
	text_add_answer(&shown, buf_str(&s->answer), s->answer.len);
	snprintf(out, size, "answered %ld%s%s", status, shown.len > 0 ? ": " : "", buf_str(&shown));
	buf_release(&shown);
}

/* The id from the answer; keeps the object.  False: there is none, said in out. */
static bool acknowledge(struct stream *s, char *out, size_t size)
{
	struct shared *shared = s->ground->shared;
	struct error err = ERROR_INIT;
	struct buf id = BUF_INIT;
	char name[OBJECT_NAME_MAX];

	object_name(&s->object, name);
	if (request_find_id(&shared->access->spec->upload, name, s->ground->http->easy, &s->answer, &id, &err) != 0) {
		snprintf(out, size, "%s", err.message);
		buf_release(&id);
		return false;
	}
	struct object object = s->object;
	object.acknowledged = true;
	objects_add(shared->objects, &object, buf_detach(&id));
	tally_acknowledged(&shared->tally, object.size_bytes);
	return true;
}

/* Our own doing first, then what curl says, then what the answer says. */
static enum request_end judge_end(struct stream *s, CURLcode result, struct load_request *r)
{
	if (s->given_up) {
		if (s->own_end == END_TRANSPORT)
			snprintf(r->error, sizeof(r->error), "%s", s->why);
		return s->own_end;
	}
	bool hung_up_on_refusal = result == CURLE_WRITE_ERROR && s->judged && s->refused;
	if (result != CURLE_OK && !s->window_read && !hung_up_on_refusal) {
		snprintf(r->error, sizeof(r->error), "%s",
			 s->why[0] != '\0'		    ? s->why
			 : s->ground->curl_error[0] != '\0' ? s->ground->curl_error
							    : curl_easy_strerror(result));
		return END_TRANSPORT;
	}
	if (!stream_judge(s)) {
		describe_refusal(s, r->status, r->error, sizeof(r->error));
		return END_STATUS;
	}
	if (s->kind == REQUEST_UPLOAD && s->done < s->wanted) {
		snprintf(r->error, sizeof(r->error), "answered %ld after %" PRIu64 " of %" PRIu64 " bytes", r->status,
			 s->done, s->wanted);
		return END_STATUS;
	}
	if (s->kind == REQUEST_UPLOAD && !acknowledge(s, r->error, sizeof(r->error)))
		return END_STATUS;
	return END_OK;
}

/*
 * Wrong bytes are corrupt however the transfer ended; missing ones only when
 * the answer claimed to be complete, because a connection that broke proves
 * nothing about the object.  A read-back is stricter: an acknowledged object
 * that is refused or breaks off after an answer began is not there.
 */
static enum request_verdict judge_bytes(struct stream *s, enum request_end end, enum object_found found,
					uint64_t *corrupt_at)
{
	if (!request_reads(s->kind))
		return VERIFY_NOT_CHECKED;
	if (s->kind == REQUEST_READ_BACK && !s->object.acknowledged)
		return found == FOUND_INTACT ? VERIFY_OK : VERIFY_NOT_CHECKED;
	*corrupt_at = s->corrupt_at;
	if (s->corrupt)
		return VERIFY_CORRUPT;
	bool complete = end == END_OK ||
			(s->kind == REQUEST_READ_BACK && s->first_byte_ns > 0 && !s->given_up && end != END_CUT);
	*corrupt_at = s->offset + s->done;
	if (complete && (s->done < s->wanted || end != END_OK || s->excess > 0))
		return VERIFY_CORRUPT;
	*corrupt_at = 0;
	return end == END_OK && s->ground->shared->verify ? VERIFY_OK : VERIFY_NOT_CHECKED;
}

static enum object_found look_found(struct stream *s)
{
	bool answered = s->first_byte_ns > 0 && !s->given_up;
	const struct found_answer answer = { .answered = answered,
					     .refused = answered && !stream_judge(s),
					     .wrong = s->corrupt,
					     .wanted = s->wanted,
					     .done = s->done,
					     .excess = s->excess };
	return s->kind == REQUEST_READ_BACK ? found_judge(&answer) : FOUND_NOT_LOOKED;
}

static void describe_corruption(const struct stream *s, struct load_request *r)
{
	char told[sizeof(r->error)];
	snprintf(told, sizeof(told), "%s", r->error);
	const char *what = s->kind == REQUEST_READ_BACK ? "acknowledged object" : "object";
	if (s->corrupt)
		snprintf(r->error, sizeof(r->error), "%s %" PRIu64 " (id %.40s): wrong byte at %" PRIu64 " of %" PRIu64,
			 what, s->object.number, s->object.id, s->corrupt_at, s->object.size_bytes);
	else if (s->done < s->wanted)
		snprintf(r->error, sizeof(r->error),
			 "%s %" PRIu64 " (id %.40s) reads back %" PRIu64 " of %" PRIu64 " bytes%s%s", what,
			 s->object.number, s->object.id, s->done, s->wanted, told[0] != '\0' ? ": " : "", told);
	else
		snprintf(r->error, sizeof(r->error), "%s %" PRIu64 " (id %.40s) reads back %" PRIu64 " bytes too many",
			 what, s->object.number, s->object.id, s->excess);
}

void stream_end(struct stream *s, CURLcode result, struct load_request *r)
{
	if (s->has_stalled && !s->given_up) {
		/* Whoever hung up on a client that said nothing more was right to. */
		stream_give_up(s, END_STALLED);
		if (result != CURLE_OK)
			snprintf(r->error, sizeof(r->error), "%s", s->ground->curl_error);
	}
	r->end = judge_end(s, result, r);
	r->acknowledged = s->object.acknowledged;
	r->found = look_found(s);
	r->verify = judge_bytes(s, r->end, r->found, &r->corrupt_at);
	if (r->verify == VERIFY_CORRUPT)
		describe_corruption(s, r);
}

void stream_end_unanswered(const struct stream *s, const struct load_request *r, bool load_stopped)
{
	const struct upload_spec *upload = &s->ground->shared->access->spec->upload;
	bool broken = r->end == END_TRANSPORT || (r->end == END_CUT && load_stopped);
	char name[OBJECT_NAME_MAX];
	if (s->kind == REQUEST_UPLOAD && broken && r->status == 0 && s->done > 0 && upload->id_json == NULL &&
	    upload->id_header == NULL)
		objects_add(s->ground->shared->objects, &s->object, xstrdup(object_name(&s->object, name)));
}
