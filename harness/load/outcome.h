/*
 * outcome - what a transfer was, and how it ended: the record that load hands
 * out for each.
 */
#ifndef OOMRIG_LOAD_OUTCOME_H
#define OOMRIG_LOAD_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "load/found.h"

enum request_kind { REQUEST_UPLOAD, REQUEST_DOWNLOAD, REQUEST_RANGE, REQUEST_OTHER, REQUEST_READ_BACK };
extern const char *const request_kind_names[];

/* Does it read a whole object or a part of one? */
bool request_reads(enum request_kind kind);

enum request_verdict { VERIFY_NOT_CHECKED, VERIFY_OK, VERIFY_CORRUPT };

/* How a transfer ended; "vanished", "stalled" and "cut" were our own doing and are no failures. */
enum request_end { END_OK, END_STATUS, END_TRANSPORT, END_VANISHED, END_STALLED, END_CUT };
extern const char *const request_end_names[];

/* One finished transfer: a row of requests.csv.  Times are clock_ns(), 0 where the point was not reached. */
struct load_request {
	uint64_t sequence;
	const char *group; /* borrowed from the scenario */
	unsigned client;
	enum request_kind kind;
	enum request_end end;
	long status;	     /* HTTP status, 0 when none came */
	uint64_t object;     /* number of the object, see objects.h */
	uint64_t offset;     /* of a range */
	uint64_t size_bytes; /* body meant to be sent or received */
	uint64_t sent_bytes; /* body bytes handed to the socket (form and chunk framing not counted) */
	uint64_t received_bytes;
	uint64_t intended_ns; /* when it should have started (open model); else = started_ns */
	uint64_t started_ns, connected_ns, first_byte_ns, finished_ns;
	enum request_verdict verify;
	uint64_t corrupt_at;	 /* first wrong offset when VERIFY_CORRUPT */
	enum object_found found; /* by a read-back … */
	bool acknowledged;	 /* … of an upload that was acknowledged; false: never answered */
	int curl_code;		 /* CURLcode */
	char error[160];	 /* curl's or the answer's text, "" when none */
};

#endif
