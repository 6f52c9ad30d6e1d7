#include "scenario/schema.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/nearest.h"
#include "scenario/words.h"

#define KIB 1024ULL
#define MIB (1024 * KIB)
#define TIB (1024 * 1024 * MIB)
#define HOUR_NS (3600 * NS_PER_S)
#define DAY_NS (24 * HOUR_NS)
#define PORT_MAX 65535

/* Indexed by the enums of scenario.h. */
static const char *const body_names[] = { [BODY_MULTIPART] = "multipart", [BODY_RAW] = "raw", NULL };
static const char *const ready_names[] = { [READY_HTTP] = "http", [READY_TCP] = "tcp", [READY_LOG] = "log", NULL };
static const char *const group_names[] = { [GROUP_UPLOAD] = "upload",
					   [GROUP_DOWNLOAD] = "download",
					   [GROUP_SEEK] = "seek",
					   [GROUP_REQUEST] = "request",
					   NULL };
static const char *const folder_names[] = { [FOLDER_DISK] = "disk", [FOLDER_RAM] = "ram", NULL };
static const char *const failure_names[] = {
	[FAILURES_ANY] = "any", [FAILURES_NONE] = "none", [FAILURES_SOME] = "some", NULL
};
static const char *const warm_up_names[] = { "auto", "off", NULL };
static const char *const crash_names[] = {
	[CRASH_STOP] = "stop", [CRASH_READ_BACK] = "read-back", [CRASH_RESTART] = "restart", NULL
};
static const char *const scheme_names[] = { "http", "https", NULL };

/* One row; further fields (.max = …, .choices = …) may follow the meaning. */
#define ROW(key, kind, at, default_as_text, meaning, ...)                                                              \
	{                                                                                                              \
		.name = (key), .type = (kind), .offset = (at), .default_text = (default_as_text), .doc = (meaning),    \
		__VA_ARGS__                                                                                            \
	}

#define REQUEST_AT(base, field) ((base) + offsetof(struct request_spec, field))

/* The keys of a request_spec that starts base bytes into the table's struct. */
#define REQUEST_ROWS(base, method_default)                                                                             \
	ROW("method", KEY_TEXT, REQUEST_AT(base, method), method_default, "HTTP method"),                              \
		ROW("path", KEY_TEXT, REQUEST_AT(base, path), NULL,                                                    \
		    "template of the path, query included, or of a full URL; without it there is no such request"),    \
		ROW("headers", KEY_MAP, REQUEST_AT(base, headers), NULL, "request headers, templates"),                \
		ROW("form", KEY_MAP, REQUEST_AT(base, form), NULL,                                                     \
		    "fields sent as application/x-www-form-urlencoded, templates"),                                    \
		ROW("body", KEY_TEXT, REQUEST_AT(base, body), NULL, "body sent as it is; its type goes into headers"), \
		ROW("status", KEY_COUNT, REQUEST_AT(base, status), "0", "status that counts as success; 0: any 2xx",   \
		    .max = 599)

static const struct key_row get_keys[] = { REQUEST_ROWS(0, "GET"), { .name = NULL } };

/* Readiness, health and collection carry figures of struct server_spec beside their request: their tables describe it
 * whole. */
#define SERVER_AT(field) offsetof(struct server_spec, field)

static const struct key_row ready_keys[] = {
	ROW("by", KEY_CHOICE, SERVER_AT(ready_kind), "tcp",
	    "how the server shows that it is ready: it answers the request below, accepts a connection, or prints a "
	    "text",
	    .choices = ready_names),
	ROW("text", KEY_TEXT, SERVER_AT(ready_log), NULL, "by log: text that appears in its output"),
	ROW("timeout", KEY_DURATION, SERVER_AT(ready_timeout_ns), "10s",
	    "not ready after this long: the run is invalid", .min = NS_PER_MS, .max = HOUR_NS),
	REQUEST_ROWS(SERVER_AT(ready), "GET"),
	{ .name = NULL },
};

static const struct key_row login_keys[] = {
	ROW("timeout", KEY_DURATION, SERVER_AT(login_timeout_ns), "10s",
	    "not answered after this long: the run is invalid", .min = NS_PER_MS, .max = HOUR_NS),
	REQUEST_ROWS(SERVER_AT(login), "POST"),
	{ .name = NULL },
};

static const struct key_row health_keys[] = {
	ROW("deadline", KEY_DURATION, SERVER_AT(health_deadline_ns), "5s",
	    "unanswered for longer than this: the server has stalled", .min = NS_PER_MS, .max = HOUR_NS),
	REQUEST_ROWS(SERVER_AT(health), "GET"),
	{ .name = NULL },
};

static const struct key_row collect_keys[] = {
	ROW("deadline", KEY_DURATION, SERVER_AT(collect_deadline_ns), "10s",
	    "not answered after this long: the run is invalid", .min = NS_PER_MS, .max = HOUR_NS),
	REQUEST_ROWS(SERVER_AT(collect), "POST"),
	{ .name = NULL },
};

#define UPLOAD_AT(field) offsetof(struct upload_spec, field)

static const struct key_row upload_keys[] = {
	ROW("method", KEY_TEXT, UPLOAD_AT(method), "POST", "HTTP method"),
	ROW("path", KEY_TEXT, UPLOAD_AT(path), NULL,
	    "template of the path, query included; may hold {name}, {size} and {type} of the object"),
	ROW("body", KEY_CHOICE, UPLOAD_AT(body), "multipart", "a form with a file part, or the bytes themselves",
	    .choices = body_names),
	ROW("field", KEY_TEXT, UPLOAD_AT(field), "file", "multipart: name of the file's field"),
	ROW("filename", KEY_TEXT, UPLOAD_AT(filename), "{name}", "multipart: file name sent, a template"),
	ROW("content_type", KEY_TEXT, UPLOAD_AT(content_type), "application/octet-stream",
	    "type of the file part or of the raw body"),
	ROW("fields", KEY_MAP, UPLOAD_AT(fields), NULL,
	    "multipart: further form fields, templates, sent before the file"),
	ROW("headers", KEY_MAP, UPLOAD_AT(headers), NULL, "request headers, templates"),
	ROW("chunked", KEY_BOOL, UPLOAD_AT(chunked), "false",
	    "raw: Transfer-Encoding: chunked instead of Content-Length"),
	ROW("id_json", KEY_TEXT, UPLOAD_AT(id_json), NULL, "JSON pointer to the new object's id in the answer",
	    .check = words_check_json_pointer),
	ROW("id_header", KEY_TEXT, UPLOAD_AT(id_header), NULL,
	    "response header whose last path segment is the id; with neither, the id is {name}"),
	{ .name = NULL },
};

const struct key_row server_keys[] = {
	ROW("use", KEY_TEXT, SERVER_AT(use), NULL,
	    "name of a description in servers/NAME.yaml beside the scenario or above it; the keys given here refine "
	    "it"),
	ROW("description", KEY_TEXT, SERVER_AT(description), NULL, "one line for people"),
	ROW("preset", KEY_TEXT, SERVER_AT(preset), NULL,
	    "named combination of behaviours, for {preset} in the command"),
	ROW("presets", KEY_TEXT_LIST, SERVER_AT(presets), NULL,
	    "the presets that there are: another one is an error; without it any will do"),
	ROW("behaviours", KEY_MAP, SERVER_AT(behaviours), NULL,
	    "single behaviours, appended to the command as --KEY VALUE"),
	ROW("command", KEY_TEXT_LIST, SERVER_AT(command), NULL,
	    "program and arguments, templates: {port} {debug_port} {host} {data} {tmp} {scenario_dir} {bin} {preset} "
	    "{seed}"),
	ROW("args", KEY_TEXT_LIST, SERVER_AT(args), NULL, "further arguments after the command's own"),
	ROW("env", KEY_MAP, SERVER_AT(env), NULL, "environment added to ours, templates"),
	ROW("cwd", KEY_TEXT, SERVER_AT(cwd), NULL, "working folder, a template; absent: {data}"),
	ROW("files", KEY_MAP, SERVER_AT(files), NULL,
	    "files written before the start, path: contents, both templates (in contents {{ is a literal brace)"),
	ROW("scheme", KEY_TEXT, SERVER_AT(scheme), "http", "scheme of its URLs", .choices = scheme_names),
	ROW("host", KEY_TEXT, SERVER_AT(host), "127.0.0.1", "address it listens on"),
	ROW("port", KEY_COUNT, SERVER_AT(port), "0", "port it listens on; 0: any free one, handed over as {port}",
	    .max = PORT_MAX),
	ROW("network_namespace", KEY_BOOL, SERVER_AT(network_namespace), "false",
	    "run it in a network namespace of its own, for servers that insist on binding every address"),
	ROW("stop_timeout", KEY_DURATION, SERVER_AT(stop_timeout_ns), "5s",
	    "time between SIGTERM and SIGKILL at the end", .min = NS_PER_MS, .max = HOUR_NS),
	ROW("ready", KEY_TABLE, 0, NULL, NULL, .table = ready_keys),
	ROW("login", KEY_TABLE, 0, NULL, NULL, .table = login_keys),
	ROW("upload", KEY_TABLE, SERVER_AT(upload), NULL, NULL, .table = upload_keys),
	ROW("download", KEY_TABLE, SERVER_AT(download), NULL, NULL, .table = get_keys),
	ROW("health", KEY_TABLE, 0, NULL, NULL, .table = health_keys),
	ROW("debug", KEY_TABLE, SERVER_AT(debug), NULL, NULL, .table = get_keys),
	ROW("collect", KEY_TABLE, 0, NULL, NULL, .table = collect_keys),
	ROW("live", KEY_TEXT, SERVER_AT(live_json), NULL,
	    "JSON pointer into the debug figures: bytes that the server itself holds in use; known without it for "
	    "Node.js and Go",
	    .check = words_check_json_pointer),
	ROW("canary", KEY_TEXT, SERVER_AT(canary_json), NULL,
	    "JSON pointer into the debug figures: milliseconds that the server's clean-up is behind",
	    .check = words_check_json_pointer),
	ROW("maintenance", KEY_TEXT, SERVER_AT(maintenance_json), NULL,
	    "JSON pointer into the debug figures: passes of maintenance that the server has finished; memory after "
	    "each "
	    "is compared with the one before",
	    .check = words_check_json_pointer),
	{ .name = NULL },
};

#define GROUP_AT(field) offsetof(struct load_group, field)

const struct key_row group_keys[] = {
	ROW("name", KEY_TEXT, GROUP_AT(name), NULL, "for people and for --set; absent: KIND-NUMBER"),
	ROW("kind", KEY_CHOICE, GROUP_AT(kind), "upload",
	    "what each client does: uploads, whole downloads, range reads like a video player, or small requests",
	    .choices = group_names),
	ROW("clients", KEY_COUNT, GROUP_AT(clients), "1", "clients at once, each with a connection of its own",
	    .min = 1, .max = 100000),
	ROW("files", KEY_COUNT, GROUP_AT(files), "1",
	    "transfers per client, one after the other; 0: until duration is over"),
	ROW("size", KEY_SIZE_LIST, GROUP_AT(size), NULL, "bytes per upload; several values are taken in turn",
	    .max = 64 * TIB),
	ROW("file", KEY_TEXT, GROUP_AT(file), NULL,
	    "a file to upload instead of generated bytes; relative to the scenario file"),
	ROW("body", KEY_TEXT, GROUP_AT(body), NULL, "overrides server.upload.body for this group",
	    .choices = body_names),
	ROW("method", KEY_TEXT, GROUP_AT(method), NULL, "overrides server.upload.method for this group"),
	ROW("start", KEY_DURATION, GROUP_AT(start_ns), "0s", "delay after the load phase began", .max = DAY_NS),
	ROW("stagger", KEY_DURATION, GROUP_AT(stagger_ns), "0s", "delay between the starts of two clients",
	    .max = HOUR_NS),
	ROW("duration", KEY_DURATION, GROUP_AT(duration_ns), "none", "no new transfer after this long", .max = DAY_NS),
	ROW("timeout", KEY_DURATION, GROUP_AT(timeout_ns), "none",
	    "a transfer that has not ended after this long is given up and counts as failed", .max = DAY_NS),
	ROW("cut", KEY_BOOL, GROUP_AT(cut), "false",
	    "cut transfers that still run when duration is over; they count as cut, not as failed"),
	ROW("rate_per_s", KEY_NUMBER, GROUP_AT(rate_per_s), "0",
	    "transfers started per second over the whole group, whether or not earlier ones are done; 0: each client "
	    "starts its next one when the last is done",
	    .max = 1000000),
	ROW("network", KEY_TEXT, GROUP_AT(network), NULL,
	    "preset that gives up, down and latency where they are not given", .check = words_check_network),
	ROW("up", KEY_RATE, GROUP_AT(up_bytes_per_s), "none", "each client sends at most this fast"),
	ROW("down", KEY_RATE, GROUP_AT(down_bytes_per_s), "none", "each client reads at most this fast"),
	ROW("latency", KEY_DURATION, GROUP_AT(latency_ns), "0s", "added before the first byte of each transfer",
	    .max = 600 * NS_PER_S),
	ROW("vanish_after", KEY_SIZE, GROUP_AT(vanish_after_bytes), "none",
	    "close the connection after that many bytes of a transfer, without a word"),
	ROW("stall_after", KEY_SIZE, GROUP_AT(stall_after_bytes), "none",
	    "stop sending or reading after that many bytes, but stay connected"),
	ROW("stall", KEY_DURATION, GROUP_AT(stall_ns), "none",
	    "how long a stalled client stays; none: until the load ends", .max = DAY_NS),
	ROW("seeks", KEY_COUNT, GROUP_AT(seeks), "10", "seek: positions read per file", .min = 1, .max = 1000000),
	ROW("window", KEY_SIZE, GROUP_AT(window_bytes), "1MiB", "seek: bytes read at each position", .min = 1,
	    .max = TIB),
	ROW("think", KEY_DURATION, GROUP_AT(think_ns), "0s", "pause of a client between two transfers or positions",
	    .max = DAY_NS),
	ROW("verify", KEY_BOOL, GROUP_AT(verify), "true", "compare every byte received with what was uploaded"),
	ROW("read_back", KEY_BOOL, GROUP_AT(read_back), "false",
	    "upload: after the load, download everything that was acknowledged and compare it"),
	ROW("request", KEY_TABLE, GROUP_AT(request), NULL, NULL, .table = get_keys),
	{ .name = NULL },
};

#define SCENARIO_AT(field) offsetof(struct scenario, field)

const struct key_row scenario_keys[] = {
	ROW("name", KEY_TEXT, SCENARIO_AT(name), NULL, "absent: the file's name without .yaml"),
	ROW("question", KEY_TEXT, SCENARIO_AT(question), NULL, "what the run answers"),
	ROW("why", KEY_TEXT, SCENARIO_AT(why), NULL, "the reason for its numbers"),
	ROW("expect", KEY_TEXT_LIST, SCENARIO_AT(expect), "grew,steady",
	    "verdicts that are as expected, \"outcome\" or \"outcome/cause\"; any of them",
	    .check = words_check_expect),
	ROW("expect_data_loss", KEY_BOOL, SCENARIO_AT(expect_data_loss), "false",
	    "whether what was acknowledged is expected to read back wrong; either way a surprise fails the run"),
	ROW("expect_failures", KEY_CHOICE, SCENARIO_AT(expect_failures), "any",
	    "whether requests are expected to fail; a surprise fails the run", .choices = failure_names),
	ROW("expect_figures", KEY_TEXT_LIST, SCENARIO_AT(expect_figures), NULL,
	    "what recorded figures are expected to be, all of them: \"peak_wal_bytes > 64MiB\", \"canary_lag_ns "
	    "absent\" (<, <=, >, >=, =); oomrig list --figures tells which there are"),
	ROW("requires", KEY_TEXT_LIST, SCENARIO_AT(required), NULL,
	    "what the host must have, or the run is skipped: swap", .check = words_check_requirement),
	ROW("tags", KEY_TEXT_LIST, SCENARIO_AT(tags), NULL, "words to select scenarios by"),
	ROW("secret", KEY_TEXT_LIST, SCENARIO_AT(secret), NULL,
	    "names of headers, form fields, environment variables, files, options or of the keys body and path whose "
	    "values are written as *** in every record and report; what is called authorization, cookie, token, "
	    "password, secret, key or the like is so by itself"),
	ROW("isolation", KEY_TEXT, SCENARIO_AT(isolation), "auto",
	    "backend that caps the server (oomrig doctor lists those of this host), or auto; machine is never chosen "
	    "by "
	    "itself"),
	ROW("memory", KEY_SIZE, SCENARIO_AT(memory_bytes), "none", "memory cap around the server", .max = 64 * TIB,
	    .none_by_word = true),
	ROW("swap", KEY_SIZE, SCENARIO_AT(swap_bytes), "none", "swap the server may use beyond the cap",
	    .max = 64 * TIB),
	ROW("memory_high", KEY_SIZE, SCENARIO_AT(memory_high_bytes), "none",
	    "charge from which on the kernel slows the server down (memory.high of cgroup v2; an error elsewhere)",
	    .max = 64 * TIB, .none_by_word = true),
	ROW("oom_group", KEY_BOOL, SCENARIO_AT(oom_group), "false",
	    "running out of memory kills all of the server's processes at once (memory.oom.group of cgroup v2; an "
	    "error elsewhere)"),
	ROW("data_rate", KEY_RATE, SCENARIO_AT(data_bytes_per_s), "none",
	    "speed of the disk under {data} and {tmp}, reading and writing together; needs isolation: machine",
	    .max = 64 * TIB),
	ROW("dirty_ratio", KEY_COUNT, SCENARIO_AT(dirty_ratio), "0",
	    "vm.dirty_ratio in per cent, vm.dirty_background_ratio becomes 1; 0: as the kernel has it; needs "
	    "isolation: machine",
	    .max = 100),
	ROW("data", KEY_CHOICE, SCENARIO_AT(data), "disk", "where {data} lies; ram is a tmpfs charged to the server",
	    .choices = folder_names),
	ROW("data_allow_tmpfs", KEY_BOOL, SCENARIO_AT(data_allow_tmpfs), "false",
	    "accept a {data} that happens to lie on tmpfs although data is disk"),
	ROW("tmp", KEY_CHOICE, SCENARIO_AT(tmp), "disk", "where {tmp} lies; ram is a tmpfs charged to the server",
	    .choices = folder_names),
	ROW("seed", KEY_COUNT, SCENARIO_AT(seed), "1", "of the payloads and of every random choice"),
	ROW("sample_hz", KEY_COUNT, SCENARIO_AT(sample_hz), "100",
	    "samples per second; denser by itself while memory moves fast", .min = 1, .max = 1000),
	ROW("baseline", KEY_DURATION, SCENARIO_AT(baseline_ns), "500ms", "idle time before the load", .max = HOUR_NS),
	ROW("settle", KEY_DURATION, SCENARIO_AT(settle_ns), "2s",
	    "idle time after the load: does memory come back down?", .max = HOUR_NS),
	ROW("deadline", KEY_DURATION, SCENARIO_AT(deadline_ns), "60s",
	    "the load is cut after this long and the run is invalid", .min = NS_PER_MS, .max = DAY_NS),
	ROW("warm_up", KEY_CHOICE, SCENARIO_AT(warm_up), "auto",
	    "auto: rounds of one file for each client before the baseline, until the level of memory stands still, so "
	    "that "
	    "what a server takes once does not count as growth; not where a crash is expected, on_crash goes on, or "
	    "rounds "
	    "vary the load, nor of groups with less than 8 files for each client",
	    .choices = warm_up_names),
	ROW("runs", KEY_COUNT, SCENARIO_AT(runs), "1", "repetitions", .min = 1, .max = 100000),
	ROW("on_crash", KEY_CHOICE, SCENARIO_AT(on_crash), "stop",
	    "when the server dies: end the run; start it once more and read back all that was acknowledged; or start "
	    "it "
	    "again and go on with the load",
	    .choices = crash_names),
	ROW("restarts", KEY_COUNT, SCENARIO_AT(restarts), "10",
	    "on_crash restart: at most so many, then the load is cut", .min = 1, .max = 63),
	ROW("rounds", KEY_COUNT, SCENARIO_AT(rounds), "1",
	    "the load this many times, with once or three times the clients and once or twice the files and sizes; "
	    "from 7 "
	    "on the verdict names the growth law, 9 give each combination once, 17 twice",
	    .min = 1, .max = 32),
	ROW("prepare", KEY_GROUPS, SCENARIO_AT(prepare), NULL,
	    "groups that run one after the other before the baseline: the objects that downloads and seeks read; their "
	    "keys are those of load",
	    .table = group_keys),
	ROW("load", KEY_GROUPS, SCENARIO_AT(load), NULL, "groups that run at once", .table = group_keys),
	ROW("server", KEY_TABLE, SCENARIO_AT(server), NULL, NULL, .table = server_keys),
	{ .name = NULL },
};

const struct key_row *schema_find(const struct key_row *rows, const char *name, size_t len)
{
	for (; rows->name != NULL; rows++)
		if (strlen(rows->name) == len && memcmp(rows->name, name, len) == 0)
			return rows;
	return NULL;
}

/* "prepare" and "load" share their table: it is walked under the latter. */
static bool table_comes_again(const struct key_row *row)
{
	return row->table == row[1].table && row[1].name != NULL;
}

static void walk(const struct key_row *rows, struct buf *path,
		 void (*visit)(void *, const char *, const struct key_row *), void *arg)
{
	size_t len = path->len;
	for (; rows->name != NULL; rows++) {
		buf_addf(path, "%s%s", len == 0 ? "" : ".", rows->name);
		if (rows->type != KEY_TABLE)
			visit(arg, buf_str(path), rows);
		if (rows->type == KEY_GROUPS)
			buf_adds(path, ".*");
		if (rows->table != NULL && !table_comes_again(rows))
			walk(rows->table, path, visit, arg);
		path->len = len;
		path->data[len] = '\0';
	}
}

void schema_walk(void (*visit)(void *arg, const char *path, const struct key_row *row), void *arg)
{
	struct buf path = BUF_INIT;
	walk(scenario_keys, &path, visit, arg);
	buf_release(&path);
}

struct elsewhere {
	const char *name;
	char path[128]; /* "" until found */
};

static void look_elsewhere(void *arg, const char *path, const struct key_row *row)
{
	struct elsewhere *e = arg;
	if (e->path[0] == '\0' && strcmp(row->name, e->name) == 0)
		strncat(e->path, path, sizeof(e->path) - 1);
}

int schema_unknown_key(const struct key_row *rows, const char *name, struct error *err)
{
	struct nearest n;
	nearest_init(&n, name);
	for (const struct key_row *row = rows; row->name != NULL; row++)
		nearest_offer(&n, row->name);
	if (n.best != NULL)
		return error_set(err, ERROR_INPUT, "unknown key '%s'; did you mean '%s'?", name, n.best);
	struct elsewhere e = { .name = name };
	schema_walk(look_elsewhere, &e);
	if (e.path[0] != '\0')
		return error_set(err, ERROR_INPUT, "unknown key '%s'; did you mean '%s'?", name, e.path);
	struct buf known = BUF_INIT;
	for (const struct key_row *row = rows; row->name != NULL; row++)
		buf_addf(&known, "%s%s", known.len == 0 ? "" : ", ", row->name);
	error_set(err, ERROR_INPUT, "unknown key '%s' (known: %s)", name, buf_str(&known));
	buf_release(&known);
	return -1;
}

static int default_set(const struct key_row *row, void *base, struct error *err)
{
	bool list = row->type == KEY_TEXT_LIST || row->type == KEY_SIZE_LIST;
	return list ? value_set_list(row, base, row->default_text, err) : value_set(row, base, row->default_text, err);
}

int schema_defaults(const struct key_row *rows, void *base, struct error *err)
{
	for (; rows->name != NULL; rows++) {
		if (rows->type == KEY_TABLE) {
			if (schema_defaults(rows->table, (char *)base + rows->offset, err) != 0)
				return -1;
		} else if (rows->default_text != NULL && default_set(rows, base, err) != 0) {
			err->code = ERROR_BUG;
			return error_prefix(err, "default of '%s'", rows->name);
		}
	}
	return 0;
}

static void release_groups(const struct key_row *row, struct group_list *groups)
{
	for (size_t i = 0; i < groups->count; i++)
		schema_release(row->table, &groups->items[i]);
	free(groups->items);
	*groups = (struct group_list){ .items = NULL };
}

void schema_release(const struct key_row *rows, void *base)
{
	for (; rows->name != NULL; rows++) {
		void *field = (char *)base + rows->offset;
		if (rows->type == KEY_TABLE)
			schema_release(rows->table, field);
		else if (rows->type == KEY_GROUPS)
			release_groups(rows, field);
		else
			value_release(rows, base);
	}
}
