/*
 * load_cases - what the unit tests of the load generator share: a load, a server
 * for it in this process, on loopback, and the records it has made.  Included
 * after cmocka.h; a program need not use all of it.
 */
#ifndef OOMRIG_TESTS_LOAD_CASES_H
#define OOMRIG_TESTS_LOAD_CASES_H

#include "base/clock.h"
#include "base/macros.h"
#include "load/load.h"
#include "loopback_server.h"

#define UNUSED __attribute__((unused))
#define RECORDS_MAX 2000
#define NO_FLIP .flip_at = UINT64_MAX
#define SIZE 300000

struct fixture {
	struct server *server;
	char url[64];
	struct server_spec spec;
	struct target_access access;
	uv_loop_t loop;
	struct load *load;
	struct load_request records[RECORDS_MAX];
	size_t count, first; /* first: of the last phase */
	struct load_totals totals;
	enum read_back_scope scope;    /* of run_phase() without groups */
	struct load_group *groups[40]; /* what the load borrowed, freed after it */
	size_t group_arrays;
	unsigned stop_after; /* load_stop() after that many records, 0: never */
	uint64_t started_ns, took_ns;
	bool finished;
};

UNUSED static char slash_json[] = "/file/id", upload_path[] = "/up?expires={now+24h}&n={name}",
		   download_path[] = "/o/{id}", field[] = "file", raw[] = "raw", multipart[] = "multipart",
		   group_name[] = "tabs";

static void request_done(void *arg, const struct load_request *r)
{
	struct fixture *f = arg;
	if (f->count < RECORDS_MAX)
		f->records[f->count++] = *r;
	if (f->stop_after > 0 && f->count - f->first == f->stop_after)
		load_stop(f->load);
}

static void on_finished(void *arg)
{
	struct fixture *f = arg;
	f->took_ns = clock_ns() - f->started_ns;
	f->finished = true;
	uv_stop(&f->loop);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct error err = ERROR_INIT;
	f->server = server_start();
	snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%u", f->server->port);
	f->spec = (struct server_spec){ .upload = { .path = upload_path, .field = field, .id_json = slash_json },
					.download = { .path = download_path } };
	f->access = (struct target_access){ .spec = &f->spec, .base_url = f->url, .netns_fd = -1 };
	uv_loop_init(&f->loop);
	struct load_callbacks callbacks = { f, request_done, on_finished };
	if (load_new(&f->load, &f->loop, &f->access, 1, &callbacks, &err) != 0)
		return -1;
	*state = f;
	return 0;
}

static void run_phase(struct fixture *f, const struct load_group *groups, size_t count)
{
	struct error err = ERROR_INIT;
	f->finished = false;
	f->first = f->count;
	f->started_ns = clock_ns();
	struct load_group *kept = calloc(count + 1, sizeof(*kept));
	for (size_t i = 0; i < count; i++)
		kept[i] = groups[i];
	assert_true(f->group_arrays < COUNT(f->groups));
	f->groups[f->group_arrays++] = kept;
	if ((count > 0 ? load_start(f->load, kept, count, &err) : load_start_read_back(f->load, f->scope, &err)) != 0)
		fail_msg("%s", err.message);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_true(f->finished);
	load_totals(f->load, &f->totals);
	assert_int_equal(f->totals.started, f->totals.ok + f->totals.failed + f->totals.cut);
	assert_int_equal(f->totals.in_flight, 0);
	assert_int_equal(f->totals.sent_in_flight_bytes, 0);
}

/* Nothing may keep the loop alive after load_close(). */
static int teardown(void **state)
{
	struct fixture *f = *state;
	load_close(f->load, NULL, NULL);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	int left = uv_loop_close(&f->loop);
	if (left != 0)
		print_error("the loop still has handles after load_close\n");
	server_stop(f->server);
	for (size_t i = 0; i < f->group_arrays; i++)
		free(f->groups[i]);
	free(f);
	return left;
}

static struct load_group upload_group(uint64_t clients, uint64_t files, uint64_t *sizes, size_t size_count)
{
	return (struct load_group){ .name = group_name,
				    .kind = GROUP_UPLOAD,
				    .clients = clients,
				    .files = files,
				    .size = { sizes, size_count },
				    .body = raw,
				    .verify = true,
				    .read_back = true };
}

UNUSED static void prepare(struct fixture *f, uint64_t size_bytes, uint64_t files)
{
	struct load_group group = upload_group(1, files, &size_bytes, 1);
	run_phase(f, &group, 1);
	assert_int_equal(f->totals.ok, files);
}

#define with_server(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

#endif
