#include "cli/cmd_format.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "report/json.h"

const struct exporter *cmd_format_find(const struct format_settings *settings, struct error *err)
{
	return exporter_find(settings->json ? json_exporter.name : settings->format, err);
}

bool cmd_format_alone(const struct exporter *exporter, const struct format_settings *settings)
{
	return exporter != exporters[0] && settings->output == NULL;
}

static int write_file(const char *path, int (*write)(FILE *out, const void *what, struct error *err), const void *what,
		      struct error *err)
{
	char *part = xasprintf("%s.part-%d", path, (int)getpid());
	FILE *out = fopen(part, "we");
	int rc = out == NULL ? error_set_errno(err, ERROR_SYSTEM, errno, "cannot write '%s'", part) : 0;
	if (out != NULL)
		rc = write(out, what, err);
	if (out != NULL && (ferror(out) | fclose(out)) != 0 && rc == 0)
		rc = error_set_errno(err, ERROR_SYSTEM, errno, "cannot write '%s'", part);
	if (rc == 0 && rename(part, path) != 0)
		rc = error_set_errno(err, ERROR_SYSTEM, errno, "cannot write '%s'", path);
	if (rc != 0)
		unlink(part);
	free(part);
	return rc;
}

int cmd_write_to(const char *output, int (*write)(FILE *out, const void *what, struct error *err), const void *what,
		 struct error *err)
{
	if (output != NULL)
		return write_file(output, write, what, err);
	if (write(stdout, what, err) != 0)
		return -1;
	if (fflush(stdout) != 0 || ferror(stdout))
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot write the report");
	return 0;
}

struct written {
	const struct exporter *exporter;
	const struct run_list *runs;
};

static int write_runs(FILE *out, const void *what, struct error *err)
{
	const struct written *w = what;
	return w->exporter->write(out, w->runs, err);
}

int cmd_format_write(const struct exporter *exporter, const struct format_settings *settings,
		     const struct run_list *runs, struct error *err)
{
	const struct written w = { exporter, runs };
	return cmd_write_to(settings->output, write_runs, &w, err);
}
