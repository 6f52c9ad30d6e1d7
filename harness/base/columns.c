#include "base/columns.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define WIDTH_MIN 40
#define WIDTH_MAX 160

int columns_of(FILE *out)
{
	const char *columns = getenv("COLUMNS");
	long width = columns != NULL ? strtol(columns, NULL, 10) : 0;
	struct winsize size;
	if (width <= 0 && ioctl(fileno(out), TIOCGWINSZ, &size) == 0)
		width = size.ws_col;
	if (width <= 0)
		width = 80;
	return width < WIDTH_MIN ? WIDTH_MIN : width > WIDTH_MAX ? WIDTH_MAX : (int)width;
}

/* RFC 3629: continuation bytes are 10xxxxxx. */
static bool starts_character(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

int text_columns(const char *text)
{
	int columns = 0;
	for (; *text != '\0'; text++)
		columns += starts_character(*text);
	return columns;
}

size_t text_break(const char *text, int columns)
{
	size_t end = 0, space = 0, joint = 0;
	int used = 0;
	for (; text[end] != '\0' && text[end] != '\n'; end++) {
		if (starts_character(text[end]) && used++ == columns)
			break;
		if (text[end] == ' ' && end > 0)
			space = end;
		if (text[end] == '/' || (text[end] == '-' && memchr(text, '/', end) == NULL))
			joint = end + 1;
	}
	if (text[end] == '\0' || text[end] == '\n' || text[end] == ' ')
		return end > 0 ? end : 1;
	/* A word longer than the line: behind a joint of "crashed/oom-kill" before anywhere. */
	return space > 0 ? space : joint > 0 ? joint : end > 0 ? end : 1;
}
