/* SPDX-License-Identifier: ISC */
/* workers.c - the processes and threads of a FastCGI program, and their clean end. */
#define _GNU_SOURCE
#include "workers.h"

#include <fastcgi.h>
#include <fcgiapp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST 64         /* of each */

/* Without a socket, an accept that is about to begin fails too. Once only: by a second time the
 * descriptor may belong to another file. */
static void
stop(int number)
{
	static volatile sig_atomic_t stopped;

	(void)number;
	if (stopped)
		return;
	stopped = 1;
	FCGX_ShutdownPending();
	close(FCGI_LISTENSOCK_FILENO);
}

static void *
run_thread(void *arg)
{
	void (**loop)(void *) = arg;

	(*loop)(NULL);
	return NULL;
}

static void
run_threads(void (*loop)(void *), void *first, int threads)
{
	pthread_t id[MOST];
	sigset_t term;
	int n = 0;

	/* SIGTERM goes to this thread, which then wakes the others by libfcgi's own signal. */
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &term, NULL);
	while (n < threads - 1 && pthread_create(&id[n], NULL, run_thread, &loop) == 0)
		n++;
	if (n < threads - 1)
		fprintf(stderr, "started %d threads of %d\n", n + 1, threads);
	pthread_sigmask(SIG_UNBLOCK, &term, NULL);
	loop(first);
	while (n > 0) {
		pthread_kill(id[--n], SIGUSR1);
		pthread_join(id[n], NULL);
	}
}

static int
number(const char *name)
{
	const char *text = getenv(name);
	long n = text ? strtol(text, NULL, 10) : 1;

	return n < 1 ? 1 : n > MOST ? MOST : (int)n;
}

void
workers_run(void (*loop)(void *), void *first)
{
	struct sigaction on_term = { .sa_handler = stop };
	int workers = number("FCGI_WORKERS");
	pid_t pid[MOST];
	int n = 0;

	FCGX_Init();
	sigaction(SIGTERM, &on_term, NULL);
	while (n < workers - 1 && (pid[n] = fork()) > 0)
		n++;
	if (n < workers - 1 && pid[n] < 0)
		perror("fork");
	if (n < workers - 1 && pid[n] == 0)
		n = 0;          /* a child, which has none itself */
	run_threads(loop, first, number("FCGI_THREADS"));
	while (n > 0) {
		kill(pid[--n], SIGTERM);
		waitpid(pid[n], NULL, 0);
	}
}
