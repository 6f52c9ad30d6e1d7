#include "run/alloc_line.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/macros.h"

#define BLANK '\1'

/* What must stand in the line beside the words themselves. */
enum beside { NOTHING, MEMORY, FAILED_AFTER, NO_DISK };

struct words {
	const char *text; /* lower case */
	enum beside beside;
};

static const struct words words[] = {
	{ "out of memory", NOTHING },	      /* C, Go, V8, Perl, PHP, .NET, PostgreSQL, MySQL, redis, jemalloc */
	{ "out-of-memory:", NOTHING },	      /* the sanitizers */
	{ "outofmemory", NOTHING },	      /* Java's Error, .NET's Exception, Zig, Julia */
	{ "out_of_memory", NOTHING },	      /* OCaml; ERR_WORKER_OUT_OF_MEMORY of Node */
	{ "process oom", NOTHING },	      /* V8: "Fatal process OOM in …" */
	{ "javascript oom", NOTHING },	      /* V8 */
	{ "invalid size error", NOTHING },    /* V8: an array beyond its largest */
	{ "reaching memory limit", NOTHING }, /* Node: a worker at its resourceLimits */
	{ "memoryerror", NOTHING },	      /* Python, numpy, Arrow; Ruby's NoMemoryError */
	{ "insufficientmemory", NOTHING },    /* .NET's Exception */
	{ "insufficient memory", NOTHING },   /* the JVM, .NET, zlib */
	{ "not enough memory", NOTHING },     /* Lua, torch */
	{ "no memory", NO_DISK },	      /* nginx: "ngx_slab_alloc() failed: no memory" */
	{ "memory exhausted", NOTHING },      /* R, GNU tools */
	{ "heap exhausted", NOTHING },	      /* Haskell, SBCL */
	{ "heap overflow", NOTHING },	      /* Haskell */
	{ "exhausted heap space", NOTHING },  /* Dart */
	{ "could not reserve enough space", NOTHING }, /* the JVM, of its heap */
	{ "not enough space", NO_DISK },	       /* the JVM's word for ENOMEM */
	{ "heap initialization failed", NOTHING },     /* .NET */
	{ "0x8007000e", NOTHING },		       /* .NET: E_OUTOFMEMORY */
	{ "allowed memory size", NOTHING },	       /* PHP */
	{ "bad_alloc", NOTHING },		       /* C++ */
	{ "allocerror", NOTHING },		       /* Rust: TryReserveError */
	{ "enomem", NOTHING },			       /* Node, Erlang */
	{ "sqlite_nomem", NOTHING },		       /* SQLite */
	{ "errno 12", NOTHING },		       /* Python, MySQL */
	{ "errno=12", NOTHING },		       /* the JVM, Go */
	{ "errno: 12", NOTHING },		       /* MySQL, Perl */
	{ "error=12", NOTHING },		       /* the JVM, starting a process */
	{ "os error 12", NOTHING },		       /* Rust */
	{ "memory alloc request size", NOTHING },      /* PostgreSQL */
	{ "memory allocation", FAILED_AFTER },	       /* Rust, the JVM, Apache, libxml2 */
	{ "allocation failed", MEMORY },	       /* V8, tcmalloc */
	{ "malloc", FAILED_AFTER },		       /* nginx, Arrow, OpenSSL */
	{ "calloc", FAILED_AFTER },
	{ "memalign", FAILED_AFTER },
};

/* "cannot allocate 8 bytes", "Unable to commit …": one of these, then one of those, then what of memory. */
static const char *const refused[] = { "cannot ",    "can't ",	   "can not ",	  "could not ", "couldn't ",
				       "unable to ", "failed to ", "failure to ", "fail to " };
static const char *const verbs[] = { "alloc", "realloc", "re-alloc", "commit ", "map pages", "expand heap" };

static const char *const of_memory[] = { "memory", "byte",  "kib",  "mib",	  "gib",      " kb",
					 " mb",	   " gb",   "heap", "buffer",	  "array",    "stack",
					 "vector", "arena", "(new", "javascript", "map pages" };

/* Just before the words: it has not happened, or it is a line of source. */
static const char *const supposed[] = { "avoid",   "prevent",  "may run", "might run", "could run", "would ", "should ",
					" if ",	   "in case ", "risk",	  "without",   "never ",    "raise ", "throw ",
					"except ", "rescue ",  "catch",	  "protect",   "test",	    "when ",  "upon " };
/* Just after them. */
static const char *const named[] = { " handler", " killer", " protection", " policy", " guard", " score", " test" };

static const char *const of_disk[] = { "disk", "device", "volume", "quota", "storage", "upload", "file", "folder" };

/* The word before a quoted text that is a message: msg="…", "error":"…", an instance of '…', exception '…'. */
static const char *const message_keys[] = { "msg",    "message", "error",  "err",   "exception",
					    "reason", "cause",	 "detail", "stack", "log",
					    "of",     "text",	 "panic",  "fatal", "slogan" };

/* A line made ready: what is quoted and no message is blanked out. */
struct line {
	const char *original;
	char lower[ALLOC_LINE_MAX + 1];
};

static bool holds_any(const char *text, const char *const list[], size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strstr(text, list[i]) != NULL)
			return true;
	return false;
}

/* Of the few bytes before or after a place. */
static bool near_holds(const char *from, size_t len, const char *const list[], size_t count)
{
	char part[32];
	size_t n = len < sizeof(part) - 1 ? len : sizeof(part) - 1;
	memcpy(part, from, n);
	part[n] = '\0';
	return holds_any(part, list, count);
}

static bool is_message_key(const char *start, const char *quote)
{
	const char *end = quote;
	while (end > start && strchr(" \"':=([{\\", end[-1]) != NULL)
		end--;
	const char *word = end;
	while (word > start && isalpha((unsigned char)word[-1]))
		word--;
	for (size_t i = 0; i < COUNT(message_keys); i++)
		if (strlen(message_keys[i]) == (size_t)(end - word) &&
		    strncasecmp(message_keys[i], word, (size_t)(end - word)) == 0)
			return true;
	return false;
}

/* The quote that ends the text begun at open; NULL: that was an apostrophe, or the text has no end. */
static char *closing(const char *start, char *open)
{
	char end = *open == '`' ? '\'' : *open;
	if (*open == '\'' && open > start && isalnum((unsigned char)open[-1]))
		return NULL;
	for (char *p = open + 1; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == end && (end != '\'' || !isalnum((unsigned char)p[1])))
			return p;
	}
	return NULL;
}

/* Keys are quoted as well, so they are looked at in the original. */
static void blank_quoted(char *start, const char *original)
{
	for (char *p = start; *p != '\0'; p++) {
		char *end = strchr("\"'`", *p) != NULL ? closing(start, p) : NULL;
		if (end == NULL)
			continue;
		bool whole = p == start && end[1] == '\0';
		if (!whole && !is_message_key(original, original + (p - start)))
			memset(p + 1, BLANK, (size_t)(end - p - 1));
		p = end;
	}
}

static bool in_path(const char *start, const char *at)
{
	for (; at > start && !isspace((unsigned char)at[-1]); at--)
		if (strchr("/\\?%#", at[-1]) != NULL)
			return true;
	return false;
}

/* "OutOfMemoryError.java", "out of memory-2": part of a longer name.  A class may follow a package and a prefix. */
static bool is_part(const struct line *l, const char *at, const char *end)
{
	const char *original = l->original + (at - l->lower);
	char before = at > l->lower ? at[-1] : ' ';
	bool prefixed = strncmp(at, "memoryerror", 11) == 0 || strncmp(at, "out_of_memory", 13) == 0;
	if (strncmp(at, "memoryerror", 11) == 0 && at - l->lower >= 5 && strncmp(at - 5, "outof", 5) == 0)
		return true; /* the other words, or an option's name that ends with them */
	if (before == '-' || before == BLANK || (isalnum((unsigned char)before) && !prefixed))
		return true;
	if (prefixed && isalnum((unsigned char)before) && !isupper((unsigned char)*original))
		return true;
	if (strncmp(end, "error", 5) == 0)
		end += 5;
	else if (strncmp(end, "exception", 9) == 0)
		end += 9;
	if (*end == '.')
		return isalnum((unsigned char)end[1]) || end[1] == '<' || end[1] == '_';
	return isalnum((unsigned char)*end) || (*end == '-' && isalnum((unsigned char)end[1])) || *end == '=' ||
	       (*end == '_' && isalnum((unsigned char)end[1]));
}

static bool is_meant(const struct line *l, const char *at, const char *end)
{
	size_t before = (size_t)(at - l->lower);
	size_t back = 0;
	while (back < before && back < 20 && strchr(":;", at[-1 - (ptrdiff_t)back]) == NULL) /* of the same clause */
		back++;
	return !is_part(l, at, end) && !in_path(l->lower, at) &&
	       !near_holds(at - back, back, supposed, COUNT(supposed)) &&
	       !near_holds(end, strnlen(end, 12), named, COUNT(named));
}

/* After the verb: the words are cut where the next clause begins, so that "cannot allocate port: low memory" is none.
 */
static bool memory_after(const char *end)
{
	char rest[96];
	size_t n = strcspn(end, ":;,\t");
	n = n < sizeof(rest) - 1 ? n : sizeof(rest) - 1;
	memcpy(rest, end, n);
	rest[n] = '\0';
	return holds_any(rest, of_memory, COUNT(of_memory));
}

static bool has_beside(const struct line *l, enum beside beside, const char *end)
{
	switch (beside) {
	case MEMORY:
		return holds_any(l->lower, of_memory, COUNT(of_memory));
	case FAILED_AFTER:
		return strstr(end, "fail") != NULL;
	case NO_DISK:
		return !holds_any(l->lower, of_disk, COUNT(of_disk));
	case NOTHING:
		break;
	}
	return true;
}

/* The first such words that are meant; before: a place known already, NULL for none. */
static const char *earliest(const struct line *l, const char *text, enum beside beside, const char *known)
{
	size_t len = strlen(text);
	for (const char *at = strstr(l->lower, text); at != NULL && (known == NULL || at < known);
	     at = strstr(at + 1, text)) {
		const char *end = at + len;
		bool number = isdigit((unsigned char)end[-1]) && isdigit((unsigned char)*end);
		if (beside == FAILED_AFTER && *end == 's')
			end++;
		if (!number && has_beside(l, beside, end) &&
		    is_meant(l, at, beside == FAILED_AFTER && *end == '(' ? "" : end))
			return at;
	}
	return known;
}

static const char *refusal(const struct line *l, const char *known)
{
	for (size_t i = 0; i < COUNT(refused); i++) {
		const char *at = l->lower;
		while ((at = strstr(at, refused[i])) != NULL && (known == NULL || at < known)) {
			const char *verb = at + strlen(refused[i]);
			for (size_t v = 0; v < COUNT(verbs); v++)
				if (strncmp(verb, verbs[v], strlen(verbs[v])) == 0 &&
				    memory_after(strncmp(verbs[v], "map", 3) == 0 ? verb : verb + 4) &&
				    is_meant(l, at, ""))
					known = known == NULL || at < known ? at : known;
			at++;
		}
	}
	return known;
}

const char *alloc_line_find(const char *line)
{
	static const char *const hints[] = { "mem",   "alloc",	  "heap",  " oom",   "size error", "rror",
					     "space", "8007000e", "errno", "commit", "arena" };
	struct line l = { .original = line };
	size_t len = strnlen(line, ALLOC_LINE_MAX);
	const char *at = NULL;

	for (size_t i = 0; i < len; i++)
		l.lower[i] = (char)tolower((unsigned char)line[i]);
	l.lower[len] = '\0';
	if (!holds_any(l.lower, hints, COUNT(hints))) /* as most lines */
		return NULL;
	blank_quoted(l.lower, line);
	for (size_t i = 0; i < COUNT(words); i++)
		at = earliest(&l, words[i].text, words[i].beside, at);
	at = refusal(&l, at);
	return at == NULL ? NULL : line + (at - l.lower);
}
