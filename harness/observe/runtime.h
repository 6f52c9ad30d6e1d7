/*
 * runtime - which language's runtime a process is: by the name of its executable,
 * the libraries it has mapped, or the sections of its executable.  Reads /proc;
 * any thread.
 */
#ifndef OOMRIG_OBSERVE_RUNTIME_H
#define OOMRIG_OBSERVE_RUNTIME_H

#include <sys/types.h>

/* "node", "go", "jvm", "dotnet", "ruby", "python", "php" (static); NULL: none of these, or it cannot be read. */
const char *runtime_of(pid_t pid);

/* The same of an executable's path alone, and of one line of /proc/PID/maps. */
const char *runtime_of_name(const char *path);
const char *runtime_of_mapping(const char *line);

#endif
