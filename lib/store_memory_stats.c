/* SPDX-License-Identifier: ISC */
/* store_memory_stats.c - what began and ended in the memory store, minute by minute and hour by
 * hour, and how much it holds. */
#include "minutes.h"
#include "store_memory.h"

#include <string.h>

#define MINUTES (sizeof(((memory_store *)0)->minute) / sizeof(memory_period))
#define HOURS (sizeof(((memory_store *)0)->hour) / sizeof(memory_period))

static memory_period *
slot_of(memory_period *ring, size_t size, int64_t number)
{
	return &ring[(uint64_t)number % size];
}

static void
add(memory_period *ring, size_t size, int64_t number, const sess_tally *t)
{
	memory_period *at = slot_of(ring, size, number);

	/* Another number is long past, or of a clock that was ahead. */
	if (at->number != number)
		*at = (memory_period){ .number = number };
	at->tally.started += t->started;
	at->tally.logins += t->logins;
	at->tally.ended += t->ended;
	at->tally.expired += t->expired;
}

void
memory_tally(memory_store *m, int64_t now, const sess_tally *t)
{
	int64_t minute = sixtieth(now);

	add(m->minute, MINUTES, minute, t);
	add(m->hour, HOURS, sixtieth(minute), t);
}

static void
tell(memory_period *ring, size_t size, int64_t number, sess_tally *out)
{
	for (size_t i = 0; i < size; i++) {
		const memory_period *at = slot_of(ring, size, number - (int64_t)i);

		out[i] = at->number == number - (int64_t)i ? at->tally : (sess_tally){ 0 };
	}
}

int
memory_stats(void *self, int64_t now, sess_stats *out, sess_error *err)
{
	memory_store *m = memory_enter(self, err);
	int64_t minute = sixtieth(now), values = 0;

	if (!m)
		return err->code;
	out->live = out->signed_in = out->waiting = out->oldest = out->bytes = out->value_bytes = 0;
	for (const memory_session *at = NULL; (at = memory_next(m, at));) {
		const sess_record *rec = &at->body->rec;

		out->bytes += (int64_t)at->body->size;
		values += (int64_t)rec->len;
		if (rec->expires > now) {
			out->live++;
			out->signed_in += rec->user != NULL;
		} else if (!out->waiting++ || rec->expires < out->oldest) {
			out->oldest = rec->expires;
		}
	}
	if (out->live + out->waiting > 0)
		out->value_bytes = values / (out->live + out->waiting);
	for (int i = 0; i < TREES; i++)
		out->bytes += (int64_t)(m->count[i] * sizeof(memory_key));
	tell(m->minute, MINUTES, minute, out->minute);
	tell(m->hour, HOURS, sixtieth(minute), out->hour);
	return memory_leave(self, SESS_OK);
}
