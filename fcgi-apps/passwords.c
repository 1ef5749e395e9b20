/* SPDX-License-Identifier: ISC */
/* passwords.c - check a password against the file of hashes, in the same time for every name. */
#define _GNU_SOURCE
#include "passwords.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX ((size_t)65536)
#define ARGON2ID "$argon2id$"

/* The name ends at the colon, and a line that begins with # is a comment. */
static bool
name_is_fit(const char *name)
{
	size_t len = strlen(name);

	for (const char *p = name; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f || *p == ':')
			return false;
	return len > 0 && len <= PASSWORD_NAME_MAX && name[0] != '#';
}

/* -- the file ---------------------------------------------------------------------------------- */

/* All of the file as text, for drop_text; NULL with the reason in error. It is read each time, so
 * that a new password counts at once: that is nothing beside the hashing. */
static char *
read_text(const char *file, char error[400])
{
	int fd = open(file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char *text = calloc(1, FILE_MAX + 1);
	ssize_t n = -1;

	if (fd < 0 || !text)
		snprintf(error, 400, "%s: cannot read the passwords: %s; make the file with "
			"\"login --hash NAME\"", file, strerror(errno));
	else if (passwords_private(fd, file, error) && (n = read(fd, text, FILE_MAX + 1)) < 0)
		snprintf(error, 400, "%s: cannot read the passwords: %s", file, strerror(errno));
	if (fd >= 0)
		close(fd);
	if (n > (ssize_t)FILE_MAX)
		snprintf(error, 400, "%s: larger than 64 KiB; this is no file of passwords", file);
	if (n >= 0 && n <= (ssize_t)FILE_MAX)
		return text;
	if (text)
		sodium_memzero(text, FILE_MAX);
	free(text);
	return NULL;
}

static void
drop_text(char *text)
{
	sodium_memzero(text, FILE_MAX);
	free(text);
}

/* The next line, cut in place into name and hash. 1, 0 at the end, -1 for a line that is neither a
 * user nor a comment; *line counts. */
static int
next_user(char **at, int *line, const char **name, const char **hash)
{
	char *start, *colon;

	do {
		if (**at == '\0')
			return 0;
		start = *at;
		*at += strcspn(start, "\n");
		if (**at != '\0')
			*(*at)++ = '\0';
		(*line)++;
	} while (*start == '\0' || *start == '#');
	colon = strchr(start, ':');
	if (!colon)
		return -1;
	*colon = '\0';
	*name = start;
	*hash = colon + 1;
	return name_is_fit(start) && strncmp(*hash, ARGON2ID, strlen(ARGON2ID)) == 0 &&
		strlen(*hash) < crypto_pwhash_STRBYTES &&
		crypto_pwhash_str_needs_rehash(*hash, crypto_pwhash_OPSLIMIT_MIN,
			crypto_pwhash_MEMLIMIT_MIN) >= 0 ? 1 : -1;
}

/* The hash in the last line of this name, *known; else that of the first name. NULL with the reason in error. */
static const char *
find_hash(char *text, const char *file, const char *wanted, bool *known, char error[400])
{
	const char *name, *hash, *first = NULL, *found = NULL;
	int line = 0, rc;

	while ((rc = next_user(&text, &line, &name, &hash)) == 1) {
		if (!first)
			first = hash;
		if (strcmp(name, wanted) == 0)
			found = hash;
	}
	if (rc < 0)
		snprintf(error, 400, "%s:%d: expected name:hash, as \"login --hash NAME\" prints "
			"it", file, line);
	else if (!first)
		snprintf(error, 400, "%s: has no user; add the line that \"login --hash NAME\" "
			"prints", file);
	*known = found != NULL;
	return rc < 0 ? NULL : found ? found : first;
}

/* -- the check --------------------------------------------------------------------------------- */

static password_verdict
compare(const char *file, const char *name, const char *password, char error[400])
{
	password_verdict verdict = PASSWORD_FAULT;
	char *text = read_text(file, error);
	const char *hash;
	bool known, same;

	if (!text)
		return PASSWORD_FAULT;
	hash = find_hash(text, file, name, &known, error);
	if (hash) {
		errno = 0;
		same = crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
		if (!same && errno == ENOMEM)
			snprintf(error, 400, "%s: not enough memory to check a password", file);
		else
			verdict = same && known ? PASSWORD_RIGHT : PASSWORD_WRONG;
	}
	drop_text(text);
	return verdict;
}

static password_verdict
check_counted(int fd, const char *file, const char *name, const char *password, int64_t now,
	password_answer *answer)
{
	password_verdict verdict;

	if (!guesses_enter(fd))
		return PASSWORD_BUSY;
	answer->wait = guesses_count(fd, name, now);
	if (answer->wait > 0)
		return PASSWORD_WAIT;
	verdict = answer->wait < 0 ? PASSWORD_FAULT :
		compare(file, name, password, answer->error);
	if (verdict == PASSWORD_RIGHT && guesses_forget(fd, name) != 0)
		verdict = PASSWORD_FAULT;
	if (verdict == PASSWORD_FAULT && answer->error[0] == '\0')
		snprintf(answer->error, sizeof(answer->error), "%s.guesses: cannot count a guess: "
			"%s", file, strerror(errno));
	return verdict;
}

password_verdict
password_check(const char *file, const char *name, const char *password, int64_t now,
	password_answer *answer)
{
	password_verdict verdict;
	char guesses[PATH_MAX];
	int fd;

	*answer = (password_answer){ 0 };
	if (sodium_init() < 0 || !file || snprintf(guesses, sizeof(guesses), "%s.guesses", file) >=
		(int)sizeof(guesses)) {
		snprintf(answer->error, sizeof(answer->error), "let LOGIN_USERS name the file of "
			"passwords");
		return PASSWORD_FAULT;
	}
	/* The same for every name, and so no secret. */
	if (!name_is_fit(name) || strlen(password) > PASSWORD_MAX)
		return PASSWORD_WRONG;
	fd = guesses_open(guesses, answer->error);
	if (fd < 0)
		return PASSWORD_FAULT;
	verdict = check_counted(fd, file, name, password, now, answer);
	close(fd);
	return verdict;
}

bool
password_line(FILE *out, const char *name, const char *password, unsigned long long cost,
	size_t memory)
{
	char hash[crypto_pwhash_STRBYTES];
	size_t len = strlen(password);

	if (sodium_init() < 0 || !name_is_fit(name) || len == 0 || len > PASSWORD_MAX ||
		crypto_pwhash_str_alg(hash, password, len, cost, memory,
			crypto_pwhash_ALG_ARGON2ID13) != 0)
		return false;
	return fprintf(out, "%s:%s\n", name, hash) > 0;
}
