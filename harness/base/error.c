#include "base/error.h"

#include <stdio.h>
#include <string.h>

static void error_fill(struct error *err, enum error_code code, int sys_errno, const char *fmt, va_list ap)
{
	err->code = code;
	err->sys_errno = sys_errno;
	int used = vsnprintf(err->message, sizeof(err->message), fmt, ap);
	if (sys_errno != 0 && used >= 0 && (size_t)used < sizeof(err->message))
		snprintf(err->message + used, sizeof(err->message) - (size_t)used, ": %s", strerror(sys_errno));
}

int error_set(struct error *err, enum error_code code, const char *fmt, ...)
{
	if (err == NULL)
		return -1;
	va_list ap;
	va_start(ap, fmt);
	error_fill(err, code, 0, fmt, ap);
	va_end(ap);
	return -1;
}

int error_set_errno(struct error *err, enum error_code code, int sys_errno, const char *fmt, ...)
{
	if (err == NULL)
		return -1;
	va_list ap;
	va_start(ap, fmt);
	error_fill(err, code, sys_errno, fmt, ap);
	va_end(ap);
	return -1;
}

int error_prefix(struct error *err, const char *fmt, ...)
{
	if (err == NULL)
		return -1;
	char rest[ERROR_MESSAGE_MAX];
	memcpy(rest, err->message, sizeof(rest));
	va_list ap;
	va_start(ap, fmt);
	int used = vsnprintf(err->message, sizeof(err->message), fmt, ap);
	va_end(ap);
	if (used >= 0 && (size_t)used < sizeof(err->message))
		snprintf(err->message + used, sizeof(err->message) - (size_t)used, ": %s", rest);
	return -1;
}
