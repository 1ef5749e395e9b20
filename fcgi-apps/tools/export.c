/* SPDX-License-Identifier: ISC */
/* export.c - sesskit export: everything in a store as lines of JSON, to be put back by import. */
#include "copy.h"
#include "export.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* Items in a piece, which ends with a checkpoint; and bytes, for they wait in memory. */
#define PIECE_ITEMS 1000
#define PIECE_BYTES ((size_t)1 << 20)

/* A line longer than any that import would read is left out, as what is damaged is. */
static int
leave_out(export *x, const sess_item *item, size_t start)
{
	x->out.len = start;
	x->tally = x->before;
	x->tally.damaged++;
	return tool_fail(x->t, 1, "the session x'%02x%02x%02x%02x...' has too many former ids, and was "
		"left out; sesskit gc deletes those that are outdated", item->rec->id[0],
		item->rec->id[1], item->rec->id[2], item->rec->id[3]);
}

static int
add_item(void *arg, const sess_item *item)
{
	export *x = arg;
	size_t start = x->out.len;
	int rc;

	x->before = x->tally;
	rc = line_put_item(&x->out, &x->tally, item);
	if (rc != SESS_OK)
		return sess_fail(&x->err, rc, "out of memory");
	if (x->out.len - start > line_max(EXPORT_BYTES_MAX) && item->rec != NULL)
		return leave_out(x, item, start);
	/* 1 is also what walk says when there is more. */
	return x->out.len >= PIECE_BYTES;
}

static int
fail_write(const export *x)
{
	if (x->path == NULL)
		return tool_fail(x->t, EX_IOERR, "cannot write to standard output: %s", strerror(errno));
	return tool_fail(x->t, EX_IOERR, "cannot write %s: %s; --resume goes on from there",
		x->part, strerror(errno));
}

/* All that waits in memory. */
static int
write_out(export *x)
{
	size_t done = 0;

	while (done < x->out.len) {
		ssize_t n = write(x->fd, x->out.at + done, x->out.len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fail_write(x);
		done += (size_t)n;
	}
	x->bytes += (int64_t)done;
	buffer_wipe(&x->out);
	return EX_OK;
}

/* What the store left out because it is damaged is said as it comes. */
static void
report_damage(export *x)
{
	if (x->err.text[0] == '\0')
		return;
	x->tally.damaged++;
	progress_end(&x->bar);
	(void)tool_fail(x->t, EX_DATAERR, "%s", x->err.text);
}

static int64_t
counted(const export *x)
{
	return x->tally.records + x->tally.ended + x->tally.damaged;
}

static int
write_items(export *x)
{
	const store *s = &x->t->kit->store;
	int rc = 1, result = EX_OK;

	while (rc == 1 && result == EX_OK) {
		int64_t before = counted(x);

		if (tool_stopping())
			return tool_stopped(x->t, x->path != NULL ? "--resume goes on from here"
				: "the output is not complete");
		x->err.text[0] = '\0';
		rc = s->provider->walk(s->self, &x->cursor, PIECE_ITEMS, add_item, x, &x->err);
		if (rc < 0)
			return tool_fail_code(x->t, rc, &x->err);
		report_damage(x);
		/* After the last item there is no other checkpoint, however often it is resumed. */
		if (counted(x) > before
			&& line_put_checkpoint(&x->out, &x->tally, &x->cursor) != SESS_OK)
			return tool_fail(x->t, EX_OSERR, "out of memory");
		result = write_out(x);
		progress_at(&x->bar, x->tally.records);
	}
	return result;
}

/* What is on its way, or was, is not whole there. A store on stores knows where each session is. */
static int
check_home(const tool *t)
{
	if (t->kit->store.provider->flags & SESS_STORE_OVER)
		return EX_OK;
	return copy_at_home(t, t->kit, "export that store, or move:FROM TO");
}

static int
write_all(export *x)
{
	sess_stats stats;
	int result;

	/* Only to show how far it is: without it there is no bar, and that is all. */
	if (sess_summary(x->t->kit, &stats) != SESS_OK || stats.live < 0 || stats.waiting < 0)
		stats.live = stats.waiting = 0;
	progress_begin(&x->bar, x->t, "export", stats.live + stats.waiting);
	result = write_items(x);
	progress_end(&x->bar);
	/* Did that begin meanwhile? */
	if (result == EX_OK)
		result = check_home(x->t);
	if (result != EX_OK)
		return result;
	if (line_put_complete(&x->out, &x->tally) != SESS_OK)
		return tool_fail(x->t, EX_OSERR, "out of memory");
	return write_out(x);
}

static int
write_head(export *x)
{
	const sess_kit *kit = x->t->kit;

	if (line_put_head(&x->out, &x->tally, kit->store.address.url, x->keys, kit_now(kit)) != SESS_OK)
		return tool_fail(x->t, EX_OSERR, "out of memory");
	return write_out(x);
}

static void
say(const export *x)
{
	double seconds = (double)(clock_monotonic_ms() - x->started_ms) / 1000;
	char text[TERM_TIME_MAX];
	json_out out;

	if (!x->t->json) {
		printf("exported %lld sessions and %lld ended ids to %s, %s in %.1f s\n",
			(long long)x->tally.records, (long long)x->tally.ended, x->path,
			term_size(text, x->bytes), seconds);
		return;
	}
	snprintf(text, sizeof(text), "%.3f", seconds);
	json_start(&out, stdout);
	json_open(&out, NULL, '{');
	json_int(&out, "sessions", x->tally.records);
	json_int(&out, "ids_ended", x->tally.ended);
	json_int(&out, "left_out", x->tally.damaged);
	json_int(&out, "bytes", x->bytes);
	json_raw(&out, "seconds", text, strlen(text));
	json_close(&out, '}');
	json_line(&out);
}

static int
export_store(export *x, bool resume)
{
	bool begun = false;
	int result = x->path != NULL ? part_open(x, resume, &begun) : EX_OK;

	if (result == EX_OK && !begun)
		result = write_head(x);
	if (result == EX_OK)
		result = write_all(x);
	if (result == EX_OK && x->path != NULL)
		result = part_finish(x);
	if (result != EX_OK)
		return result;
	if (x->path != NULL && (x->t->json || !x->t->quiet))
		say(x);
	if (x->tally.damaged > 0)
		result = tool_fail(x->t, EX_DATAERR, "%lld sessions were left out; sesskit doctor --deep "
			"looks for more damage", (long long)x->tally.damaged);
	return result;
}

static int
run(tool *t, char **operands)
{
	export x = { .t = t, .fd = STDOUT_FILENO, .path = tool_given(t, "output"),
		.started_ms = clock_monotonic_ms() };
	bool resume = tool_given(t, "resume") != NULL;
	int result, flushed;

	(void)operands;
	if (resume && x.path == NULL)
		return tool_fail(t, EX_USAGE, "--resume needs --output: what went to standard output is "
			"gone");
	/* A limit on the size of files is a write that fails, not the end. */
	signal(SIGXFSZ, SIG_IGN);
	result = tool_open(t);
	if (result != EX_OK)
		return result;
	if (t->kit->store.provider->walk == NULL)
		return tool_fail(t, EX_UNAVAILABLE, "store %s cannot be exported",
			t->kit->store.address.url);
	result = check_home(t);
	if (result != EX_OK)
		return result;
	line_keys(x.keys, &t->kit->keys);
	result = export_store(&x, resume);
	if (x.path != NULL && x.fd > STDERR_FILENO)
		close(x.fd);
	buffer_free(&x.out);
	flushed = x.path != NULL ? tool_flush(t) : EX_OK;
	return result == EX_OK ? flushed : result;
}

static const tool_option options[] = {
	{ "output", "FILE", "write to this file; it appears when it is whole" },
	{ "resume", NULL, "go on with what was interrupted, in FILE.part" },
	{ NULL, NULL, NULL }
};

const verb verb_export = {
	.name = "export",
	.summary = "write all sessions to a file that import reads",
	.details =
		"One line of JSON for each session, expired ones too, and for each id that ended;\n"
		"every line has a checksum. The site goes on meanwhile. Whoever has the file and\n"
		"the key file has the sessions: keep both as safe as the store. Values that are\n"
		"not sealed can be read in it.",
	.options = options,
	.run = run,
};
