/* SPDX-License-Identifier: ISC */
/* fuzz_home.c - any bytes as the value of a home, a pointer or a number, with a right checksum:
 * what is read can be written, and that is the same. */
#include "home.h"

#include "fuzz.h"

#include <sodium.h>
#include <string.h>

#define SUM 16
#define HEAD (4 + SUM)
#define MAX_BYTES 100

static const unsigned char key[SESS_ID_BYTES] = { 1, 2, 3 };

static void
sign(home_value *v)
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, SUM);
	crypto_generichash_update(&state, key, sizeof(key));
	crypto_generichash_update(&state, v->bytes, 4);
	crypto_generichash_update(&state, v->bytes + HEAD, v->len - HEAD);
	crypto_generichash_final(&state, v->bytes + 4, SUM);
}

/* A whole session, to be damaged: its kinds of ids by turns. */
static void
make(home *h, uint8_t dice)
{
	static const unsigned char id[SESS_ID_BYTES] = { 9 };
	sess_error err;

	h->what = HOME_SESSION;
	h->live = dice & 1;
	h->rec = (sess_record){ .revision = 1, .user = dice & 2 ? "ann" : NULL, .agent = "",
		.data = "{}", .len = dice & 4 ? 2 : 0 };
	for (int i = 0; i < 3; i++) {
		int kind = h->live ? 1 + i : SESS_TRACE_ENDED;

		fuzz_check(home_add_id(h, kind, id, &err) != NULL);
		h->ids[i].at = dice;
	}
}

/* A place and a byte to put there, again and again; the first byte chooses what is damaged. */
static void
damage(home_value *v, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i + 2 < size; i += 3) {
		size_t at = (size_t)(data[i] << 8 | data[i + 1]) % v->len;

		if (at < 4 || at >= HEAD)
			v->bytes[at] = data[i + 2];
	}
}

static void
read_and_write(home *h)
{
	home_value out = { .len = 0 };
	sess_error err;

	sign(&h->value);
	h->got = true;
	fuzz_check(home_read(h, MAX_BYTES, &err) == SESS_OK);
	fuzz_check(h->what != HOME_NOTHING);
	if (h->what != HOME_DAMAGED) {
		fuzz_check(!h->live || h->rec.len <= MAX_BYTES + 256);
		fuzz_check(!h->live || !h->rec.user || strlen(h->rec.user) < h->value.len);
		fuzz_check(home_write(h, &out, &err) == SESS_OK);
		fuzz_check(out.len == h->value.len && memcmp(out.bytes, h->value.bytes, out.len) == 0);
	} else {
		fuzz_check(!h->live && h->count == 0);
	}
	home_value_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	home h = { .what = HOME_NOTHING };
	sess_error err;

	memcpy(h.key, key, sizeof(key));
	if (size < 1)
		return 0;
	if (data[0] & 8) {
		make(&h, data[0]);
		fuzz_check(home_write(&h, &h.value, &err) == SESS_OK);
		damage(&h.value, data + 1, size - 1);
	} else {
		fuzz_check(home_room(&h.value, HEAD + size));
		memcpy(h.value.bytes, data[0] & 1 ? "sks\1" : data[0] & 2 ? "skl\1" : "skn\1", 4);
		memcpy(h.value.bytes + HEAD, data + 1, size - 1);
		h.value.len = HEAD + size - 1;
	}
	read_and_write(&h);
	home_free(&h);
	return 0;
}
