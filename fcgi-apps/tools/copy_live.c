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

typedef struct met {
	unsigned char id[SESS_ID_BYTES];
	bool ended, live;
} met;

typedef struct moving {
	tool *t;
	sess_kit *to_kit;
	move_pair pair;
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
	return (move_end){ kit->store.provider, kit->store.self };
}

/* -- phases ------------------------------------------------------------------------------------ */

static int
set_phase(const tool *t, const move_end *end, int64_t from, int64_t to)
{
	sess_error err = { 0 };
	int64_t found;
	int rc = end->store->cas(end->self, MOVE_NUMBER, from, to, &found, &err);

	if (rc < 0)
		return tool_fail_code(t, rc, &err);
	/* Somebody else who does the same was first. */
	return rc == 1 || found >= to ? EX_OK : tool_fail(t, EX_TEMPFAIL, "another move of this store "
		"began; run it again");
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

/* A store that sessions come to has not moved away. */
static int
receive(const tool *t, const sess_kit *kit)
{
	move_end end = end_of(kit);
	sess_error err = { 0 };
	int64_t phase;
	int rc = move_phase(&end, &phase, &err), result;

	if (rc != SESS_OK)
		return tool_fail_code(t, rc, &err);
	if (phase == MOVE_NOT)
		return EX_OK;
	result = collect_all(t, kit);
	return result == EX_OK ? set_phase(t, &end, phase, MOVE_NOT) : result;
}

int
copy_begin(const tool *t, sess_kit *to)
{
	move_end from = end_of(t->kit);
	sess_error err = { 0 };
	int64_t phase;
	int rc = move_phase(&from, &phase, &err);

	if (rc != SESS_OK)
		return tool_fail_code(t, rc, &err);
	if (phase != MOVE_NOT)
		return tool_fail(t, EX_UNAVAILABLE, "sessions of %s move to another store, or have done so: "
			"finish that with --live, and copy from there", t->kit->store.address.url);
	return receive(t, to);
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

/* From here on programs look in TO first. */
static int
begin(const moving *m)
{
	sess_error err = { 0 };
	int64_t phase;
	int rc = move_phase(&m->pair.from, &phase, &err), result;

	if (rc != SESS_OK)
		return tool_fail_code(m->t, rc, &err);
	if (phase != MOVE_NOT)
		return EX_OK;
	result = receive(m->t, m->to_kit);
	if (result == EX_OK)
		result = check_empty(m->t, m->to_kit);
	return result == EX_OK ? set_phase(m->t, &m->pair.from, MOVE_NOT, MOVE_BEGUN) : result;
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
	at->live = item->rec != NULL && item->rec->expires > m->now;
	return ++m->n == sizeof(m->met) / sizeof(m->met[0]);
}

/* TO must know what was put there, or that it ended since. */
static int
check_there(moving *m, const met *at)
{
	const move_end *to = &m->pair.to;
	sess_sink sink = { .memory = { NULL, NULL } };
	sess_record rec = { .ended = SESS_UNKNOWN };
	int rc = to->store->load(to->self, at->id, MOVE_EPOCH, &rec, &sink, &m->err);

	arena_free(&sink.memory);
	if (rc != 0 || rec.ended != SESS_UNKNOWN)
		return rc < 0 ? rc : SESS_OK;
	return sess_fail(&m->err, SESS_STORE, "%s does not hold the session x'%02x%02x%02x%02x...' that "
		"was put there; see whether it takes others away when it is full",
		m->to_kit->store.address.url, at->id[0], at->id[1], at->id[2], at->id[3]);
}

static int
move_one(moving *m, const met *at)
{
	int rc = move_pull(&m->pair, at->id, &m->err);

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
		result = set_phase(t, &m->pair.from, MOVE_BEGUN, MOVE_DONE);
	if (result == EX_OK)
		result = say(m);
	free(m);
	return result;
}
