#include "load/outcome.h"

const char *const request_kind_names[] = {
	[REQUEST_UPLOAD] = "upload", [REQUEST_DOWNLOAD] = "download",	[REQUEST_RANGE] = "range",
	[REQUEST_OTHER] = "request", [REQUEST_READ_BACK] = "read-back",
};

const char *const request_end_names[] = {
	[END_OK] = "ok",	   [END_STATUS] = "status", [END_TRANSPORT] = "transport", [END_VANISHED] = "vanished",
	[END_STALLED] = "stalled", [END_CUT] = "cut",
};

bool request_reads(enum request_kind kind)
{
	return kind == REQUEST_DOWNLOAD || kind == REQUEST_RANGE || kind == REQUEST_READ_BACK;
}
