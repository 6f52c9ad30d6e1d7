/*
 * The row files of a run, drawn by the plot: samples.csv, requests.csv and
 * app.jsonl, each ended by a NUL.  The first byte says whether the record has an
 * end of its phases, and with it the span of the picture.
 */
#include <jansson.h>
#include <stdlib.h>

#include "fuzz.h"
#include "record/run_list.h"
#include "report/plot.h"
#include "report/report.h"

static const char ended[] =
	"{\"schema\":1,\"id\":\"r\",\"state\":\"finished\",\"phases\":[{\"name\":\"load\",\"start_ns\":0,\"end_ns\":"
	"1000},"
	"{\"name\":\"squeeze\",\"start_ns\":1000,\"end_ns\":2000}],\"scenario\":{\"name\":\"s\",\"sample_hz\":100,"
	"\"server\":{\"canary\":\"/lag_ms\"}},\"facts\":{\"server_end_ns\":900,\"squeezed_usage_bytes\":5},"
	"\"verdict\":{\"outcome\":\"crashed\",\"expected\":[],\"evidence\":[]}}";
static const char unended[] = "{\"schema\":1,\"id\":\"r\",\"state\":\"running\",\"phases\":[{\"name\":\"load\",\"start_"
			      "ns\":0,\"end_ns\":null}],"
			      "\"scenario\":{\"name\":\"s\",\"server\":{\"canary\":\"/a/0\"}}}";

static struct run_list *run_of(bool whole)
{
	static struct run_list lists[2];
	struct run_list *list = &lists[whole];
	if (list->count == 0) {
		json_t *record = json_loads(whole ? ended : unended, 0, NULL);
		json_object_set_new(record, "folder", json_string(fuzz_scratch()));
		if (run_list_add(list, record, NULL) != 0)
			abort();
	}
	return list;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "samples.csv", "requests.csv", "app.jsonl" };
	struct error err = ERROR_INIT;
	if (size == 0)
		return 0;
	bool whole = *data++ & 1;
	size--;
	for (size_t i = 0; i < 3; i++) {
		size_t len;
		const uint8_t *rows = fuzz_part(&data, &size, '\0', &len);
		fuzz_write(names[i], rows, len);
	}
	plot_exporter.write(fuzz_sink(), run_of(whole), &err);
	return 0;
}
