/*
 * replay - the kept inputs of one fuzz target, run through it as a test: one TAP
 * line that says how many there were; none at all is a failure.
 *
 *   fuzz_TARGET [FILE...]   without a file: those of tests/fuzz/corpus/TARGET
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fs.h"
#include "fuzz.h"

static int run_file(const char *path)
{
	struct buf text = BUF_INIT;
	struct error err = ERROR_INIT;
	if (fs_read_file(path, &text, &err) != 0) {
		printf("# %s\n", err.message);
		return -1;
	}
	uint8_t *exact = (uint8_t *)fuzz_copy((const uint8_t *)buf_str(&text), text.len);
	size_t size = text.len;
	buf_release(&text);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	return 0;
}

/* Files run, or -1. */
static long run_folder(const char *folder)
{
	struct dirent **names;
	long done = 0;
	int count = scandir(folder, &names, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		char *path = xasprintf("%s/%s", folder, names[i]->d_name);
		if (names[i]->d_name[0] != '.' && done >= 0)
			done = run_file(path) == 0 ? done + 1 : -1;
		free(path);
		free(names[i]);
	}
	if (count >= 0)
		free(names);
	return done;
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/') != NULL ? strrchr(argv[0], '/') + 1 : argv[0];
	const char *target = strncmp(name, "fuzz_", 5) == 0 ? name + 5 : name;
	char *folder = xasprintf("tests/fuzz/corpus/%s", target);
	long done = 0;
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..1\n");
	for (int i = 1; i < argc && done >= 0; i++)
		done = run_file(argv[i]) == 0 ? done + 1 : -1;
	if (argc == 1)
		done = run_folder(folder);
	printf("%sok 1 - %ld kept inputs of the fuzz target '%s' do no harm\n", done > 0 ? "" : "not ", done, target);
	free(folder);
	return done > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
