/* Run folders: written, cut off, found again, read into a summary; and what is said of the host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/macros.h"
#include "judge/judge.h"
#include "record/host.h"
#include "record/store.h"
#include "record/summary.h"
#include "facts/facts_json.h"
#include "record/verdict_json.h"

static char results[] = "/tmp/oomrig-test-store-XXXXXX";

static int make_results(void **state)
{
	(void)state;
	return mkdtemp(results) == NULL;
}

static int remove_results(void **state)
{
	(void)state;
	return fs_remove_tree(results, NULL);
}

static void must(int rc, const struct error *err)
{
	if (rc != 0)
		fail_msg("%s", err->message);
}

static void expect_error(const struct error *err, const char *part)
{
	if (strstr(err->message, part) == NULL)
		fail_msg("got '%s', expected '%s' in it", err->message, part);
}

static char *results_folder(const char *name)
{
	return xasprintf("%s/%s", results, name);
}

static char *contents(const struct store_run *run, const char *file)
{
	struct error err = ERROR_INIT;
	struct buf text = BUF_INIT;
	char *path = store_path(run, file);

	must(fs_read_file(path, &text, &err), &err);
	free(path);
	return buf_detach(&text);
}

static void test_create_write_close(void **state)
{
	char *folder = results_folder("write/below");
	struct error err = ERROR_INIT;
	struct store_run run;

	(void)state;
	must(store_create(&run, folder, "three-uploads", &err), &err);
	json_t *record = store_read(run.folder, &err);
	assert_non_null(record);
	assert_string_equal(json_string_value(json_object_get(record, "state")), "running");
	assert_string_equal(json_string_value(json_object_get(record, "id")), run.id);
	assert_int_equal(json_integer_value(json_object_get(record, "schema")), STORE_SCHEMA);
	json_decref(record);

	fputs("t_ns,usage_bytes\n", run.samples);
	fputs("{}\n", run.app);
	store_set(&run, "state", json_string("finished"));
	store_set(&run, "label", NULL);
	must(store_update(&run, &err), &err);
	char *rows = contents(&run, "samples.csv");
	assert_string_equal(rows, "t_ns,usage_bytes\n");
	free(rows);

	char *kept = xstrdup(run.folder);
	must(store_close(&run, &err), &err);
	assert_null(run.folder);
	record = store_read(kept, &err);
	assert_string_equal(json_string_value(json_object_get(record, "state")), "finished");
	assert_true(json_is_null(json_object_get(record, "label")));
	assert_string_equal(json_string_value(json_object_get(record, "folder")), kept);
	json_decref(record);
	free(kept);
	free(folder);
}

/* What the rig leaves when it is killed: no store_close(), rows still in its buffers. */
static void test_killed_rig_leaves_a_readable_record(void **state)
{
	char *folder = results_folder("killed");
	struct error err = ERROR_INIT;
	struct run_summary summary;
	struct store_run run;

	(void)state;
	must(store_create(&run, folder, "killed", &err), &err);
	store_set(&run, "scenario",
		  json_pack("{s:s, s:s, s:[s], s:s}", "name", "three-uploads", "question", "does it die?", "expect",
			    "crashed", "memory", "256MiB"));
	must(store_update(&run, &err), &err);
	json_t *record = store_read(run.folder, &err);
	must(summary_read(&summary, record, &err), &err);
	assert_int_equal(summary.state, RECORD_RUNNING);
	assert_int_equal(summary.outcome, OUTCOME_INVALID);
	assert_string_equal(summary.cause, "");
	assert_string_equal(summary.scenario, "three-uploads");
	assert_string_equal(summary.question, "does it die?");
	assert_false(summary.as_expected);
	assert_int_equal(summary.expected_count, 1);
	assert_int_equal(summary.evidence_count, 1);
	assert_non_null(strstr(summary.evidence[0], "did not finish"));
	assert_true(fact_known(summary.memory_bytes));
	assert_int_equal(summary.memory_bytes.value, 268435456);
	summary_release(&summary);
	json_decref(record);
	must(store_close(&run, &err), &err);
	free(folder);
}

static void test_names_in_ids(void **state)
{
	static const struct {
		const char *name, *in_id;
	} rows[] = {
		{ "three-uploads", "-three-uploads-" },
		{ "Mixed_2.5", "-Mixed_2.5-" },
		{ "../../etc/passwd", "-etc-passwd-" },
		{ "a  b//c", "-a-b-c-" },
		{ "", "-run-" },
		{ "...", "-run-" },
		{ "caf\xc3\xa9", "-caf-" },
		{ "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
		  "0123456789",
		  "-01234567890123456789012345678901234567890123456789012345678901234567890123456789-" },
	};
	char *folder = results_folder("names");

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error err = ERROR_INIT;
		struct store_run run;
		unsigned date, time, ms;
		must(store_create(&run, folder, rows[i].name, &err), &err);
		if (strstr(run.id, rows[i].in_id) == NULL || sscanf(run.id, "%8u-%6u.%3u-", &date, &time, &ms) != 3)
			fail_msg("'%s': got id '%s', expected '%s' in it", rows[i].name, run.id, rows[i].in_id);
		must(store_close(&run, &err), &err);
	}
	free(folder);
}

static void test_ids_do_not_collide(void **state)
{
	enum { RUNS = 64 };
	char *folder = results_folder("many");
	struct error err = ERROR_INIT;
	struct store_run run;
	char **ids;
	size_t count;

	(void)state;
	for (int i = 0; i < RUNS; i++) {
		must(store_create(&run, folder, "same", &err), &err);
		must(store_close(&run, &err), &err);
	}
	must(store_list(folder, &ids, &count, &err), &err);
	assert_int_equal(count, RUNS);
	for (size_t i = 1; i < count; i++)
		assert_true(strcmp(ids[i - 1], ids[i]) < 0);
	store_free_list(ids, count);
	free(folder);
}

static void test_failed_writes_are_errors(void **state)
{
	char *folder = results_folder("full");
	struct error err = ERROR_INIT;
	struct store_run run;

	(void)state;
	/* The disk runs full under a row file: /dev/full answers each write with ENOSPC (full(4)). */
	must(store_create(&run, folder, "full", &err), &err);
	run.samples = freopen("/dev/full", "w", run.samples);
	fputs("row\n", run.samples);
	assert_int_equal(store_update(&run, &err), -1);
	expect_error(&err, "samples.csv': No space left on device");
	err = (struct error)ERROR_INIT;
	assert_int_equal(store_close(&run, &err), -1);
	expect_error(&err, "samples.csv'");

	/* Rows that stdio had to write by itself, and lost. */
	must(store_create(&run, folder, "lost", &err), &err);
	run.app = freopen("/dev/full", "w", run.app);
	for (int i = 0; i < 20000; i++)
		fputs("{\"heap\":1}\n", run.app);
	assert_int_equal(store_flush(&run, &err), -1);
	assert_int_equal(store_flush(&run, &err), -1);
	expect_error(&err, "app.jsonl'");
	assert_int_equal(store_close(&run, &err), -1);

	/* Somebody removes the folder of a run that goes on. */
	must(store_create(&run, folder, "removed", &err), &err);
	must(fs_remove_tree(run.folder, &err), &err);
	assert_int_equal(store_close(&run, &err), -1);
	expect_error(&err, "run.json': No such file or directory");

	/* The results folder cannot be made. */
	char *under_a_file = xasprintf("%s/%s", folder, "file/results");
	char *file = xasprintf("%s/file", folder);
	must(fs_write_file(file, "", 0, &err), &err);
	assert_int_equal(store_create(&run, under_a_file, "x", &err), -1);
	expect_error(&err, "Not a directory");
	free(under_a_file);
	free(file);
	free(folder);
}

static void test_read_rejects(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{ "", "run.json:" },
		{ "{\"schema\":1,", "run.json:1:" },
		{ "[]", "has no schema version" },
		{ "{}", "has no schema version" },
		{ "{\"schema\":\"1\"}", "has no schema version" },
		{ "{\"schema\":0}", "no valid schema version" },
		{ "{\"schema\":2}", "written by a newer oomrig (schema 2, this one reads up to 1)" },
	};
	char *folder = results_folder("read");
	char *file = xasprintf("%s/run.json", folder);
	struct error err = ERROR_INIT;

	(void)state;
	must(fs_make_dirs(folder, &err), &err);
	assert_null(store_read(folder, &err));
	expect_error(&err, "No such file or directory");
	for (size_t i = 0; i < COUNT(rows); i++) {
		must(fs_write_file(file, rows[i].text, strlen(rows[i].text), &err), &err);
		assert_null(store_read(folder, &err));
		expect_error(&err, rows[i].error);
		assert_int_equal(err.code, ERROR_INPUT);
	}
	free(file);
	free(folder);
}

/* A judged run, through its record and back, reads the same. */
static void test_summary_of_a_finished_run(void **state)
{
	char *expect[] = { (char *)"crashed/oom-kill" };
	struct facts facts = { .cap_asked_bytes = fact_of(1 << 28), .oom_kill = FACT_BROKEN, .rig_error = "no group" };
	struct error err = ERROR_INIT;
	struct run_summary s;
	struct verdict v;

	(void)state;
	judge(&facts, &v);
	json_t *record =
		json_pack("{s:i, s:s, s:s, s:s, s:{s:s, s:s, s:{s:s, s:s, s:{s:s}}}, s:o, s:o}", "schema", 1, "id",
			  "the-id", "state", "finished", "folder", "results/the-id", "scenario", "name",
			  "three-uploads", "question", "why?", "server", "use", "chunkserver", "preset", "all-fixes",
			  "behaviours", "form-memory", "1MiB", "facts", facts_to_json(&facts), "verdict",
			  verdict_to_json(&v, &facts, &(struct expectation){ .verdicts = expect, .count = 1 }));
	must(summary_read(&s, record, &err), &err);
	assert_string_equal(s.id, "the-id");
	assert_string_equal(s.folder, "results/the-id");
	assert_int_equal(s.outcome, OUTCOME_INVALID);
	assert_string_equal(s.cause, "rig");
	assert_string_equal(s.server, "chunkserver all-fixes --form-memory 1MiB");
	assert_string_equal(s.expected[0], "crashed/oom-kill");
	assert_false(s.as_expected);
	assert_int_equal(s.evidence_count, v.evidence_count);
	assert_string_equal(s.evidence[0], v.evidence[0]);
	assert_memory_equal(&s.facts, &facts, sizeof(facts));
	assert_int_equal(s.memory_bytes.value, 1 << 28);
	summary_release(&s);
	json_decref(record);
	verdict_release(&v);
}

static void test_summary_rejects(void **state)
{
	static const struct {
		const char *record, *error; /* error NULL: accepted */
	} rows[] = {
		{ "{\"schema\":1,\"id\":\"a\",\"state\":\"running\"}", NULL },
		{ "{\"schema\":1,\"id\":\"a\",\"state\":\"running\",\"scenario\":{\"server\":{\"command\":[\"nginx\","
		  "\"-c\"]}}}",
		  NULL },
		{ "{\"schema\":1,\"state\":\"running\"}", "lacks 'id'" },
		{ "{\"schema\":1,\"id\":\"a\"}", "run 'a' lacks 'state'" },
		{ "{\"schema\":1,\"id\":\"a\",\"state\":\"finished\"}", "run 'a' lacks 'facts'" },
		{ "{\"schema\":1,\"id\":\"a\",\"state\":\"finished\",\"facts\":{}}", "lacks 'verdict.outcome'" },
		{ "{\"schema\":1,\"id\":\"a\",\"state\":\"finished\",\"facts\":{\"oom_kill\":\"1\"}}",
		  "run 'a': fact 'oom_kill'" },
		{ "{\"schema\":1,\"id\":\"a\",\"state\":\"finished\",\"facts\":{},\"verdict\":{\"outcome\":\"steady\"}"
		  "}",
		  "lacks 'expected'" },
		{ "{\"schema\":1,\"id\":\"a\",\"state\":\"finished\",\"facts\":{},\"verdict\":{\"outcome\":\"steady\","
		  "\"expected\":[1],\"evidence\":[]}}",
		  "something else than texts" },
		{ "{\"schema\":1,\"id\":\"a\",\"state\":\"finished\",\"facts\":{},\"verdict\":{\"outcome\":\"steady\","
		  "\"expected\":[],\"evidence\":[]}}",
		  NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error err = ERROR_INIT;
		struct run_summary s;
		json_t *record = json_loads(rows[i].record, 0, NULL);
		int rc = summary_read(&s, record, &err);
		if (rc != (rows[i].error ? -1 : 0) || (rows[i].error && strstr(err.message, rows[i].error) == NULL))
			fail_msg("%s: got %d '%s', expected '%s'", rows[i].record, rc, err.message,
				 rows[i].error ? rows[i].error : "no error");
		summary_release(&s);
		json_decref(record);
	}
}

static void test_host_describe(void **state)
{
	static const struct {
		const char *key;
		json_type type;
	} rows[] = {
		{ "oomrig", JSON_STRING },	{ "kernel", JSON_STRING },	{ "machine", JSON_STRING },
		{ "cores", JSON_INTEGER },	{ "page_bytes", JSON_INTEGER }, { "memory_bytes", JSON_INTEGER },
		{ "swap_bytes", JSON_INTEGER }, { "cgroup", JSON_OBJECT },	{ "libraries", JSON_OBJECT },
	};
	json_t *host = host_describe();

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (json_typeof(json_object_get(host, rows[i].key)) != rows[i].type)
			fail_msg("'%s' has type %d, expected %d", rows[i].key,
				 json_typeof(json_object_get(host, rows[i].key)), rows[i].type);
	assert_true(json_integer_value(json_object_get(host, "memory_bytes")) > 1 << 20);
	const char *key;
	json_t *version;
	json_object_foreach (json_object_get(host, "libraries"), key, version)
		if (!json_is_string(version) || strchr("0123456789", json_string_value(version)[0]) == NULL)
			fail_msg("'%s' has no version", key);
	json_decref(host);
}

static void test_cgroup_mode(void **state)
{
	static const struct {
		const char *mounts, *controllers, *mode, *memory;
	} rows[] = {
		{ "proc /proc proc rw 0 0\n", "", "none", NULL },
		{ "cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0\n", "", "v1", "v1" },
		{ "cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n", "", "v1", NULL },
		{ "cgroup /sys/fs/cgroup/x cgroup rw,name=memory 0 0\n", "", "v1", NULL },
		{ "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n", "cpuset cpu io memory pids\n", "v2", "v2" },
		{ "cgroup2 /sys/fs/cgroup cgroup2 rw,memory_recursiveprot 0 0\n", "cpu io\n", "v2", NULL },
		{ "cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n",
		  "", "hybrid", "v1" },
		{ "cgroup /sys/fs/cgroup/pids cgroup rw,pids 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n",
		  "memory\n", "hybrid", "v2" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *memory;
		const char *mode = host_cgroup_mode(rows[i].mounts, rows[i].controllers, &memory);
		if (strcmp(mode, rows[i].mode) != 0 || (memory == NULL) != (rows[i].memory == NULL) ||
		    (memory != NULL && strcmp(memory, rows[i].memory) != 0))
			fail_msg("row %zu: got %s/%s, expected %s/%s", i, mode, memory ? memory : "-", rows[i].mode,
				 rows[i].memory ? rows[i].memory : "-");
	}
}

/* A checkout made for the test; git itself is asked, so a host without it skips. */
static bool git(const char *folder, const char *words)
{
	char *command =
		xasprintf("git -C '%s' -c user.name=t -c user.email=t@localhost %s >/dev/null 2>&1", folder, words);
	int status = system(command);

	free(command);
	return status == 0;
}

static const char *member(const json_t *state, const char *key)
{
	const char *text = json_string_value(json_object_get(state, key));

	return text ? text : "-";
}

static void test_git_state(void **state)
{
	char *folder = results_folder("checkout with 'quotes'"), *source = results_folder("source");
	char *file = xasprintf("%s/a.c", source);
	struct error err = ERROR_INIT;
	char first_diff[64];

	(void)state;
	must(fs_make_dirs(folder, &err), &err);
	json_t *git_state = host_git_state(folder);
	assert_true(json_is_null(git_state));
	json_decref(git_state);
	git_state = host_git_state("/nonexistent");
	assert_true(json_is_null(git_state));
	json_decref(git_state);

	must(fs_make_dirs(source, &err), &err);
	if (!git(source, "init -b trunk")) {
		print_message("skipped: git is not installed\n");
		skip();
	}
	must(fs_write_file(file, "1\n", 2, &err), &err);
	git_state = host_git_state(source);
	assert_string_equal(member(git_state, "branch"), "trunk");
	assert_true(json_is_null(json_object_get(git_state, "commit")));
	assert_true(json_is_true(json_object_get(git_state, "dirty")));
	assert_int_equal(json_integer_value(json_object_get(git_state, "untracked")), 1);
	json_decref(git_state);

	assert_true(git(source, "add .") && git(source, "commit -m one"));
	git_state = host_git_state(source);
	assert_int_equal(strlen(member(git_state, "commit")), 40);
	assert_true(json_is_false(json_object_get(git_state, "dirty")));
	assert_true(json_is_null(json_object_get(git_state, "diff_sha")));
	json_decref(git_state);

	must(fs_write_file(file, "2\n", 2, &err), &err);
	git_state = host_git_state(source);
	assert_true(json_is_true(json_object_get(git_state, "dirty")));
	assert_int_equal(json_integer_value(json_object_get(git_state, "changed")), 1);
	snprintf(first_diff, sizeof(first_diff), "%s", member(git_state, "diff_sha"));
	assert_int_equal(strlen(first_diff), 40);
	json_decref(git_state);

	must(fs_write_file(file, "3\n", 2, &err), &err);
	assert_true(git(source, "checkout --detach"));
	git_state = host_git_state(source);
	assert_true(json_is_null(json_object_get(git_state, "branch")));
	assert_string_not_equal(member(git_state, "diff_sha"), first_diff);
	json_decref(git_state);
	free(file);
	free(source);
	free(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create_write_close),
		cmocka_unit_test(test_killed_rig_leaves_a_readable_record),
		cmocka_unit_test(test_names_in_ids),
		cmocka_unit_test(test_ids_do_not_collide),
		cmocka_unit_test(test_failed_writes_are_errors),
		cmocka_unit_test(test_read_rejects),
		cmocka_unit_test(test_summary_of_a_finished_run),
		cmocka_unit_test(test_summary_rejects),
		cmocka_unit_test(test_host_describe),
		cmocka_unit_test(test_cgroup_mode),
		cmocka_unit_test(test_git_state),
	};

	return cmocka_run_group_tests(tests, make_results, remove_results);
}
