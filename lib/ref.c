/* SPDX-License-Identifier: ISC */
/* ref.c - a session for people: its name as they type it, and in words what became of it. */
#include "internal.h"

#include <string.h>

#define HEX_CHARS (2 * SESS_ID_BYTES)

/* As sess_ref gives it, or in the hexadecimal form that the sqlite3 shell shows. */
bool
ref_decode(const char *ref, unsigned char id[SESS_ID_BYTES])
{
	size_t len = ref != NULL ? strnlen(ref, HEX_CHARS + 1) : 0;

	if (len != HEX_CHARS)
		return ref != NULL && token_decode(id, ref, len);
	for (size_t i = 0; i < HEX_CHARS; i++) {
		int c = (unsigned char)ref[i], lower = c | 0x20, digit;

		if (c >= '0' && c <= '9')
			digit = c - '0';
		else if (lower >= 'a' && lower <= 'f')
			digit = lower - 'a' + 10;
		else
			return false;
		id[i / 2] = (unsigned char)(i % 2 == 0 ? digit << 4 : id[i / 2] | digit);
	}
	return true;
}

const char *
status_text(int64_t status)
{
	static const char *const words[] = {
		[SESS_FRESH] = "fresh", [SESS_LIVE] = "live", [SESS_UNKNOWN] = "unknown",
		[SESS_FORGED] = "forged", [SESS_DOUBLED] = "doubled",
		[SESS_IDLE] = "unused for too long", [SESS_AGED] = "too old",
		[SESS_LOGGED_OUT] = "logged out", [SESS_REVOKED] = "ended from elsewhere",
		[SESS_ROTATED] = "took a new id at login",
		[SESS_REUSED] = "an old id came back: probably stolen", [SESS_DAMAGED] = "damaged",
	};
	bool known = status >= 0 && (uint64_t)status < sizeof(words) / sizeof(words[0]);

	return known ? words[status] : NULL;
}
