/* SPDX-License-Identifier: ISC */
/* admin.c - this session's facts, and other sessions: list, count, end. */
#include "internal.h"

#include <string.h>

void
record_info(const sess_record *rec, char ref[TOKEN_CHARS + 1], sess_info *out)
{
	token_encode(ref, rec->id);
	*out = (sess_info){ .ref = ref, .user = rec->user, .address = rec->address,
		.agent = rec->agent, .created = rec->created, .seen = rec->seen,
		.expires = rec->expires, .absolute = rec->absolute, .login = rec->login,
		.level = (int)rec->level, .bytes = rec->len };
}

/* -- this session ------------------------------------------------------------------------------ */

const char *
sess_ref(const sess *s)
{
	sess *own = (sess *)(uintptr_t)s;

	if (s == NULL || !s->stored)
		return "";
	/* Made on demand, for most pages never ask. */
	token_encode(own->ref, s->current.id);
	return own->ref;
}

int
sess_about(const sess *s, sess_info *out)
{
	sess *own = (sess *)(uintptr_t)s;

	if (s == NULL || out == NULL)
		return SESS_INVALID;
	memset(out, 0, sizeof(*out));
	if (!s->stored)
		return SESS_GONE;
	record_info(&s->rec, own->ref, out);
	out->user = sess_user(s);
	return SESS_OK;
}

/* -- all sessions ------------------------------------------------------------------------------ */

/* Check the arguments common to all, and reopen the store in a child. */
static int
enter(sess_kit *kit, bool valid)
{
	int rc;

	if (kit == NULL)
		return SESS_INVALID;
	kit->error.text[0] = '\0';
	if (!valid) {
		(void)sess_fail(&kit->error, SESS_INVALID, "a bad argument");
		return SESS_INVALID;
	}
	rc = store_check(&kit->store, &kit->error);
	return rc == SESS_OK ? SESS_OK : kit_fail(kit, rc);
}

/* Sealed, a user is stored as a hash under the key of the day: ask for each. */
static size_t
user_forms(const sess_kit *kit, const char *user)
{
	return kit->config.seal == SESS_YES && user != NULL && *user != '\0' ? kit->keys.count : 1;
}

typedef struct listing {
	sess_info_fn *each;
	void *arg;
} listing;

static int
pass_on(void *arg, const sess_record *rec)
{
	const listing *l = arg;
	char ref[TOKEN_CHARS + 1];
	sess_info info;

	record_info(rec, ref, &info);
	return l->each(l->arg, &info);
}

int
sess_list(sess_kit *kit, const char *user, sess_info_fn *each, void *arg)
{
	listing l = { each, arg };
	int rc = enter(kit, each != NULL);

	for (size_t k = 0; rc == SESS_OK && k < user_forms(kit, user); k++) {
		char text[TOKEN_CHARS + 1];
		sess_query q = { .user = record_user(kit, k, user, text), .now = kit_now(kit) };

		rc = kit->store.provider->list(kit->store.self, &q, pass_on, &l, &kit->error);
	}
	return rc;
}

int
sess_count(sess_kit *kit, const char *user, int64_t within, size_t *n)
{
	int rc = enter(kit, n != NULL && within >= 0);

	if (n != NULL)
		*n = 0;
	for (size_t k = 0; rc == SESS_OK && k < user_forms(kit, user); k++) {
		char text[TOKEN_CHARS + 1];
		sess_query q = { .user = record_user(kit, k, user, text), .now = kit_now(kit) };
		size_t some = 0;

		if (within > 0)
			q.since = expiry_add(q.now, -within);
		rc = kit->store.provider->count(kit->store.self, &q, &some, &kit->error);
		*n += some;
		/* That it is not to be known is no failure. */
		if (rc != SESS_OK)
			return rc != SESS_UNSUPPORTED ? kit_fail(kit, rc) : rc;
	}
	return rc;
}

int
sess_end_ref(sess_kit *kit, const char *ref)
{
	unsigned char id[SESS_ID_BYTES];
	int rc = enter(kit, ref_decode(ref, id));
	int64_t now;

	if (rc != SESS_OK)
		return rc;
	now = kit_now(kit);
	rc = kit->store.provider->end(kit->store.self, id, SESS_REVOKED, now,
		expiry_add(now, kit->config.trace), &kit->error);
	if (rc != SESS_OK)
		return kit_fail(kit, rc);
	kit_log(kit, "revoked", id, "ended from elsewhere");
	return SESS_OK;
}

int
sess_end_user(sess_kit *kit, const char *user, const char *except, size_t *n)
{
	unsigned char id[SESS_ID_BYTES];
	size_t ended = 0;
	int rc = enter(kit, except == NULL || ref_decode(except, id));

	if (n != NULL)
		*n = 0;
	for (size_t k = 0; rc == SESS_OK && k < user_forms(kit, user); k++) {
		char text[TOKEN_CHARS + 1];
		sess_query q = { .user = record_user(kit, k, user, text), .now = kit_now(kit) };
		size_t some = 0;

		rc = kit->store.provider->end_all(kit->store.self, &q, except != NULL ? id : NULL,
			SESS_REVOKED, expiry_add(q.now, kit->config.trace), &some, &kit->error);
		ended += some;
		if (rc != SESS_OK)
			rc = kit_fail(kit, rc);
	}
	if (n != NULL)
		*n = ended;
	if (rc == SESS_OK)
		kit_log(kit, "revoked", NULL, user == NULL ? "everybody's sessions were ended" :
			"all sessions of a user were ended");
	return rc;
}
