/* SPDX-License-Identifier: ISC */
/* store_contract.c - runs the sentences of the contract against a provider; the checks, calls and
 * records that its parts share. */
#include "store_contract.h"

#include "servers/address.h"
#include "tap.h"

#include <sodium.h>

static const struct sentence {
	void (*run)(contract *);
	const char *text;
} sentences[CONTRACT_SENTENCES] = {
	{ contract_load, "load gives back what was stored" },
	{ contract_missing, "a missing record is not an error" },
	{ contract_expired, "an expired record is never returned" },
	{ contract_load_only, "load changes nothing" },
	{ contract_insert, "insert refuses an id that is there" },
	{ contract_update, "update is guarded by the revision" },
	{ contract_gone, "update, touch and offer of what is gone" },
	{ contract_parts, "update of data only, and of all" },
	{ contract_touch, "touch moves forward only" },
	{ contract_offer, "offer makes one candidate" },
	{ contract_candidate, "load by a candidate" },
	{ contract_confirm, "confirm moves the record" },
	{ contract_retired, "load by a retired id" },
	{ contract_replace, "replace in one step" },
	{ contract_end, "end says why" },
	{ contract_stays_ended, "what ended stays ended" },
	{ contract_end_all, "end_all" },
	{ contract_list, "list" },
	{ contract_count, "count" },
	{ contract_collect, "collect" },
	{ contract_cas, "cas" },
	{ contract_handles, "several handles at once" },
	{ contract_hold, "hold and release" },
	{ contract_durable, "what is on disk" },
	{ contract_failures, "failures change nothing and say why" },
	{ contract_walk, "walk hands on everything" },
	{ contract_restore, "restore puts it back" },
	{ contract_stats, "stats counts what happened" },
};

/* -- checks ---------------------------------------------------------------------------------- */

static bool vcheck(contract *c, bool passed, const char *note, const char *fmt, va_list args)
{
	char text[300];
	size_t len;

	vsnprintf(text, sizeof(text), fmt, args);
	len = strlen(text);
	if (!passed)
		snprintf(text + len, sizeof(text) - len, "%s", note);
	c->number++;
	c->failures += !passed;
	c->report(c->arg, c->sentence, c->number, passed, text);
	return passed;
}

bool check(contract *c, bool passed, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vcheck(c, passed, "", fmt, args);
	va_end(args);
	return passed;
}

bool check_int(contract *c, int64_t got, int64_t want, const char *fmt, ...)
{
	char note[80];
	va_list args;

	snprintf(note, sizeof(note), " (got %" PRId64 ", want %" PRId64 ")", got, want);
	va_start(args, fmt);
	vcheck(c, got == want, note, fmt, args);
	va_end(args);
	return got == want;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

const char *record_difference(const sess_record *a, const sess_record *b)
{
	const struct { bool same; const char *name; } fields[] = {
		{ memcmp(a->id, b->id, sizeof(a->id)) == 0, "id" },
		{ memcmp(a->secret, b->secret, sizeof(a->secret)) == 0, "secret" },
		{ memcmp(a->family, b->family, sizeof(a->family)) == 0, "family" },
		{ a->created == b->created, "created" },
		{ a->seen == b->seen, "seen" },
		{ a->expires == b->expires, "expires" },
		{ a->absolute == b->absolute, "absolute" },
		{ a->idle == b->idle, "idle" },
		{ a->renew == b->renew, "renew" },
		{ a->offered == b->offered, "offered" },
		{ a->login == b->login, "login" },
		{ a->persist == b->persist, "persist" },
		{ a->level == b->level, "level" },
		{ same_text(a->user, b->user), "user" },
		{ same_text(a->address, b->address), "address" },
		{ same_text(a->agent, b->agent), "agent" },
		{ a->len == b->len, "len" },
		{ a->len == b->len && (!a->len || memcmp(a->data, b->data, a->len) == 0), "data" },
		{ a->sealed == b->sealed, "sealed" },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (!fields[i].same)
			return fields[i].name;
	return NULL;
}

bool check_found(contract *c, const sess_record *want, int64_t now, uint64_t revision,
	const char *what)
{
	const char *differs;
	int rc = do_load(c, want->id, now);

	if (rc != 1)
		return check(c, false, "%s: load returned %d", what, rc);
	differs = record_difference(&c->got, want);
	if (!differs && c->got.revision != revision)
		differs = "revision";
	if (!differs && c->got.via != SESS_VIA_ID)
		differs = "via";
	return check(c, !differs, "%s%s%s", what, differs ? "; differs in " : "",
		differs ? differs : "");
}

bool check_ended(contract *c, const unsigned char *id, int64_t now, sess_status why,
	const char *what)
{
	int rc = do_load(c, id, now);
	sess_record before, after = c->got;

	memset(&before, CONTRACT_POISON, sizeof(before));
	after.ended = before.ended;
	if (why != SESS_UNKNOWN)
		after.since = before.since;
	if (rc == 0 && memcmp(&before, &after, sizeof(before)) != 0)
		return check(c, false, "%s: load returned 0, but changed the record", what);
	return check(c, rc == 0 && c->got.ended == why, "%s (load %d, ended %d, want 0, %d)", what,
		rc, (int)c->got.ended, (int)why);
}

bool check_leads(contract *c, const unsigned char *id, int64_t now, int via, int64_t since,
	const unsigned char *record, const char *what)
{
	unsigned char secret[SESS_ID_BYTES];
	int rc = do_load(c, id, now);

	secret_of(id, secret);
	if (rc != 1)
		return check(c, false, "%s: load returned %d", what, rc);
	if (c->got.via != via)
		return check_int(c, c->got.via, via, "%s: via", what);
	if (since && c->got.since != since)
		return check_int(c, c->got.since, since, "%s: since", what);
	if (memcmp(c->got.secret, secret, sizeof(secret)) != 0)
		return check(c, false, "%s: the secret is not that of the id", what);
	return check(c, memcmp(c->got.id, record, SESS_ID_BYTES) == 0, "%s", what);
}

/* -- calls ----------------------------------------------------------------------------------- */

int result(contract *c, int rc)
{
	if (rc < 0 && (c->err.code != rc || !c->err.text[0]))
		c->silent++;
	memset(&c->err, 0, sizeof(c->err));
	return rc;
}

void *open_handle(contract *c)
{
	sess_address address = address_of(c->provider, c->here);
	void *self = NULL;

	if (c->provider->open(&self, &address, &c->limits, &c->err) != SESS_OK)
		bail("cannot open %s: %s", c->here, c->err.text);
	return self;
}

int do_load(contract *c, const unsigned char *id, int64_t now)
{
	arena_reset(&c->sink.memory);
	memset(&c->got, CONTRACT_POISON, sizeof(c->got));
	return result(c, c->provider->load(c->self, id, now, &c->got, &c->sink, &c->err));
}

int do_insert(contract *c, const sess_record *rec)
{
	return result(c, c->provider->insert(c->self, rec, CONTRACT_NOW, 0, &c->err));
}

int do_update(contract *c, const sess_record *rec, int64_t now, int part)
{
	return result(c, c->provider->update(c->self, rec, now, part, &c->err));
}

int do_touch(contract *c, const unsigned char *id, int64_t seen, int64_t expires)
{
	return result(c, c->provider->touch(c->self, id, seen, expires, &c->err));
}

int do_offer(contract *c, const unsigned char *id, const unsigned char *candidate, int64_t now,
	int64_t free_since)
{
	unsigned char secret[SESS_ID_BYTES];

	secret_of(candidate, secret);
	return result(c, c->provider->offer(c->self, id, candidate, secret, now, free_since,
		CONTRACT_KEEP, &c->err));
}

int do_confirm_until(contract *c, const unsigned char *candidate, int64_t now, int64_t keep)
{
	return result(c, c->provider->confirm(c->self, candidate, now, now + 900, keep, &c->err));
}

int do_confirm(contract *c, const unsigned char *candidate, int64_t now)
{
	return do_confirm_until(c, candidate, now, CONTRACT_KEEP);
}

int do_replace(contract *c, const unsigned char *old, const sess_record *rec, int64_t now)
{
	return result(c, c->provider->replace(c->self, old, rec, SESS_ROTATED, now, CONTRACT_KEEP,
		&c->err));
}

int do_end_at(contract *c, const unsigned char *id, sess_status why, int64_t now)
{
	return result(c, c->provider->end(c->self, id, why, now, CONTRACT_KEEP, &c->err));
}

int do_end(contract *c, const unsigned char *id, sess_status why)
{
	return do_end_at(c, id, why, CONTRACT_NOW);
}

/* The three that count give SIZE_MAX on failure. */
size_t do_end_all(contract *c, const sess_query *query, const unsigned char *except,
	sess_status why)
{
	size_t n = 12345;

	int rc = c->provider->end_all(c->self, query, except, why, CONTRACT_KEEP, &n, &c->err);

	return result(c, rc) ? SIZE_MAX : n;
}

size_t do_count(contract *c, const sess_query *query)
{
	size_t n = 12345;

	return result(c, c->provider->count(c->self, query, &n, &c->err)) ? SIZE_MAX : n;
}

size_t do_collect(contract *c, int64_t now, size_t rows)
{
	size_t n = 12345;

	return result(c, c->provider->collect(c->self, now, rows, &n, &c->err)) ? SIZE_MAX : n;
}

int do_cas(contract *c, const char *name, int64_t expected, int64_t value, int64_t *found)
{
	*found = 4711;
	return result(c, c->provider->cas(c->self, name, expected, value, found, &c->err));
}

/* -- records --------------------------------------------------------------------------------- */

static void scatter(unsigned char *to, size_t len, const char *purpose, const void *from,
	size_t from_len)
{
	crypto_generichash(to, len, from, from_len, (const unsigned char *)purpose, 16);
}

void fresh_id(contract *c, unsigned char id[SESS_ID_BYTES])
{
	c->serial++;
	scatter(id, SESS_ID_BYTES, "id of a record..", &c->serial, sizeof(c->serial));
}

void secret_of(const unsigned char *candidate, unsigned char secret[SESS_ID_BYTES])
{
	scatter(secret, SESS_ID_BYTES, "secret of an id.", candidate, SESS_ID_BYTES);
}

sess_record fresh_record(contract *c)
{
	static const char data[] = "{\"hits\":1}";
	sess_record rec = { .revision = 1, .created = CONTRACT_NOW - 100, .seen = CONTRACT_NOW,
		.expires = CONTRACT_NOW + CONTRACT_LIFE, .absolute = CONTRACT_NOW + 43200,
		.idle = CONTRACT_LIFE, .renew = CONTRACT_NOW + 900, .data = data,
		.len = sizeof(data) - 1 };

	fresh_id(c, rec.id);
	secret_of(rec.id, rec.secret);
	scatter(rec.family, sizeof(rec.family), "family of an id.", rec.id, sizeof(rec.id));
	return rec;
}

static void must(contract *c, int rc, int want, const char *what)
{
	if (rc != want)
		check_int(c, rc, want, "(to begin with) %s", what);
}

sess_record stored_record(contract *c)
{
	sess_record rec = fresh_record(c);

	must(c, do_insert(c, &rec), SESS_OK, "insert");
	return rec;
}

sess_record stored_for(contract *c, const char *user, int64_t seen, int64_t expires)
{
	sess_record rec = fresh_record(c);

	rec.user = user;
	rec.login = user ? CONTRACT_NOW - 50 : 0;
	rec.seen = seen;
	rec.expires = expires;
	must(c, do_insert(c, &rec), SESS_OK, "insert");
	return rec;
}

sess_record stored_offered(contract *c, unsigned char candidate[SESS_ID_BYTES])
{
	sess_record rec = stored_record(c);

	fresh_id(c, candidate);
	must(c, do_offer(c, rec.id, candidate, CONTRACT_NOW, 0), 1, "offer");
	rec.offered = CONTRACT_NOW;
	return rec;
}

sess_record stored_renewed(contract *c, unsigned char retired[SESS_ID_BYTES])
{
	unsigned char candidate[SESS_ID_BYTES];
	sess_record rec = stored_offered(c, candidate);

	must(c, do_confirm(c, candidate, CONTRACT_NOW), SESS_OK, "confirm");
	memcpy(retired, rec.id, sizeof(rec.id));
	memcpy(rec.id, candidate, sizeof(rec.id));
	secret_of(candidate, rec.secret);
	rec.renew = CONTRACT_NOW + 900;
	rec.offered = 0;
	return rec;
}

/* -- running --------------------------------------------------------------------------------- */

int store_contract(const sess_provider *provider, const char *path, int only,
	contract_report *report, void *arg)
{
	contract c = { .provider = provider, .report = report, .arg = arg,
		.limits = { .max_bytes = 1 << 20, .max_sessions = 10000,
			.busy_ms = provider->flags & SESS_STORE_REMOTE ? CONTRACT_REMOTE_MS :
				CONTRACT_BUSY_MS } };

	for (int i = 0; i < CONTRACT_SENTENCES; i++) {
		if (only && only != i + 1)
			continue;
		c.sentence = i + 1;
		c.number = 0;
		snprintf(c.here, sizeof(c.here), "%s_%d", path, c.sentence);
		c.self = open_handle(&c);
		sentences[i].run(&c);
		provider->close(c.self);
		arena_free(&c.sink.memory);
	}
	return c.failures;
}

static void report_tap(void *arg, int sentence, int number, bool passed, const char *text)
{
	(void)arg;
	ok(passed, "%d.%d %s: %s", sentence, number, sentences[sentence - 1].text, text);
}

int store_contract_main(const sess_provider *provider, const char *path)
{
	store_contract(provider, path, 0, report_tap, NULL);
	return done();
}
