/* SPDX-License-Identifier: ISC */
/* failures_calls.c - calls behind a flaky proxy, and what may come of them. */
#include "failures_url.h"

#include "../faults/faults.h"
#include "address.h"

#include <unistd.h>

#define PATIENCE_MS 15000

static void
ignore(void *arg, int sentence, int number, bool passed, const char *text)
{
	(void)arg;
	(void)sentence;
	(void)number;
	(void)passed;
	(void)text;
}

bool
trial_open(trial *t)
{
	sess_address address = address_of(t->c.provider, t->c.here);
	sess_error *err = &t->c.err;
	int rc;

	memset(err, 0, sizeof(*err));
	t->c.self = NULL;
	rc = t->c.provider->open(&t->c.self, &address, &t->c.limits, err);
	if (rc != SESS_OK && (err->code != rc || err->text[0] == '\0'))
		bail("open failed with %d, and did not say why", rc);
	return rc == SESS_OK;
}

void
trial_close(trial *t)
{
	if (t->c.self != NULL)
		t->c.provider->close(t->c.self);
	t->c.self = NULL;
	arena_free(&t->c.sink.memory);
}

void
trial_start(trial *t, const char *url, flaky *proxy)
{
	static const int64_t zero;

	memset(t, 0, sizeof(*t));
	t->proxy = proxy;
	t->c = (contract){ .provider = provider_of(url), .report = ignore,
		.limits = { .max_bytes = 1 << 20, .busy_ms = TRIAL_BUSY_MS } };
	snprintf(t->c.here, sizeof(t->c.here), "%s", place_of(t->c.provider, url));
	if (!trial_open(t))
		bail("cannot open %s: %s", url, t->c.err.text);
	for (int i = 0; i < KNOWN; i++) {
		sess_record *rec = &t->records[i].rec;

		*rec = fresh_record(&t->c);
		rec->data = &zero;
		rec->len = sizeof(zero);
		rec->sealed = true;
		if (t->c.provider->insert(t->c.self, rec, CONTRACT_NOW, 0, &t->c.err) != SESS_OK)
			bail("cannot insert: %s", t->c.err.text);
	}
}

/* What load gave is the record as it may be now. */
static bool
is_right(const trial *t, const known *k, int64_t *n)
{
	sess_record want = k->rec;

	if (t->c.got.len != sizeof(*n))
		return false;
	memcpy(n, t->c.got.data, sizeof(*n));
	want.data = n;
	return record_difference(&t->c.got, &want) == NULL && *n >= k->low && *n <= k->high &&
		t->c.got.revision == (uint64_t)*n + 1 && t->c.got.via == SESS_VIA_ID;
}

/* A failure is one of these codes, and says why. */
static void
note(trial *t, outcome *o, int rc, int64_t begun)
{
	int64_t took = clock_ms() - begun;

	o->made++;
	o->longest = took > o->longest ? took : o->longest;
	if (rc >= 0)
		return;
	o->failed++;
	o->odd += (rc != SESS_STORE && rc != SESS_BUSY) || t->c.err.code != rc ||
		t->c.err.text[0] == '\0';
	snprintf(o->text, sizeof(o->text), "%d %.180s", rc, t->c.err.text);
}

static void
count_on(trial *t, outcome *o, known *k, int64_t n)
{
	sess_record next = t->c.got;
	int64_t begun = clock_ms();
	int rc;

	n++;
	next.data = &n;
	rc = t->c.provider->update(t->c.self, &next, CONTRACT_NOW, SESS_PART_DATA, &t->c.err);
	k->high = n > k->high ? n : k->high;
	if (rc == SESS_OK)
		k->low = n;
	/* Somebody else was first: that was the same call, before its answer got lost. */
	note(t, o, rc == SESS_CONFLICT ? SESS_OK : rc, begun);
}

outcome
trial_calls(trial *t, int count)
{
	outcome o = { 0 };
	int64_t begun = clock_ms();

	while (o.made < count) {
		known *k = &t->records[t->turn++ % KNOWN];
		int64_t n = 0, at = clock_ms();
		int rc;

		arena_reset(&t->c.sink.memory);
		memset(&t->c.got, 0, sizeof(t->c.got));
		rc = t->c.provider->load(t->c.self, k->rec.id, CONTRACT_NOW, &t->c.got,
			&t->c.sink, &t->c.err);
		note(t, &o, rc, at);
		o.lost += rc == 0;
		if (rc == 1 && !is_right(t, k, &n))
			o.wrong++;
		else if (rc == 1)
			count_on(t, &o, k, n);
	}
	o.total = clock_ms() - begun;
	return o;
}

int64_t
trial_recovers(trial *t)
{
	int64_t begun = clock_ms();

	while (clock_ms() - begun < PATIENCE_MS) {
		outcome o = trial_calls(t, 2);

		if (o.failed == 0 && o.lost == 0 && o.wrong == 0)
			return clock_ms() - begun;
		usleep(10000);
	}
	return -1;
}
