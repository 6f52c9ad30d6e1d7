#include "base/home.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/macros.h"

#define INSTALLED "lib/oomrig" /* below the prefix */

char *home_program(struct error *err)
{
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (len <= 0) {
		error_set_errno(err, ERROR_ENVIRONMENT, errno, "cannot read '/proc/self/exe'");
		return NULL;
	}
	path[len] = '\0';
	return xstrdup(path);
}

/* Cuts the last part off; the root stays. */
static void go_up(char *path)
{
	char *slash = strrchr(path, '/');
	slash[slash == path ? 1 : 0] = '\0';
}

char *home_folder(struct error *err)
{
	char *folder = home_program(err);
	if (folder == NULL)
		return NULL;
	go_up(folder);
	char *beside = xasprintf("%s/scenarios", folder);
	if (access(beside, F_OK) != 0) {
		go_up(folder);
		char *installed = xasprintf("%s/" INSTALLED, strcmp(folder, "/") == 0 ? "" : folder);
		free(folder);
		folder = installed;
	}
	free(beside);
	return folder;
}

char *home_scenario(const char *name)
{
	static const char *const forms[] = { "%s/%s",		"%s/%s.yaml",		"%s/%s.yml",
					     "%s/scenarios/%s", "%s/scenarios/%s.yaml", "%s/scenarios/%s.yml" };
	char *folder = access(name, F_OK) != 0 && name[0] != '/' ? home_folder(NULL) : NULL;
	char *found = NULL;
	for (size_t i = 0; folder != NULL && found == NULL && i < COUNT(forms); i++) {
		struct buf path = BUF_INIT;
		buf_addf(&path, forms[i], folder, name);
		if (access(buf_str(&path), F_OK) == 0)
			found = buf_detach(&path);
		buf_release(&path);
	}
	free(folder);
	return found != NULL ? found : xstrdup(name);
}
