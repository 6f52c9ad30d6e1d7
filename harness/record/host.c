#include "record/host.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <errno.h>
#include <gsl/gsl_version.h>
#include <libcgroup.h>
#include <mntent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <uv.h>
#include <yaml.h>

#include "base/fact_json.h"
#include "base/fs.h"
#include "base/text.h"

static json_t *text_or_null(const char *text)
{
	return text && text[0] ? text_json(text) : json_null();
}

/* A line "KEY<blanks>: VALUE" of a file under /proc, without its blanks; false if there is none. */
static bool proc_value(const char *path, const char *key, char *out, size_t size)
{
	FILE *file = fopen(path, "re");
	size_t key_len = strlen(key), cap = 0;
	char *line = NULL;
	bool found = false;

	while (file != NULL && !found && getline(&line, &cap, file) > 0) {
		const char *colon = strchr(line, ':');
		if (colon == NULL || strncmp(line, key, key_len) != 0 || strchr(" \t:", line[key_len]) == NULL)
			continue;
		colon += 1 + strspn(colon + 1, " \t");
		snprintf(out, size, "%.*s", (int)strcspn(colon, "\n"), colon);
		found = true;
	}
	free(line);
	if (file != NULL)
		fclose(file);
	return found;
}

/* proc(5): the figures of /proc/meminfo are in kB of 1024 bytes. */
static struct fact meminfo(const char *key)
{
	char text[64];
	char *end;

	if (!proc_value("/proc/meminfo", key, text, sizeof(text)))
		return FACT_BROKEN;
	errno = 0;
	unsigned long long kib = strtoull(text, &end, 10);
	return errno == 0 && end != text && strcmp(end, " kB") == 0 ? fact_of(kib * 1024) : FACT_BROKEN;
}

struct fact host_swap_total_bytes(void)
{
	return meminfo("SwapTotal");
}

static json_t *first_line(const char *path)
{
	struct buf text = BUF_INIT;
	json_t *json;

	if (fs_read_file(path, &text, NULL) == 0 && text.len > 0)
		text.data[strcspn(text.data, "\n")] = '\0';
	json = text_or_null(buf_str(&text));
	buf_release(&text);
	return json;
}

static bool has_word(const char *text, const char *word, const char *separators)
{
	size_t len = strlen(word);

	for (text += strspn(text, separators); *text != '\0'; text += strspn(text, separators)) {
		size_t here = strcspn(text, separators);
		if (here == len && memcmp(text, word, len) == 0)
			return true;
		text += here;
	}
	return false;
}

const char *host_cgroup_mode(const char *mounts, const char *v2_controllers, const char **memory)
{
	bool v1 = false, v2 = false;
	FILE *file = fmemopen((char *)mounts, strlen(mounts), "r");
	struct mntent entry;
	char space[4096];

	*memory = NULL;
	while (file != NULL && getmntent_r(file, &entry, space, sizeof(space)) != NULL) {
		v2 |= strcmp(entry.mnt_type, "cgroup2") == 0;
		if (strcmp(entry.mnt_type, "cgroup") != 0)
			continue;
		v1 = true;
		if (has_word(entry.mnt_opts, "memory", ","))
			*memory = "v1";
	}
	if (file != NULL)
		fclose(file);
	if (*memory == NULL && v2 && has_word(v2_controllers, "memory", " \n"))
		*memory = "v2";
	return v1 && v2 ? "hybrid" : v1 ? "v1" : v2 ? "v2" : "none";
}

/* Where cgroup2 is mounted; heap, NULL if nowhere. */
static char *v2_root(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent entry;
	char space[4096];
	char *root = NULL;

	while (mounts != NULL && root == NULL && getmntent_r(mounts, &entry, space, sizeof(space)) != NULL)
		if (strcmp(entry.mnt_type, "cgroup2") == 0)
			root = xstrdup(entry.mnt_dir);
	if (mounts != NULL)
		endmntent(mounts);
	return root;
}

static json_t *cgroup_json(void)
{
	struct buf mounts = BUF_INIT, controllers = BUF_INIT;
	const char *mode = NULL, *memory = NULL;
	char *root = v2_root();

	if (root != NULL) {
		char *path = xasprintf("%s/cgroup.controllers", root);
		fs_read_file(path, &controllers, NULL);
		free(path);
	}
	if (fs_read_file("/proc/self/mounts", &mounts, NULL) == 0 && mounts.len > 0)
		mode = host_cgroup_mode(buf_str(&mounts), buf_str(&controllers), &memory);
	free(root);
	buf_release(&mounts);
	buf_release(&controllers);
	return json_pack("{s:o, s:o}", "mode", text_or_null(mode), "memory_controller", text_or_null(memory));
}

/* libcgroup 2.0 has no call for its version; the loaded file's real name carries it ("libcgroup.so.2.0.2"). */
static json_t *libcgroup_version(void)
{
	static const char mark[] = ".so.";
	const char *number = NULL;
	char *path = NULL;
	Dl_info info;

	if (dladdr((void *)(uintptr_t)cgroup_init, &info) != 0)
		path = realpath(info.dli_fname, NULL);
	if (path != NULL)
		number = strstr(path, mark);
	json_t *json = text_or_null(number ? number + sizeof(mark) - 1 : NULL);
	free(path);
	return json;
}

static json_t *libraries_json(void)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "libuv", text_or_null(uv_version_string()), "libcurl",
			 text_or_null(curl_version_info(CURLVERSION_NOW)->version), "libyaml",
			 text_or_null(yaml_get_version_string()), "jansson", text_or_null(jansson_version_str()), "gsl",
			 text_or_null(gsl_version), "libcgroup", libcgroup_version());
}

json_t *host_describe(void)
{
	json_t *host = json_object();
	struct utsname kernel = { 0 };
	char cpu[128] = "";

	uname(&kernel);
	proc_value("/proc/cpuinfo", "model name", cpu, sizeof(cpu));
	json_object_set_new(host, "oomrig", json_string(OOMRIG_VERSION));
	json_object_set_new(host, "kernel", text_or_null(kernel.release));
	json_object_set_new(host, "machine", text_or_null(kernel.machine));
	json_object_set_new(host, "cpu", text_or_null(cpu));
	json_object_set_new(host, "cores", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
	json_object_set_new(host, "page_bytes", json_integer(sysconf(_SC_PAGESIZE)));
	json_object_set_new(host, "memory_bytes", fact_to_json(meminfo("MemTotal")));
	json_object_set_new(host, "swap_bytes", fact_to_json(host_swap_total_bytes()));
	json_object_set_new(host, "transparent_hugepages", first_line("/sys/kernel/mm/transparent_hugepage/enabled"));
	json_object_set_new(host, "cgroup", cgroup_json());
	json_object_set_new(host, "libraries", libraries_json());
	return host;
}
