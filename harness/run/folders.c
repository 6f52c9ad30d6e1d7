#include "run/folders.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/macros.h"
#include "base/saturate.h"
#include "base/units.h"
#include "isolation/owner.h"
#include "run/rounds.h"

/* Free space beyond the load's own bytes below which a run would meet ENOSPC instead of its question. */
#define SPARE_BYTES (64ULL << 20)

static int open_under(struct folders *f, struct error *err)
{
	char *under = xasprintf("%.*s", (int)(strrchr(f->root, '/') - f->root), f->root);
	f->under_fd = open(under[0] != '\0' ? under : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int rc = f->under_fd >= 0 ? 0 : error_set_errno(err, ERROR_SYSTEM, errno, "cannot open folder '%s'", under);
	free(under);
	f->root_fd = open(f->root, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (rc == 0 && f->root_fd < 0)
		rc = error_set_errno(err, ERROR_SYSTEM, errno, "cannot open folder '%s'", f->root);
	return rc;
}

int folders_create(struct folders *f, const char *work, const char *run_id, const struct scenario *s, struct error *err)
{
	struct owner self;
	char owner[OWNER_TEXT_MAX];
	*f = (struct folders){ .under_fd = -1, .root_fd = -1 };
	if (owner_self(&self, err) != 0)
		return -1;
	f->root = xasprintf("%s/" FOLDERS_PREFIX "%s-%s", work, owner_format(&self, owner), run_id);
	f->data = xasprintf("%s/data", f->root);
	f->tmp = xasprintf("%s/tmp", f->root);
	if (fs_make_dirs(f->data, err) != 0 || fs_make_dirs(f->tmp, err) != 0)
		return -1;
	/* The server starts in its own folder: names relative to ours would not reach it. */
	char **paths[] = { &f->root, &f->data, &f->tmp };
	for (size_t i = 0; i < COUNT(paths); i++) {
		char *absolute = realpath(*paths[i], NULL);
		if (absolute == NULL)
			return error_set_errno(err, ERROR_SYSTEM, errno, "cannot resolve '%s'", *paths[i]);
		free(*paths[i]);
		*paths[i] = absolute;
	}
	if (open_under(f, err) != 0)
		return -1;
	if (fs_type(f->data, f->fs_type, &f->is_ram, err) != 0)
		return -1;
	if (f->is_ram && s->data == FOLDER_DISK && !s->data_allow_tmpfs)
		return error_set(err, ERROR_ENVIRONMENT,
				 "the server's data would lie on %s ('%s'), whose files cannot be given back like page "
				 "cache; choose a disk with --work, or set 'data_allow_tmpfs: true'",
				 f->fs_type, f->data);
	return 0;
}

uint64_t folders_free_bytes(const struct folders *f)
{
	struct statvfs st;
	return fstatvfs(f->under_fd, &st) == 0 ? (uint64_t)st.f_bavail * st.f_frsize : 0;
}

/* A file that is not there is the load's to name. */
static uint64_t largest_upload(const struct load_group *g)
{
	struct stat st;
	uint64_t largest = 0;
	if (g->file != NULL)
		return stat(g->file, &st) == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	for (size_t i = 0; i < g->size.count; i++)
		if (g->size.items[i] > largest)
			largest = g->size.items[i];
	return largest;
}

static uint64_t group_bytes(const struct load_group *g)
{
	if (g->kind != GROUP_UPLOAD)
		return 0;
	/* A throttled group is bounded by its rate: what cannot arrive needs no room. */
	uint64_t bytes = saturate_mul(largest_upload(g), g->files ? g->files : 1);
	if (g->up_bytes_per_s != 0 && g->duration_ns != 0) {
		uint64_t arrives = saturate_mul(g->up_bytes_per_s, g->duration_ns / NS_PER_S + 1);
		bytes = bytes < arrives ? bytes : arrives;
	}
	return saturate_mul(bytes, g->clients);
}

static uint64_t list_bytes(const struct group_list *groups)
{
	uint64_t total = 0;
	for (size_t i = 0; i < groups->count; i++)
		total = saturate_add(total, group_bytes(&groups->items[i]));
	return total;
}

uint64_t folders_upload_bytes(const struct scenario *s)
{
	struct rounds rounds = { 0 };
	uint64_t total = list_bytes(&s->prepare);
	for (size_t round = 0; round < s->rounds; round++)
		total = saturate_add(total, list_bytes(rounds_groups(&rounds, s, round)));
	rounds_release(&rounds);
	return total;
}

int folders_check_space(const struct folders *f, const struct scenario *s, struct error *err)
{
	uint64_t need = saturate_add(saturate_mul(2, folders_upload_bytes(s)), SPARE_BYTES);
	uint64_t have = folders_free_bytes(f);
	char need_text[UNITS_TEXT_MAX], have_text[UNITS_TEXT_MAX];
	if (have < need)
		return error_set(
			err, ERROR_ENVIRONMENT,
			"the load may store %s under '%s' and only %s is free; choose another disk with --work",
			units_format_size(need, need_text), f->data, units_format_size(have, have_text));
	return 0;
}

int folders_open_data(const struct folders *f, struct error *err)
{
	int fd = open(f->data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot open the data folder '%s'", f->data);
	return fd;
}

int folders_sync_fd(int dir_fd, struct error *err)
{
	return syncfs(dir_fd) == 0 ? 0
				   : error_set_errno(err, ERROR_SYSTEM, errno,
						     "cannot write the file system of the data folder to disk");
}

/* What was made is there still, under another name; where, says proc_pid_fd(5). */
static int name_moved(const struct folders *f, struct error *err)
{
	struct stat st;
	char link[32], place[PATH_MAX];
	if (f->root_fd < 0 || fstat(f->root_fd, &st) != 0 || st.st_nlink == 0)
		return 0;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", f->root_fd);
	ssize_t len = readlink(link, place, sizeof(place) - 1);
	place[len < 0 ? 0 : len] = '\0';
	return error_set(err, ERROR_SYSTEM, "the server has moved its work folder to '%s': it is left there", place);
}

static int take_away(struct folders *f, struct error *err)
{
	char *name = strrchr(f->root, '/');
	*name++ = '\0';
	int rc = fs_remove_at(f->under_fd, name, f->root, err);
	return rc != 0 ? rc : name_moved(f, err);
}

int folders_release(struct folders *f, int keep, struct error *err)
{
	if (f->root == NULL)
		return 0;
	int rc = !keep && f->under_fd >= 0 ? take_away(f, err) : 0;
	if (f->under_fd >= 0)
		close(f->under_fd);
	if (f->root_fd >= 0)
		close(f->root_fd);
	free(f->root);
	free(f->data);
	free(f->tmp);
	memset(f, 0, sizeof(*f));
	return rc;
}
