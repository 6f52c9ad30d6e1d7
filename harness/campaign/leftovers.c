#include "campaign/leftovers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/macros.h"
#include "campaign/checkout.h"
#include "isolation/isolation.h"
#include "isolation/owner.h"
#include "record/rejudge.h"
#include "record/store.h"
#include "run/folders.h"
#include "target/mark.h"

static void mark_interrupted(const struct leftovers *l, const char *folder, const char *id, json_t *record)
{
	struct error err = ERROR_INIT;
	int rc = 0;
	if (!l->dry_run)
		rc = rejudge_as_interrupted(record, "the rig was killed before it had judged this run", &err);
	if (!l->dry_run && rc == 0)
		rc = store_rewrite(folder, record, &err);
	if (rc == 0) {
		l->done(l->arg, LEFTOVER_MARKED, id);
	} else {
		error_prefix(&err, "run '%s'", id);
		l->failed(l->arg, &err);
	}
}

/* What fs_write_file() of a dead rig did not come to rename. */
static void clean_temporary(const struct leftovers *l, const char *folder)
{
	static const char *const names[] = { STORE_RECORD ".tmp", STORE_KERNEL_LOG ".tmp" };
	for (size_t i = 0; i < COUNT(names); i++) {
		struct error err = ERROR_INIT;
		char *path = xasprintf("%s/%s", folder, names[i]);
		if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
			if (l->dry_run || unlink(path) == 0 || errno == ENOENT) {
				l->done(l->arg, LEFTOVER_REMOVED, path);
			} else {
				error_set_errno(&err, ERROR_SYSTEM, errno, "cannot remove '%s'", path);
				l->failed(l->arg, &err);
			}
		}
		free(path);
	}
}

static void clean_run(const struct leftovers *l, const char *id)
{
	struct error err = ERROR_INIT;
	char *folder = xasprintf("%s/%s", l->results, id);
	json_t *record = store_read(folder, &err);
	if (record != NULL && store_rig_is_dead(record)) {
		clean_temporary(l, folder);
		/* Read anew: it may have come to its end between the first look and its death. */
		json_decref(record);
		record = store_read(folder, &err);
		if (record != NULL && record_state(record) == RECORD_RUNNING)
			mark_interrupted(l, folder, id, record);
	}
	if (record == NULL)
		l->failed(l->arg, &err);
	json_decref(record);
	free(folder);
}

static void clean_runs(const struct leftovers *l)
{
	struct error err = ERROR_INIT;
	char **ids;
	size_t count;
	if (store_list(l->results, &ids, &count, &err) != 0) {
		l->failed(l->arg, &err);
		return;
	}
	for (size_t i = 0; i < count; i++)
		clean_run(l, ids[i]);
	store_free_list(ids, count);
}

static void group_found(void *arg, const char *what)
{
	const struct leftovers *l = arg;
	l->done(l->arg, LEFTOVER_REMOVED, what);
}

static void group_failed(void *arg, const struct error *err)
{
	const struct leftovers *l = arg;
	l->failed(l->arg, err);
}

/* A backend that does not work here has left nothing here. */
static void clean_groups(const struct leftovers *l)
{
	struct isolation_leftovers groups = {
		.remove = !l->dry_run, .found = group_found, .failed = group_failed, .arg = (void *)(uintptr_t)l
	};
	for (size_t i = 0; isolation_backends[i] != NULL; i++) {
		struct error err = ERROR_INIT;
		if (isolation_backends[i]->probe(&err) == 0 && isolation_backends[i]->clean(&groups, &err) != 0)
			l->failed(l->arg, &err);
	}
}

static void say_killed(void *arg, pid_t pid)
{
	const struct leftovers *l = arg;
	char *what = xasprintf("server process %d", (int)pid);
	l->done(l->arg, LEFTOVER_KILLED, what);
	free(what);
}

static int kill_server(const struct leftovers *l, const char *path, struct error *err)
{
	return mark_kill(strrchr(path, '/') + 1, l->dry_run, say_killed, (void *)(uintptr_t)l, err);
}

static int remove_by(const struct leftovers *l, const char *path, int (*remover)(const char *, struct error *),
		     struct error *err)
{
	if (!l->dry_run && remover(path, err) != 0)
		return -1;
	l->done(l->arg, LEFTOVER_REMOVED, path);
	return 0;
}

static int remove_tree(const struct leftovers *l, const char *path, struct error *err)
{
	return remove_by(l, path, fs_remove_tree, err);
}

static int discard_checkout(const struct leftovers *l, const char *path, struct error *err)
{
	return remove_by(l, path, checkout_discard, err);
}

/* Whose "PREFIX<owner>-..." is a dead rig's. */
static bool is_of_dead(const char *name, const char *prefix)
{
	struct owner owner;
	size_t len = strlen(prefix);
	return strncmp(name, prefix, len) == 0 && owner_parse(name + len, &owner) != NULL && owner_lives(&owner) == 0;
}

static void each_of_dead(const struct leftovers *l, const char *folder, const char *prefix,
			 int (*clean)(const struct leftovers *l, const char *path, struct error *err))
{
	struct error err = ERROR_INIT;
	struct dirent *entry;
	DIR *dir = opendir(folder);
	if (dir == NULL) {
		if (errno != ENOENT) {
			error_set_errno(&err, ERROR_SYSTEM, errno, "cannot open folder '%s'", folder);
			l->failed(l->arg, &err);
		}
		return;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (!is_of_dead(entry->d_name, prefix))
			continue;
		char *path = xasprintf("%s/%s", folder, entry->d_name);
		if (clean(l, path, &err) != 0)
			l->failed(l->arg, &err);
		free(path);
	}
	closedir(dir);
}

/* Held until closed.  -1: no such folder, then nothing of it is taken away; or it cannot be locked, and none waits. */
static int take_turn(const char *results)
{
	int fd = open(results, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (fd >= 0 && flock(fd, LOCK_EX) != 0 && errno == EINTR)
		;
	return fd;
}

/* A server may have put a link in its place: what that leads to is not the rig's to remove. */
static void clean_work(const struct leftovers *l)
{
	struct error err = ERROR_INIT;
	struct stat st;
	if (lstat(l->work, &st) == 0 && S_ISLNK(st.st_mode)) {
		error_set(&err, ERROR_ENVIRONMENT,
			  "'%s' is a link, and what is behind it stays; if it is yours, name the folder with --work",
			  l->work);
		l->failed(l->arg, &err);
		return;
	}
	each_of_dead(l, l->work, FOLDERS_PREFIX, remove_tree);
	each_of_dead(l, l->work, CHECKOUT_PREFIX, discard_checkout);
}

void leftovers_clean(const struct leftovers *l)
{
	int turn = l->dry_run ? -1 : take_turn(l->results);
	/* Processes first, then what they have open. */
	each_of_dead(l, l->work, FOLDERS_PREFIX, kill_server);
	clean_groups(l);
	clean_runs(l);
	clean_work(l);
	each_of_dead(l, l->results, STORE_NEW_PREFIX, remove_tree);
	if (turn >= 0)
		close(turn);
}
