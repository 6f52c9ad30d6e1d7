/*
 * clock - the one clock everything is timed by (CLOCK_MONOTONIC, ns), and wall
 * time for people and file names.  Any thread.
 */
#ifndef OOMRIG_BASE_CLOCK_H
#define OOMRIG_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define NS_PER_US 1000ULL
#define NS_PER_MS 1000000ULL
#define NS_PER_S 1000000000ULL

/* CLOCK_MONOTONIC in ns; what samples, requests and events are stamped with. */
uint64_t clock_ns(void);

/* CLOCK_BOOTTIME in ns: as clock_ns(), but it runs on while the machine sleeps. */
uint64_t clock_boot_ns(void);

/* CLOCK_REALTIME in ns since the epoch. */
uint64_t clock_wall_ns(void);

/* CPU time of this process (all threads) and of the calling thread, ns. */
uint64_t clock_process_cpu_ns(void);
uint64_t clock_thread_cpu_ns(void);

/* Writes an RFC 3339 UTC time with milliseconds ("2026-11-21T11:44:39.120Z"); wall_ns since the epoch. */
#define CLOCK_RFC3339_MAX 32
void clock_rfc3339(uint64_t wall_ns, char out[CLOCK_RFC3339_MAX]);

#endif
