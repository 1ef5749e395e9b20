/* SPDX-License-Identifier: ISC */
/* store_contract_walk.c - sentences 26 and 27 of the contract: walk, restore. */
#include "store_walked.h"

#include <stdio.h>
#include <string.h>

#define NOW CONTRACT_NOW
#define MANY 40

/* What a store can hold of each kind. */
typedef struct zoo {
	sess_record full, sealed, expired, offered, renewed, ended, replaced, replacement;
	unsigned char candidate[SESS_ID_BYTES], retired[SESS_ID_BYTES];
} zoo;
#define ZOO_ITEMS 8

static void
zoo_fill(contract *c, zoo *z)
{
	z->full = fresh_record(c);
	z->full.user = "eve \"\xc3\xa9\"";
	z->full.address = "2001:db8::1";
	z->full.agent = "Agent/1 \x01\xff";
	z->full.login = NOW - 60;
	z->full.level = 3;
	z->full.persist = 86400;
	do_insert(c, &z->full);
	do_update(c, &z->full, NOW, SESS_PART_DATA);
	z->full.revision = 2;
	z->sealed = fresh_record(c);
	z->sealed.data = "\1\0\xff\n";
	z->sealed.len = 4;
	z->sealed.sealed = true;
	do_insert(c, &z->sealed);
	z->expired = stored_for(c, "frank", NOW - 9000, NOW - 5000);
	z->offered = stored_offered(c, z->candidate);
	z->renewed = stored_renewed(c, z->retired);
	z->ended = stored_record(c);
	do_end(c, z->ended.id, SESS_LOGGED_OUT);
	z->replaced = stored_record(c);
	z->replacement = fresh_record(c);
	do_replace(c, z->replaced.id, &z->replacement, NOW);
	z->replacement.revision = 2;
}

/* -- 26 walk ----------------------------------------------------------------------------------- */

static void
came(contract *c, const walked *w, const sess_record *want, size_t traces, const char *what)
{
	const walked_item *item = NULL;
	size_t n = walked_find(w, want->id, &item);
	const char *differs;

	if (n != 1 || item->ended) {
		check(c, false, "%s comes once as a record (came %zu times)", what, n);
		return;
	}
	differs = record_difference(&item->rec, want);
	if (differs == NULL && item->rec.revision != want->revision)
		differs = "revision";
	check(c, differs == NULL, "%s, field by field%s%s", what, differs ? "; differs in " : "",
		differs ? differs : "");
	check_int(c, (int64_t)item->count, (int64_t)traces, "and what leads to it");
}

static void
came_trace(contract *c, const walked *w, const unsigned char *record, int kind,
	const unsigned char *id)
{
	unsigned char secret[SESS_ID_BYTES];
	const walked_item *item = NULL;
	const sess_trace *t;

	secret_of(id, secret);
	if (walked_find(w, record, &item) == 0 || item->count != 1) {
		check(c, false, "a trace of kind %d came", kind);
		return;
	}
	t = &item->traces[0];
	check(c, t->kind == kind && memcmp(t->id, id, sizeof(t->id)) == 0
		&& memcmp(t->secret, secret, sizeof(secret)) == 0 && t->at == NOW
		&& t->keep == CONTRACT_KEEP, "a trace of kind %d, with all that it says", kind);
}

static void
came_ended(contract *c, const walked *w, const unsigned char *id, sess_status why,
	const unsigned char *next)
{
	static const unsigned char nothing[SESS_ID_BYTES];
	const walked_item *item = NULL;
	size_t n = walked_find(w, id, &item);
	const sess_trace *t = item != NULL ? &item->traces[0] : NULL;

	check(c, n == 1 && item->ended && item->count == 1 && t->kind == SESS_TRACE_ENDED
		&& t->why == why && t->at == NOW && t->keep == CONTRACT_KEEP
		&& memcmp(t->next, next != NULL ? next : nothing, SESS_ID_BYTES) == 0,
		"an ended id, with all that it says");
}

static void
walk_zoo(contract *c, const zoo *z, size_t limit)
{
	walked w = { .n = 0 };

	check(c, walk_all(c, &w, limit), "a walk in pieces of %zu comes to an end", limit);
	check_int(c, (int64_t)w.n, ZOO_ITEMS, "each item came once");
	came(c, &w, &z->full, 0, "a record with everything");
	came(c, &w, &z->sealed, 0, "a sealed one");
	came(c, &w, &z->expired, 0, "an expired one");
	came(c, &w, &z->offered, 1, "one with a candidate");
	came_trace(c, &w, z->offered.id, SESS_TRACE_CANDIDATE, z->candidate);
	came(c, &w, &z->renewed, 1, "one that was renewed");
	came_trace(c, &w, z->renewed.id, SESS_TRACE_RETIRED, z->retired);
	came(c, &w, &z->replacement, 0, "one that took the place of another");
	came_ended(c, &w, z->ended.id, SESS_LOGGED_OUT, NULL);
	came_ended(c, &w, z->replaced.id, SESS_ROTATED, z->replacement.id);
	walked_free(&w);
}

/* What the function returns stops the walk, which goes on behind that item, by any handle. */
static void
walk_stopped(contract *c)
{
	void *other = open_handle(c);
	sess_cursor cursor = { { 0 } };
	walked w = { .full = 3 };

	check_int(c, walk_piece(c, &w, &cursor, 100), 7, "a walk that is stopped says so");
	check_int(c, (int64_t)w.n, 3, "at once");
	swap_handle(c, &other);
	w.full = 0;
	check_int(c, walk_piece(c, &w, &cursor, 100), 0, "another handle goes on to the end");
	swap_handle(c, &other);
	c->provider->close(other);
	check_int(c, (int64_t)w.n, ZOO_ITEMS, "nothing was left out");
	for (size_t i = 0; i < w.n; i++)
		if (walked_find(&w, w.at[i].rec.id, NULL) != 1)
			check(c, false, "item %zu came again", i + 1);
	walked_free(&w);
}

/* A cursor kept in a file may come back as anything: no matter what, the walk ends. */
static void
walk_lost(contract *c)
{
	static const unsigned char fill[] = { 0xff, 0x01, 0x80, 0x02, 0x03, 0x04 };

	for (size_t i = 0; i < sizeof(fill); i++) {
		sess_cursor cursor;
		walked w = { .n = 0 };
		int rc = 1;

		memset(cursor.at, fill[i], sizeof(cursor.at));
		for (int pieces = 0; rc == 1 && pieces < WALKED_MAX; pieces++)
			rc = walk_piece(c, &w, &cursor, 2);
		check(c, rc <= 0 && w.n <= ZOO_ITEMS, "a cursor full of %02x comes to an end (%d)",
			fill[i], rc);
		walked_free(&w);
	}
}

/* All sessions are renewed while the walk is under way: half of them move to where it has been. */
static void
walk_renewed(contract *c, size_t when)
{
	unsigned char candidate[MANY][SESS_ID_BYTES];
	sess_record rec[MANY];
	sess_cursor cursor = { { 0 } };
	walked w = { .n = 0 };
	size_t missed = 0;
	int rc = 1;

	for (int i = 0; i < MANY; i++)
		rec[i] = stored_offered(c, candidate[i]);
	for (size_t piece = 0; rc == 1 && piece < WALKED_MAX; piece++) {
		rc = walk_piece(c, &w, &cursor, 1);
		for (int i = 0; piece == when && i < MANY; i++)
			do_confirm(c, candidate[i], NOW);
	}
	check_int(c, rc, 0, "a walk through a store that changes comes to an end");
	for (int i = 0; i < MANY; i++)
		missed += walked_family(&w, rec[i].family) == 0;
	check_int(c, (int64_t)missed, 0, "sessions renewed at piece %zu that were missed", when);
	walked_free(&w);
}

void
contract_walk(contract *c)
{
	walked none = { .n = 0 };
	zoo z;

	check(c, walk_all(c, &none, 10) && none.n == 0, "an empty store");
	zoo_fill(c, &z);
	walk_zoo(c, &z, 1);
	walk_zoo(c, &z, 3);
	walk_zoo(c, &z, 1000);
	walk_stopped(c);
	walk_lost(c);
	walk_renewed(c, 3);
	walk_renewed(c, MANY);
	walk_renewed(c, 2 * MANY);
	if (c->provider->item != NULL)
		contract_item(c);
}

/* -- 27 restore -------------------------------------------------------------------------------- */

static int
put_back(contract *c, const walked_item *item)
{
	sess_item as = walked_as_item(item);

	return result(c, c->provider->restore(c->self, &as, &c->err));
}

/* Exactly these items are in the store of c->self. */
static void
check_same(contract *c, const walked *want, const char *what)
{
	walked w = { .n = 0 };
	const char *differs = NULL;

	if (!walk_all(c, &w, 100) || w.n != want->n)
		differs = "how many there are";
	for (size_t i = 0; differs == NULL && i < want->n; i++) {
		const walked_item *item = NULL;

		differs = walked_find(&w, want->at[i].rec.id, &item) != 1 ? "what came"
			: walked_difference(&want->at[i], item);
	}
	check(c, differs == NULL, "%s%s%s", what, differs ? "; differs in " : "",
		differs ? differs : "");
	walked_free(&w);
}

/* The only item of this id in the store of c->self now. */
static walked_item
item_of(contract *c, walked *w, const unsigned char *id)
{
	const walked_item *item = NULL;

	w->n = 0;
	check(c, walk_all(c, w, 100) && walked_find(w, id, &item) == 1, "(to begin with) an item");
	return item != NULL ? *item : (walked_item){ .ended = true };
}

static void
restore_zoo(contract *c, void **copy)
{
	walked w = { .n = 0 };
	int put = 0, again = 0;
	zoo z;

	zoo_fill(c, &z);
	walk_all(c, &w, 100);
	swap_handle(c, copy);
	for (size_t i = 0; i < w.n; i++)
		put += put_back(c, &w.at[w.n - 1 - i]) == 1;
	check_int(c, put, ZOO_ITEMS, "all items are put into another store");
	check_same(c, &w, "which then holds the same");
	check_leads(c, z.candidate, NOW, SESS_VIA_CANDIDATE, NOW, z.offered.id, "a candidate there");
	check_leads(c, z.retired, NOW, SESS_VIA_RETIRED, NOW, z.renewed.id, "a retired id there");
	check_ended(c, z.ended.id, NOW, SESS_LOGGED_OUT, "an ended one there");
	check_ended(c, z.expired.id, NOW, SESS_IDLE, "an expired one there");
	check_found(c, &z.full, NOW, 2, "a record there");
	for (size_t i = 0; i < w.n; i++)
		again += put_back(c, &w.at[i]) == 0;
	check_int(c, again, ZOO_ITEMS, "once more, all stay as they are");
	check_same(c, &w, "and nothing changed");
	do_end(c, z.replaced.id, SESS_REVOKED);
	check_ended(c, z.replacement.id, NOW, SESS_REVOKED,
		"who ends the one replaced ends what took its place");
	swap_handle(c, copy);
	walked_free(&w);
}

/* In the copy a later revision stays, an earlier one goes; an end is never undone. */
static void
restore_revisions(contract *c, void **copy)
{
	walked w = { .n = 0 };
	sess_record rec = stored_record(c), later = rec;
	walked_item first = item_of(c, &w, rec.id), second;
	walked kept = { .n = 0 };

	swap_handle(c, copy);
	check_int(c, put_back(c, &first), 1, "a record");
	swap_handle(c, copy);
	later.data = "{\"later\":1}";
	later.len = 11;
	do_update(c, &later, NOW, SESS_PART_DATA);
	second = item_of(c, &kept, rec.id);
	swap_handle(c, copy);
	check_int(c, put_back(c, &second), 1, "a later revision takes its place");
	check_found(c, &later, NOW, 2, "data and revision");
	check_int(c, put_back(c, &first), 0, "an earlier one does not");
	check_found(c, &later, NOW, 2, "it stays");
	do_end(c, rec.id, SESS_REVOKED);
	check_int(c, put_back(c, &second), 0, "nor does anything after the end");
	check_ended(c, rec.id, NOW, SESS_REVOKED, "it stays ended");
	swap_handle(c, copy);
	walked_free(&w);
	walked_free(&kept);
}

/* The session is renewed where it came from, then ends there. */
static void
restore_renewed(contract *c, void **copy)
{
	unsigned char candidate[SESS_ID_BYTES];
	walked w[3] = { { .n = 0 } };
	sess_record rec = stored_offered(c, candidate);
	walked_item before = item_of(c, &w[0], rec.id), after, end;

	swap_handle(c, copy);
	check_int(c, put_back(c, &before), 1, "a record with a candidate");
	swap_handle(c, copy);
	do_confirm(c, candidate, NOW + 5);
	after = item_of(c, &w[1], candidate);
	swap_handle(c, copy);
	check_int(c, put_back(c, &after), 1, "renewed since, it moves to its new id");
	check_leads(c, rec.id, NOW + 5, SESS_VIA_RETIRED, NOW + 5, candidate, "the old id leads there");
	check_int(c, put_back(c, &before), 0, "as it was before the renewal, it stays");
	check_leads(c, candidate, NOW + 5, SESS_VIA_ID, 0, candidate, "under its new id");
	swap_handle(c, copy);
	do_end(c, candidate, SESS_LOGGED_OUT);
	end = item_of(c, &w[2], rec.id);
	swap_handle(c, copy);
	check_int(c, put_back(c, &end), 1, "a retired id that ended ends the record");
	check_ended(c, candidate, NOW + 5, SESS_LOGGED_OUT, "by its new id");
	check_int(c, put_back(c, &end), 0, "once more, nothing is left to do");
	check_int(c, put_back(c, &after), 0, "and the record does not come back");
	check_ended(c, rec.id, NOW + 5, SESS_LOGGED_OUT, "by either id");
	swap_handle(c, copy);
	for (int i = 0; i < 3; i++)
		walked_free(&w[i]);
}

/* An id that leads to another session there. */
static void
restore_taken(contract *c, void **copy)
{
	unsigned char candidate[SESS_ID_BYTES];
	walked w = { .n = 0 };
	sess_record rec = stored_offered(c, candidate), other, expired;
	walked_item item = item_of(c, &w, rec.id);

	swap_handle(c, copy);
	other = stored_record(c);
	check_int(c, do_offer(c, other.id, candidate, NOW, 0), 1, "an id is taken there");
	other.offered = NOW;
	check_int(c, put_back(c, &item), SESS_CONFLICT, "a record whose candidate it is");
	check_ended(c, rec.id, NOW, SESS_UNKNOWN, "is not put there");
	check_found(c, &other, NOW, 1, "and the other one stays");
	check_leads(c, candidate, NOW, SESS_VIA_CANDIDATE, NOW, other.id, "with its candidate");
	expired = stored_for(c, NULL, NOW - 9000, NOW - 5000);
	memcpy(item.traces[0].id, expired.id, SESS_ID_BYTES);
	check_int(c, put_back(c, &item), SESS_CONFLICT, "nor one that has the id of an expired one");
	check_ended(c, rec.id, NOW, SESS_UNKNOWN, "nothing came of any of them");
	swap_handle(c, copy);
	walked_free(&w);
}

void
contract_restore(contract *c)
{
	char here[sizeof(c->here)];
	void *copy;

	memcpy(here, c->here, sizeof(here));
	snprintf(c->here + strlen(here), sizeof(c->here) - strlen(here), "_copy");
	copy = open_handle(c);
	memcpy(c->here, here, sizeof(here));
	restore_zoo(c, &copy);
	restore_revisions(c, &copy);
	restore_renewed(c, &copy);
	restore_taken(c, &copy);
	c->provider->close(copy);
}
