/* SPDX-License-Identifier: ISC */
/* move_fixture.c - move: between any two stores of this machine, in a phase that a test wants. */
#include "move_fixture.h"

#include "tap.h"

extern const sess_provider sess_provider_move;

/* Stores keep what an address points to: what is made here stays until the process ends. */
typedef struct place {
	struct place *next;
	char from[600], to[600];
	sess_address address[2];
	sess_base base[2];
} place;

static struct {
	const sess_provider *from, *to;
	int64_t phase;
} wanted;
static place *places;

static const place *
place_at(const char *path)
{
	place *p = calloc(1, sizeof(*p));
	const char *url[] = { p != NULL ? p->from : "", p != NULL ? p->to : "" };

	if (p == NULL)
		bail("out of memory");
	p->next = places;
	places = p;
	snprintf(p->from, sizeof(p->from), "%s", path);
	snprintf(p->to, sizeof(p->to), "%s.to", path);
	for (int i = 0; i < 2; i++) {
		p->address[i] = (sess_address){ .url = url[i], .kind = "", .host = "", .user = "",
			.path = url[i], .query = "", .password = "" };
		p->base[i] = (sess_base){ i == 0 ? wanted.from : wanted.to, &p->address[i] };
	}
	return p;
}

static int
open_there(void **self, const sess_address *address, const sess_limits *limits, sess_error *err)
{
	const place *p = place_at(address->path);
	sess_address both = *address;
	int rc;

	both.base = p->base;
	both.bases = 2;
	rc = sess_provider_move.open(self, &both, limits, err);
	if (rc == SESS_OK && wanted.phase != MOVE_NOT) {
		const move_end *from = &((move_store *)*self)->pair.from;
		int64_t found;

		rc = from->store->cas(from->self, MOVE_NUMBER, MOVE_NOT, wanted.phase, &found, err);
	}
	return rc < 0 ? rc : SESS_OK;
}

sess_provider
move_between(const sess_provider *from, const sess_provider *to, int64_t phase)
{
	sess_provider over = sess_provider_move;

	wanted.from = from;
	wanted.to = to;
	wanted.phase = phase;
	over.open = open_there;
	return over;
}
