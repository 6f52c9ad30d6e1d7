/* run_list: runs are chosen by name, and none is counted twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "folder.h"
#include "base/macros.h"
#include "record/run_list.h"

static void put_run(const struct folder *f, const char *id, const char *label)
{
	char *name = xasprintf("%s/run.json", id);
	char *text = xasprintf("{\"schema\":1,\"id\":\"%s\",\"label\":\"%s\",\"state\":\"finished\",\"scenario\":"
			       "{\"name\":\"s\",\"memory\":1048576,\"expect\":[]},\"facts\":{},\"verdict\":"
			       "{\"outcome\":\"steady\",\"cause\":\"\",\"expected\":[],\"evidence\":[\"x\"]}}",
			       id, label);
	assert_int_equal(mkdirat(f->fd, id, 0755), 0);
	put(f, name, text);
	free(name);
	free(text);
}

static void test_a_run_named_twice_counts_once(void **state)
{
	const struct folder *f = *state;
	struct error err = ERROR_INIT;
	struct run_list list = { 0 };
	put_run(f, "20261121-114439.120-s-1f3a", "first");
	put_run(f, "20261121-114512.007-s-77c0", "");
	char *folder = xasprintf("%s/20261121-114439.120-s-1f3a", f->path);
	/* By label, by the start of its id, by its folder, in the folder of all of them, and found as "last". */
	const char *const names[] = { "first", "20261121-1144", folder, f->path, "last" };
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_int_equal(run_list_select(&list, f->path, names[i], &err), 0);
		assert_int_equal(list.count, i < 3 ? 1 : 2);
	}
	assert_int_equal(run_list_find(&list, f->path, "last", &err), 0);
	assert_int_equal(run_list_find(&list, f->path, "1f3a", &err), 0);
	assert_int_equal(list.count, 2);
	run_list_release(&list);
	assert_int_equal(run_list_select(&list, f->path, "last", &err), 0);
	assert_int_equal(list.count, 1);
	assert_string_equal(list.summaries[0].id, "20261121-114512.007-s-77c0");
	run_list_release(&list);
	free(folder);
}

/* A label is named as it is; a run without one is no guess for a name that fits nothing. */
static void test_no_empty_guess(void **state)
{
	const struct folder *f = *state;
	struct error err = ERROR_INIT;
	struct run_list list = { 0 };
	put_run(f, "20261121-114439.120-s-1f3a", "");
	assert_int_equal(run_list_select(&list, f->path, "x", &err), -1);
	if (strstr(err.message, "did you mean") != NULL)
		fail_msg("got: %s", err.message);
	run_list_release(&list);
}

static void test_only_one_scenario_is_kept(void **state)
{
	const struct folder *f = *state;
	struct error err = ERROR_INIT;
	struct run_list list = { 0 };
	put_run(f, "20261121-114439.120-s-1f3a", "first");
	assert_int_equal(run_list_select(&list, f->path, "first", &err), 0);
	assert_int_equal(run_list_keep(&list, "s"), 1);
	assert_int_equal(run_list_keep(&list, "other"), 0);
	run_list_release(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_run_named_twice_counts_once, folder_setup, folder_teardown),
		cmocka_unit_test_setup_teardown(test_no_empty_guess, folder_setup, folder_teardown),
		cmocka_unit_test_setup_teardown(test_only_one_scenario_is_kept, folder_setup, folder_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
