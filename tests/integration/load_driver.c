/*
 * load_driver - the load generator without scenario, cap and record: one group
 * of clients against a server that already runs.  Prints one JSON object.
 *
 *   load_driver URL [OPTIONS]     load_driver --help
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/macros.h"
#include "base/options.h"
#include "load/load.h"

struct settings {
	const char *kind, *body, *method, *path, *download_path, *id_json;
	uint64_t clients, files, size, up, down, latency, duration, rate, vanish_after, stall_after, stall;
	uint64_t seeks, window, prepare;
	bool chunked, read_back, no_verify, requests, help;
};

static const char *const kinds[] = { "upload", "download", "seek", NULL };
static const char *const bodies[] = { "multipart", "raw", NULL };

#define AT(field) offsetof(struct settings, field)
static const struct option_row rows[] = {
	{ .name = "help", .letter = 'h', .type = OPTION_FLAG, .offset = AT(help), .help = "print this" },
	{ .name = "kind",
	  .type = OPTION_CHOICE,
	  .offset = AT(kind),
	  .argument = "KIND",
	  .default_text = "upload",
	  .choices = kinds,
	  .help = "upload, download or seek (both need --prepare)" },
	{ .name = "clients", .type = OPTION_COUNT, .offset = AT(clients), .argument = "N", .default_text = "3" },
	{ .name = "files", .type = OPTION_COUNT, .offset = AT(files), .argument = "N", .default_text = "1" },
	{ .name = "size", .type = OPTION_SIZE, .offset = AT(size), .argument = "SIZE", .default_text = "618MB" },
	{ .name = "prepare",
	  .type = OPTION_COUNT,
	  .offset = AT(prepare),
	  .argument = "N",
	  .default_text = "0",
	  .help = "objects uploaded first" },
	{ .name = "body",
	  .type = OPTION_CHOICE,
	  .offset = AT(body),
	  .argument = "BODY",
	  .default_text = "raw",
	  .choices = bodies },
	{ .name = "method", .type = OPTION_STRING, .offset = AT(method), .argument = "METHOD" },
	{ .name = "path", .type = OPTION_STRING, .offset = AT(path), .argument = "PATH", .default_text = "/api/entry" },
	{ .name = "download-path",
	  .type = OPTION_STRING,
	  .offset = AT(download_path),
	  .argument = "PATH",
	  .default_text = "/-{id}" },
	{ .name = "id-json",
	  .type = OPTION_STRING,
	  .offset = AT(id_json),
	  .argument = "POINTER",
	  .default_text = "/id" },
	{ .name = "chunked", .type = OPTION_FLAG, .offset = AT(chunked) },
	{ .name = "up", .type = OPTION_RATE, .offset = AT(up), .argument = "RATE" },
	{ .name = "down", .type = OPTION_RATE, .offset = AT(down), .argument = "RATE" },
	{ .name = "latency", .type = OPTION_DURATION, .offset = AT(latency), .argument = "TIME" },
	{ .name = "duration", .type = OPTION_DURATION, .offset = AT(duration), .argument = "TIME" },
	{ .name = "rate", .type = OPTION_COUNT, .offset = AT(rate), .argument = "N", .help = "transfers per second" },
	{ .name = "vanish-after", .type = OPTION_SIZE, .offset = AT(vanish_after), .argument = "SIZE" },
	{ .name = "stall-after", .type = OPTION_SIZE, .offset = AT(stall_after), .argument = "SIZE" },
	{ .name = "stall", .type = OPTION_DURATION, .offset = AT(stall), .argument = "TIME" },
	{ .name = "seeks", .type = OPTION_COUNT, .offset = AT(seeks), .argument = "N", .default_text = "10" },
	{ .name = "window", .type = OPTION_SIZE, .offset = AT(window), .argument = "SIZE", .default_text = "1MiB" },
	{ .name = "read-back", .type = OPTION_FLAG, .offset = AT(read_back) },
	{ .name = "no-verify", .type = OPTION_FLAG, .offset = AT(no_verify) },
	{ .name = "requests", .type = OPTION_FLAG, .offset = AT(requests), .help = "list every transfer" },
	{ .name = NULL },
};

struct driver {
	struct settings settings;
	struct load *load;
	struct load_group prepare, group;
	uint64_t size_item;
	int phase; /* 0 prepare, 1 load, 2 read back */
	struct load_totals before, after;
	struct load_self self;
	uint64_t cpu_ns, wall_ns;
	/* Of the transfers of the load that ended well: body bytes over the time from start to end. */
	double rate_min, rate_max, rate_sum;
	uint64_t rate_count;
	json_t *requests;
	json_t *result;
};

static void request_done(void *arg, const struct load_request *r)
{
	struct driver *d = arg;
	if (d->phase == 1 && r->end == END_OK && r->finished_ns > r->started_ns) {
		uint64_t bytes = r->kind == REQUEST_UPLOAD ? r->sent_bytes : r->received_bytes;
		double rate = (double)bytes / ((double)(r->finished_ns - r->started_ns) / (double)NS_PER_S);
		if (d->rate_count == 0 || rate < d->rate_min)
			d->rate_min = rate;
		if (rate > d->rate_max)
			d->rate_max = rate;
		d->rate_sum += rate;
		d->rate_count++;
	}
	if (r->end != END_OK && json_array_size(d->requests) < 1000 && !d->settings.requests)
		json_array_append_new(d->requests,
				      json_pack("{s:s, s:s}", "end", request_end_names[r->end], "error", r->error));
	if (!d->settings.requests)
		return;
	uint64_t connect_ns = r->connected_ns > 0 ? r->connected_ns - r->started_ns : 0;
	uint64_t first_byte_ns = r->first_byte_ns > 0 ? r->first_byte_ns - r->started_ns : 0;
	json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:i}", "group", r->group, "kind", request_kind_names[r->kind],
				"end", request_end_names[r->end], "error", r->error, "verify", (int)r->verify);
	const struct {
		const char *name;
		uint64_t value;
	} figures[] = {
		{ "sequence", r->sequence },
		{ "client", r->client },
		{ "status", (uint64_t)r->status },
		{ "object", r->object },
		{ "offset", r->offset },
		{ "size", r->size_bytes },
		{ "sent", r->sent_bytes },
		{ "received", r->received_bytes },
		{ "connect_ns", connect_ns },
		{ "first_byte_ns", first_byte_ns },
		{ "total_ns", r->finished_ns - r->intended_ns },
	};
	for (size_t i = 0; i < COUNT(figures); i++)
		json_object_set_new(row, figures[i].name, json_integer((json_int_t)figures[i].value));
	json_array_append_new(d->requests, row);
}

/* VmHWM of /proc/self/status, KiB (proc(5)). */
static uint64_t peak_rss_kib(void)
{
	struct buf status = BUF_INIT;
	unsigned long long kib = 0;
	if (fs_read_file("/proc/self/status", &status, NULL) == 0) {
		const char *line = strstr(buf_str(&status), "VmHWM:");
		if (line != NULL)
			sscanf(line, "VmHWM: %llu", &kib);
	}
	buf_release(&status);
	return kib;
}

static void report(struct driver *d)
{
	struct load_totals *t = &d->after;
	const struct latency *latency = load_group_latency(d->load, 0);
	double cpu_s = (double)d->cpu_ns / (double)NS_PER_S;
	uint64_t moved = t->sent_bytes - d->before.sent_bytes + t->received_bytes - d->before.received_bytes;
	struct load_totals all;
	load_totals(d->load, &all);
	const struct {
		const char *name;
		uint64_t value;
	} figures[] = {
		{ "started", all.started },
		{ "ok", all.ok },
		{ "failed", all.failed },
		{ "cut", all.cut },
		{ "corrupt", all.corrupt },
		{ "sent_bytes", all.sent_bytes },
		{ "received_bytes", all.received_bytes },
		{ "verified_bytes", all.verified_bytes },
		{ "vm_hwm_kib", peak_rss_kib() },
		{ "busy_max_permille", d->self.loop_busy_max_permille },
	};
	const struct {
		const char *name;
		double value;
	} reals[] = {
		{ "wall_s", (double)d->wall_ns / 1e9 },
		{ "cpu_s", cpu_s },
		{ "gb_per_cpu_s", cpu_s > 0 ? (double)moved / 1e9 / cpu_s : 0 },
		{ "rate_min", d->rate_min },
		{ "rate_mean", d->rate_count > 0 ? d->rate_sum / (double)d->rate_count : 0 },
		{ "rate_max", d->rate_max },
		{ "p50_s", (double)latency_quantile_ns(latency, 0.5) / 1e9 },
		{ "p99_s", (double)latency_quantile_ns(latency, 0.99) / 1e9 },
	};
	d->result = json_object();
	for (size_t i = 0; i < COUNT(figures); i++)
		json_object_set_new(d->result, figures[i].name, json_integer((json_int_t)figures[i].value));
	for (size_t i = 0; i < COUNT(reals); i++)
		json_object_set_new(d->result, reals[i].name, json_real(reals[i].value));
	json_object_set_new(d->result, "bottleneck", json_boolean(d->self.bottleneck));
	json_object_set_new(d->result, "requests", d->requests);
}

static void start_load(struct driver *d)
{
	struct error err = ERROR_INIT;
	load_totals(d->load, &d->before);
	d->phase = 1;
	d->cpu_ns = clock_process_cpu_ns();
	d->wall_ns = clock_ns();
	if (load_start(d->load, &d->group, 1, &err) != 0) {
		fprintf(stderr, "%s\n", err.message);
		load_close(d->load, NULL, NULL);
	}
}

static void finished(void *arg)
{
	struct driver *d = arg;
	struct error err = ERROR_INIT;
	if (d->phase == 0) {
		start_load(d);
		return;
	}
	if (d->phase == 1) {
		d->cpu_ns = clock_process_cpu_ns() - d->cpu_ns;
		d->wall_ns = clock_ns() - d->wall_ns;
		load_totals(d->load, &d->after);
		load_self(d->load, &d->self);
		d->phase = 2;
		if (d->settings.read_back && load_start_read_back(d->load, READ_BACK_ASKED, &err) == 0)
			return;
	}
	report(d);
	load_close(d->load, NULL, NULL);
}

static void describe_group(struct driver *d, struct load_group *g)
{
	const struct settings *s = &d->settings;
	d->size_item = s->size;
	*g = (struct load_group){ .name = (char *)"driver", .clients = s->clients, .files = s->files };
	g->kind = GROUP_UPLOAD;
	if (strcmp(s->kind, "upload") != 0)
		g->kind = strcmp(s->kind, "seek") == 0 ? GROUP_SEEK : GROUP_DOWNLOAD;
	g->verify = !s->no_verify;
	g->size = (struct size_list){ &d->size_item, 1 };
	g->body = (char *)s->body;
	g->up_bytes_per_s = s->up;
	g->down_bytes_per_s = s->down;
	g->latency_ns = s->latency;
	g->duration_ns = s->duration;
	g->cut = s->duration > 0;
	g->rate_per_s = (double)s->rate;
	g->vanish_after_bytes = s->vanish_after;
	g->stall_after_bytes = s->stall_after;
	g->stall_ns = s->stall;
	g->seeks = s->seeks;
	g->window_bytes = s->window;
	g->read_back = s->read_back;
	d->prepare = (struct load_group){ .name = (char *)"prepare", .clients = 1, .files = s->prepare };
	d->prepare.kind = GROUP_UPLOAD;
	d->prepare.size = g->size;
	d->prepare.body = g->body;
}

int main(int argc, char **argv)
{
	struct driver d = { .requests = json_array() };
	struct error err = ERROR_INIT;
	struct options_result options;
	if (options_defaults(rows, &d.settings, &err) != 0 ||
	    options_parse(rows, argc, argv, &d.settings, &options, &err) != 0) {
		fprintf(stderr, "load_driver: %s\n", err.message);
		return 2;
	}
	if (d.settings.help || options.help || options.operand_count != 1) {
		puts("load_driver URL [OPTIONS]");
		options_print_help(rows, stdout);
		return d.settings.help || options.help ? 0 : 2;
	}
	if (d.settings.id_json[0] == '\0')
		d.settings.id_json = NULL; /* the id is the object's name */
	struct server_spec spec = { .upload = { .method = (char *)d.settings.method,
						.path = (char *)d.settings.path,
						.body = strcmp(d.settings.body, "raw") == 0 ? BODY_RAW : BODY_MULTIPART,
						.field = (char *)"file",
						.chunked = d.settings.chunked,
						.id_json = (char *)d.settings.id_json },
				    .download = { .path = (char *)d.settings.download_path } };
	struct target_access access = { .spec = &spec, .base_url = options.operands[0], .netns_fd = -1 };
	struct load_callbacks callbacks = { .arg = &d, .request_done = request_done, .finished = finished };
	uv_loop_t loop;
	uv_loop_init(&loop);
	describe_group(&d, &d.group);
	if (load_new(&d.load, &loop, &access, 1, &callbacks, &err) != 0) {
		fprintf(stderr, "load_driver: %s\n", err.message);
		return 3;
	}
	if (d.settings.prepare == 0)
		start_load(&d);
	else if (load_start(d.load, &d.prepare, 1, &err) != 0)
		fprintf(stderr, "load_driver: %s\n", err.message);
	uv_run(&loop, UV_RUN_DEFAULT);
	int leaked = uv_loop_close(&loop);
	if (leaked != 0)
		fprintf(stderr, "load_driver: the loop still has handles\n");
	if (d.result == NULL)
		return 3;
	json_dumpf(d.result, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(d.result);
	return leaked != 0;
}
