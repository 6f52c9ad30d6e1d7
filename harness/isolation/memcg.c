#include "isolation/memcg.h"

#include <errno.h>
#include <libcgroup.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "isolation/memory_files.h"

#define CONTROLLER "memory"
#define DELETE_DEADLINE_NS (2 * NS_PER_S)

static char *root; /* set once by memcg_init() */
static int version;

static void on_library_log(void *userdata, int level, const char *fmt, va_list ap)
{
	struct buf line = BUF_INIT;

	(void)userdata;
	(void)level;
	buf_vaddf(&line, fmt, ap);
	while (line.len > 0 && line.data[line.len - 1] == '\n')
		line.data[--line.len] = '\0';
	log_debug("libcgroup: %s", buf_str(&line));
	buf_release(&line);
}

/* ECGOTHER (50016) only says "see errno"; every other code has a text of its own. */
static int fail(struct error *err, int code, const char *what, const char *name)
{
	if (code == ECGOTHER)
		return error_set_errno(err, ERROR_SYSTEM, cgroup_get_last_errno(), "cannot %s '%s'", what, name);
	return error_set(err, ERROR_SYSTEM, "cannot %s '%s': %s", what, name, cgroup_strerror(code));
}

int memcg_init(struct error *err)
{
	char *mount_point, *v1_only;
	int code;

	if (root)
		return 0;
	cgroup_set_logger(on_library_log, CGROUP_LOG_WARNING, NULL);
	code = cgroup_init();
	if (code == 0)
		code = cgroup_get_subsys_mount_point(CONTROLLER, &mount_point);
	if (code != 0)
		return error_set(err, ERROR_ENVIRONMENT,
				 "the memory controller is not mounted (%s); type, as root: mount -t cgroup2 cgroup2 "
				 "/sys/fs/cgroup, or for version 1: mkdir -p /sys/fs/cgroup/memory && mount -t cgroup "
				 "-o memory cgroup /sys/fs/cgroup/memory",
				 cgroup_strerror(code));
	/* libcgroup does not tell which of the two it is; only v1 has a file of this name. */
	v1_only = xasprintf("%s/memory.limit_in_bytes", mount_point);
	version = access(v1_only, F_OK) == 0 ? 1 : 2;
	free(v1_only);
	root = mount_point;
	return 0;
}

int memcg_version(void)
{
	return version;
}

const char *memcg_root(void)
{
	return root;
}

/* The library's handle of a group; aborts like xmalloc when memory is short, its only failure for names of ours. */
static struct cgroup *handle_new(const char *name, struct cgroup_controller **controller)
{
	struct cgroup *cg = cgroup_new_cgroup(name);
	struct cgroup_controller *memory = cg ? cgroup_add_controller(cg, CONTROLLER) : NULL;

	if (!memory)
		abort();
	if (controller)
		*controller = memory;
	return cg;
}

int memcg_create(const char *name, struct error *err)
{
	struct cgroup *cg = handle_new(name, NULL);
	int code = cgroup_create_cgroup(cg, 0);

	cgroup_free(&cg);
	if (code == 0)
		return 0;
	fail(err, code, "make group", name);
	if (err)
		err->code = ERROR_ENVIRONMENT;
	return -1;
}

static int delete_once(const char *name, struct error *err)
{
	struct cgroup *cg = handle_new(name, NULL);
	char *dir = xasprintf("%s/%s", root, name);
	int code = cgroup_delete_cgroup(cg, 0);
	int gone;

	cgroup_free(&cg);
	/* 0 is no proof: with CGFLAG_DELETE_EMPTY_ONLY libcgroup 2.0.2 returns it and deletes nothing. */
	gone = access(dir, F_OK) != 0 && errno == ENOENT;
	free(dir);
	if (gone)
		return 0;
	return code ? fail(err, code, "remove group", name)
		    : error_set(err, ERROR_SYSTEM, "cannot remove group '%s': it is still there", name);
}

int memcg_delete(const char *name, struct error *err)
{
	struct error local = ERROR_INIT;
	uint64_t deadline_ns = clock_ns() + DELETE_DEADLINE_NS;

	/* The last process may still be on its way out when it is no longer listed: EBUSY then, for a moment. */
	while (delete_once(name, &local) < 0) {
		if (local.sys_errno == EBUSY && clock_ns() < deadline_ns) {
			usleep(2000);
			continue;
		}
		if (err)
			*err = local;
		return -1;
	}
	return 0;
}

int memcg_write(const char *name, const char *file, uint64_t value, struct error *err)
{
	struct cgroup_controller *memory;
	struct cgroup *cg = handle_new(name, &memory);
	int code = cgroup_add_value_uint64(memory, file, value);

	if (code == 0)
		code = cgroup_modify_cgroup(cg);
	cgroup_free(&cg);
	if (code == 0)
		return 0;
	fail(err, code, "write to group", name);
	return error_prefix(err, "'%s' = %llu", file, (unsigned long long)value);
}

struct fact memcg_read(const char *name, const char *file)
{
	char *path = xasprintf("%s/%s/%s", root, name, file);
	char file_name[FILENAME_MAX], text[64];
	bool missing = access(path, F_OK) != 0 && errno == ENOENT;
	struct fact value = FACT_BROKEN;
	void *handle = NULL;

	free(path);
	if (missing)
		return FACT_NONE;
	/* cgroup_get_cgroup() would read every file of every controller; this reads one.  Its name is not const. */
	snprintf(file_name, sizeof(file_name), "%s", file);
	if (cgroup_read_value_begin(CONTROLLER, name, file_name, &handle, text, sizeof(text)) == 0)
		value = memory_files_parse_value(text, strlen(text));
	if (handle)
		cgroup_read_value_end(&handle);
	return value;
}

int memcg_join(const char *name, struct error *err)
{
	/* On v1 this moves one thread (it writes to "tasks"), which here is all of the process. */
	struct cgroup *cg = handle_new(name, NULL);
	int code = cgroup_attach_task(cg);

	cgroup_free(&cg);
	return code ? fail(err, code, "join group", name) : 0;
}

int memcg_pids(const char *name, pid_t *out, size_t max, struct error *err)
{
	char group[FILENAME_MAX], controller[] = CONTROLLER; /* the library's arguments are not const */
	pid_t *pids = NULL;
	int count = 0, code;

	snprintf(group, sizeof(group), "%s", name);
	code = cgroup_get_procs(group, controller, &pids, &count);
	if (code != 0)
		return fail(err, code, "list processes of group", name);
	for (int i = 0; i < count && (size_t)i < max; i++)
		out[i] = pids[i];
	free(pids);
	return count;
}

int memcg_each(const char *below, void (*fn)(void *arg, const char *name), void *arg, struct error *err)
{
	struct cgroup_file_info info;
	struct buf names = BUF_INIT; /* NUL-terminated, one after the other */
	void *handle = NULL;
	int level, code, rc = 0;

	/* Listed before fn is called: it may remove a group under the iterator. */
	code = cgroup_walk_tree_begin(CONTROLLER, below[0] ? below : "/", 1, &handle, &info, &level);
	while (code == 0) {
		if (info.type == CGROUP_FILE_TYPE_DIR && info.depth == 1)
			buf_add(&names, info.path, strlen(info.path) + 1);
		code = cgroup_walk_tree_next(1, &handle, &info, level);
	}
	if (handle)
		cgroup_walk_tree_end(&handle);
	if (code != ECGEOF)
		rc = fail(err, code, "list groups below", root);
	for (size_t at = 0; rc == 0 && at < names.len; at += strlen(names.data + at) + 1)
		fn(arg, names.data + at);
	buf_release(&names);
	return rc;
}
