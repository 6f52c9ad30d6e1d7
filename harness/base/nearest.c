#include "base/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define NAME_MAX_LEN 63

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;
	return m < c ? m : c;
}

static size_t distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	if (la > NAME_MAX_LEN || lb > NAME_MAX_LEN)
		return SIZE_MAX;
	size_t d[NAME_MAX_LEN + 1][NAME_MAX_LEN + 1];
	for (size_t i = 0; i <= la; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= lb; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= la; i++) {
		for (size_t j = 1; j <= lb; j++) {
			int ca = tolower((unsigned char)a[i - 1]), cb = tolower((unsigned char)b[j - 1]);
			d[i][j] = min3(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (ca != cb));
			if (i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) &&
			    tolower((unsigned char)a[i - 2]) == cb)
				d[i][j] = min3(d[i][j], d[i - 2][j - 2] + 1, SIZE_MAX);
		}
	}
	return d[la][lb];
}

void nearest_init(struct nearest *n, const char *unknown)
{
	n->unknown = unknown;
	n->best = NULL;
	/* Up to a third of the letters may differ (at least one, two for six letters…). */
	n->best_distance = strlen(unknown) / 3 + 2;
}

void nearest_offer(struct nearest *n, const char *known)
{
	size_t d = distance(n->unknown, known), unknown_len = strlen(n->unknown), known_len = strlen(known);
	/* Of two that share no letter neither was meant by the other; an empty one shares none. */
	bool alike = d < (unknown_len > known_len ? unknown_len : known_len) && unknown_len > 0 && known_len > 0;
	if (alike && d < n->best_distance) {
		n->best = known;
		n->best_distance = d;
	}
}
