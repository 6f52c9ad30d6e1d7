/* Trees that are removed, and the walk behind it: depth, links, rights, others at work in the same tree.  Mounts need
 * root and are in tests/integration/host-safety.bats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/macros.h"
#include "base/walk.h"
#include "folder.h"

static bool exists(const struct folder *f, const char *name)
{
	struct stat st;

	return fstatat(f->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void remove_in(const struct folder *f, const char *name)
{
	struct error err = ERROR_INIT;
	char *path = xasprintf("%s/%s", f->path, name);

	if (fs_remove_tree(path, &err) != 0)
		fail_msg("%s", err.message);
	assert_false(exists(f, name));
	free(path);
}

/* Each inside the one before, by descriptors: the path is longer than any call takes. */
static void make_deep(const struct folder *f, const char *name, const char *level, int depth)
{
	int fd = f->fd, down;

	assert_int_equal(mkdirat(f->fd, name, 0755), 0);
	down = openat(f->fd, name, O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < depth; i++) {
		fd = down;
		assert_int_equal(mkdirat(fd, level, 0755), 0);
		down = openat(fd, level, O_RDONLY | O_DIRECTORY);
		assert_true(down >= 0);
		close(fd);
	}
	close(openat(down, "file", O_WRONLY | O_CREAT, 0644));
	close(down);
}

static void test_deeper_than_any_path_and_any_number_of_descriptors(void **state)
{
	static const char level[] = "a-name-that-makes-the-path-longer-than-four-thousand-bytes";
	const struct folder *f = *state;
	struct rlimit few = { 32, 32 }, before;

	make_deep(f, "deep", level, 3000);
	getrlimit(RLIMIT_NOFILE, &before);
	few.rlim_max = before.rlim_max;
	setrlimit(RLIMIT_NOFILE, &few);
	remove_in(f, "deep");
	setrlimit(RLIMIT_NOFILE, &before);
}

static void test_links_are_removed_and_not_followed(void **state)
{
	const struct folder *f = *state;

	assert_int_equal(mkdirat(f->fd, "host", 0755), 0);
	put(f, "host/file", "whole");
	assert_int_equal(mkdirat(f->fd, "tree", 0755), 0);
	assert_int_equal(symlinkat("../host", f->fd, "tree/to-folder"), 0);
	assert_int_equal(symlinkat("../host/file", f->fd, "tree/to-file"), 0);
	assert_int_equal(symlinkat("nowhere", f->fd, "tree/to-nothing"), 0);
	assert_int_equal(linkat(f->fd, "host/file", f->fd, "tree/same", 0), 0);
	remove_in(f, "tree");
	/* The tree itself has become a link. */
	assert_int_equal(symlinkat("host", f->fd, "tree"), 0);
	remove_in(f, "tree");
	assert_true(exists(f, "host/file"));
}

static void test_a_folder_that_may_not_be_read(void **state)
{
	const struct folder *f = *state;
	int status;

	assert_int_equal(mkdirat(f->fd, "tree", 0755), 0);
	assert_int_equal(mkdirat(f->fd, "tree/closed", 0755), 0);
	put(f, "tree/closed/file", "");
	assert_int_equal(chown(f->path, 1000, 1000) | fchownat(f->fd, "tree", 1000, 1000, 0) |
				 fchownat(f->fd, "tree/closed", 1000, 1000, 0),
			 geteuid() == 0 ? 0 : -1);
	assert_int_equal(fchmodat(f->fd, "tree/closed", 0, 0), 0);
	assert_int_equal(fchmodat(f->fd, "tree", 0500, 0), 0);
	/* Root may do everything: somebody else tries. */
	if (fork() == 0) {
		char *path = xasprintf("%s/tree", f->path);
		if (geteuid() == 0 && setuid(1000) != 0)
			_exit(2);
		_exit(fs_remove_tree(path, NULL) != 0);
	}
	wait(&status);
	assert_int_equal(status, 0);
	assert_false(exists(f, "tree"));
}

static void test_what_cannot_go_is_named_and_all_else_goes(void **state)
{
	const struct folder *f = *state;
	struct error err = ERROR_INIT;
	char *path = xasprintf("%s/tree", f->path);
	int out[2];

	if (geteuid() != 0)
		skip();
	assert_int_equal(mkdirat(f->fd, "tree", 0777), 0);
	assert_int_equal(mkdirat(f->fd, "tree/kept", 0755), 0); /* root's: another one may not take out its files */
	put(f, "tree/kept/of-root", "");
	put(f, "tree/goes", "");
	assert_int_equal(fchmodat(f->fd, "tree", 0777, 0) | chmod(f->path, 0777), 0);
	assert_int_equal(pipe(out), 0);
	if (fork() == 0) {
		if (setuid(1000) != 0)
			_exit(2);
		fs_remove_tree(path, &err);
		_exit(write(out[1], err.message, sizeof(err.message)) < 0);
	}
	assert_true(read(out[0], err.message, sizeof(err.message)) > 0);
	wait(NULL);
	if (strstr(err.message, "/tree/kept/of-root' (Permission denied)") == NULL)
		fail_msg("got '%s'", err.message);
	assert_false(exists(f, "tree/goes"));
	assert_true(exists(f, "tree/kept/of-root"));
	close(out[0]);
	close(out[1]);
	free(path);
}

/* Names that would reach out of the tree, and none at all. */
static void test_no_name_of_a_tree(void **state)
{
	static const char *const bad[] = { "", "/", ".", "..", "x/..", "x/.", "//" };
	struct error err = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (fs_remove_tree(bad[i], &err) == 0)
			fail_msg("'%s' was removed", bad[i]);
	assert_int_equal(fs_make_dirs("", &err), -1);
	assert_int_equal(fs_remove_tree("/nowhere/at/all", &err), 0);
}

/* Folder and link change places all the time; the files behind the link stay whole. */
static void test_a_folder_that_turns_into_a_link_meanwhile(void **state)
{
	const struct folder *f = *state;
	char name[64];
	pid_t swapper;

	assert_int_equal(mkdirat(f->fd, "host", 0755), 0);
	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "host/%d", i);
		put(f, name, "");
	}
	assert_int_equal(symlinkat("../host", f->fd, "link"), 0);
	for (int round = 0; round < 30; round++) {
		char *path = xasprintf("%s/tree", f->path);
		assert_int_equal(mkdirat(f->fd, "tree", 0755), 0);
		for (int i = 0; i < 20; i++) {
			snprintf(name, sizeof(name), "tree/%d", i);
			assert_int_equal(mkdirat(f->fd, name, 0755), 0);
		}
		swapper = fork();
		if (swapper == 0)
			for (int i = 0;; i++) {
				snprintf(name, sizeof(name), "tree/%d", i % 20);
				renameat2(f->fd, "link", f->fd, name, 1 << 1 /* RENAME_EXCHANGE */);
			}
		fs_remove_tree(path, NULL);
		kill(swapper, SIGKILL);
		waitpid(swapper, NULL, 0);
		remove_in(f, "tree");
		unlinkat(f->fd, "link", AT_REMOVEDIR); /* whichever of the two it is now */
		unlinkat(f->fd, "link", 0);
		assert_int_equal(symlinkat("../host", f->fd, "link"), 0);
		for (int i = 0; i < 50; i++) {
			snprintf(name, sizeof(name), "host/%d", i);
			assert_true(exists(f, name));
		}
		free(path);
	}
}

static void test_two_at_once(void **state)
{
	const struct folder *f = *state;
	char *path = xasprintf("%s/tree", f->path);
	int status;

	for (int round = 0; round < 20; round++) {
		make_deep(f, "tree", "level", 60);
		pid_t other = fork();
		if (other == 0)
			_exit(fs_remove_tree(path, NULL) != 0);
		remove_in(f, "tree");
		waitpid(other, &status, 0);
		assert_int_equal(status, 0);
	}
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)
		IN_FOLDER(test_deeper_than_any_path_and_any_number_of_descriptors),
		IN_FOLDER(test_links_are_removed_and_not_followed),
		IN_FOLDER(test_a_folder_that_may_not_be_read),
		IN_FOLDER(test_what_cannot_go_is_named_and_all_else_goes),
		cmocka_unit_test(test_no_name_of_a_tree),
		IN_FOLDER(test_a_folder_that_turns_into_a_link_meanwhile),
		IN_FOLDER(test_two_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
