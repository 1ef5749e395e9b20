/* SPDX-License-Identifier: ISC */
/* store_file.h - what the files of the file store share; nobody else includes it. */
#ifndef SESSKIT_STORE_FILE_H
#define SESSKIT_STORE_FILE_H

#include "home.h"

#define FILE_LOCKS 3            /* at a time by one handle */
#define FILE_NAME 96
#define FILE_YOUNG 60           /* seconds; to write a file takes milliseconds */
#define FILE_NEW ".new"

/*
 * Below the store's folder, two levels deep so that no folder grows too large:
 *   data/aa/bb/REST.new      what is to become a value
 *   data/aa/bb/REST          the value of the key aabbREST; ids may begin with their time, and then
 *                            sessions that began together are together
 *   due/SPAN/BUCKET/TIME.KEY a mark by time, empty; its kind stands for the dot
 *   users/aa/REST/KEY        a mark by user, empty; aaREST is a hash of the name
 *   tally/DAY/HOUR/MINUTEe   as many bytes as there were events of this kind within a minute
 *   lock                     one byte for each of 65536 groups of keys
 * A name of another form is somebody else's, and left alone.
 */
typedef struct place {
	const char *root;
	char folder[2][FILE_NAME], name[FILE_NAME];
} place;

typedef struct file_store {
	home_store home;
	const char *path;
	int dir, lock;
	struct {
		int group, depth;
	} locked[FILE_LOCKS];
	bool reads;                     /* and changes nothing */
	unsigned tidied;                /* folders of the first level, of those that tidy looks into */
} file_store;

/* store_file.c */
/* Nothing is open yet; to be released by file_end. The path is lent. */
void file_begin(file_store *, const char *path, const sess_limits *);
void file_end(file_store *);
/* SESS_STORE, with errno and the remedy. */
int file_failed(file_store *, const char *what, sess_error *);
/* Three at a time, as home_ops has it. */
int file_lock(void *self, const unsigned char *key, bool wait, sess_error *);
void file_unlock(void *self, const unsigned char *key);

/* store_file_tree.c */
#define FILE_KEY ((size_t)2 * SESS_ID_BYTES)    /* letters of a key, and of a time */
#define FILE_TIME ((size_t)16)

void file_place(place *, const unsigned char *key);     /* of a value */
void file_user_place(place *, const char *user, const unsigned char *key);
/* Of a mark by time or, key being NULL, of what happened then. */
void file_time_place(place *, const char *root, int64_t time, int kind, const unsigned char *key);
bool file_key(unsigned char key[SESS_ID_BYTES], const char *text);      /* false: it is none */
int64_t file_time(const char *text);
/* The folder of a place, opened; made, if asked for, and put on disk. -1: errno. */
int file_folder(const file_store *, const place *, bool make);
/* A file to write at a place, how being O_... beside the usual, and *dir the folder it is in, for
 * the caller to close. -1: errno. */
int file_create(const file_store *, const place *, int how, int *dir);

enum { FILE_ENOUGH = 1 };       /* of what goes through a tree: it came as far as it was to */
/* Nonzero stops and is returned. */
typedef int file_fn(void *arg, const char *const name[3], int dir);
typedef struct file_tour {
	file_store *s;
	file_fn *fn;
	void *arg;
	sess_error *err;
	const place *after;             /* begin behind this place; NULL: from the start */
	const char *only;               /* in this folder of the first level; NULL: in all */
	int64_t *freed;                 /* remove folders that are empty when left; NULL: do not */
	const char *name[3];            /* where we are */
} file_tour;
/* All files two folders below this one, in the order of their names. */
int file_go(const char *root, file_tour);
int file_of_user(void *self, const char *user, home_key_fn *, void *arg, sess_error *);
int file_each(void *self, sess_cursor *, size_t limit, home_key_fn *, void *arg, sess_error *);

/* store_file_marks.c */
int file_mark(void *self, const unsigned char *key, const home_mark *, bool on, int flags,
	sess_error *);
int file_due(void *self, int64_t now, size_t rows, home_due_fn *, void *arg, sess_error *);
bool file_read_mark(const char *name, home_mark *, unsigned char key[SESS_ID_BYTES]);
bool file_read_count(const char *name, int64_t *minute);
int file_tally(void *self, int64_t now, const sess_tally *, sess_error *);
int file_stats(void *self, int64_t now, sess_stats *, sess_error *);

/* store_file_tidy.c */
/* Remove what a process that died left in the place of a value to come, unless it is so young that
 * its writer may live: bytes that went back. */
int64_t file_sweep(int dir, const place *value);
int file_tidy(void *self, int flags, int ms, int64_t *freed, sess_error *);

/* store_file_examine.c */
void file_examine(const sess_address *, const sess_limits *, bool deep, sess_finding_fn *,
	void *arg);

#endif
