#include "observe/runtime.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/macros.h"

#define SECTION_NAMES_MAX 65536
#define GO_SECTION ".gopclntab" /* kept by strip(1), because the program itself reads it */

/* The beginning of an executable's name, and of a library's. */
static const struct {
	const char *executable, *library, *runtime;
} known[] = {
	{ "node", "libnode.so", "node" }, { "java", "libjvm.so", "jvm" },      { "dotnet", "libcoreclr.so", "dotnet" },
	{ "ruby", "libruby", "ruby" },	  { "python", "libpython", "python" }, { "php", "libphp", "php" },
};
#define KNOWN COUNT(known)

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* "python3.11" and "php-fpm8.2" are, "nodelay" and "javascript" are not. */
static int begins(const char *name, const char *with)
{
	size_t len = strlen(with);

	return strncmp(name, with, len) == 0 && strchr("0123456789.-", name[len]) != NULL; /* its end too */
}

const char *runtime_of_name(const char *path)
{
	for (size_t i = 0; i < KNOWN; i++)
		if (begins(last_part(path), known[i].executable))
			return known[i].runtime;
	return NULL;
}

const char *runtime_of_mapping(const char *line)
{
	for (size_t i = 0; i < KNOWN; i++)
		if (strchr(line, '/') != NULL &&
		    strncmp(last_part(line), known[i].library, strlen(known[i].library)) == 0)
			return known[i].runtime;
	return NULL;
}

static int names_go(int fd)
{
	Elf64_Ehdr head;
	Elf64_Shdr names;
	int found = 0;

	if (pread(fd, &head, sizeof(head), 0) != sizeof(head) || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
	    head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_shentsize != sizeof(names))
		return 0;
	off_t at = (off_t)(head.e_shoff + (uint64_t)head.e_shstrndx * sizeof(names));
	if (pread(fd, &names, sizeof(names), at) != sizeof(names))
		return 0;
	size_t size = names.sh_size < SECTION_NAMES_MAX ? names.sh_size : SECTION_NAMES_MAX;
	char *text = malloc(size + 1);
	if (text != NULL && pread(fd, text, size, (off_t)names.sh_offset) == (ssize_t)size)
		found = memmem(text, size, GO_SECTION, sizeof(GO_SECTION)) != NULL;
	free(text);
	return found;
}

static const char *by_sections(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const char *runtime = fd >= 0 && names_go(fd) ? "go" : NULL;

	if (fd >= 0)
		close(fd);
	return runtime;
}

static const char *by_mappings(const char *path)
{
	FILE *maps = fopen(path, "re");
	const char *runtime = NULL;
	char *line = NULL;
	size_t size = 0;

	while (maps != NULL && runtime == NULL && getline(&line, &size, maps) > 0)
		runtime = runtime_of_mapping(line);
	free(line);
	if (maps != NULL)
		fclose(maps);
	return runtime;
}

const char *runtime_of(pid_t pid)
{
	char link[64], path[PATH_MAX];

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	ssize_t len = readlink(link, path, sizeof(path) - 1);
	if (len < 0)
		return NULL;
	path[len] = '\0';
	const char *runtime = runtime_of_name(path);
	if (runtime == NULL)
		runtime = by_sections(link);
	if (runtime != NULL)
		return runtime;
	snprintf(link, sizeof(link), "/proc/%d/maps", (int)pid);
	return by_mappings(link);
}
