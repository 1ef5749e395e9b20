/* SPDX-License-Identifier: ISC */
/* oom.c - each allocation of each kind of request is refused once, and then with all that follow:
 * no crash, no leak, the right code, the state as before, and the kit works on. */
#include "oom.h"

/* What a visitor sees, and how many there are. */
static void
portrait(stage *g, jar *own, char out[300])
{
	jar *const jars[] = { own, &g->other };
	sess_options look_only = { .flags = SESS_READ_ONLY | SESS_NO_TOUCH };
	size_t n = 0, at = 0;

	for (int i = 0; i < 2; i++) {
		char *env[] = { jars[i]->line[0] != '\0' ? jars[i]->line : NULL, NULL };
		sess *s;

		if (sess_begin_with(g->witness, env, &look_only, &s) != SESS_OK)
			bail("the witness cannot read");
		at += (size_t)snprintf(out + at, 140, "%d %s n=%d \"%s\"; ", sess_state(s),
			sess_user(s) != NULL ? sess_user(s) : "-", (int)sess_get_int(s, "n", -1),
			sess_get_str(s, "text", ""));
		sess_end(s);
	}
	(void)sess_count(g->witness, NULL, 0, &n);
	snprintf(out + at, 20, "%zu in all", n);
}

/* Two sessions of one user, and a ticket. */
static void
furnish(stage *g)
{
	const char *ticket;
	sess *s;

	if (new_session(g->witness, &g->own, "user") != SESS_OK ||
		new_session(g->witness, &g->other, "user") != SESS_OK)
		bail("no sessions to begin with");
	s = enter(g->witness, &g->own);
	ticket = sess_once_issue(s, "form", 0);
	snprintf(g->ticket, sizeof(g->ticket), "%s", ticket != NULL ? ticket : "");
	if (leave(s, &g->own) != SESS_OK || ticket == NULL)
		bail("no ticket: %s", sess_kit_error(g->witness));
	g->now += 16 * 60;
	g->candidate = g->other;
	s = enter(g->witness, &g->candidate);
	if (leave(s, &g->candidate) != SESS_OK || strcmp(g->candidate.line, g->other.line) == 0)
		bail("no candidate");
	g->now -= 16 * 60;
}

static const char *
path_of(const char *store)
{
	return store + strcspn(store, ":") + 1;
}

/* A store as furnish made it. A database is copied: to make it anew would wait for the disk. */
static void
set_stage(stage *g, const char *store, int nth)
{
	static stage furnished;
	const char *from;
	char url[300];

	if (store[0] == 's' && furnished.config.size != 0) {
		from = path_of(furnished.config.store);
		snprintf(url, sizeof(url), "%s-%d", store, nth);
		*g = furnished;
		copy_file(from, path_of(url), "");
		copy_file(from, path_of(url), "-wal");
		copy_file(from, path_of(url), ".key");
	} else {
		snprintf(url, sizeof(url), "%s", store);
		memset(g, 0, sizeof(*g));
	}
	g->now = 1700000000;
	g->config = store_settings(url, &g->now);
	g->witness = open_kit(&g->config);
	if (g->own.line[0] == '\0')
		furnish(g);
	if (store[0] == 's' && furnished.config.size == 0) {
		sess_kit_close(g->witness);
		furnished = *g;
		set_stage(g, store, nth);
		return;
	}
	g->kit = open_kit(&g->config);
}

static void
strike_stage(stage *g)
{
	static const char *const suffix[] = { "", "-wal", "-shm", "-gate", ".key" };
	const char *path = path_of(g->config.store);

	sess_kit_close(g->kit);
	sess_kit_close(g->witness);
	for (size_t i = 0; path[0] == '/' && i < sizeof(suffix) / sizeof(suffix[0]); i++) {
		char name[400];

		snprintf(name, sizeof(name), "%s%s", path, suffix[i]);
		(void)remove(name);
	}
}

/* NULL or what is wrong. */
static const char *
refuse_one(const scenario *sc, const char *store, int nth, bool rest, const char *want)
{
	static char text[700];
	char before[300], after[300];
	stage g;
	jar own;
	int rc, used = blocks;

	set_stage(&g, store, nth);
	own = g.own;
	portrait(&g, &own, before);
	asked = 0;
	refuse_at = nth;
	refuse_rest = rest;
	refusing = true;
	rc = sc->act(&g);
	refusing = false;
	text[0] = '\0';
	portrait(&g, rc == SESS_OK ? &g.own : &own, after);
	if (rc != SESS_OK && rc != SESS_NOMEM)
		snprintf(text, sizeof(text), "%s: %s", sess_strerror(rc), sess_kit_error(g.kit));
	else if (rc == SESS_NOMEM && !sc->others_write && strcmp(before, after) != 0)
		snprintf(text, sizeof(text), "state changed from %s to %s", before, after);
	else if (rc != SESS_OK && (rc = sc->act(&g)) != SESS_OK)
		snprintf(text, sizeof(text), "then: %s: %s", sess_strerror(rc),
			sess_kit_error(g.kit));
	else
		portrait(&g, &g.own, after);
	if (text[0] == '\0' && want[0] != '\0' && strcmp(after, want) != 0)
		snprintf(text, sizeof(text), "state became %s, not %s", after, want);
	strike_stage(&g);
	if (text[0] == '\0' && blocks != used)
		snprintf(text, sizeof(text), "%d blocks were lost", blocks - used);
	return text[0] != '\0' ? text : NULL;
}

/* What becomes of the state when nothing is refused. */
static void
rehearse(const scenario *sc, const char *store, char want[300])
{
	stage g;

	set_stage(&g, store, 0);
	is_int(sc->act(&g), SESS_OK, "%.6s, %s: done when there is memory", store, sc->name);
	portrait(&g, &g.own, want);
	strike_stage(&g);
}

static void
refuse_each(const scenario *sc, const char *store, bool rest)
{
	const char *fault;
	char want[300];
	int nth = 0, faults = 0, stride = store[0] == 's' ? scale(17, 1) : 1;

	rehearse(sc, store, want);
	do {
		nth += nth > 20 ? stride : 1;
		fault = refuse_one(sc, store, nth, rest, want);
		if (fault != NULL && faults++ < 5)
			diag("allocation %d: %s", nth, fault);
	} while (asked >= nth);
	/* Some things take no memory at all in a store that is memory; none do in SQLite. */
	ok(faults == 0 && (nth > 1 || strstr(store, "memory:") != NULL), "%.6s, %s: %d allocations, %s refused %s",
		store, sc->name, asked, stride == 1 ? "each" : "many",
		rest ? "with all that follow" : "once");
}

int
main(void)
{
	char *url = sqlite_url("oom.db");
	const char *const stores[] = { "memory:oom", url, "cookie:memory:oom" };

	time_limit(300);
	take_over_sqlite();
	for (size_t i = 0; i < sizeof(stores) / sizeof(stores[0]); i++)
		for (const scenario *sc = scenarios; sc->act != NULL; sc++)
			for (int rest = 0; rest < 2; rest++)
				if (stores[i][0] != 'c' || !sc->shared)
					refuse_each(sc, stores[i], rest);
	free(url);
	return done();
}
