/* SPDX-License-Identifier: ISC */
/* copy_live.c - sesskit copy --live: says to programs on move:FROM TO that the move begins, brings
 * over what nobody asks for, and says that it is done. */
#include "copy.h"
#include "store_move.h"
#include "transfer.h"

#include <stdlib.h>
#include <string.h>

#define PIECE_ITEMS 64
#define COLLECT_ROWS 1000
/* Each pass meets what the one before has missed, which is what few programs did in that moment. */
#define PASSES_MAX 100

/* Seconds: what expires as soon as that may be over by the clock of another machine. */
#define SOON 60

typedef struct met {
	unsigned char id[SESS_ID_BYTES];
	int64_t expires;
	bool ended, live;
} met;

typedef struct moving {
	tool *t;
	sess_kit *to_kit;
	move_pair pair;
	int64_t number;                 /* that FROM has from the beginning on, until it is done */
	int64_t now;
	met met[PIECE_ITEMS * 4];
	size_t n;                       /* in the piece in hand */
	int64_t sessions;               /* moved in all */
	int64_t ended, found;           /* ids and sessions in the present pass */
	int64_t refused, damaged, seen; /* the same */
	progress bar;
	sess_error err;
} moving;

static move_end
end_of(const sess_kit *kit)
{
	return (move_end){ kit->store.provider, kit->store.self, kit->store.address.url };
}

/* -- phases ------------------------------------------------------------------------------------ */

static int
read_number(const tool *t, const move_end *end, int64_t *number)
{
	sess_error err = { 0 };
	int rc = move_number(end, number, &err);

	return rc == SESS_OK ? EX_OK : tool_fail_code(t, rc, &err);
}

/* Change a named number, for good: 1, 0 it is another than was expected, or negative. */
static int
change(const move_end *end, const char *name, int64_t from, int64_t to, int64_t *found,
	sess_error *err)
{
	int rc = end->store->cas(end->self, name, from, to, found, err);
	int settled = rc >= 0 && end->store->settle != NULL ? end->store->settle(end->self, err) : SESS_OK;

	return settled < 0 ? settled : rc;
}

static int
set_number(const tool *t, const move_end *end, int64_t from, int64_t to)
{
	sess_error err = { 0 };
	int64_t found;
	int rc = change(end, MOVE_NUMBER, from, to, &found, &err);

	if (rc < 0)
		return tool_fail_code(t, rc, &err);
	/* Somebody else who does the same was first. */
	return rc == 1 || (move_name_of(found) == move_name_of(to) && found >= to) ? EX_OK :
		tool_fail(t, EX_TEMPFAIL, "another move of %s began; run it again", end->url);
}

/* The name of a store, which gets one if it has none. */
static int
name_it(const tool *t, const move_end *end, int64_t *name)
{
	sess_error err = { 0 };
	uint64_t dice;
	int64_t made;
	int rc;

	random_bytes(&dice, sizeof(dice));
	made = (int64_t)(dice & ((UINT64_C(1) << MOVE_NAME_BITS) - 1)) | 1;
	rc = change(end, MOVE_NAME, 0, made, name, &err);
	if (rc == 1)
		*name = made;
	return rc < 0 ? tool_fail_code(t, rc, &err) : EX_OK;
}

static int
read_name(const tool *t, const move_end *end, int64_t *name)
{
	sess_error err = { 0 };
	int rc = move_name(end, name, &err);

	return rc == SESS_OK ? EX_OK : tool_fail_code(t, rc, &err);
}

int
copy_at_home(const tool *t, const sess_kit *kit, const char *remedy)
{
	move_end end = end_of(kit);
	int64_t number;
	int result = read_number(t, &end, &number);

	if (result != EX_OK || number == MOVE_NOT)
		return result;
	return tool_fail(t, EX_UNAVAILABLE, "sessions of %s move to another store, or have done so: %s",
		end.url, remedy);
}

/* What has moved out of a store is expired there, and more recent than what might come back. */
static int
collect_all(const tool *t, const sess_kit *kit)
{
	const store *s = &kit->store;
	sess_error err = { 0 };
	size_t n = 1;
	int rc = SESS_OK;

	while (rc == SESS_OK && n > 0 && !tool_stopping())
		rc = s->provider->collect(s->self, kit_now(kit), COLLECT_ROWS, &n, &err);
	if (rc != SESS_OK)
		return tool_fail_code(t, rc, &err);
	return n > 0 ? tool_stopped(t, "nothing was copied") : EX_OK;
}

/* An older state of a session there would be taken for the present one. */
static int
check_empty(const tool *t, const sess_kit *to)
{
	const sess_query all = { .now = INT64_MIN };
	sess_error err = { 0 };
	size_t n;
	int result = collect_all(t, to), rc;

	if (result != EX_OK)
		return result;
	rc = to->store.provider->count(to->store.self, &all, &n, &err);
	if (rc != SESS_OK)
		return tool_fail_code(t, rc, &err);
	return n == 0 ? EX_OK : tool_fail(t, EX_UNAVAILABLE, "%s has %zu sessions of its own: a site "
		"moves into a store without any; remove it, or name another", to->store.address.url, n);
}

/* TO, which must not be FROM under another name, nor on its way itself; and its name. */
static int
receive(const moving *m, int64_t *name)
{
	const move_end *from = &m->pair.from, *to = &m->pair.to;
	int64_t number, own;
	int result = read_number(m->t, to, &number);

	if (result == EX_OK && move_phase_of(number) == MOVE_BEGUN)
		return tool_fail(m->t, EX_UNAVAILABLE, "%s: its own move to another store is under way; "
			"finish that first", to->url);
	if (result == EX_OK)
		result = name_it(m->t, to, name);
	if (result == EX_OK)
		result = read_name(m->t, from, &own);
	if (result == EX_OK && own == *name)
		return tool_fail(m->t, EX_USAGE, "%s and %s are one store, or copies of its files: name "
			"two", from->url, to->url);
	if (result == EX_OK)
		result = check_empty(m->t, m->to_kit);
	/* A store that sessions come to has not moved away. */
	return result == EX_OK && number != MOVE_NOT ?
		set_number(m->t, to, number, MOVE_NOT) : result;
}

/* What was begun goes on to the store that it began with: others have no session of those that have
 * moved. */
static int
go_on(const moving *m)
{
	const move_end *from = &m->pair.from, *to = &m->pair.to;
	int64_t name;
	int result = read_name(m->t, to, &name);

	if (result != EX_OK || name == move_name_of(m->number))
		return result;
	return tool_fail(m->t, EX_CONFIG, "%s moves to another store than %s, or has done so: name the one "
		"that this began with", from->url, to->url);
}

/* From here on programs look in TO first. */
static int
begin(moving *m)
{
	int64_t name = 0;
	int result = read_number(m->t, &m->pair.from, &m->number);

	if (result == EX_OK && m->number != MOVE_NOT)
		return go_on(m);
	if (result == EX_OK)
		result = receive(m, &name);
	if (result != EX_OK)
		return result;
	m->number = (name << MOVE_NAME_SHIFT) | MOVE_BEGUN;
	return set_number(m->t, &m->pair.from, MOVE_NOT, m->number);
}

static int
finish(const moving *m)
{
	return set_number(m->t, &m->pair.from, m->number,
		(move_name_of(m->number) << MOVE_NAME_SHIFT) | MOVE_DONE);
}

/* -- one pass ---------------------------------------------------------------------------------- */

/* Which ones to move; the walk itself must not be disturbed. */
static int
meet(void *arg, const sess_item *item)
{
	moving *m = arg;
	met *at = &m->met[m->n];

	if (item->rec != NULL && item->rec->expires <= MOVE_EPOCH)
		return SESS_OK;
	memcpy(at->id, item->rec != NULL ? item->rec->id : item->traces[0].id, sizeof(at->id));
	at->ended = item->rec == NULL;
	at->expires = item->rec != NULL ? item->rec->expires : 0;
	at->live = item->rec != NULL && item->rec->expires > m->now;
	return ++m->n == sizeof(m->met) / sizeof(m->met[0]);
}

/* TO must know what was put there, or that it ended since. It may have expired, and been collected in
 * either store. */
static int
check_there(moving *m, const met *at)
{
	const move_end *to = &m->pair.to;
	sess_sink sink = { .memory = { NULL, NULL } };
	sess_record rec = { .ended = SESS_UNKNOWN };
	int rc = to->store->load(to->self, at->id, MOVE_EPOCH, &rec, &sink, &m->err);

	arena_free(&sink.memory);
	if (rc != 0 || rec.ended != SESS_UNKNOWN ||
		at->expires <= kit_now(m->t->kit) + SOON)
		return rc < 0 ? rc : SESS_OK;
	return sess_fail(&m->err, SESS_STORE, "%s does not hold the session x'%02x%02x%02x%02x...' that "
		"was put there; see whether it takes others away when it is full",
		m->to_kit->store.address.url, at->id[0], at->id[1], at->id[2], at->id[3]);
}

static int
move_one(moving *m, const met *at)
{
	/* Whatever took the place of this id is met as well. */
	int rc = move_pull_one(&m->pair, at->id, &m->err);

	if (rc == SESS_INVALID || rc == SESS_TOOBIG) {
		m->refused++;
		progress_end(&m->bar);
		(void)tool_fail(m->t, EX_DATAERR, "%s", m->err.text);
		return SESS_OK;
	}
	if (rc == SESS_OK && at->live)
		rc = check_there(m, at);
	*(at->ended ? &m->ended : &m->sessions) += rc == SESS_OK;
	m->found += !at->ended;
	return rc;
}

static int
piece(moving *m, sess_cursor *cursor)
{
	const move_end *from = &m->pair.from;
	int more, rc = SESS_OK;

	m->n = 0;
	m->now = kit_now(m->t->kit);
	m->err.text[0] = '\0';
	more = from->store->walk(from->self, cursor, PIECE_ITEMS, meet, m, &m->err);
	if (more >= 0 && m->err.text[0] != '\0') {
		m->damaged++;
		progress_end(&m->bar);
		(void)tool_fail(m->t, EX_DATAERR, "%s", m->err.text);
	}
	for (size_t i = 0; more >= 0 && rc == SESS_OK && i < m->n; i++)
		rc = move_one(m, &m->met[i]);
	return rc < 0 ? rc : more;
}

static int
pass(moving *m, int64_t total)
{
	sess_cursor cursor = { { 0 } };
	int rc = 1;

	m->ended = m->found = m->refused = m->damaged = m->seen = 0;
	progress_begin(&m->bar, m->t, "move", total);
	while (rc == 1 && !tool_stopping()) {
		rc = piece(m, &cursor);
		progress_at(&m->bar, m->seen += (int64_t)m->n);
	}
	progress_end(&m->bar);
	if (rc == 1)
		return tool_stopped(m->t, "programs go on with both stores; run it again, and it goes on "
			"from here");
	return rc < 0 ? tool_fail_code(m->t, rc, &m->err) : EX_OK;
}

/* Until a whole pass finds no session in FROM. */
static int
move_all(moving *m)
{
	size_t total = 0;
	int result, passes = 0;

	(void)sess_count(m->t->kit, NULL, 0, &total);
	do {
		result = pass(m, (int64_t)total);
		total = 0;
	} while (result == EX_OK && m->found > 0 && ++passes < PASSES_MAX);
	if (result != EX_OK)
		return result;
	if (m->refused + m->damaged > 0)
		return tool_fail(m->t, EX_DATAERR, "%lld sessions cannot be moved: end them with sesskit "
			"end, and run it again", (long long)(m->refused + m->damaged));
	return m->found == 0 ? EX_OK : tool_fail(m->t, EX_TEMPFAIL, "sessions still begin in %s: let "
		"all programs use move:%s %s, and run it again", m->t->kit->store.address.url,
		m->t->kit->store.address.url, m->to_kit->store.address.url);
}

/* -- the verb ---------------------------------------------------------------------------------- */

static int
say(const moving *m)
{
	const char *to = m->to_kit->store.address.url;
	json_out out;
	size_t live;
	int rc = sess_count(m->to_kit, NULL, 0, &live);

	if (rc != SESS_OK)
		return tool_fail_code(m->t, rc, &m->to_kit->error);
	if (m->t->json) {
		json_start(&out, stdout);
		json_open(&out, NULL, '{');
		json_int(&out, "sessions", m->sessions);
		json_int(&out, "ids_ended", m->ended);
		json_int(&out, "live_to", (int64_t)live);
		json_close(&out, '}');
		json_line(&out);
	} else if (!m->t->quiet)
		printf("moved %lld sessions and %lld ended ids; %zu live sessions there; now set store = %s "
			"and restart the programs\n", (long long)m->sessions, (long long)m->ended, live, to);
	return tool_flush(m->t);
}

int
copy_live(tool *t, sess_kit *to)
{
	moving *m;
	int result;

	if (t->kit->store.provider->item == NULL)
		return tool_fail(t, EX_UNAVAILABLE, "store %s can be copied, but not moved while it is used",
			t->kit->store.address.url);
	if ((m = calloc(1, sizeof(*m))) == NULL)
		return tool_fail(t, EX_OSERR, "out of memory");
	m->t = t;
	m->to_kit = to;
	m->pair = (move_pair){ end_of(t->kit), end_of(to), (int)t->kit->config.busy_ms };
	result = begin(m);
	if (result == EX_OK)
		result = move_all(m);
	if (result == EX_OK)
		result = transfer_settle(t, to);
	if (result == EX_OK)
		result = finish(m);
	if (result == EX_OK)
		result = say(m);
	free(m);
	return result;
}
