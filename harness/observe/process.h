/*
 * process - what the processes of a group show of themselves in /proc.
 *
 * Life cycle: process_set_init(); process_set_update() with the ids of the
 * moment, as often as they may have changed; process_set_read() and
 * process_set_files() in between; process_set_release().  Status files stay
 * open between updates and nothing is allocated.  One thread per set.
 *
 * Fields: proc_pid_status(5).
 */
#ifndef OOMRIG_OBSERVE_PROCESS_H
#define OOMRIG_OBSERVE_PROCESS_H

#include <stddef.h>
#include <sys/types.h>

#include "observe/sampler.h"

struct process_slot {
	pid_t pid;
	int status_fd; /* stays with this very process, even when its id is used again; -errno: not open */
};

struct process_set {
	/* Set by whoever knows the processes of another kernel, after the init; NULL: /proc has them. */
	ssize_t (*status)(struct isolation_reader *r, pid_t pid, char *out, size_t size);
	struct isolation_reader *reader;
	struct process_slot slot[PROCESS_SET_MAX];
	size_t count;
	size_t beyond; /* processes that found no slot */
};

struct process_status {
	char state; /* 'Z': zombie; 0: not found */
	char name[16];
	struct fact rss_anon_bytes, rss_file_bytes, rss_shmem_bytes, vm_hwm_bytes, threads;
};

void process_status_parse(const char *text, size_t len, struct process_status *out);

void process_set_init(struct process_set *set);
/* count may exceed PROCESS_SET_MAX; pids holds the first PROCESS_SET_MAX then. */
void process_set_update(struct process_set *set, const pid_t *pids, size_t count);
/*
 * Sums over the living; all but open_files, which is left as it is.  each: room
 * for PROCESS_SET_MAX, gets a row for each that could be read.  Returns the rows.
 */
size_t process_set_read(struct process_set *set, pid_t main_pid, struct process_sample *out, struct process_seen *each);
/* Open files of all processes together. */
struct fact process_set_files(const struct process_set *set);
void process_set_release(struct process_set *set);

#endif
