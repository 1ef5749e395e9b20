/* SPDX-License-Identifier: ISC */
/* keys.h - the key file and the ring, and other files that nobody else may read. */
#ifndef SESSKIT_KEYS_H
#define SESSKIT_KEYS_H

#include "sesskit.h"

#include <sys/types.h>

#define KEY_BYTES 32
#define KEYS_MAX 8
#define KEY_ID_MAX 16           /* of the name of a key */

/* -- keys.c: the key file and the ring --------------------------------------------------------- */

typedef struct keyring {
	unsigned char (*key)[KEY_BYTES];        /* in locked memory; [0] is the newest */
	size_t count;
	char name[KEYS_MAX][KEY_ID_MAX + 1];    /* as in the file; "" without one */
} keyring;

/* Read the ring; make the file when make is set and there is none. SESS_CONFIG with the reason. */
int keyring_open(keyring *, const char *path, bool make, sess_error *);
int keyring_process(keyring *, sess_error *);            /* one random key, the same for the process */
void keyring_close(keyring *);

/* -- secret_file.c: files that nobody else may read -------------------------------------------- */

#define SECRET_FILE_MAX ((size_t)4096)

/* What such a file is, for messages. */
typedef struct secret_kind {
	const char *name, *setting;              /* "key file", "key_file" */
	const char *make, *renew;                /* what to do if it is missing, or was not secret */
} secret_kind;

int secret_file_open(const char *path);                  /* the descriptor, or -1 and errno */
int secret_file_missing(const secret_kind *, const char *path, sess_error *);  /* that errno */
/* What it holds, with a NUL behind; the caller wipes it. SESS_CONFIG with the reason. */
int secret_file_read(const secret_kind *, int fd, const char *path, char text[SECRET_FILE_MAX + 1],
	size_t *len, sess_error *);
/* A password as the only line of a file, or one that is in memory already, into memory for
 * sodium_free. SESS_CONFIG with the reason, which repeats nothing of it; SESS_NOMEM. */
int password_read(char **password, const char *path, sess_error *);
int password_take(char **password, const char *text, size_t len, sess_error *);

/* -- file_put.c: small files, never half written ----------------------------------------------- */

/* Make a file with this text beside path, and then of it what put does: rename or link. 0, or -1
 * and errno. */
int file_put(const char *path, const char *text, size_t len, mode_t mode,
	int (*put)(const char *from, const char *to));
/* The name of a new file is on disk only when its folder is. 0, or -1 and errno. */
int directory_sync(const char *path);

/* -- keys_file.c: writing key files ------------------------------------------------------------ */

#define KEY_FILE_MAX SECRET_FILE_MAX

/* Make a file with one key, unless there is one; *made tells. SESS_CONFIG with the reason. */
int key_file_make(const char *path, bool *made, sess_error *);
/* Put a new key of this name before the others, and keep no more than so many keys in all. The file
 * is the old one or the new one, whatever happens. SESS_BUSY: somebody else is at it. */
int key_file_rotate(const char *path, const char *name, size_t keep, sess_error *);

#endif
