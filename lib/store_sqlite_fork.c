/* SPDX-License-Identifier: ISC */
/*
 * store_sqlite_fork.c - connections that a child inherits. SQLite still believes in the child that
 * this process has the locks of the parent's connections, and lets a new connection to the same
 * file share them; but locks are not inherited. The new one would have none, and another process
 * could take the log away from under it. So all of them must go before the first is opened.
 */
#include "store_sqlite.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static sqlite_store *stores;    /* that are open */
static pid_t opener;            /* of all these */

static void
enter(void)
{
	pthread_mutex_lock(&lock);
}

static void
leave(void)
{
	pthread_mutex_unlock(&lock);
}

/* So that no other thread has the lock when a child is born. Without these handlers, for which
 * there may be no memory, that is merely unlikely. */
static void
watch_forks(void)
{
	(void)pthread_atfork(enter, leave, leave);
}

/* Closing is harmless to the parent: it neither checkpoints nor removes anything here, and can only
 * release locks of this process, which has none. Only a write that the parent has begun must not be
 * undone. */
static void
let_inherited_go(void)
{
	for (sqlite_store *s = stores; s != NULL; s = s->next)
		if (sqlite3_txn_state(s->db, "main") != SQLITE_TXN_WRITE)
			db_disconnect(s);
	stores = NULL;
}

void
fork_check(void)
{
	(void)pthread_once(&once, watch_forks);
	enter();
	if (opener != getpid()) {
		let_inherited_go();
		opener = getpid();
	}
	leave();
}

void
fork_opened(sqlite_store *s)
{
	enter();
	s->next = stores;
	stores = s;
	leave();
}

void
fork_closed(const sqlite_store *s)
{
	sqlite_store **at = &stores;

	enter();
	while (*at != NULL && *at != s)
		at = &(*at)->next;
	if (*at != NULL)
		*at = s->next;
	leave();
}

void
sqlite_forked(void *self)
{
	sqlite_store *s = self;

	fork_check();
	/* With a write under way it stays as it is, and is forgotten. */
	if (s->db != NULL)
		return;
	free(s->path);
	free(s);
}
