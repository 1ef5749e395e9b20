/* SPDX-License-Identifier: ISC */
/* store_contract_item.c - of sentence 26, what item hands on: the same as a walk. */
#include "store_walked.h"

#include <string.h>

#define NOW CONTRACT_NOW

/* By this id comes what the walk had under that one. */
static void
comes(contract *c, const walked *all, const unsigned char *id, const unsigned char *own,
	const char *what)
{
	const walked_item *want = NULL;
	const char *differs = "what came";
	walked one = { .n = 0 };

	if (walk_item(c, &one, id) == 1 && one.n == 1 && walked_find(all, own, &want) == 1)
		differs = walked_difference(want, &one.at[0]);
	check(c, differs == NULL, "item by %s%s%s", what, differs ? "; differs in " : "",
		differs ? differs : "");
	walked_free(&one);
}

void
contract_item(contract *c)
{
	unsigned char candidate[SESS_ID_BYTES], retired[SESS_ID_BYTES], unknown[SESS_ID_BYTES];
	walked all = { .n = 0 }, none = { .n = 0 };
	sess_record offered = stored_offered(c, candidate), renewed = stored_renewed(c, retired);
	sess_record expired = stored_for(c, "frank", NOW - 9000, NOW - 5000);
	sess_record ended = stored_for(c, "grace", NOW, NOW + 60), old = stored_record(c), new = old;

	fresh_id(c, new.id);
	do_replace(c, old.id, &new, NOW);
	do_end(c, ended.id, SESS_LOGGED_OUT);
	walk_all(c, &all, 100);
	comes(c, &all, offered.id, offered.id, "its own id");
	comes(c, &all, candidate, offered.id, "a candidate");
	comes(c, &all, retired, renewed.id, "a retired id");
	comes(c, &all, expired.id, expired.id, "the id of an expired one");
	comes(c, &all, ended.id, ended.id, "an ended id");
	comes(c, &all, old.id, old.id, "one that was replaced");
	comes(c, &all, new.id, new.id, "what took its place");
	fresh_id(c, unknown);
	check(c, walk_item(c, &none, unknown) == 0 && none.n == 0, "no item by an unknown id");
	none.full = 1;
	check_int(c, walk_item(c, &none, offered.id), 7, "what the function returns is returned");
	walked_free(&all);
	walked_free(&none);
}
