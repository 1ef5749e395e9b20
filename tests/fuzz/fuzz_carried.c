/* SPDX-License-Identifier: ISC */
/* fuzz_carried.c - any bytes as what a browser brought: never a crash, and what is taken for a
 * session can be changed, brought again and ended. */
#include "carried.h"
#include "internal.h"

#include "fuzz.h"

#include <string.h>

extern const sess_provider sess_provider_cookie, sess_provider_memory;

static const sess_provider *const cookie = &sess_provider_cookie;
static unsigned char id[SESS_ID_BYTES];

static void *
open_store(void)
{
	static const sess_address below = { .url = "memory:", .kind = "", .host = "", .user = "",
		.path = "fuzz", .query = "", .password = "" };
	static const sess_base base = { &sess_provider_memory, &below };
	static const sess_address over = { .url = "cookie:memory:", .kind = "", .host = "", .user = "",
		.path = "memory:fuzz", .query = "", .password = "", .base = &base, .bases = 1 };
	const sess_limits limits = { .max_bytes = 1000, .max_sessions = 100, .busy_ms = 10,
		.carried = 2000 };
	sess_error err;
	void *self;

	fuzz_check(cookie->open(&self, &over, &limits, &err) == SESS_OK);
	return self;
}

/* A session that was made here, so that the bytes lie behind a right checksum; they become what is
 * in it. */
static void
bring(void *self, const uint8_t *data, size_t size)
{
	sess_record rec = { .created = 1, .seen = 1, .expires = data[0] & 1 ? 1000 : 1, .idle = 10,
		.user = data[0] & 2 ? "ann" : NULL, .data = data, .len = size };
	const void *bytes;
	sess_error err;
	size_t len;

	memcpy(rec.id, id, sizeof(rec.id));
	if (cookie->insert(self, &rec, 1, 0, &err) != SESS_OK)
		return;
	fuzz_check(cookie->carry(self, &bytes, &len) == 1);
	fuzz_check(len <= 2000);
	fuzz_check(cookie->carry(self, &bytes, &len) == 0);
}

static void
use(void *self, int64_t now)
{
	sess_sink sink = { { NULL, NULL } };
	sess_record rec;
	sess_error err;
	int rc = cookie->load(self, id, now, &rec, &sink, &err);

	fuzz_check(rc == 1 || rc == 0);
	if (rc == 1) {
		fuzz_check(rec.expires > now && rec.len <= 1256);
		rc = cookie->update(self, &rec, now, SESS_PART_ALL, &err);
		fuzz_check(rc == SESS_OK || rc == SESS_TOOBIG);
		fuzz_check(cookie->end(self, id, SESS_LOGGED_OUT, now, now, &err) == SESS_OK);
		fuzz_check(cookie->load(self, id, now, &rec, &sink, &err) == 0);
	}
	arena_free(&sink.memory);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned serial;
	void *self = open_store();
	sess_error err;

	/* The store below knows what ended in the run before. */
	serial++;
	memcpy(id, &serial, sizeof(serial));
	if (size > 0 && data[0] & 4)
		bring(self, data, size);
	else
		fuzz_check(cookie->bring(self, id, data, size, &err) == SESS_OK);
	use(self, size > 1 ? data[1] : 0);
	cookie->close(self);
	return 0;
}
