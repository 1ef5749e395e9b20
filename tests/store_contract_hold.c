/* SPDX-License-Identifier: ISC */
/* store_contract_hold.c - sentences 23 to 25 of the contract: hold, what is on disk, failures. */
#include "store_contract.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOW CONTRACT_NOW

/* -- 23 hold --------------------------------------------------------------------------------- */

static int hold(contract *c, const unsigned char *id)
{
	return result(c, c->provider->hold(c->self, id, &c->err));
}

static int release(contract *c)
{
	return result(c, c->provider->release(c->self, &c->err));
}

/* What another handle tries meanwhile fails, as busy, within the time it may wait. */
static void shut_out(contract *c, const sess_record *rec)
{
	sess_record new = fresh_record(c), mine = *rec;
	unsigned char candidate[SESS_ID_BYTES];

	fresh_id(c, candidate);
	mine.data = "[other]";
	mine.len = 7;
	check_int(c, do_update(c, &mine, NOW, SESS_PART_DATA), SESS_BUSY, "held: update");
	check_int(c, do_touch(c, rec->id, NOW + 5, rec->expires + 5), SESS_BUSY, "held: touch");
	check_int(c, do_offer(c, rec->id, candidate, NOW, 0), SESS_BUSY, "held: offer");
	check_int(c, do_replace(c, rec->id, &new, NOW), SESS_BUSY, "held: replace");
	check_int(c, do_end(c, rec->id, SESS_REVOKED), SESS_BUSY, "held: end");
	check_int(c, hold(c, rec->id), SESS_BUSY, "held: hold");
}

/* All that a handle does while it holds a record counts for others once it has let go, but for what
 * failed. */
static void counts_afterwards(contract *c, void **other)
{
	unsigned char retired[SESS_ID_BYTES], candidate[SESS_ID_BYTES];
	sess_record rec = stored_renewed(c, retired), new = fresh_record(c), stale = rec;

	fresh_id(c, candidate);
	check_int(c, hold(c, rec.id), SESS_OK, "hold");
	rec.data = "[mine]";
	rec.len = 6;
	check_int(c, do_update(c, &rec, NOW, SESS_PART_DATA), SESS_OK, "the holder updates");
	check_found(c, &rec, NOW, 2, "and finds what it stored");
	check_int(c, do_update(c, &stale, NOW, SESS_PART_ALL), SESS_CONFLICT, "an update fails");
	check_int(c, do_insert(c, &rec), SESS_CONFLICT, "an insert fails");
	check_int(c, do_offer(c, rec.id, candidate, NOW, 0), 1, "it offers");
	check_int(c, do_touch(c, rec.id, NOW + 9, rec.expires + 9), SESS_OK, "and touches");
	swap_handle(c, other);
	check_int(c, do_end(c, rec.id, SESS_REVOKED), SESS_BUSY, "others are still shut out");
	swap_handle(c, other);
	check_int(c, release(c), SESS_OK, "release");
	rec.offered = NOW;
	rec.seen = NOW + 9;
	rec.expires += 9;
	swap_handle(c, other);
	check_found(c, &rec, NOW, 2, "another handle finds what was done");
	check_leads(c, candidate, NOW, SESS_VIA_CANDIDATE, NOW, rec.id, "and the candidate");
	check_int(c, hold(c, rec.id), SESS_OK, "and holds it in its turn");
	check_int(c, do_confirm(c, candidate, NOW), SESS_OK, "it confirms");
	rec.revision = new.revision = 2;
	check_int(c, do_replace(c, candidate, &new, NOW), SESS_OK, "and replaces");
	check_int(c, release(c), SESS_OK, "release");
	swap_handle(c, other);
	check_ended(c, retired, NOW, SESS_ROTATED, "the first one learns of that");
	check_found(c, &new, NOW, 3, "and finds the new record");
	check_int(c, hold(c, new.id), SESS_OK, "hold");
	check_int(c, do_end(c, new.id, SESS_LOGGED_OUT), SESS_OK, "and end");
	check_int(c, release(c), SESS_OK, "release");
	swap_handle(c, other);
	check_ended(c, new.id, NOW, SESS_LOGGED_OUT, "has ended for all");
	swap_handle(c, other);
}

void contract_hold(contract *c)
{
	sess_record rec = stored_record(c), missing = fresh_record(c);
	void *other;

	if (!c->provider->hold) {
		check(c, !c->provider->release, "a store without hold has no release");
		return;
	}
	other = open_handle(c);
	check_int(c, hold(c, rec.id), SESS_OK, "hold");
	swap_handle(c, &other);
	shut_out(c, &rec);
	swap_handle(c, &other);
	check_found(c, &rec, NOW, 1, "the holder finds the record as it was");
	check_int(c, release(c), SESS_OK, "release");
	swap_handle(c, &other);
	check_int(c, do_update(c, &rec, NOW, SESS_PART_DATA), SESS_OK, "the other may update it");
	counts_afterwards(c, &other);
	check(c, hold(c, missing.id) < 0 || release(c) == SESS_OK, "hold of a missing record");
	check_int(c, do_load(c, missing.id, NOW), 0, "makes none");
	check_int(c, hold(c, rec.id), SESS_OK, "hold");
	c->provider->close(c->self);
	c->self = other;
	check_int(c, do_touch(c, rec.id, NOW, rec.expires), SESS_OK, "closing a handle lets go");
}

/* -- 24 on disk ------------------------------------------------------------------------------ */

/* A process that is killed right after each call has stored what it did; that the disk has it is
 * for tests that cut the power. */
static void stored_by_killed(contract *c, void (*act)(contract *, sess_record *), sess_record *rec)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		reopen_in_child(c);
		act(c, rec);
		raise(SIGKILL);
	}
	waitpid(child, &status, 0);
	check(c, WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "a process is killed");
}

/* A record whose id both processes know. */
static sess_record neighbour(const sess_record *rec)
{
	sess_record other = *rec;

	other.id[0] ^= 1;
	secret_of(other.id, other.secret);
	return other;
}

static void act_insert(contract *c, sess_record *rec)
{
	c->provider->insert(c->self, rec, NOW, SESS_SYNC, &c->err);
}

static void act_offer(contract *c, sess_record *rec)
{
	sess_record other = neighbour(rec);

	do_offer(c, rec->id, other.id, NOW, 0);
}

static void act_replace(contract *c, sess_record *rec)
{
	sess_record new = neighbour(rec);

	do_replace(c, rec->id, &new, NOW);
}

static void act_end(contract *c, sess_record *rec)
{
	do_end(c, rec->id, SESS_LOGGED_OUT);
}

static void act_end_all(contract *c, sess_record *rec)
{
	sess_query q = { .user = rec->user, .now = NOW };

	do_end_all(c, &q, NULL, SESS_REVOKED);
}

void contract_durable(contract *c)
{
	sess_record rec = fresh_record(c), other = neighbour(&rec);

	/* What lives with the process has no disk. */
	if (c->provider->flags & SESS_STORE_PROCESS)
		return;
	rec.user = "peggy";
	stored_by_killed(c, act_insert, &rec);
	check_found(c, &rec, NOW, 1, "an insert with SESS_SYNC is there");
	stored_by_killed(c, act_offer, &rec);
	check_leads(c, other.id, NOW, SESS_VIA_CANDIDATE, NOW, rec.id, "an offer");
	stored_by_killed(c, act_end, &rec);
	check_ended(c, rec.id, NOW, SESS_LOGGED_OUT, "an end");
	rec = stored_for(c, "quentin", NOW, NOW + 100);
	other = neighbour(&rec);
	other.user = "quentin";
	stored_by_killed(c, act_replace, &rec);
	check_ended(c, rec.id, NOW, SESS_ROTATED, "a replace: the old record");
	check_found(c, &other, NOW, 2, "a replace: the new one");
	stored_by_killed(c, act_end_all, &other);
	check_ended(c, other.id, NOW, SESS_REVOKED, "an end_all");
}

/* -- 25 failures ----------------------------------------------------------------------------- */

/* The last call must have failed like this, with a text of one line. */
static void said(contract *c, int rc, int want, const char *what)
{
	check_int(c, rc, want, "%s", what);
	check_int(c, c->err.code, want, "%s: its code", what);
	check(c, c->err.text[0] && !strpbrk(c->err.text, "\r\n"), "%s: says why: %s", what,
		c->err.text);
	memset(&c->err, 0, sizeof(c->err));
}

static void fails_to_open(contract *c)
{
	sess_address address = { .url = "nowhere", .host = "", .user = "", .query = "",
		.path = "/nonexistent/folder/of/sessions" };
	void *self = NULL;
	int rc;

	if (!(c->provider->flags & SESS_STORE_LOCAL))
		return;
	rc = c->provider->open(&self, &address, &c->limits, &c->err);
	check(c, rc < 0, "a path that cannot be opened");
	check(c, c->err.code == rc && c->err.text[0], "says why: %s", c->err.text);
	memset(&c->err, 0, sizeof(c->err));
}

void contract_failures(contract *c)
{
	const sess_provider *p = c->provider;
	sess_record rec = stored_record(c), wrong = rec, missing = fresh_record(c);
	unsigned char candidate[SESS_ID_BYTES];
	sess_query all = { .now = NOW };

	fresh_id(c, candidate);
	wrong.revision = 5;
	wrong.user = "wrong";
	said(c, p->insert(c->self, &wrong, NOW, SESS_SYNC, &c->err), SESS_CONFLICT, "insert");
	said(c, p->update(c->self, &wrong, NOW, SESS_PART_ALL, &c->err), SESS_CONFLICT, "update");
	said(c, p->update(c->self, &missing, NOW, SESS_PART_DATA, &c->err), SESS_GONE,
		"update of none");
	said(c, p->touch(c->self, missing.id, NOW, NOW + 9, &c->err), SESS_GONE, "touch of none");
	said(c, p->offer(c->self, missing.id, candidate, rec.secret, NOW, 0, NOW + 9, &c->err),
		SESS_GONE, "offer of none");
	said(c, p->confirm(c->self, candidate, NOW, 0, NOW, &c->err), SESS_GONE, "confirm of none");
	said(c, p->replace(c->self, missing.id, &rec, SESS_ROTATED, NOW, NOW + 9, &c->err),
		SESS_GONE, "replace of none");
	memcpy(wrong.id, candidate, sizeof(wrong.id));
	said(c, p->replace(c->self, rec.id, &wrong, SESS_ROTATED, NOW, NOW + 9, &c->err),
		SESS_CONFLICT, "replace of another revision");
	check_found(c, &rec, NOW, 1, "nothing was changed");
	check_ended(c, candidate, NOW, SESS_UNKNOWN, "nothing was made");
	check_ended(c, missing.id, NOW, SESS_UNKNOWN, "nothing else either");
	check_int(c, (int64_t)do_count(c, &all), 1, "there is still one record");
	fails_to_open(c);
	check_int(c, c->silent, 0, "every failure of the other sentences came with code and text");
}
