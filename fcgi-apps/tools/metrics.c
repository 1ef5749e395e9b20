/* SPDX-License-Identifier: ISC */
/* metrics.c - numbers for Prometheus, in a file that is never half written. */
#include "metrics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void
metrics_begin(metrics *m)
{
	*m = (metrics){ 0 };
	m->to = open_memstream(&m->text, &m->len);
}

static bool
metric_begin(metrics *m, const char *name, int kind, double value, const char *help)
{
	if (m->to == NULL || value < 0)
		return false;
	fprintf(m->to, "# HELP sesskit_%s %s\n# TYPE sesskit_%s %s\nsesskit_%s ", name, help, name,
		kind == METRIC_COUNTER ? "counter" : "gauge", name);
	return true;
}

void
metrics_number(metrics *m, const char *name, int kind, int64_t number, const char *help)
{
	if (metric_begin(m, name, kind, (double)number, help))
		fprintf(m->to, "%lld\n", (long long)number);
}

void
metrics_seconds(metrics *m, const char *name, int kind, double seconds, const char *help)
{
	if (metric_begin(m, name, kind, seconds, help))
		fprintf(m->to, "%.6f\n", seconds);
}

int
metrics_save(const tool *t, metrics *m, const char *path)
{
	int rc = m->to == NULL || fclose(m->to) != 0 ? ENOMEM : 0;

	/* The collector of the node exporter runs as another user: the file is for everybody to read. */
	if (rc == 0 && file_put(path, m->text, m->len, 0644, rename) != 0)
		rc = errno;
	free(m->text);
	*m = (metrics){ 0 };
	if (rc == 0)
		return EX_OK;
	return tool_fail(t, rc == EACCES || rc == ENOENT || rc == EPERM ? EX_CANTCREAT : EX_IOERR,
		"%s: the metrics cannot be written: %s; name a file in a folder where this user may "
		"write", path, strerror(rc));
}
