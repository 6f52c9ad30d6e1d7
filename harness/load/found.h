/*
 * found - what became of an object, by the answer to its download.  Pure; any
 * thread.
 */
#ifndef OOMRIG_LOAD_FOUND_H
#define OOMRIG_LOAD_FOUND_H

#include <stdbool.h>
#include <stdint.h>

enum object_found {
	FOUND_NOT_LOOKED, /* no read-back */
	FOUND_INTACT,
	FOUND_LOST,    /* refused: not found, or not given out */
	FOUND_CORRUPT, /* a wrong byte, or more than was sent */
	FOUND_HALF,    /* there, with a right beginning, but it ends early */
	FOUND_UNREAD,  /* no answer came: nothing is known */
};
extern const char *const object_found_names[];

struct found_answer {
	bool answered;		       /* a status line came */
	bool refused;		       /* and it was not what was asked for */
	bool wrong;		       /* a byte differed */
	uint64_t wanted, done, excess; /* bytes of the object, received of them, received beyond them */
};

enum object_found found_judge(const struct found_answer *a);

#endif
