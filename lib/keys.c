/* SPDX-License-Identifier: ISC */
/* keys.c - reading the key file into the ring. Nothing is read from a file that others could have
 * read or written, and no key stays in ordinary memory. */
#include "internal.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

static const char id_alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";

/* Memory that is kept out of swap and core dumps. If the limit of locked memory is used up, sodium
 * still guards and wipes it. */
static int
ring_take(keyring *ring, sess_error *err)
{
	ring->count = 0;
	/* Behind the keys there is room for two derived from each: guarded memory costs ten system
	 * calls a piece, which a plain CGI program would pay at each request. */
	ring->key = sodium_allocarray(3 * KEYS_MAX, KEY_BYTES);
	if (ring->key != NULL)
		return SESS_OK;
	(void)sess_fail(err, SESS_NOMEM, "no memory for the keys");
	return SESS_NOMEM;
}

/* A key file being read. */
typedef struct parser {
	keyring *ring;
	const char *path;
	sess_error *err;
	int line;
} parser;

static int
fail_line(const parser *p, size_t column, const char *what)
{
	if (p->err != NULL) {
		p->err->line = p->line;
		p->err->column = (int)column + 1;
	}
	return sess_fail(p->err, SESS_CONFIG, "%s:%d:%zu: %s", p->path, p->line, column + 1, what);
}

/* Put the key of one line, which is not blank, behind the others. */
static int
key_add(parser *p, const char *line, size_t len)
{
	size_t n = p->ring->count, id = strspn(line, id_alphabet), at, i;
	unsigned char *key;

	if (id == 0 || id > KEY_ID_MAX)
		return fail_line(p, 0, "expected the name of a key, 1 to 16 letters or digits");
	at = id + strspn(line + id, " \t");
	if (at == id || len - at != TOKEN_CHARS)
		return fail_line(p, at, "expected a blank and a key of 43 characters");
	if (n == KEYS_MAX)
		return fail_line(p, 0, "more than 8 keys; remove the oldest, which stand last");
	key = p->ring->key[n];
	if (base64_decode(key, KEY_BYTES, line + at, TOKEN_CHARS) != KEY_BYTES)
		return fail_line(p, at, "the key is not base64url as made by sesskit keygen");
	if (sodium_is_zero(key, KEY_BYTES))
		return fail_line(p, at, "the key is all zeros; make one with sesskit keygen");
	memcpy(p->ring->name[n], line, id);
	p->ring->name[n][id] = '\0';
	for (i = 0; i < n; i++) {
		if (strcmp(p->ring->name[i], p->ring->name[n]) == 0)
			return fail_line(p, 0, "this name stands before another key already");
		if (sodium_memcmp(p->ring->key[i], key, KEY_BYTES) == 0)
			return fail_line(p, at, "this key stands in the file already");
	}
	p->ring->count++;
	return SESS_OK;
}

/* text[len] is writable. */
static int
keys_parse(parser *p, char *text, size_t len)
{
	char *end = text + len, *stop;
	size_t n;
	int rc;

	for (; text < end; text = stop + 1) {
		p->line++;
		stop = memchr(text, '\n', (size_t)(end - text));
		if (stop == NULL)
			stop = end;
		*stop = '\0';
		n = (size_t)(stop - text);
		if (strlen(text) < n)
			return fail_line(p, strlen(text), "a NUL byte; this is no key file");
		while (n > 0 && strchr(" \t\r", text[n - 1]) != NULL)
			n--;
		if (n > 0 && text[0] != '#' && (rc = key_add(p, text, n)) != SESS_OK)
			return rc;
	}
	if (p->ring->count == 0)
		return sess_fail(p->err, SESS_CONFIG, "%s: holds no key; remove the file, and a new "
			"one is made", p->path);
	return SESS_OK;
}

static const secret_kind key_file = { .name = "key file", .setting = "key_file",
	.make = "make it with sesskit keygen", .renew = "make new keys" };

/* Read the keys from an open file; the caller closes both. */
static int
keys_read(keyring *ring, int fd, const char *path, sess_error *err)
{
	parser p = { .ring = ring, .path = path, .err = err };
	char text[SECRET_FILE_MAX + 1];
	size_t len = 0;
	int rc = secret_file_read(&key_file, fd, path, text, &len, err);

	if (rc == SESS_OK)
		rc = keys_parse(&p, text, len);
	sodium_memzero(text, sizeof(text));
	return rc;
}

int
keyring_open(keyring *ring, const char *path, bool make, sess_error *err)
{
	int fd, rc;
	bool made;

	*ring = (keyring){ 0 };
	if (err != NULL)
		err->line = err->column = 0;
	fd = secret_file_open(path);
	if (fd < 0 && errno == ENOENT && make) {
		if ((rc = key_file_make(path, &made, err)) != SESS_OK)
			return rc;
		fd = secret_file_open(path);
	}
	if (fd < 0)
		return secret_file_missing(&key_file, path, err);
	rc = ring_take(ring, err);
	if (rc == SESS_OK)
		rc = keys_read(ring, fd, path, err);
	close(fd);
	if (rc != SESS_OK)
		keyring_close(ring);
	return rc;
}

static pthread_once_t process_once = PTHREAD_ONCE_INIT;
static unsigned char *process_key;      /* lives as long as the process does */

static void
process_make(void)
{
	process_key = sodium_malloc(KEY_BYTES);
	if (process_key != NULL)
		random_bytes(process_key, KEY_BYTES);
}

int
keyring_process(keyring *ring, sess_error *err)
{
	const unsigned char *key;
	int rc;

	*ring = (keyring){ 0 };
	pthread_once(&process_once, process_make);
	if ((key = process_key) == NULL)
		return sess_fail(err, SESS_NOMEM, "no memory for the keys");
	if ((rc = ring_take(ring, err)) != SESS_OK)
		return rc;
	memcpy(ring->key[0], key, KEY_BYTES);
	ring->count = 1;
	return SESS_OK;
}

void
keyring_close(keyring *ring)
{
	sodium_free(ring->key);         /* wipes it */
	*ring = (keyring){ 0 };
}
