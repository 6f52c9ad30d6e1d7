/*
 * A stored run.json: read, judged again, shown alone, side by side with itself
 * and as a picture over rows that are whole, and compared.  A NUL splits the input
 * into the records of two runs.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "campaign/compare.h"
#include "fuzz.h"
#include "judge/judge.h"
#include "record/rejudge.h"
#include "record/run_list.h"
#include "record/store.h"
#include "report/json.h"
#include "report/plot.h"
#include "catalogue/formats.h"
#include "report/story.h"
#include "record/verdict_json.h"

static const char samples[] = "t_ns,usage_bytes,anon_bytes,file_bytes,shmem_bytes,kernel_bytes\n"
			      "0,100,20,70,0,10\n500000000,200,50,unreadable,0,10\n2000000000,900,600,100,,10\n";
static const char requests[] = "started_ns,finished_ns,end\n100,1500000000,ok\n700000000,900000000,status\n";
static const char app[] = "{\"t_ns\":1000000000,\"figures\":{\"lag_ms\":3000}}\n";

static void write_rows(void)
{
	static bool written;
	if (written)
		return;
	fuzz_write("samples.csv", samples, sizeof(samples) - 1);
	fuzz_write("requests.csv", requests, sizeof(requests) - 1);
	fuzz_write("app.jsonl", app, sizeof(app) - 1);
	written = true;
}

static void judge_again(const json_t *record)
{
	struct facts facts;
	struct verdict verdict = { 0 };
	struct expectation expectation;
	struct error err = ERROR_INIT;
	if (rejudge(record, &facts, &verdict, &err) != 0)
		return;
	rejudge_expectation(record, &expectation);
	json_decref(verdict_to_json(&verdict, &facts, &expectation));
	rejudge_expectation_release(&expectation);
	verdict_release(&verdict);
}

static void compare_both(const struct run_list *runs)
{
	const struct compare_options options = COMPARE_DEFAULTS;
	const struct run_list lists[2] = { *runs, *runs };
	const char *const names[2] = { "a", "b" };
	struct comparison_set set;
	struct error err = ERROR_INIT;
	if (compare_set_read(&set, lists, names, &options, &err) == 0)
		for (const struct compare_format *f = compare_formats; f->name != NULL; f++)
			f->write(fuzz_sink(), &set, &err);
	compare_set_release(&set);
}

static void show(const struct run_list *runs)
{
	struct error err = ERROR_INIT;
	for (size_t i = 0; i < runs->count; i++) {
		judge_again(runs->records[i]);
		report_run(fuzz_sink(), &runs->summaries[i]);
		report_line(fuzz_sink(), &runs->summaries[i], NULL);
	}
	report_side_by_side(fuzz_sink(), runs->summaries, runs->count);
	for (size_t i = 0; exporters[i] != NULL; i++)
		exporters[i]->write(fuzz_sink(), runs, &err);
	json_decref(story_json(runs));
	compare_both(runs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run_list runs = { 0 };
	write_rows();
	while (size > 0 && runs.count < 2) {
		size_t len;
		const uint8_t *record = fuzz_part(&data, &size, '\0', &len);
		fuzz_write(STORE_RECORD, record, len);
		if (run_list_read(&runs, fuzz_scratch(), NULL) != 0)
			break;
	}
	if (runs.count > 0)
		show(&runs);
	run_list_release(&runs);
	return 0;
}
