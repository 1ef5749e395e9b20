/* SPDX-License-Identifier: ISC */
/* move_stage.h - two stores and who uses them, while the test says when which step is taken. */
#ifndef MOVE_STAGE_H
#define MOVE_STAGE_H

#include "internal.h"
#include "store_move.h"
#include "tap.h"

#include <limits.h>
#include <string.h>

#define NOW INT64_C(1700000000)
#define KEEP (NOW + 86400)
#define STEPS 4                 /* calls of FROM that a pull makes */

extern const sess_provider sess_provider_memory, sess_provider_move;
static const sess_provider *const real = &sess_provider_memory;

enum { BEFORE, BEHIND };

/* The stage of one case. */
extern struct stage {
	char path[2][32];
	sess_address address[2];
	sess_base base[2][2];
	move_end from, to;              /* keep the stores, and look into them */
	move_store *straggler, *puller, *other;
	sess_record rec, spared;
	unsigned char candidate[SESS_ID_BYTES], fresh[SESS_ID_BYTES];
	int when, steps, fuel;
	bool struck;
	bool ends;                      /* a straggler ends it right before the last step */
	bool down;                      /* TO does not answer */
	bool refuses;                   /* TO does not take the first record */
	bool collects;                  /* FROM is collected right before an item is read */
	bool slow_put;                  /* the next put comes later, by puts_late; the puller is dead */
	int idled;                      /* calls of idle of TO */
	sess_sink sink;
	sess_record got;
	sess_error err;
} stage;

/* The move begins, and the puller takes its steps and dies; once, and only at this moment. */
void strike(int when);
/* Stores with a record, one more of the same user, and a candidate of the first. */
void set_stage(int when, int steps);
void clear_stage(void);
/* Take the put that waits. */
int puts_late(void);
void must(int rc, int want, const char *what);
sess_record make_record(int number);
int load_by(move_store *, const unsigned char *id);
/* By a program that comes after all that. */
int load_later(const unsigned char *id);
bool is_data(const char *data);
/* It is found, and after a sweep it is in TO, as it was, and nowhere else. */
bool lives(const unsigned char *id, int via, const char *data);
/* It has ended in TO as well, for this reason. */
bool ended(const unsigned char *id, sess_status why);

#endif
