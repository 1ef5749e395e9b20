/* SPDX-License-Identifier: ISC */
/* failures_url.h - records behind a flaky proxy, whose content is known however calls end. */
#ifndef FAILURES_URL_H
#define FAILURES_URL_H

#include "../store_contract.h"
#include "flaky.h"

#define KNOWN 16
#define TRIAL_BUSY_MS 300       /* how long a call may take */
#define TRIAL_GRACE_MS 250      /* and what a busy machine adds to it */

/* A record counts in its data, and so does its revision: n, and n + 1. */
typedef struct known {
	sess_record rec;
	int64_t low, high;      /* n is one of these: an update without an answer may have been made */
} known;

/* How calls ended. */
typedef struct outcome {
	int made, failed, lost, wrong, odd;
	int64_t longest, total; /* ms */
	char text[200];         /* of the last failure */
} outcome;

typedef struct trial {
	contract c;
	flaky *proxy;
	known records[KNOWN];
	char url[512];
	int turn;
} trial;

/* A store behind the proxy, with its records. */
void trial_start(trial *, const char *url, flaky *);
/* Another handle. False if it cannot be opened, for which there must be a code and a text. */
bool trial_open(trial *);
void trial_close(trial *);
/* So many calls by turns: load one of the records, and count on in it. */
outcome trial_calls(trial *, int count);
/* The same until one succeeds; milliseconds, -1: none did. */
int64_t trial_recovers(trial *);

/* From now on: dead or not. How often it was asked before. */
int name_server(bool dead);
/* All that were made by addresses of IPv4, as a server does that starts again. */
void cut_connections(void);

#endif
