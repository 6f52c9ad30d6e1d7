/*
 * disk - a quiet thread that adds up what the server keeps on disk.
 *
 * Life cycle: disk_watch_start() walks the folders once and starts the thread;
 * disk_watch_read() gives the last figures, never blocks and is safe on any
 * thread; disk_watch_stop() joins and walks once more, so that the last
 * figures are those of the end.  A walk is repeated after a second, or after
 * 200 times what it took, so that a big tree costs no more than a small one.
 */
#ifndef OOMRIG_OBSERVE_DISK_H
#define OOMRIG_OBSERVE_DISK_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/error.h"
#include "observe/sampler.h"

struct disk_watch {
	const char *data_dir, *tmp_dir;	 /* borrowed; NULL: not measured */
	_Atomic uint64_t data, wal, tmp; /* encoded facts */
	uint64_t cpu_ns;		 /* of the thread; valid after stop */
	int stop_fd;
	pthread_t thread;
};

int disk_watch_start(struct disk_watch *w, const char *data_dir, const char *tmp_dir, struct error *err);
void disk_watch_read(const struct disk_watch *w, struct disk_sample *out);
void disk_watch_stop(struct disk_watch *w);

#endif
