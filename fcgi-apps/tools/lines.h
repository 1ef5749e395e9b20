/* SPDX-License-Identifier: ISC */
/*
 * lines.h - the lines of an export. Each is a JSON object that ends with a checksum of itself. The
 * first says what the file is, the last that it is whole; in between come the items, and now and
 * then a checkpoint. sesskit-export(1) describes them.
 */
#ifndef SESSKIT_LINES_H
#define SESSKIT_LINES_H

#include "internal.h"

#define LINES_VERSION 1
#define LINE_SUM 16                     /* bytes of a checksum */
#define LINE_SUM_CHARS 22
#define LINE_KEY_CHARS 16               /* of the fingerprint of one key */
#define LINE_KEYS_MAX (KEYS_MAX * (LINE_KEY_CHARS + 1))

enum { LINE_HEAD, LINE_RECORD, LINE_ENDED, LINE_CHECKPOINT, LINE_COMPLETE };

/* What the lines so far held. */
typedef struct line_tally {
	int64_t records, ended, damaged;
	unsigned char chain[LINE_SUM];  /* of all checksums, in order */
} line_tally;

typedef struct line {
	int kind;                       /* LINE_ */
	unsigned char sum[LINE_SUM];
	sess_record rec;                /* RECORD; what it points to lies in the text that was read */
	sess_trace *traces;             /* RECORD, ENDED */
	size_t count, room;
	int64_t version, made;          /* HEAD */
	const char *keys, *store;
	line_tally tally;               /* CHECKPOINT, COMPLETE: of the lines before it */
	sess_cursor cursor;             /* CHECKPOINT */
	buffer scratch;
} line;

/* The longest line there is when no session has more than max_bytes. */
size_t line_max(size_t max_bytes);

/* Append a line: SESS_OK or SESS_NOMEM. The tally counts it. */
int line_put_head(buffer *, line_tally *, const char *url, const char *keys, int64_t now);
int line_put_item(buffer *, line_tally *, const sess_item *);
int line_put_checkpoint(buffer *, line_tally *, const sess_cursor *);
int line_put_complete(buffer *, line_tally *);

/* Read a line without its end; text[len] is writable. SESS_INVALID: err says what is wrong with it;
 * SESS_NOMEM. */
int line_read(line *, char *text, size_t len, size_t max_bytes, sess_error *err);
/* Count a line that was read; false if it says that other lines came before it. */
bool line_count(line_tally *, const line *);
void line_free(line *);

/* -- lines_input.c: lines from a file, however long or broken ----------------------------------- */

enum { INPUT_LINE = 1, INPUT_END = 0, INPUT_FAILED = -1, INPUT_LONG = -2, INPUT_CUT = -3,
	INPUT_NOMEM = -4 };

typedef struct line_input {
	int fd;
	size_t max;                     /* of one line */
	int64_t number, offset;         /* of the line in text, from 1; behind it */
	buffer text;                    /* without its end, but a NUL */
	size_t at, end;                 /* in chunk */
	char chunk[65536];
} line_input;

/* The next line: INPUT_LONG stepped over one, INPUT_CUT is one without an end, FAILED sets errno. */
int line_next(line_input *);
void line_input_free(line_input *);

/* Between lines.c and lines_read.c. Cut the checksum off; false if it is not that of the line. */
bool line_unsum(char *text, size_t *len, unsigned char sum[LINE_SUM]);
/* 1 if this text can stand in a line as it is, 0 if not, or SESS_NOMEM. */
int line_data_fits(buffer *scratch, const char *data, size_t len);

/* Fingerprints of all keys of a ring, with blanks in between: they tell nothing about the keys. */
void line_keys(char out[LINE_KEYS_MAX], const keyring *);

#endif
