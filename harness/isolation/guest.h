/*
 * guest - a small machine of its own: QEMU with Debian's cloud kernel and the
 * host's root file system, read only.
 *
 * Life cycle: `guest-image FOLDER` (a script beside this file) has made kernel
 * and initial root file system; guest_accelerator() tells what they run on;
 * guest_start() starts two processes, the emulator and the one that shows it the
 * files; the caller polls the descriptors; guest_end() kills and reaps both.
 *
 * Nothing has a name that could be left behind: guest memory is a memfd, the
 * disk is the caller's descriptor (O_TMPFILE), sockets are pairs or abstract.
 * Both processes die with the thread that called guest_start() (PR_SET_PDEATHSIG).
 *
 * The first process, `next`, finds the disk as /dev/vda and the ports as
 * /dev/guest-port1 and on, and has `words` in its environment.
 */
#ifndef OOMRIG_ISOLATION_GUEST_H
#define OOMRIG_ISOLATION_GUEST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

#define GUEST_PORTS 4

struct guest_options {
	const char *folder;	 /* where guest-image has put vmlinuz and initrd */
	const char *accelerator; /* "kvm" or "tcg" */
	const char *name;	 /* shown in the emulator's command line */
	const char *next;	 /* path of the first process in the host's root; NULL: say that it is up and end */
	const char *tree;	 /* absolute path of a folder that stays visible below /tmp and /run; NULL with next */
	const char *words;	 /* more of the environment of next: "A=1 B=2"; no other blanks */
	uint64_t memory_bytes;
	unsigned cpus;
	int disk_fd; /* stays the caller's; -1 without next */
	int swap_fd; /* a second disk, the same; 0: none */

	uint64_t disk_bytes_per_s; /* of the first disk, both ways together; 0: as fast as it is */
	bool network;		   /* one that reaches nothing outside; ports are forwarded by monitor_fd */
	const char *control;	   /* port 1 is a socket of this name in the file system, for one peer after another */
	bool keep_words;	   /* the console is a memory file, which nobody needs to read from */
};

struct guest {
	pid_t emulator, share;	  /* 0 where there is none */
	int console_fd;		  /* the kernel's words and those of both processes; its end is that of the guest */
	int port_fd[GUEST_PORTS]; /* both ways, bytes; -1 for the first with control */
	int monitor_fd;		  /* with a network: takes the emulator's commands */
};

#define GUEST_INIT                                                                                                     \
	{                                                                                                              \
		.emulator = 0, .share = 0, .console_fd = -1, .port_fd = { -1, -1, -1, -1 }, .monitor_fd = -1           \
	}

/* -1: the guest is as GUEST_INIT again. */
int guest_start(struct guest *g, const struct guest_options *o, struct error *err);

/* May be called twice, and on GUEST_INIT. */
void guest_end(struct guest *g);

/* The first half of it: the processes are gone, descriptors stay.  Any thread. */
void guest_kill(struct guest *g);

/* A free descriptor of `bytes` of disk, in a file without a name in the folder; -1 with err. */
int guest_disk(const char *folder, uint64_t bytes, struct error *err);

/*
 * "kvm" only where a guest has come up with it on this boot of the host, else
 * "tcg" (emulation by software): /dev/kvm may open and not work.  The first call
 * takes up to a quarter of a minute and notes the answer in the folder.
 */
const char *guest_accelerator(const char *folder);

#endif
