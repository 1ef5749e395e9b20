/* SPDX-License-Identifier: ISC */
/*
 * test_store_redis.c - what is the Redis store's own: what others put under our names, what a crash
 * leaves, a full server, who may use it; and changes whose answers are lost.
 *
 *   test_store_redis SOCKET PROXY   of a server of its own; where to put a proxy
 */
#include "redis_fixture.h"

#include "../tap.h"
#include "address.h"

#define PARTS(array) (sizeof(array) / sizeof((array)[0]))

/* -- what others put there --------------------------------------------------------------------- */

static void
foreign_values(void)
{
	static const char *const with[] = { "", "a", "WRONGTYP", "skssomething of no meaning", "list" };
	contract c = open_store("prefix=foreign:");

	for (size_t i = 0; i < PARTS(with); i++) {
		sess_record rec = stored_record(&c);

		if (strcmp(with[i], "list") == 0) {
			ask("DEL foreign:v%b", rec.id, (size_t)SESS_ID_BYTES);
			ask("RPUSH foreign:v%b x", rec.id, (size_t)SESS_ID_BYTES);
		} else {
			ask("SET foreign:v%b %s", rec.id, (size_t)SESS_ID_BYTES, with[i]);
		}
		is_int(do_load(&c, rec.id, NOW), 0, "\"%s\" in the place of a session", with[i]);
		is_int(c.got.ended, SESS_DAMAGED, "is damage");
		is_int(do_update(&c, &rec, NOW, SESS_PART_DATA), SESS_GONE, "and not written over");
		is_int(do_insert(&c, &rec), SESS_CONFLICT, "by a new one neither");
		is_int(do_end(&c, rec.id, SESS_LOGGED_OUT), SESS_OK, "but it can be ended");
		is_int(do_load(&c, rec.id, NOW), 0, "for good");
		is_int(c.got.ended, SESS_LOGGED_OUT, "and says so");
	}
	close_store(&c);
}

/* A value under the name of another session. */
static void
moved_value(void)
{
	contract c = open_store("prefix=moved:");
	sess_record a = stored_for(&c, "ann", NOW, NOW + 500), b = stored_record(&c);

	is_int(ask("COPY moved:v%b moved:v%b REPLACE", a.id, (size_t)SESS_ID_BYTES, b.id,
		(size_t)SESS_ID_BYTES), 1, "a session under another id");
	is_int(do_load(&c, b.id, NOW), 0, "is none there");
	is_int(c.got.ended, SESS_DAMAGED, "but damage");
	is_int(do_load(&c, a.id, NOW), 1, "its own is served");
	close_store(&c);
}

static void
foreign_members(void)
{
	contract c = open_store("prefix=members:");
	sess_record rec = stored_for(&c, "ann", NOW, NOW + 5);
	sess_query all = { .now = NOW }, ann = { .user = "ann", .now = NOW };

	for (int i = 0; i < 16; i++) {
		for (int k = 0; k < 40; k++) {
			ask("ZADD members:da%x 5 foreign%d", i, k);
			ask("ZADD members:k%x 0 foreign%d", i, k);
		}
	}
	ask("SADD members:uann foreign");
	is_int((int64_t)do_count(&c, &all), 1, "foreign members are no sessions");
	is_int((int64_t)do_count(&c, &ann), 1, "of a user neither");
	is_int((int64_t)do_collect(&c, NOW + 5, 100), 1, "they are not collected");
	is_int(ask("ZCARD members:k0") + ask("ZCARD members:da0"), 0, "but removed");
	is_int(do_load(&c, rec.id, NOW), 0, "the session was");
	ask("SET members:k3 x");
	is_int((int64_t)do_count(&c, &all), -1, "a list that is none is a failure");
	is_int(c.provider->collect(c.self, NOW, 5, &(size_t){ 0 }, &c.err), SESS_OK,
		"which is no other call's");
	ask("SET members:da4 x");
	is_int(c.provider->collect(c.self, NOW, 5, &(size_t){ 0 }, &c.err), SESS_STORE,
		"unless it needs that one");
	ok(strstr(c.err.text, "?prefix=") != NULL, "with the remedy: %s", c.err.text);
	close_store(&c);
}

/* What a crash between two commands leaves. */
static void
left_by_a_crash(void)
{
	contract c = open_store("prefix=crash:");
	sess_record rec = stored_for(&c, "ann", NOW, NOW + 50);
	sess_query all = { .now = NOW }, ann = { .user = "ann", .now = NOW };

	ask("DEL crash:v%b", rec.id, (size_t)SESS_ID_BYTES);
	is_int((int64_t)do_count(&c, &all), 0, "marks without a session");
	is_int((int64_t)do_count(&c, &ann), 0, "of a user");
	is_int(ask("EXISTS crash:uann"), 0, "who meets one removes it");
	is_int(ask("EXISTS crash:k%x", rec.id[SESS_ID_BYTES - 1] % 16), 1, "in the list of all");
	(void)do_collect(&c, NOW + 50, 100);
	is_int(ask("EXISTS crash:k%x", rec.id[SESS_ID_BYTES - 1] % 16), 0, "collection does");
	is_int(ask("EXISTS crash:du%x", rec.id[SESS_ID_BYTES - 1] % 16), 0, "and by time");
	close_store(&c);
}

/* -- names and life ---------------------------------------------------------------------------- */

static void
apart(void)
{
	contract a = open_store("prefix=a:"), b = open_store("prefix=b:"), d = open_store(
		"prefix=a:&db=2");
	sess_record rec = stored_for(&a, "ann", NOW, NOW + 500);
	sess_query all = { .now = NOW }, ann = { .user = "ann", .now = NOW };

	is_int(do_load(&b, rec.id, NOW) + do_load(&d, rec.id, NOW), 0, "another prefix, another "
		"database: another store");
	is_int((int64_t)(do_count(&b, &all) + do_count(&d, &all)), 0, "and none in its lists");
	is_int((int64_t)(do_count(&b, &ann) + do_count(&d, &ann)), 0, "of a user");
	is_int((int64_t)do_end_all(&d, &all, NULL, SESS_REVOKED), 0, "nothing to end there");
	is_int(do_load(&a, rec.id, NOW), 1, "it is where it was");
	close_store(&a);
	close_store(&b);
	close_store(&d);
}

static void
life(void)
{
	contract c = open_store("prefix=life:");
	sess_record rec = stored_record(&c);
	long long ms, least = (30LL * 86400 + CONTRACT_LIFE) * 1000;
	int64_t found;

	ms = ask("PTTL life:v%b", rec.id, (size_t)SESS_ID_BYTES);
	ok(ms > least - 60000 && ms <= least, "the server keeps a session for 30 days more: %lld", ms);
	ask("DEL life:v%b", rec.id, (size_t)SESS_ID_BYTES);
	do_cas(&c, "n", 0, 1, &found);
	is_int(ask("DBSIZE") > 0 && do_cas(&c, "n", 1, 2, &found), 1, "a number");
	close_store(&c);
}

/* -- a server that refuses --------------------------------------------------------------------- */

static int
try_open(contract *c, const char *password)
{
	sess_address address = address_of(c->provider, c->here);
	int rc;

	if (password)
		address.password = password;
	c->self = NULL;
	rc = c->provider->open(&c->self, &address, &c->limits, &c->err);
	if (rc == SESS_OK)
		c->provider->close(c->self);
	return rc;
}

static void
full_server(void)
{
	contract c = open_store("prefix=full:");
	sess_record rec = stored_for(&c, "ann", NOW, NOW + 500), more = fresh_record(&c);

	ask("CONFIG SET maxmemory 1");
	is_int(c.provider->insert(c.self, &more, NOW, 0, &c.err), SESS_STORE, "a server without memory");
	ok(strstr(c.err.text, "maxmemory") != NULL, "says so: %s", c.err.text);
	is_int(do_load(&c, rec.id, NOW), 1, "what is there is shown");
	is_int(do_end(&c, rec.id, SESS_LOGGED_OUT), SESS_OK, "and ended");
	is_int(do_load(&c, rec.id, NOW), 0, "for good");
	ask("CONFIG SET maxmemory 0");
	is_int(do_insert(&c, &more), SESS_OK, "it goes on with more");
	close_store(&c);
}

static void
refused(contract *c, const char *password, const char *text)
{
	memset(&c->err, 0, sizeof(c->err));
	is_int(try_open(c, password), SESS_STORE, "%s", c->here);
	ok(strstr(c->err.text, text) != NULL, "says why: %s", c->err.text);
	ok(strstr(c->err.text, "sesame") == NULL, "but no password");
}

static void
passwords(void)
{
	contract c = contract_at(socket_path, "prefix=pw:");
	sess_record rec = fresh_record(&c);
	sess_address address = address_of(c.provider, c.here);

	ask("CONFIG SET requirepass open-sesame");
	ask("ACL SETUSER less on >less-sesame ~pw:* +get +client|setname");
	ask("AUTH open-sesame");
	refused(&c, "", "password_file");
	refused(&c, "closed-sesame", "password_file");
	is_int(try_open(&c, "open-sesame"), SESS_OK, "the right one");
	address.user = "less";
	address.password = "less-sesame";
	is_int(c.provider->open(&c.self, &address, &c.limits, &c.err), SESS_OK, "a user of few rights");
	is_int(do_load(&c, rec.id, NOW), 0, "may look");
	is_int(c.provider->insert(c.self, &rec, NOW, 0, &c.err), SESS_STORE, "but no more");
	ok(strstr(c.err.text, "user less may not") && strstr(c.err.text, "sesskit-redis(7)"),
		"and is told: %s", c.err.text);
	close_store(&c);
	ask("ACL DELUSER less");
	ask("CONFIG SET requirepass ''");
	ask("ACL SETUSER default nopass");
}

static void
bad_urls(void)
{
	static const char *const urls[] = { "redis+moon://h", "redis://h/x", "redis://h/0?db=x",
		"redis://h?prefix=a*", "redis://h?prefix=", "redis://h?prefix="
		"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz", "redis://h?colour=blue",
		"redis+sentinel://h", "redis+cluster://h/0", "redis+cluster://h?db=1", "redis://h?wait=-1",
		"redis://h/-1", "redis://h?prefix={a}" };

	for (size_t i = 0; i < PARTS(urls); i++) {
		contract c = contract_at("", "");

		snprintf(c.here, sizeof(c.here), "%s", urls[i]);
		is_int(try_open(&c, NULL), SESS_CONFIG, "%s is refused", urls[i]);
		ok(c.err.code == SESS_CONFIG && c.err.text[0], "with a reason: %s", c.err.text);
	}
}

/* -- doctor ------------------------------------------------------------------------------------ */

static void
note_finding(void *arg, int level, const char *text, const char *remedy)
{
	int *found = arg;

	found[level]++;
	ok((level == SESS_FINE) == (remedy[0] == '\0'), "%d %s: %s", level, text, remedy);
}

static void
doctor(void)
{
	contract c = open_store("prefix=doctor:");
	sess_address address = address_of(c.provider, c.here);
	sess_record rec = stored_record(&c);
	int found[3] = { 0 }, deep[3] = { 0 };

	c.provider->examine(&address, &c.limits, false, note_finding, found);
	ok(found[SESS_FINE] == 3 && !found[SESS_WARNING] && !found[SESS_FAULT], "a good server");
	ask("CONFIG SET maxmemory-policy allkeys-lru");
	ask("CONFIG SET appendonly no");
	c.provider->examine(&address, &c.limits, false, note_finding, found);
	ok(found[SESS_FINE] == 4 && found[SESS_WARNING] == 2, "one that throws sessions away");
	ask("CONFIG SET maxmemory-policy noeviction");
	ask("CONFIG SET appendonly yes");
	(void)stored_record(&c);
	ask("SET doctor:v%b nonsense", rec.id, (size_t)SESS_ID_BYTES);
	c.provider->examine(&address, &c.limits, true, note_finding, deep);
	ok(deep[SESS_FINE] == 4 && deep[SESS_FAULT] == 1, "a damaged session, when all is read");
	close_store(&c);
}

int
main(int argc, char **argv)
{
	if (argc != 3)
		bail("usage: test_store_redis SOCKET PROXY");
	redis_begin_tests(argv[1]);
	forgotten_script();
	lost_answers(argv[2]);
	lost_removal(argv[2]);
	foreign_values();
	moved_value();
	foreign_members();
	left_by_a_crash();
	apart();
	life();
	full_server();
	passwords();
	bad_urls();
	doctor();
	redis_end_tests();
	return done();
}
