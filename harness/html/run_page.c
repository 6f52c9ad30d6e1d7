#include "html/run_page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "html/layout.h"
#include "html/marks.h"
#include "html/out.h"
#include "html/run_data.h"
#include "html/run_parts.h"
#include "record/gc.h"
#include "report/figures.h"

#define MIB 1048576.0

static const char *size_of(double bytes, char text[UNITS_TEXT_MAX])
{
	return isnan(bytes) ? strcpy(text, "an unknown amount") : units_format_size(units_whole(bytes), text);
}

static const char *time_of(double t_s, char text[UNITS_TEXT_MAX])
{
	return units_format_duration(units_whole(t_s * NS_PER_S), text);
}

/* ---- how the three angles differ ---------------------------------------- */

static void say_charge(FILE *out, const double *row)
{
	char charge[UNITS_TEXT_MAX], held[UNITS_TEXT_MAX], at[UNITS_TEXT_MAX], cache[UNITS_TEXT_MAX],
		kernel[UNITS_TEXT_MAX];
	html_put(
		out,
		"When unreclaimable memory was highest, %t after the server's start, the group was charged %t: %t that "
		"cannot be taken back (%t of it the kernel's own, such as page tables) and %t of page cache, which "
		"can.",
		time_of(row[DATA_TIME], at), size_of(row[DATA_USAGE], charge), size_of(row[DATA_UNRECLAIMABLE], held),
		size_of(row[DATA_KERNEL], kernel), size_of(row[DATA_FILE], cache));
}

static void say_processes(FILE *out, const double *row)
{
	char private[UNITS_TEXT_MAX], resident[UNITS_TEXT_MAX], mapped[UNITS_TEXT_MAX];
	if (isnan(row[DATA_PRIVATE]))
		return;
	html_put(out, " Its processes showed %t resident, of which %t private or shared memory",
		 size_of(row[DATA_RESIDENT], resident), size_of(row[DATA_PRIVATE], private));
	if (row[DATA_RESIDENT] - row[DATA_PRIVATE] > MIB)
		html_put(out,
			 "; the other %t are pages of files, program and libraries, which each process counts for "
			 "itself and the group at most once",
			 size_of(row[DATA_RESIDENT] - row[DATA_PRIVATE], mapped));
	fputc('.', out);
}

static void say_own(FILE *out, const struct run_data *d, const double *row)
{
	char own[UNITS_TEXT_MAX], apart[UNITS_TEXT_MAX];
	double value = run_data_app_at(d, row[DATA_TIME]), missing = row[DATA_PRIVATE] - value;
	if (isnan(value)) {
		fputs(" The server tells no figure of its own memory, or the scenario does not say which it is "
		      "(server.live).",
		      out);
		return;
	}
	html_put(out, " By its own last figure before the server held %t", size_of(value, own));
	if (missing > MIB)
		html_put(out,
			 ": %t less than its processes' private memory. Its own figure is told only now and then, and "
			 "does not see stacks, memory of libraries, and what its allocator keeps after it was freed.",
			 size_of(missing, apart));
	else if (missing < -MIB)
		html_put(out,
			 ": %t more than its processes' private memory. What was asked for and never written to takes "
			 "no memory, and its own figure is told only now and then.",
			 size_of(-missing, apart));
	else
		fputs(": the same to within 1 MiB.", out);
}

static void say_angles(FILE *out, const struct run_data *d)
{
	const double *row = thin_peak(d->samples, DATA_UNRECLAIMABLE);
	char host[UNITS_TEXT_MAX];
	if (row == NULL)
		return;
	fputs("<p id=\"angles-words\">", out);
	say_charge(out, row);
	say_processes(out, row);
	say_own(out, d, row);
	if (!isnan(row[DATA_HOST]))
		html_put(out,
			 " The host held %t for the machine that the server ran in: that machine's own kernel, and "
			 "what it has once used and not given back, are in it.",
			 size_of(row[DATA_HOST], host));
	fputs("</p>\n", out);
}

/* ---- charts ------------------------------------------------------------- */

static const struct chart_figure charts[] = {
	{ "memory", "run-data", "Memory against its cap",
	  "What cannot be taken back, and on top of it page cache, which can. Together they are what the group is "
	  "charged.",
	  "{\"unit\":\"bytes\",\"stack\":true,\"limit\":true,\"tall\":true,\"series\":["
	  "[\"samples\",\"other\",\"other\",3],[\"samples\",\"file\",\"page cache\",2],"
	  "[\"samples\",\"unreclaimable\",\"unreclaimable\",1]]}" },
	{ "kinds", "run-data", "Kinds of memory",
	  "Private memory (anon), shared memory (shmem) and the kernel's own are unreclaimable; unwritten is the part "
	  "of "
	  "page cache that must reach the disk first.",
	  "{\"unit\":\"bytes\",\"series\":[[\"samples\",\"anon\",\"anon\",1],[\"samples\",\"file\",\"page cache\",2],"
	  "[\"samples\",\"kernel\",\"kernel\",4],[\"samples\",\"shmem\",\"shmem\",5],"
	  "[\"samples\",\"unwritten\",\"unwritten\",6]]}" },
	{ "angles", "run-data", "The same memory from three angles",
	  "What the server says of itself, what its processes show, what the group is charged.",
	  "{\"unit\":\"bytes\",\"series\":[[\"app\",\"own\",\"the server's own figure\",5],"
	  "[\"samples\",\"private\",\"processes: private and shared\",1],"
	  "[\"samples\",\"resident\",\"processes: resident\",4],"
	  "[\"samples\",\"unreclaimable\",\"group: unreclaimable\",3],[\"samples\",\"usage\",\"group: charged\",2],"
	  "[\"samples\",\"host\",\"host: for the server's machine\",6,\"maybe\"]]}" },
	{ "in-flight", "run-data", "Requests in flight", "The mean over each stretch, and requests that failed in it.",
	  "{\"unit\":\"count\",\"series\":[[\"requests\",\"in_flight\",\"in flight\",2],"
	  "[\"requests\",\"failed\",\"failed\",1,\"points\"]]}" },
	{ "acknowledged", "run-data", "Bytes acknowledged", "Sum of the uploads that were answered as expected.",
	  "{\"unit\":\"bytes\",\"series\":[[\"requests\",\"acknowledged\",\"acknowledged\",5]]}" },
	{ "latency", "run-data", "Latency",
	  "Fastest and slowest request that ended in each stretch, from its start to its answer; without those that "
	  "failed.",
	  "{\"unit\":\"ms\",\"series\":[[\"requests\",\"slowest\",\"slowest\",1,\"points\"],"
	  "[\"requests\",\"fastest\",\"fastest\",2,\"points\"]]}" },
};
#define CHARTS (sizeof(charts) / sizeof(charts[0]))

static const struct chart_figure last_second = {
	"last-second", "run-data", "The last second before death",
	"Every sample of it; times are seconds before the death.",
	"{\"unit\":\"bytes\",\"stack\":true,\"limit\":true,\"apart\":true,\"series\":["
	"[\"last\",\"other\",\"other\",3],[\"last\",\"file\",\"page cache\",2],"
	"[\"last\",\"unreclaimable\",\"unreclaimable\",1]]}"
};

static void say_thinning(FILE *out, const struct run_data *d)
{
	size_t rows = (size_t)thin_rows(d->samples), together = (size_t)thin_rows_together(d->samples);
	char width[UNITS_TEXT_MAX];
	if (together == 1)
		html_put(out, "<p class=\"note\" id=\"thinning\">All %i samples are in this page.", rows);
	else
		html_put(
			out,
			"<p class=\"note\" id=\"thinning\">Of %i samples the page holds, of each %i in a row, those "
			"with the lowest and the highest value of every kind of memory, at their own times: every peak "
			"is here, what lies between them is left out.",
			rows, together);
	html_put(out, " Requests are put together over stretches of %t.",
		 units_format_duration(d->requests.span_ns / (d->requests.columns > 0 ? d->requests.columns : 1),
				       width));
	if (d->left_out > 0)
		html_put(out, " %i rows of samples made no sense and are left out.", (size_t)d->left_out);
	if (d->unreadable > 0)
		html_put(out, " In %i samples memory could not be read: a gap.", (size_t)d->unreadable);
	fputs("</p>\n", out);
}

static void write_last_second(FILE *out, const struct run_data *d)
{
	struct chart_figure chart = last_second;
	if (thin_rows_together(d->last) > 1)
		chart.words = "Thinned out as said above; times are seconds before the death.";
	layout_chart(out, &chart);
}

static void write_charts(FILE *out, const struct run_data *d)
{
	fputs("<section aria-labelledby=\"over-time\">\n<h2 id=\"over-time\">Over time</h2>\n", out);
	if (thin_rows(d->samples) == 0) {
		char *taken = gc_taken_words(d->run->record);
		html_put(out, "<p class=\"note\">Nothing to draw: %t.</p>\n</section>\n",
			 taken != NULL ? taken : "this run has no samples");
		free(taken);
		return;
	}
	fputs("<p class=\"note hint\">Drag across a chart to zoom, double-click for the whole run; with the keyboard: "
	      "arrows "
	      "move, + and \xe2\x88\x92 zoom, 0 shows the whole run. All charts move together.</p>\n",
	      out);
	marks_write(d->run, d->span_ns, out);
	for (size_t i = 0; i < CHARTS; i++) {
		if (d->requests.requests == 0 && strstr(charts[i].spec, "requests") != NULL)
			continue;
		layout_chart(out, &charts[i]);
		if (strcmp(charts[i].id, "angles") == 0)
			say_angles(out, d);
	}
	if (d->requests.requests == 0)
		fputs("<p class=\"note\">No request ended.</p>\n", out);
	say_thinning(out, d);
	if (thin_rows(d->last) > 1)
		write_last_second(out, d);
	fputs("</section>\n", out);
}

void run_page_write(FILE *out, const struct run_summary *run)
{
	struct error err = ERROR_INIT;
	struct run_data d = { 0 };
	int rc = run_data_read(&d, run, &err);
	layout_begin(out, run->scenario);
	part_verdict(out, run);
	if (rc != 0)
		html_put(out, "<p class=\"note\">Not all could be read: %t</p>\n", err.message);
	write_charts(out, &d);
	part_levels(out, run);
	part_law(out, run);
	part_forecast(out, run);
	part_death(out, run);
	part_aftermath(out, run);
	part_requests(out, run);
	part_log(out, run);
	part_setting(out, run);
	fputs("<script type=\"application/json\" id=\"run-data\">", out);
	run_data_write(&d, out);
	fputs("</script>\n", out);
	layout_end(out);
	run_data_release(&d);
}
