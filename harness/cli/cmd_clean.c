#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/text.h"
#include "campaign/checkout.h"
#include "cli/cmd.h"
#include "isolation/isolation.h"
#include "judge/judge.h"
#include "record/rejudge.h"
#include "record/store.h"
#include "target/mark.h"

struct clean_settings {
	const char *results, *work;
	bool dry_run;
};

static const struct option_row rows[] = {
	{ "dry-run", 'n', OPTION_FLAG, offsetof(struct clean_settings, dry_run), NULL, NULL, 0, 0, NULL,
	  "only say what would be done" },
	{ "results", 'r', OPTION_STRING, offsetof(struct clean_settings, results), "DIR", NULL, 0, 0, NULL,
	  "where the runs are stored; without it\n$OOMRIG_RESULTS, or ./results" },
	{ "work", 'w', OPTION_STRING, offsetof(struct clean_settings, work), "DIR", NULL, 0, 0, NULL,
	  "where runs were told to keep the server's data;\nwithout it .work in the results" },
	{ 0 },
};

static const struct manual manual = {
	.usage = "oomrig clean [options]",
	.about = "Takes away what a rig left that was killed before it could clean up: servers\n"
		 "that still run, their groups, their data and temporary folders, worktrees of\n"
		 "commits, half-written records.  Its runs are marked as interrupted; what they\n"
		 "recorded stays.  Runs of a rig that lives are not touched.",
	.examples = "  oomrig clean --dry-run           what is there\n"
		    "  oomrig clean                     take it away",
	.statuses = { STATUS_OK, STATUS_USAGE, STATUS_RIG, STATUS_END },
};

struct cleaning {
	bool dry_run;
	size_t done; /* things taken away, or that would be */
	int status;  /* exit status: a failure does not stop the rest */
};

static void say(struct cleaning *c, const char *done, const char *would, const char *what)
{
	c->done++;
	text_line(stdout, "%s %s", c->dry_run ? would : done, what);
}

static void failed(struct cleaning *c, const struct error *err)
{
	c->status = cmd_fail(err);
}

/* A reused process id is told by the program that it runs.  What cannot be looked at is taken to live. */
static bool rig_lives(pid_t pid)
{
	char link[64], exe[PATH_MAX];
	if (pid <= 0 || pid == getpid())
		return false;
	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	ssize_t len = readlink(link, exe, sizeof(exe) - 1);
	if (len < 0)
		return errno != ENOENT && errno != ESRCH; /* proc_pid_exe(5): a zombie has none */
	exe[len] = '\0';
	char *deleted = strstr(exe, " (deleted)");
	if (deleted != NULL)
		*deleted = '\0';
	const char *slash = strrchr(exe, '/');
	return strcmp(slash != NULL ? slash + 1 : exe, "oomrig") == 0;
}

static void mark_interrupted(struct cleaning *c, const char *folder, const char *id, json_t *record)
{
	say(c, "marked as interrupted: run", "would mark as interrupted: run", id);
	if (c->dry_run)
		return;
	struct error err = ERROR_INIT;
	if (rejudge_as_interrupted(record, "the rig was killed before it had judged this run", &err) != 0) {
		failed(c, &err);
		return;
	}
	char *path = xasprintf("%s/" STORE_RECORD, folder);
	char *text = text_json_dumps(record, JSON_INDENT(2));
	if (fs_write_file(path, text, strlen(text), &err) != 0)
		failed(c, &err);
	free(text);
	free(path);
}

/* What fs_write_file() of a dead rig did not come to rename. */
static void clean_temporary(struct cleaning *c, const char *folder)
{
	static const char *const names[] = { STORE_RECORD ".tmp", "kernel.log.tmp" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct error err = ERROR_INIT;
		char *path = xasprintf("%s/%s", folder, names[i]);
		if (access(path, F_OK) == 0) {
			say(c, "removed", "would remove", cmd_shown_path(path));
			if (!c->dry_run && unlink(path) != 0) {
				error_set_errno(&err, ERROR_SYSTEM, errno, "cannot remove '%s'", path);
				failed(c, &err);
			}
		}
		free(path);
	}
}

static void clean_run(struct cleaning *c, const char *results, const char *id)
{
	struct error err = ERROR_INIT;
	char *folder = xasprintf("%s/%s", results, id);
	json_t *record = store_read(folder, &err);
	if (record == NULL) {
		failed(c, &err);
	} else if (!rig_lives((pid_t)json_integer_value(json_object_get(record, "rig_pid")))) {
		const char *state = json_string_value(json_object_get(record, "state"));
		clean_temporary(c, folder);
		if (state != NULL && strcmp(state, "running") == 0) {
			mark_interrupted(c, folder, id, record);
		}
	}
	json_decref(record);
	free(folder);
}

static void clean_runs(struct cleaning *c, const char *results)
{
	struct error err = ERROR_INIT;
	char **ids;
	size_t count;
	if (store_list(results, &ids, &count, &err) != 0) {
		failed(c, &err);
		return;
	}
	for (size_t i = 0; i < count; i++)
		clean_run(c, results, ids[i]);
	store_free_list(ids, count);
}

/* A backend that does not work here has left nothing here. */
static void clean_groups(struct cleaning *c)
{
	for (size_t i = 0; isolation_backends[i] != NULL; i++) {
		struct error err = ERROR_INIT;
		struct buf report = BUF_INIT;
		if (isolation_backends[i]->probe(&err) != 0)
			continue;
		int found = isolation_backends[i]->clean(!c->dry_run, &report, &err);
		fputs(buf_str(&report), stdout);
		if (found < 0)
			failed(c, &err);
		else
			c->done += (size_t)found;
		buf_release(&report);
	}
}

/*
 * Folders "PREFIX<pid of the rig>-...": of data (run/folders.h), of commits (campaign/checkout.h), and of runs without
 * a record (store/store.h).
 */
static void each_of_dead(struct cleaning *c, const char *work, const char *prefix,
			 int (*clean)(struct cleaning *c, const char *path, struct error *err))
{
	size_t len = strlen(prefix);
	DIR *dir = opendir(work);
	struct dirent *entry;
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		int pid, used = 0;
		if (strncmp(entry->d_name, prefix, len) != 0 ||
		    sscanf(entry->d_name + len, "%d-%n", &pid, &used) != 1 || used == 0 || rig_lives(pid))
			continue;
		struct error err = ERROR_INIT;
		char *path = xasprintf("%s/%s", work, entry->d_name);
		if (clean(c, path, &err) != 0)
			failed(c, &err);
		free(path);
	}
	if (dir != NULL) {
		closedir(dir);
	} else if (errno != ENOENT) {
		struct error err = ERROR_INIT;
		error_set_errno(&err, ERROR_SYSTEM, errno, "cannot open folder '%s'", work);
		failed(c, &err);
	}
}

static void say_killed(void *arg, pid_t pid)
{
	char *what = xasprintf("server process %d", (int)pid);
	say(arg, "killed", "would kill", what);
	free(what);
}

static int kill_server(struct cleaning *c, const char *path, struct error *err)
{
	return mark_kill(strrchr(path, '/') + 1, c->dry_run, say_killed, c, err);
}

static int remove_tree(struct cleaning *c, const char *path, struct error *err)
{
	say(c, "removed", "would remove", cmd_shown_path(path));
	return c->dry_run ? 0 : fs_remove_tree(path, err);
}

static int discard_checkout(struct cleaning *c, const char *path, struct error *err)
{
	say(c, "removed", "would remove", cmd_shown_path(path));
	return c->dry_run ? 0 : checkout_discard(path, err);
}

static int main_clean(int argc, char **argv)
{
	struct clean_settings settings = { 0 };
	struct options_result words;
	struct error err = ERROR_INIT;
	int status;
	if (!cmd_begin(&manual, rows, argc, argv, &settings, &words, &status))
		return status;
	if (words.operand_count > 0) {
		error_set(&err, ERROR_USAGE, "clean takes no '%s'; --results DIR names a folder of runs",
			  words.operands[0]);
		return cmd_fail(&err);
	}
	char *results = cmd_results_folder(settings.results);
	char *work = cmd_work_folder(settings.work, results);
	struct cleaning c = { .dry_run = settings.dry_run, .status = STATUS_OK };
	/* Processes first, then what they have open. */
	each_of_dead(&c, work, "work-", kill_server);
	clean_groups(&c);
	clean_runs(&c, results);
	each_of_dead(&c, work, "work-", remove_tree);
	each_of_dead(&c, work, CHECKOUT_PREFIX, discard_checkout);
	each_of_dead(&c, results, STORE_NEW_PREFIX, remove_tree);
	if (c.done == 0 && c.status == STATUS_OK)
		printf("nothing was left behind\n");
	free(work);
	free(results);
	return c.status;
}

const struct command command_clean = { "clean", "take away what a killed rig left behind", &manual, rows, main_clean };
