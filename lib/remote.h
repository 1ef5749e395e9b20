/* SPDX-License-Identifier: ISC */
/*
 * remote.h - what stores on other machines share: the hosts of their URL, how long a call may take,
 * and when not to try at all. A store calls remote_begin before each call, asks remote_left_ms how
 * long it may wait, and says how it went by remote_worked or remote_failed.
 *
 * A server that is gone must not stall every worker for as long as a call may take: after a failure
 * calls are refused at once for a while, longer each time, and then one is let through to try.
 */
#ifndef SESSKIT_REMOTE_H
#define SESSKIT_REMOTE_H

#include "sesskit_store.h"

#define REMOTE_HOSTS 16
#define REMOTE_NAME 256
#define REMOTE_ADDRESS 64       /* the longest is of IPv6, with a zone */

typedef struct remote_host {
	char name[REMOTE_NAME];         /* without the brackets of an IPv6 address */
	int port;
} remote_host;

typedef struct remote_address {
	char text[REMOTE_ADDRESS];
	int others;                     /* how many more the name has */
} remote_address;

typedef struct remote_lookup remote_lookup;

typedef struct remote {
	const char *url;                /* for messages; lent */
	remote_host host[REMOTE_HOSTS];
	size_t hosts;                   /* 0: a socket on this machine, at the address's path */
	size_t at;                      /* the one in use, or to be tried next */
	int call_ms;                    /* how long a call may take, with all connecting and trying again */
	int64_t until;                  /* monotonic milliseconds; the end of the call in hand */
	int64_t closed_until;           /* refused before */
	int pause_ms;                   /* for how long after the next failure */
	char why[sizeof(((sess_error *)0)->text)];      /* the last failure, for calls refused */
	remote_lookup *lookups;         /* of names, that are still under way */
	int64_t (*clock)(void);         /* monotonic milliseconds; tests set another one */
} remote;

/* Hosts out of such a list; n of them, at most REMOTE_HOSTS. NULL, or what is wrong with it. */
const char *remote_hosts(remote_host host[REMOTE_HOSTS], size_t *n, const char *list, int port);
/* Hosts and ports out of address->host ("h1:port,h2,[::1]:port"); ports that are not given are this
 * one. SESS_CONFIG names what is wrong. call_ms is limits->busy_ms. */
int remote_open(remote *, const sess_address *, const sess_limits *, int port, sess_error *);
/* Also in a child process, and for what was never opened, but zero. */
void remote_close(remote *);
/* A call begins: SESS_OK, or SESS_STORE while the store is taken for dead. */
int remote_begin(remote *, sess_error *);
/* What is left of the call, 0 if nothing is. */
int remote_left_ms(const remote *);
void remote_next(remote *);     /* the host in use is no good: on to the next one */
void remote_worked(remote *);
/* The call has failed for want of a working server (not: because the server refused it), and this
 * is why. */
void remote_failed(remote *, const sess_error *);

/* An address for a name, within so many milliseconds; what is an address already is taken as it is.
 * Of one name there is one look-up at a time, however many calls give up waiting for it: SESS_OK,
 * SESS_STORE. */
int remote_look_up(remote *, const char *name, int ms, remote_address *, sess_error *);

/* The value of a parameter of address->query ("prefix=x&tls=yes") as text: 1 there, 0 not there,
 * SESS_CONFIG if it is longer than room. */
int remote_option(const sess_address *, const char *name, char *value, size_t room, sess_error *);
/* SESS_OK if the query has no parameters but these (ends with NULL), or SESS_CONFIG names one. */
int remote_options_known(const sess_address *, const char *const *names, sess_error *);

#endif
