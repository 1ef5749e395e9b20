/* SPDX-License-Identifier: ISC */
/*
 * bench_cgi.c - what a plain CGI program costs each time a web server starts it.
 *
 *   bench_cgi ROUNDS PROGRAM...    microseconds of CPU per run of each, and how much over the
 *                                  first; the least of all rounds tells about a busy machine
 *
 * Runs take turns, so that whatever else the machine does hits all programs alike. The environment
 * is that of this program; SESSKIT_STORE and HTTP_COOKIE in it reach the programs.
 */
#include "bench.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAMS_MAX 8
#define RUNS 20                 /* per round; a median over rounds is shown */

static double
microseconds(struct timeval t)
{
	return (double)t.tv_sec * 1e6 + (double)t.tv_usec;
}

static double
run_once(const char *program, const posix_spawn_file_actions_t *files)
{
	char *argv[] = { (char *)(uintptr_t)program, NULL };
	struct rusage used;
	int status;
	pid_t pid;

	if (posix_spawn(&pid, program, files, NULL, argv, environ) != 0 ||
		wait4(pid, &status, 0, &used) != pid)
		bench_die("%s cannot be started", program);
	if (status != 0)
		bench_die("%s failed", program);
	return microseconds(used.ru_utime) + microseconds(used.ru_stime);
}

int
main(int argc, char **argv)
{
	size_t rounds = argc > 2 ? bench_number(argv[1]) : 0, programs = (size_t)argc - 2;
	posix_spawn_file_actions_t files;
	double *took, first[2] = { 0, 0 };

	if (rounds == 0 || programs > PROGRAMS_MAX)
		bench_die("usage: bench_cgi ROUNDS PROGRAM...");
	took = calloc(rounds * programs, sizeof(*took));
	if (took == NULL || posix_spawn_file_actions_init(&files) != 0 ||
		posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0) != 0)
		bench_die("out of memory");
	for (size_t round = 0; round < rounds; round++)
		for (size_t i = 0; i < RUNS * programs; i++)
			took[i % programs * rounds + round] +=
				run_once(argv[2 + i % programs], &files) / RUNS;
	printf("%-28s %8s %8s %8s %8s\n", "microseconds of CPU per run", "median", "over it",
		"least", "over it");
	for (size_t p = 0; p < programs; p++) {
		double each = bench_median(took + p * rounds, rounds), least = took[p * rounds];
		const char *name = strrchr(argv[2 + p], '/');

		if (p == 0) {
			first[0] = each;
			first[1] = least;
		}
		printf("%-28s %8.0f %8.0f %8.0f %8.0f\n", name != NULL ? name + 1 : argv[2 + p],
			each, each - first[0], least, least - first[1]);
	}
	posix_spawn_file_actions_destroy(&files);
	free(took);
	return 0;
}
