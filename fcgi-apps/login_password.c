/* SPDX-License-Identifier: ISC */
/* login_password.c - the password field, from the page to the check, and "login --hash". */
#include "login.h"
#include "passwords.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

bool
login_password_is_right(app_request *r, const char *user, const char **status, const char **error)
{
	const char *password = app_field(r, "password");
	password_answer answer;

	*status = "403 Forbidden";
	*error = "Name or password are not right. Please try again.";
	if (!user || !password)
		return false;
	switch (password_check(getenv("LOGIN_USERS"), user, password, time(NULL), &answer)) {
	case PASSWORD_RIGHT:
		return true;
	case PASSWORD_WRONG:
		break;
	case PASSWORD_WAIT:
		*status = "429 Too Many Requests";
		*error = "That was wrong too often. Please wait a minute, then try again.";
		break;
	case PASSWORD_BUSY:
		*status = "503 Service Unavailable";
		*error = "Many people are signing in just now. Please try again in a moment.";
		break;
	case PASSWORD_FAULT:
		fprintf(stderr, "login: %s\n", answer.error);
		*status = "503 Service Unavailable";
		*error = "Passwords cannot be checked just now. Please try again later.";
		break;
	}
	return false;
}

void
login_password_field(app_request *r, const char *error)
{
	page_print(r,
		"<p><label for=\"password\">Password</label>\n"
		"<input id=\"password\" name=\"password\" type=\"password\" maxlength=\"%d\""
		" required autocomplete=\"current-password\"", (int)PASSWORD_MAX);
	page_print(r, error ? " aria-invalid=\"true\" aria-describedby=\"error\"></p>\n" :
		"></p>\n");
	if (error)
		page_print(r, "<p id=\"error\" class=\"error\" role=\"alert\">%s</p>\n", error);
}

/* -- login --hash ------------------------------------------------------------------------------ */

/* A line without its end; on a terminal it is asked for, and not shown. */
static bool
read_password(char password[PASSWORD_MAX + 2])
{
	struct termios shown, hidden;
	bool asked = tcgetattr(STDIN_FILENO, &shown) == 0, got;

	if (asked) {
		hidden = shown;
		hidden.c_lflag &= ~(tcflag_t)ECHO;
		fputs("Password: ", stderr);
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
	}
	setvbuf(stdin, NULL, _IONBF, 0);        /* or a copy of it would stay in the buffer */
	got = fgets(password, (int)PASSWORD_MAX + 2, stdin) != NULL;
	if (asked) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
		fputc('\n', stderr);
	}
	if (got)
		password[strcspn(password, "\n")] = '\0';
	return got;
}

int
login_hash(const char *user)
{
	char password[PASSWORD_MAX + 2];
	bool done = read_password(password) && password_line(stdout, user, password,
		crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE);

	sodium_memzero(password, sizeof(password));
	if (!done || fflush(stdout) != 0) {
		fprintf(stderr, "login --hash: expected a name of 1 to %zu bytes without a colon, "
			"and on standard input a password of 1 to %zu bytes\n", PASSWORD_NAME_MAX,
			PASSWORD_MAX);
		return 1;
	}
	return 0;
}
