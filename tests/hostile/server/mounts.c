/* What is mounted below the folders it was given.  The test runs it where no mount reaches the host. */
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "misbehave.h"

static char *folder(const char *name)
{
	char *path = path_of(options.data, name);
	mkdir(path, 0755);
	return path;
}

static void bind_on(const char *at)
{
	must(mount(options.canary, at, NULL, MS_BIND, NULL) == 0, "bind mount");
}

static void bind_below(void)
{
	bind_on(folder("mnt"));
}

static void bind_over_data(void)
{
	bind_on(options.data);
}

static void bind_over_tmp(void)
{
	bind_on(options.tmp);
}

static void bind_deep(void)
{
	folder("a");
	folder("a/b");
	bind_on(folder("a/b/c"));
	bind_on(path_of(options.data, "a/b/c/folder"));
	bind_on(folder("second"));
}

static void bind_often(void)
{
	for (int i = 0; i < 50; i++)
		bind_on(folder("mnt"));
}

static void bind_file(void)
{
	char *at = path_of(options.data, "file");
	must(put_text(at, "x") && mount(path_of(options.canary, "file"), at, NULL, MS_BIND, NULL) == 0, "bind mount");
}

static void bind_read_only(void)
{
	char *at = folder("mnt");
	bind_on(at);
	must(mount(NULL, at, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) == 0, "remount");
}

static void bind_odd_name(void)
{
	bind_on(folder("a b\tc\nd\\040\033[2J"));
}

static void over_work(void)
{
	char *work = strdup(options.data);
	must(work != NULL, "work folder");
	*strrchr(work, '/') = '\0';
	bind_on(work);
}

static void ram(void)
{
	char *at = folder("ram");
	must(mount("tmpfs", at, "tmpfs", 0, "size=16m") == 0, "tmpfs");
	put_text(path_of(at, "file"), "x");
}

static void ram_over_data(void)
{
	must(mount("tmpfs", options.data, "tmpfs", 0, "size=32m") == 0, "tmpfs");
}

static void proc(void)
{
	must(mount("proc", folder("proc"), "proc", 0, NULL) == 0, "proc");
}

static void hidden_bind(void)
{
	must(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "unshare");
	bind_below();
}

static void hidden(void)
{
	in_child(hidden_bind);
}

const struct way mounts[] = { { "bind-below-data", "the canary, bind-mounted below {data}", .start = bind_below },
			      { "bind-over-data", "the canary, mounted over {data}", .start = bind_over_data },
			      { "bind-over-tmp", "the canary, mounted over {tmp}", .start = bind_over_tmp },
			      { "bind-over-work", "the canary, mounted over the work folder", .serving = over_work },
			      { "bind-deep", "the canary three times, once in itself", .start = bind_deep },
			      { "bind-50-times", "the canary 50 times in one place", .start = bind_often },
			      { "bind-a-file", "a file of the canary, mounted on a file", .start = bind_file },
			      { "bind-read-only", "the canary, mounted read-only", .start = bind_read_only },
			      { "bind-odd-name", "the canary, on a name with blanks and a newline",
				.start = bind_odd_name },
			      { "bind-in-namespace", "the canary, in a child's namespace", .serving = hidden },
			      { "ram-below-data", "a tmpfs below {data}", .start = ram },
			      { "ram-over-data", "a tmpfs over {data}", .start = ram_over_data },
			      { "proc-below-data", "/proc once more, below {data}", .start = proc },
			      { NULL } };
