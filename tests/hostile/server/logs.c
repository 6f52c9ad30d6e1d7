/* What is written to standard output and error. */
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "misbehave.h"

#define LOG_BYTES (200 * MIB)

static void pour(const char *piece, size_t len, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += len)
		if (write(2, piece, len) < 0)
			break;
}

static void big(void)
{
	char line[4096];
	memset(line, 'l', sizeof(line));
	line[4095] = '\n';
	pour(line, sizeof(line), LOG_BYTES);
}

static void one_line(void)
{
	char piece[4096];
	memset(piece, 'l', sizeof(piece));
	pour(piece, sizeof(piece), LOG_BYTES);
}

static void binary(void)
{
	char piece[4096];
	for (size_t i = 0; i < sizeof(piece); i++)
		piece[i] = (char)(i * 7 + i / 256);
	pour(piece, sizeof(piece), MIB);
}

static void nuls(void)
{
	char piece[4096] = { 0 };
	pour(piece, sizeof(piece), MIB);
}

#define EVIL                                                                                                           \
	"\033[2J\033]0;owned\a\xc2\x9b"                                                                                \
	"31m\xff\r\n"

#define LAST_WORDS                                                                                                     \
	"malloc: Out of memory \033[2J\033]0;owned\a\xc2\x9b"                                                          \
	"31m\n"

static void escape(void)
{
	pour(EVIL, sizeof(EVIL) - 1, 64 * KIB);
}

static enum reply escape_and_die(struct request *r)
{
	(void)r;
	pour(LAST_WORDS, sizeof(LAST_WORDS) - 1, 1);
	exit(1);
}

static void closes(void)
{
	close(0);
	close(1);
	close(2);
}

/* The file that the rig keeps, which lies in the record's folder and not in the server's. */
static void set_length(off_t bytes)
{
	char pattern[PATH_MAX];
	glob_t found;
	snprintf(pattern, sizeof(pattern), "%s/../results/2*/server.log", getenv("HOSTILE_CANARY"));
	must(glob(pattern, 0, NULL, &found) == 0, "glob");
	for (size_t i = 0; i < found.gl_pathc; i++)
		must(truncate(found.gl_pathv[i], bytes) == 0, "truncate");
	globfree(&found);
}

static void truncated(void)
{
	pour("a\n", 2, 64 * KIB);
	set_length(0);
	pour("b\n", 2, 1 * KIB);
}

static void sparse(void)
{
	set_length(1LL << 36);
}

static void *for_ever(void *unused)
{
	(void)unused;
	for (int i = 0; i < 200; i++) {
		pour("for ever\n", 9, MIB / 8);
		sleep_ms(20);
	}
	return NULL;
}

static void while_it_serves(void)
{
	in_thread(for_ever, NULL);
}

static void endless_ready(void)
{
	char piece[4096];
	memset(piece, 'l', sizeof(piece));
	for (int i = 0; i < 100; i++) {
		pour(piece, sizeof(piece), MIB);
		sleep_ms(50);
	}
}

const struct way logs[] = { { "log-of-200-mib", "200 MiB of lines", .start = big },
			    { "log-in-one-line", "200 MiB without a newline", .start = one_line },
			    { "log-while-serving", "lines without a pause", .serving = while_it_serves },
			    { "log-binary", "every byte there is", .start = binary },
			    { "log-nuls", "1 MiB of NUL", .start = nuls },
			    { "log-escape", "control bytes", .start = escape },
			    { "log-escape-and-die", "control bytes in the words it dies with", .head = escape_and_die },
			    { "log-closed", "closes its standard descriptors", .start = closes },
			    { "log-truncated", "cuts the log that the rig keeps", .start = truncated },
			    { "log-sparse-64-gib", "makes that log 64 GiB without a block", .start = sparse },
			    { "log-never-ready", "a log in which the word never comes", .start = endless_ready },
			    { NULL } };
