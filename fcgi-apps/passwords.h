/* SPDX-License-Identifier: ISC */
/*
 * passwords.h - names and password hashes in a small file, and a brake on guessing. This is not the
 * library's business: a program that has users already checks them in its own way.
 *
 * The file has one "name:hash" per line, made by "login --hash NAME"; lines that begin with # are
 * comments, and of several lines for one name the last counts. The hashes are Argon2id and salted. All should be of the same cost, for a name that is
 * not in the file costs as much as the first that is: nobody can tell from the time which it was.
 *
 * Guessing is slowed down per name, and checking per machine. Both are kept in a second file of
 * fixed size beside the first, as processes and threads must agree. Who guesses at somebody's name
 * can keep them from signing in for up to a minute at a time; devices signed in already, and other
 * names, notice nothing. Limits per address belong into the web server, which sees all of them.
 */
#ifndef SESSKIT_PASSWORDS_H
#define SESSKIT_PASSWORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PASSWORD_NAME_MAX ((size_t)64)
#define PASSWORD_MAX ((size_t)1024)     /* bytes; a longer one is wrong */

typedef enum password_verdict {
	PASSWORD_RIGHT,
	PASSWORD_WRONG,         /* or there is no such name: nobody shall learn which */
	PASSWORD_WAIT,          /* too many wrong ones in a row; this one was not looked at */
	PASSWORD_BUSY,          /* nor was this one: too many are being checked just now */
	PASSWORD_FAULT          /* the files cannot be used, and error says why */
} password_verdict;

typedef struct password_answer {
	int64_t wait;           /* PASSWORD_WAIT: seconds */
	char error[400];        /* PASSWORD_FAULT: for the log, never for the page */
} password_answer;

/* now in unix seconds. */
password_verdict password_check(const char *file, const char *name, const char *password,
	int64_t now, password_answer *);

/* Write the line for a name. cost and memory as for crypto_pwhash. False: the name or the password
 * is not fit, or memory ran out. */
bool password_line(FILE *out, const char *name, const char *password, unsigned long long cost,
	size_t memory);

/* -- login_guesses.c --------------------------------------------------------------------------- */

/* Check that nobody else can read or write what is open there; false with the remedy in error. */
bool passwords_private(int fd, const char *file, char error[400]);

/* The file with the counters; close gives back the place too. -1 with the reason in error. */
int guesses_open(const char *file, char error[400]);
/* Take one of the places for checks; false if all of them stay taken for two seconds. */
bool guesses_enter(int fd);
/* Count a guess before it is checked, so that parallel ones count as well. Returns 0, or how many
 * seconds this name must wait instead; -1 if the file fails. */
int64_t guesses_count(int fd, const char *name, int64_t now);
/* The guess was right. 0, or -1 if the file fails. */
int guesses_forget(int fd, const char *name);

#endif
