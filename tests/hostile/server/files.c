/* What is put into the folders it was given, and what is done to them.  Every link points to the canary: were one
 * followed, only that would be lost. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include "misbehave.h"

static char *in_data(const char *name)
{
	return path_of(options.data, name);
}

static void many(void)
{
	char name[32];
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "many-%d", i);
		must(put_text(in_data(name), ""), "file");
	}
}

/* Far beyond PATH_MAX: only by walking down. */
static void deep(void)
{
	char name[201];
	memset(name, 'd', 200);
	name[200] = '\0';
	must(chdir(options.data) == 0, "chdir");
	for (int i = 0; i < 600; i++)
		must(mkdir(name, 0700) == 0 && chdir(name) == 0, "mkdir");
	put_text("bottom", "x");
}

static void set_flags(const char *path, int flags)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && ioctl(fd, FS_IOC_SETFLAGS, &flags) != 0)
		perror("no such flag here");
	close(fd);
}

static void immutable(void)
{
	mkdir(in_data("folder"), 0700);
	must(put_text(in_data("folder/file"), "x") && put_text(in_data("append"), "x"), "file");
	set_flags(in_data("append"), FS_APPEND_FL);
	set_flags(in_data("folder/file"), FS_IMMUTABLE_FL);
	set_flags(in_data("folder"), FS_IMMUTABLE_FL);
}

static void unreadable(void)
{
	mkdir(in_data("folder"), 0700);
	put_text(in_data("folder/file"), "x");
	chmod(in_data("folder/file"), 0);
	chmod(in_data("folder"), 0);
}

static void sparse(void)
{
	int fd = open(in_data("sparse"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	must(fd >= 0 && ftruncate(fd, 1LL << 40) == 0, "sparse file");
}

static void special(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "socket" };
	must(chdir(options.data) == 0 && mkfifo("fifo", 0600) == 0, "FIFO");
	must(mkfifo("store.db-wal", 0600) == 0, "FIFO");
	bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof(address));
	must(mknod("null", S_IFCHR | 0600, makedev(1, 3)) == 0, "device node");
	must(mknod("block", S_IFBLK | 0600, makedev(7, 250)) == 0, "device node");
}

static void links(void)
{
	must(symlink(options.canary, in_data("folder-outside")) == 0, "link");
	must(symlink(path_of(options.canary, "file"), in_data("file-outside")) == 0, "link");
	must(symlink("loop", in_data("loop")) == 0, "link");
	must(symlink(path_of(options.canary, "folder/.."), path_of(options.tmp, "round-about")) == 0, "link");
}

static void hard_links(void)
{
	must(link(path_of(options.canary, "file"), in_data("hard")) == 0, "hard link");
	must(link(path_of(options.canary, "folder/deeper/file"), in_data("harder")) == 0, "hard link");
}

static void data_is_link(void)
{
	must(rename(options.data, path_of(options.tmp, "was-data")) == 0, "rename");
	must(symlink(options.canary, options.data) == 0, "link");
}

static void tmp_is_link(void)
{
	must(rmdir(options.tmp) == 0 && symlink(options.canary, options.tmp) == 0, "link");
}

static char *work_folder(void)
{
	char *work = strdup(options.data);
	must(work != NULL && strrchr(work, '/') != NULL, "work folder");
	*strrchr(work, '/') = '\0';
	return work;
}

/* Its own work folder's place is taken by a link to the canary. */
static void work_is_link(void)
{
	char *work = work_folder();
	must(rename(work, path_of(options.canary, "../moved-work")) == 0, "rename");
	must(symlink(options.canary, work) == 0, "link");
}

static void work_renamed(void)
{
	char *work = work_folder(), *away;
	must(asprintf(&away, "%s-away", work) > 0 && rename(work, away) == 0, "rename");
}

static void work_closed(void)
{
	must(chmod(work_folder(), 0) == 0 && chmod(options.data, 0) == 0, "chmod");
}

static void work_given_away(void)
{
	must(chown(work_folder(), 65534, 65534) == 0 && chmod(work_folder(), 01777) == 0, "chown");
}

static void data_gone(void)
{
	must(rmdir(options.data) == 0 && rmdir(options.tmp) == 0, "rmdir");
}

static void data_is_file(void)
{
	must(rmdir(options.data) == 0 && put_text(options.data, "x"), "file");
}

static void names(void)
{
	char longest[256];
	memset(longest, 'n', 255);
	longest[255] = '\0';
	must(put_text(in_data("new\nline"), "x") && put_text(in_data("\033[2Jescape"), "x"), "file");
	must(put_text(in_data("\xff\xfe\x80"), "x") && put_text(in_data(longest), "x"), "file");
	must(put_text(in_data("-rf"), "x") && put_text(in_data("* $(id)"), "x"), "file");
}

/* A folder and a link to the canary change places as fast as they can, also while the rig takes the data away. */
static void swap_places(void)
{
	setsid();
	for (int i = 0; i < 2000; i++) {
		rename(in_data("link"), in_data("third"));
		rename(in_data("folder"), in_data("link"));
		rename(in_data("third"), in_data("folder"));
		sleep_ms(i < 1000 ? 0 : 2);
	}
	_exit(0);
}

static void swapping(void)
{
	mkdir(in_data("folder"), 0700);
	put_text(in_data("folder/file"), "x");
	must(symlink(options.canary, in_data("link")) == 0, "link");
	in_child(swap_places);
}

static void locked(void)
{
	int fd = open(in_data("locked"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	must(fd >= 0 && flock(fd, LOCK_EX) == 0, "flock");
	flock(open(options.data, O_RDONLY | O_CLOEXEC), LOCK_EX);
}

static enum reply fill(struct request *r)
{
	char *path = in_data("fill");
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	static char piece[MIB];
	(void)r;
	for (int i = 0; i < 60; i++)
		if (write(fd, piece, sizeof(piece)) < 0)
			break;
	close(fd);
	return ORDINARY;
}

const struct way files[] = { { "many-files", "10,000 files", .start = many },
			     { "deep-folders", "600 folders one in the other, beyond every path's length",
			       .start = deep },
			     { "immutable", "files and a folder that cannot be changed", .start = immutable },
			     { "unreadable", "mode 000", .start = unreadable },
			     { "sparse-1-tib", "a file of 1 TiB without a block", .start = sparse },
			     { "special-files", "FIFOs, a socket, device nodes", .start = special },
			     { "links-outside", "links to the canary and to themselves", .start = links },
			     { "hard-links", "hard links to the canary's files", .start = hard_links },
			     { "data-is-link", "{data} is a link to the canary", .serving = data_is_link },
			     { "tmp-is-link", "{tmp} is a link to the canary", .serving = tmp_is_link },
			     { "work-is-link", "the work folder is a link to the canary", .serving = work_is_link },
			     { "work-renamed", "the work folder has another name", .serving = work_renamed },
			     { "work-closed", "the work folder has mode 000", .serving = work_closed },
			     { "work-given-away", "the work folder belongs to nobody", .serving = work_given_away },
			     { "data-gone", "{data} and {tmp} are removed", .serving = data_gone },
			     { "data-is-file", "{data} is a file", .serving = data_is_file },
			     { "evil-names", "file names with newlines, ESC and 255 bytes", .start = names },
			     { "swaps-places", "a folder and a link to the canary change places", .serving = swapping },
			     { "locked-files", "locks on its files and folder", .start = locked },
			     { "fills-data", "60 MiB into {data} at each upload", .answer = fill },
			     { NULL } };
