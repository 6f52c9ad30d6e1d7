/*
 * folder - the scenarios below a folder: every *.yaml and *.yml, in the order of
 * their names, folder by folder; those in a servers/ folder describe servers.
 *
 * Life cycle: scenario_folder_find() appends heap paths to a zeroed list,
 * scenario_folder_release() in any case.  Main thread.
 */
#ifndef OOMRIG_SCENARIO_FOLDER_H
#define OOMRIG_SCENARIO_FOLDER_H

#include "base/error.h"
#include "scenario/scenario.h"

/* The length of a file's name without its .yaml or .yml; -1: it has neither, or is no more than that. */
int scenario_stem(const char *name);

/* Appends a folder's scenarios, or one path as it is. */
int scenario_folder_find(const char *folder, struct string_list *out, struct error *err);
void scenario_folder_add(struct string_list *paths, const char *path);
void scenario_folder_release(struct string_list *paths);

#endif
