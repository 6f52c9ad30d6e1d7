/*
 * cpu_wait - how long programs of the whole host waited for a CPU: what says,
 * beside a run, that the host was too busy for a verdict about time.  Read
 * before and after; the difference is what counts.  Any thread.
 */
#ifndef OOMRIG_OBSERVE_CPU_WAIT_H
#define OOMRIG_OBSERVE_CPU_WAIT_H

#include "base/fact.h"

#define CPU_WAIT_FILE "/proc/pressure/cpu"

/*
 * ns since boot in which at least one program waited: "some" of the kernel's Documentation/accounting/psi.rst.
 * Absent: the kernel (before 4.20, or psi=0) does not tell.
 */
struct fact cpu_wait_ns(const char *path);

#endif
