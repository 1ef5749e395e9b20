/* SPDX-License-Identifier: ISC */
/* test_values_map.c - the map against a plain array: whatever a request did to its values, in any
 * order, is done again to what others have stored meanwhile, however often. */
#include "alloc.h"
#include "internal.h"
#include "measure.h"
#include "tap.h"

/* In byte order. */
static const char *const keys[] = { "!", "@own", "a", "aa", "ab", "b", "~" };
#define KEYS (sizeof(keys) / sizeof(keys[0]))

enum { SET_INT, SET_TEXT, ADD, UNSET, CLEAR, KINDS };

typedef struct operation {
	int kind;
	size_t key;
	int64_t number;
} operation;

/* What a key may hold: nothing, one text, or a number. */
typedef struct model {
	sess_type type[KEYS];
	int64_t number[KEYS];
} model;

static uint64_t seed = 7;

static model
random_model(void)
{
	static const sess_type types[] = { SESS_NOTHING, SESS_STR, SESS_INT };
	model m;

	for (size_t k = 0; k < KEYS; k++) {
		m.type[k] = types[dice_below(&seed, 3)];
		m.number[k] = m.type[k] == SESS_INT ? (int64_t)dice_below(&seed, 100) : 0;
	}
	return m;
}

static operation
random_operation(void)
{
	operation o = { .kind = (int)dice_below(&seed, KINDS),
		.key = dice_below(&seed, KEYS),
		.number = (int64_t)dice_below(&seed, 41) - 20 };

	/* Else nothing would ever pile up. */
	if (o.kind == CLEAR && dice_below(&seed, 3) != 0)
		o.kind = ADD;
	return o;
}

static void
model_do(model *m, const operation *o)
{
	size_t k = o->key;

	switch (o->kind) {
	case SET_INT:
		m->type[k] = SESS_INT;
		m->number[k] = o->number;
		break;
	case SET_TEXT:
		m->type[k] = SESS_STR;
		break;
	case ADD:
		m->number[k] = (m->type[k] == SESS_INT ? m->number[k] : 0) + o->number;
		m->type[k] = SESS_INT;
		break;
	case UNSET:
		m->type[k] = SESS_NOTHING;
		break;
	default:
		for (k = 0; k < KEYS; k++)
			if (keys[k][0] != '@')
				m->type[k] = SESS_NOTHING;
	}
}

/* False if it was to unset what is not there, which is no change, and never done again. */
static bool
map_do(values *v, const operation *o)
{
	entry e = {
		.key = keys[o->key], .change = CHANGE_SET, .type = SESS_INT, .is.num = o->number
	};
	int rc = SESS_OK;

	switch (o->kind) {
	case SET_INT:
	case SET_TEXT:
		if (o->kind == SET_TEXT)
			e = (entry){ .key = e.key,
				.change = CHANGE_SET,
				.type = SESS_STR,
				.bytes = "text",
				.len = 4 };
		rc = values_put(v, &e);
		v->changed = true;
		break;
	case ADD:
		rc = values_add(v, e.key, o->number);
		break;
	case UNSET:
		if (values_find(v, e.key) == NULL)
			return false;
		values_unset(v, values_find(v, e.key));
		break;
	default:
		values_clear(v);
	}
	if (rc != SESS_OK)
		bail("out of memory");
	return true;
}

/* The map as it is after loading. */
static void
map_load(values *v, const model *m)
{
	values_reset(v);
	for (size_t k = 0; k < KEYS; k++) {
		operation o = { .kind = m->type[k] == SESS_INT ? SET_INT : SET_TEXT,
			.key = k,
			.number = m->number[k] };

		if (m->type[k] != SESS_NOTHING)
			(void)map_do(v, &o);
	}
	values_settle(v);
}

static bool
map_equals(const values *v, const model *m)
{
	const entry *next = values_after(v, "");
	values fresh = { 0 };
	size_t bytes;

	for (size_t k = 0; k < KEYS; k++) {
		const entry *e = values_find(v, keys[k]);

		if ((e != NULL ? e->type : SESS_NOTHING) != m->type[k])
			return false;
		if (e == NULL)
			continue;
		if (e->type == SESS_INT ? e->is.num != m->number[k] : strcmp(e->bytes, "text") != 0)
			return false;
		if (next != e)
			return false;
		next = values_after(v, keys[k]);
	}
	/* The size kept along the way is the one of a map made from nothing. */
	map_load(&fresh, m);
	bytes = fresh.bytes;
	values_free(&fresh);
	return next == NULL && v->bytes == bytes;
}

#define OPERATIONS 12

/* One request against three conflicts; 0 if all is as in the model, else which step is not. */
static int
one_request(values *mine, values *onto)
{
	model local = random_model(), others;
	operation done[OPERATIONS];
	size_t n = 0, tried = 1 + dice_below(&seed, OPERATIONS);
	values swap;

	map_load(mine, &local);
	while (tried-- > 0) {
		done[n] = random_operation();
		if (map_do(mine, &done[n]))
			model_do(&local, &done[n++]);
		if (!map_equals(mine, &local) || mine->changed != (n > 0))
			return 1;
	}
	for (int conflict = 1; conflict <= 3; conflict++) {
		others = random_model();
		map_load(onto, &others);
		if (values_replay(onto, mine) != SESS_OK)
			bail("out of memory");
		for (size_t i = 0; i < n; i++)
			model_do(&others, &done[i]);
		if (!map_equals(onto, &others) || onto->changed != mine->changed)
			return 1 + conflict;
		swap = *mine;
		*mine = *onto;
		*onto = swap;
	}
	values_settle(mine);
	map_load(onto, &local);
	return values_replay(onto, mine) == SESS_OK && !onto->changed && map_equals(onto, &local)
		       ? 0
		       : 5;
}

static void
replay_as_model(void)
{
	values a = { 0 }, b = { 0 };
	int failed[6] = { 0 };

	for (int i = 0; i < 20000; i++)
		failed[one_request(&a, &b)]++;
	is_int(failed[1], 0, "each change does what it does to a plain array");
	is_int(failed[2], 0, "after a conflict all changes are there again");
	is_int(failed[3], 0, "after a second one too");
	is_int(failed[4], 0, "and a third");
	is_int(failed[5], 0, "what was stored is not done again");
	values_free(&a);
	values_free(&b);
}

static int64_t
sum_of(values *v, int64_t from, int64_t first, int64_t second)
{
	operation o = { .kind = SET_INT, .key = 2, .number = from };

	values_reset(v);
	(void)map_do(v, &o);
	values_settle(v);
	if (values_add(v, "a", first) != SESS_OK || values_add(v, "a", second) != SESS_OK)
		bail("out of memory");
	return values_find(v, "a")->is.num;
}

static void
add_saturates(void)
{
	values mine = { 0 }, onto = { 0 };

	is_int(sum_of(&mine, INT64_MAX - 1, 1, 0), INT64_MAX, "up to the largest number");
	is_int(sum_of(&mine, INT64_MAX - 1, 1, 1), INT64_MAX, "and no further");
	is_int(sum_of(&mine, INT64_MIN + 1, -1, 0), INT64_MIN, "down to the least");
	is_int(sum_of(&mine, INT64_MIN + 1, -1, INT64_MIN), INT64_MIN, "and no further");
	is_int(sum_of(&mine, INT64_MIN, INT64_MAX, INT64_MAX), INT64_MAX - 1, "from end to end");
	(void)sum_of(&mine, 0, INT64_MAX, INT64_MAX);
	(void)sum_of(&onto, 5, 0, 0);
	is_int(values_replay(&onto, &mine), SESS_OK, "added up, done again");
	is_int(values_find(&onto, "a")->is.num, INT64_MAX, "it stops there as well");
	values_free(&mine);
	values_free(&onto);
}

static void
after_finds_next(void)
{
	model m = { .type = { SESS_INT, SESS_INT, SESS_INT, SESS_NOTHING, SESS_STR, SESS_INT,
			    SESS_INT } };
	values v = { 0 };

	ok(values_after(&v, "") == NULL && values_find(&v, "a") == NULL,
		"an empty map has nothing");
	map_load(&v, &m);
	ok(values_find(&v, NULL) == NULL && values_find(&v, "") == NULL, "no key is no value");
	is_str(values_after(&v, "")->key, "!", "from the start");
	is_str(values_after(&v, "a")->key, "ab", "over what is not there");
	is_str(values_after(&v, "aa")->key, "ab", "from a key that is not there");
	values_unset(&v, values_find(&v, "ab"));
	is_str(values_after(&v, "a")->key, "b", "over what was unset");
	ok(values_after(&v, "~") == NULL && values_after(&v, "\xff") == NULL, "to the end");
	values_free(&v);
	ok(v.at == NULL && v.count == 0 && v.bytes == 0, "freed, it is empty");
}

static void
failure_changes_nothing(void)
{
	char names[17][4];
	values v = { 0 }, onto = { 0 };

	alloc_fail(1, true);
	is_int(values_put(&v, &(entry){ .key = "a" }), SESS_NOMEM, "no memory for the first");
	alloc_fail(0, false);
	for (int i = 0; i < 17; i++)
		snprintf(names[i], sizeof(names[i]), "%02d", i);
	for (int i = 0; i < 16; i++)
		(void)values_add(&v, names[i], i);
	alloc_fail(1, true);
	is_int(values_put(&v, &(entry){ .key = names[16], .type = SESS_INT }), SESS_NOMEM,
		"nor for more");
	is_int(values_add(&v, names[16], 1), SESS_NOMEM, "nor to add to what is not there");
	is_int(values_replay(&onto, &v), SESS_NOMEM, "nor to replay");
	is_int(values_add(&v, names[3], 4), SESS_OK, "but what is there can be changed");
	alloc_fail(0, false);
	ok(v.count == 16 && values_find(&v, names[16]) == NULL, "nothing half done is left");
	is_int(values_find(&v, names[3])->is.num, 7, "and nothing is lost");
	values_free(&v);
	values_free(&onto);
}

/* What is left of a number in memory that was given back would be found. */
static void
wiped_when_freed(void)
{
	static const char secret[] = "k7Q-left";
	char key[40][4];
	values v = { 0 };
	int64_t number;

	memcpy(&number, secret, sizeof(number));
	alloc_watch(secret);
	for (int i = 0; i < 40; i++) {
		snprintf(key[i], sizeof(key[i]), "%02d", i);
		(void)values_add(&v, key[i], number);
	}
	is_int((int64_t)alloc_unwiped(), 0, "a map that grows wipes its old place");
	values_free(&v);
	is_int((int64_t)alloc_unwiped(), 0, "and all of it at the end");
	alloc_watch(NULL);
}

static char (*names)[16];

static void
fill(void *arg)
{
	values v = { 0 };

	for (int i = 0; i < *(int *)arg; i++)
		(void)values_add(&v, names[i], 1);
	for (int i = 0; i < *(int *)arg; i++)
		(void)values_add(&v, names[i], 1);
	values_free(&v);
}

static void
work_is_linear(void)
{
	int few = 2000, many = 20000;
	double small, large;

	if ((names = calloc((size_t)many, sizeof(*names))) == NULL)
		bail("out of memory");
	for (int i = 0; i < many; i++)
		snprintf(names[i], sizeof(names[i]), "%06d", i);
	small = least_seconds(fill, &few);
	large = least_seconds(fill, &many);
	if (!ok(large < small * LINEAR_AT_MOST,
		    "ten times the keys in order, about ten times the work"))
		diag("%.6f s, %.6f s", small, large);
	free(names);
}

int
main(void)
{
	replay_as_model();
	add_saturates();
	after_finds_next();
	failure_changes_nothing();
	wiped_when_freed();
	work_is_linear();
	return done();
}
