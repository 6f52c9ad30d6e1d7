/* macros - what C leaves out: from a member to the struct around it, and the length of an array. */
#ifndef OOMRIG_BASE_MACROS_H
#define OOMRIG_BASE_MACROS_H

#include <stddef.h>

/* The struct of this type whose member ptr points to. */
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

/* Of an array, not of a pointer. */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
