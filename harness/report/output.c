#include "report/output.h"

#include <errno.h>

int output_take(FILE *out, struct buf *text, struct error *err)
{
	errno = 0;
	fwrite(buf_str(text), 1, text->len, out);
	buf_release(text);
	if (fflush(out) != 0 || ferror(out))
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot write the report");
	return 0;
}
