/* SPDX-License-Identifier: ISC */
/* import.c - sesskit import: puts back what export wrote, record by record; to do it again changes
 * nothing, so an interrupted import is simply repeated. */
#include "transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Items are put back some at a time, for one commit costs more than many of them. They are read
 * before, so that the store is never held while we wait for input. */
#define BATCH_ITEMS 64
#define BATCH_BYTES ((size_t)4 << 20)

typedef struct item_read {
	line l;
	buffer text;                    /* that l points into */
	int64_t number;                 /* of the line */
} item_read;

typedef struct counts {
	int64_t sessions, ended, kept;
} counts;

typedef struct import {
	tool *t;
	const char *path;               /* for messages */
	line_input *in;
	item_read batch[BATCH_ITEMS];
	size_t waiting, bytes;          /* of the batch */
	line_tally tally;
	counts done;
	int64_t bad, started_ms;
	size_t max_bytes;
	bool dry, skip;
	bool gap;                       /* a line was skipped since the last checkpoint */
	bool complete;                  /* the last line came */
	progress bar;
	sess_error err;
} import;

/* A line that cannot be used: EX_OK to go on behind it, else the exit code. */
static int
bad_line(import *m, int64_t number, const char *what)
{
	progress_end(&m->bar);
	m->bad++;
	m->gap = true;
	(void)tool_fail(m->t, EX_DATAERR, "%s:%lld: %s%s", m->path, (long long)number, what,
		m->skip ? "; skipped" : "; --skip-bad goes on behind it");
	return m->skip ? EX_OK : EX_DATAERR;
}

/* EX_OK when the item is there, or was skipped. */
static int
put_back(import *m, const item_read *item, counts *c)
{
	const line *l = &item->l;
	bool record = l->kind == LINE_RECORD;
	int rc = item_restore(&m->t->kit->store, &(sess_item){ .rec = record ? &l->rec : NULL,
		.traces = l->traces, .count = l->count }, &m->err);

	if (rc == SESS_CONFLICT || rc == SESS_INVALID || rc == SESS_TOOBIG)
		return bad_line(m, item->number, m->err.text);
	if (rc < 0)
		return tool_fail_code(m->t, rc, &m->err);
	*(rc == 0 ? &c->kept : record ? &c->sessions : &c->ended) += 1;
	return EX_OK;
}

/* Put back what waits. It counts once it is released: a failure may undo all of it. */
static int
flush_batch(import *m)
{
	const store *s = m->dry ? NULL : &m->t->kit->store;
	counts c = { .kept = 0 };
	int result = EX_OK, rc = SESS_OK;
	bool held;

	if (m->waiting == 0 || m->dry)
		return EX_OK;
	held = s->provider->hold != NULL;
	if (held)
		rc = s->provider->hold(s->self, m->batch[0].l.count > 0 ? m->batch[0].l.traces[0].id
			: m->batch[0].l.rec.id, &m->err);
	if (rc != SESS_OK)
		return tool_fail_code(m->t, rc, &m->err);
	for (size_t i = 0; i < m->waiting && result == EX_OK; i++)
		result = put_back(m, &m->batch[i], &c);
	if (held)
		rc = s->provider->release(s->self, &m->err);
	m->waiting = m->bytes = 0;
	if (rc != SESS_OK)
		return result != EX_OK ? result : tool_fail_code(m->t, rc, &m->err);
	m->done.sessions += c.sessions;
	m->done.ended += c.ended;
	m->done.kept += c.kept;
	return result;
}

/* An item waits for its batch. A dry run counts it as new: it does not ask the store. */
static int
use_item(import *m, const item_read *item)
{
	if (m->dry) {
		*(item->l.kind == LINE_RECORD ? &m->done.sessions : &m->done.ended) += 1;
		return EX_OK;
	}
	m->waiting++;
	m->bytes += item->text.len;
	return m->waiting == BATCH_ITEMS || m->bytes >= BATCH_BYTES ? flush_batch(m) : EX_OK;
}

static int
use_line(import *m, const item_read *item)
{
	const line *l = &item->l;
	int64_t number = item->number;
	bool fits;

	if ((l->kind == LINE_HEAD) != (number == 1))
		return bad_line(m, number, l->kind == LINE_HEAD ? "a second export begins here" :
			"this is not the first line of an export");
	if (m->complete)
		return bad_line(m, number, "there is more behind the last line");
	fits = line_count(&m->tally, l);
	if (l->kind == LINE_RECORD || l->kind == LINE_ENDED)
		return use_item(m, item);
	m->complete = l->kind == LINE_COMPLETE;
	if (!fits && !m->gap)
		return bad_line(m, number, "lines before this one are missing, or were changed");
	m->gap = false;
	return EX_OK;
}

/* Read what is in the input now, into the next place of the batch. */
static int
take_line(import *m)
{
	item_read *item = &m->batch[m->waiting];
	buffer text = item->text;
	int rc;

	item->text = m->in->text;
	m->in->text = text;
	item->number = m->in->number;
	rc = line_read(&item->l, item->text.at, item->text.len, m->max_bytes, &m->err);
	if (rc == SESS_NOMEM)
		return tool_fail(m->t, EX_OSERR, "out of memory");
	return rc == SESS_OK ? use_line(m, item) : bad_line(m, item->number, m->err.text);
}

/* The next line: EX_OK, with *more false at the end, or an exit code with a message. */
static int
next_line(import *m, bool *more)
{
	int rc = line_next(m->in);
	int64_t number = m->in->number;

	*more = rc != INPUT_END && rc != INPUT_CUT;
	switch (rc) {
	case INPUT_END:
		return EX_OK;
	case INPUT_CUT:
		return bad_line(m, number, "the file ends in the middle of this line");
	case INPUT_LONG:
		return bad_line(m, number, "this line is longer than max_bytes allows; raise it");
	case INPUT_NOMEM:
		return tool_fail(m->t, EX_OSERR, "out of memory");
	case INPUT_FAILED:
		return tool_fail(m->t, EX_IOERR, "cannot read %s: %s", m->path, strerror(errno));
	default:
		return take_line(m);
	}
}

static int
read_items(import *m)
{
	bool more = true;
	int result = EX_OK, flushed;

	while (more && result == EX_OK) {
		if (tool_stopping())
			return tool_stopped(m->t, "run it again, and it goes on from here");
		result = next_line(m, &more);
		progress_at(&m->bar, m->in->offset);
	}
	/* What was good before a bad line is kept. */
	flushed = result == EX_OK || result == EX_DATAERR ? flush_batch(m) : EX_OK;
	if (result == EX_OK)
		result = flushed;
	if (result == EX_OK && !m->complete) {
		m->bad++;
		result = tool_fail(m->t, EX_DATAERR, "%s:%lld: the file is cut off here; what was in it "
			"is %s, for the rest export again", m->path, (long long)m->in->number,
			m->dry ? "good" : "imported");
	}
	return result == EX_OK && m->bad > 0 ? EX_DATAERR : result;
}

/* -- before the first item --------------------------------------------------------------------- */

/* The head comes before the store is opened: what is no export must not make one. */
static int
read_first(import *m, line *head)
{
	int rc = line_next(m->in);

	if (rc == INPUT_FAILED)
		return tool_fail(m->t, EX_IOERR, "cannot read %s: %s", m->path, strerror(errno));
	if (rc != INPUT_LINE)
		return tool_fail(m->t, EX_DATAERR, "%s:1: this is not the first line of an export", m->path);
	rc = line_read(head, m->in->text.at, m->in->text.len, m->max_bytes, &m->err);
	if (rc != SESS_OK)
		return tool_fail(m->t, EX_DATAERR, "%s:1: this is not the first line of an export: %s",
			m->path, m->err.text);
	if (head->kind != LINE_HEAD)
		return tool_fail(m->t, EX_DATAERR, "%s:1: this is not the first line of an export", m->path);
	line_count(&m->tally, head);
	return EX_OK;
}

/* All keys that the file was made with must be there, or no visitor would find back. That comes
 * before the store is opened, too, which would make a key file with another key. */
static int
check_keys(import *m, const line *head)
{
	char path[TOOL_PATH_MAX];
	keyring ring;
	bool known;
	int result = tool_key_path(m->t, path);

	if (result != EX_OK)
		return result;
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return tool_fail(m->t, EX_NOINPUT, "%s is missing: put a copy there of the key file that "
			"belongs to %s", path, head->store);
	if (keyring_open(&ring, path, false, &m->err) != SESS_OK)
		return tool_fail_code(m->t, m->err.code, &m->err);
	known = transfer_has_keys(&ring, head->keys);
	keyring_close(&ring);
	return known ? EX_OK : tool_fail(m->t, EX_CONFIG, "%s lacks a key that the sessions of %s need: "
		"use a copy of their key file, or --any-keys", path, m->path);
}

static int
open_store(import *m, const line *head)
{
	int result = tool_given(m->t, "any-keys") != NULL ? EX_OK : check_keys(m, head);

	if (result == EX_OK)
		result = tool_open(m->t);
	if (result == EX_OK && m->t->kit->store.provider->restore == NULL)
		result = tool_fail(m->t, EX_UNAVAILABLE, "nothing can be put into store %s",
			m->t->kit->store.address.url);
	return result;
}

/* -- the verb ---------------------------------------------------------------------------------- */

static void
say(const import *m)
{
	double seconds = (double)(clock_monotonic_ms() - m->started_ms) / 1000;
	char text[32];
	json_out out;

	if (!m->t->json) {
		printf("%s %lld sessions and %lld ended ids in %.1f s", m->dry ? "would import" :
			"imported", (long long)m->done.sessions, (long long)m->done.ended, seconds);
		if (!m->dry)
			printf(", %lld were there already", (long long)m->done.kept);
		puts("");
		return;
	}
	snprintf(text, sizeof(text), "%.3f", seconds);
	json_start(&out, stdout);
	json_open(&out, NULL, '{');
	json_int(&out, "sessions", m->done.sessions);
	json_int(&out, "ids_ended", m->done.ended);
	json_int(&out, "there_already", m->done.kept);
	json_int(&out, "bad_lines", m->bad);
	json_bool(&out, "dry_run", m->dry);
	json_raw(&out, "seconds", text, strlen(text));
	json_close(&out, '}');
	json_line(&out);
}

static int
import_file(import *m)
{
	struct stat st;
	line head = { .kind = 0 };
	int settled, result = read_first(m, &head);

	if (result == EX_OK && !m->dry)
		result = open_store(m, &head);
	line_free(&head);
	if (result != EX_OK)
		return result;
	progress_begin(&m->bar, m->t, "import", fstat(m->in->fd, &st) == 0 ? st.st_size : 0);
	result = read_items(m);
	progress_end(&m->bar);
	settled = m->dry ? EX_OK : transfer_settle(m->t, m->t->kit);
	if (m->t->json || !m->t->quiet)
		say(m);
	return result == EX_OK ? settled : result;
}

static int
run(tool *t, char **operands)
{
	line_input in = { .fd = STDIN_FILENO };
	import m = { .t = t, .path = operands[0], .in = &in, .started_ms = clock_monotonic_ms(),
		.dry = tool_given(t, "dry-run") != NULL, .skip = tool_given(t, "skip-bad") != NULL };
	sess_config whole;
	int result, flushed;

	if (operands[0] == NULL || operands[1] != NULL)
		return tool_fail(t, EX_USAGE, "expected one file, or - for standard input");
	if (config_complete(&whole, &t->config, &m.err) != SESS_OK)
		return tool_fail_code(t, m.err.code, &m.err);
	m.max_bytes = whole.max_bytes;
	in.max = line_max(whole.max_bytes);
	t->may_create = !m.dry;
	/* The file is read as the owner of the store, as all that this command opens. */
	result = m.dry ? EX_OK : tool_own(t);
	if (result != EX_OK)
		return result;
	if (strcmp(m.path, "-") == 0)
		m.path = "standard input";
	else if ((in.fd = open(m.path, O_RDONLY | O_CLOEXEC | O_NOCTTY)) < 0)
		return tool_fail(t, errno == EACCES ? EX_NOPERM : EX_NOINPUT, "cannot open %s: %s",
			m.path, strerror(errno));
	result = import_file(&m);
	if (in.fd != STDIN_FILENO)
		close(in.fd);
	line_input_free(&in);
	for (size_t i = 0; i < BATCH_ITEMS; i++) {
		line_free(&m.batch[i].l);
		buffer_free(&m.batch[i].text);
	}
	flushed = tool_flush(t);
	return result == EX_OK ? flushed : result;
}

static const tool_option options[] = {
	{ "dry-run", NULL, "only check the file, and count what is in it" },
	{ "skip-bad", NULL, "go on behind a line that is damaged or does not fit" },
	{ "any-keys", NULL, "import although the key file lacks keys" },
	{ NULL, NULL, NULL }
};

const verb verb_import = {
	.name = "import",
	.operands = "FILE",
	.summary = "put back what export wrote",
	.details =
		"FILE may be - for standard input. Each session is put back whole or not at all;\n"
		"those that are there already stay as they are, unless the file has a later\n"
		"state of them, and what ended stays ended. To go on after an interruption, run\n"
		"it again. Visitors find back only with the key file of the store that the\n"
		"export was made from.",
	.options = options,
	.run = run,
};
