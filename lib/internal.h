/* SPDX-License-Identifier: ISC */
/* internal.h - private types and prototypes, grouped by file in the order a request meets them. */
#ifndef SESSKIT_INTERNAL_H
#define SESSKIT_INTERNAL_H

#include "buffer.h"
#include "keys.h"
#include "sesskit_store.h"

#include <sys/types.h>

#define TOKEN_BYTES 32
#define TOKEN_CHARS 43          /* base64url of 32 bytes, no padding */
#define KEY_NAME_MAX 64         /* of a value */

/* -- environ.c: the CGI variables we need ------------------------------------------------------ */

/* Everything points into the environment array, or to client; NULL when absent. */
typedef struct request {
	const char *cookie, *method, *query, *host, *origin, *fetch_site, *csrf;
	const char *address, *agent, *token;    /* token: value of the configured request header */
	char client[48];                        /* address, when a proxy told it */
	int cookies;                            /* how many HTTP_COOKIE there were */
	bool https, by_proxy;                   /* as the server says; told by a trusted proxy */
} request;

typedef struct network {                        /* of a trusted proxy */
	unsigned char prefix[16];
	int family, bits;
} network;

void request_read(request *, char *const *env, const char *header_variable, const network *,
	size_t networks);
/* "10.0.0.0/8, ::1" into at most max networks; their number, or -1 and *bad = where it went wrong. */
int networks_parse(const char *list, network *, size_t max, const char **bad);

/* -- query.c: parameters and percent escapes --------------------------------------------------- */

/* Value of a parameter in a query string as a slice; how many times the name is there. */
int query_find(const char *query, const char *name, const char **value, size_t *len);
/* Undo percent escapes; to has as much room, and may be from. Number of bytes, or -1: a bad escape,
 * or a control character, escaped or not. */
ssize_t percent_decode(char *to, const char *from, size_t len);

/* -- cookie_parse.c: our cookie out of a Cookie header ----------------------------------------- */

#define COOKIE_HEADER_MAX 16384
#define COOKIE_PAIRS_MAX 180

/* How many cookies have this exact name; the first one's value as a slice. -1 when the header is
 * longer than COOKIE_HEADER_MAX or has more than COOKIE_PAIRS_MAX pairs. */
int cookie_find(const char *header, const char *name, const char **value, size_t *len);

/* -- token.c: mint, decode and hash ids; the only caller of the random generator --------------- */

void random_bytes(void *, size_t);
void token_encode(char text[TOKEN_CHARS + 1], const unsigned char raw[TOKEN_BYTES]);
/* False unless text is 43 characters of canonical base64url. */
bool token_decode(unsigned char raw[TOKEN_BYTES], const char *text, size_t len);
/* A new token, whose id under this key begins with the time of day and season: what is minted
 * together lies together in a store that keeps its records by id, and expires together. */
void token_mint(unsigned char raw[TOKEN_BYTES], const unsigned char key[KEY_BYTES], int64_t now);
/* The id that a token stands for, under one key. */
void token_id(unsigned char id[SESS_ID_BYTES], const unsigned char key[KEY_BYTES],
	const unsigned char raw[TOKEN_BYTES]);
/* Keyed hash with a purpose: out = BLAKE2b-256(key, purpose | data). */
void token_hash(unsigned char out[KEY_BYTES], const unsigned char key[KEY_BYTES],
	const char *purpose, const void *data, size_t len);
/* base64url without padding; text needs 4 * ((len + 2) / 3) + 1 bytes. Its length. */
size_t base64_encode(char *text, const void *data, size_t len);
/* Strict and canonical; data may be text itself. Number of bytes, or -1. */
ssize_t base64_decode(void *data, size_t max, const char *text, size_t len);

/* -- expiry.c: pure arithmetic ----------------------------------------------------------------- */

#define CLOCKS_DIFFER 86400     /* seconds that clocks of several machines may be apart */

int64_t expiry_add(int64_t time, int64_t seconds);      /* stops at the ends of int64_t */
/* When load must refuse: a touch interval after idle, so that no untouched request is lost, but
 * never later than absolute (0: no such limit). */
int64_t expiry_deadline(int64_t seen, int64_t idle, int64_t touch, int64_t absolute);
bool expiry_touch_due(int64_t now, int64_t seen, int64_t touch);
bool expiry_renewal_due(int64_t now, int64_t renew, int64_t offered, int64_t grace);
bool expiry_in_grace(int64_t now, int64_t since, int64_t grace);

/* -- values_map.c, values.c: the typed map ----------------------------------------------------- */

enum { CHANGE_NONE, CHANGE_SET, CHANGE_ADD, CHANGE_UNSET };

typedef struct entry {
	const char *key;                /* NUL-terminated */
	const char *bytes;              /* STR, BYTES: NUL-terminated, lent by arena or record */
	size_t len;
	union { int64_t num; double real; bool yes; } is;
	int64_t delta;                  /* CHANGE_ADD: what this request added in all */
	unsigned char type, change;     /* sess_type, CHANGE_ */
} entry;

typedef struct values {
	entry *at;                      /* sorted by key; unset ones stay, as SESS_NOTHING */
	size_t count, cap;
	size_t bytes;                   /* of keys and contents, at least as encoded */
	bool cleared, changed;
} values;

entry *values_find(const values *, const char *key);    /* NULL when absent or unset */
/* Insert or replace; key and bytes are not copied. SESS_NOMEM. */
int values_put(values *, const entry *);
/* Add to a number; key is not copied. SESS_NOMEM. */
int values_add(values *, const char *key, int64_t delta);
void values_unset(values *, entry *);                    /* leaves a mark for values_replay */
void values_clear(values *);                             /* the program's own; '@' keys stay */
/* Do to onto what was done to mine since it was read. SESS_NOMEM. */
int values_replay(values *onto, const values *mine);
void values_settle(values *);                            /* what changed is now as stored */
void values_reset(values *);                             /* empty, memory kept */
void values_free(values *);
/* The first entry not unset whose key is after this one ("": from the start) in byte order. */
const entry *values_after(const values *, const char *key);
/* Setters for any key, '@' ones too: copy key and bytes, stick failures to the session. */
int value_set(sess *, const entry *);
int value_unset(sess *, const char *key);
int value_key_check(const char *key, size_t max);        /* SESS_OK or SESS_INVALID */

/* -- json.c: values <-> JSON text -------------------------------------------------------------- */

/* A strict object of scalars, read in place: text[len] must be writable, and the values point into
 * text. Each member goes to the function, whose nonzero result stops and is returned. SESS_INVALID
 * for whatever is not of this form; *where is then the offset of the fault. */
typedef int json_member_fn(void *arg, const entry *);
int json_read(char *text, size_t len, json_member_fn *each, void *arg, size_t *where);
int json_write(buffer *, const values *);                /* SESS_OK or SESS_NOMEM */

/* -- utf8.c ------------------------------------------------------------------------------------ */

size_t utf8_sequence(const char *text, size_t left);     /* bytes of one character, 0: malformed */
size_t utf8_span(const char *text, size_t len);          /* bytes that are well-formed from text on */
char *utf8_put(char *to, uint32_t character);            /* behind what it wrote, at most 4 bytes */

struct identity;

/* -- seal.c: what a record holds, readable or encrypted ---------------------------------------- */

/* The secret of a session, wrapped under the token of one of its ids; its own inverse. */
void secret_wrap(unsigned char wrapped[KEY_BYTES], const unsigned char secret[KEY_BYTES],
	const unsigned char token[TOKEN_BYTES]);
/* The plain secret, for sealing and form tokens; the caller wipes it. */
void identity_secret(unsigned char secret[KEY_BYTES], const struct identity *);
/* Data of s->rec into values. SESS_INVALID: damaged, kit->error says how; SESS_NOMEM. */
int record_read(sess *, values *into);
/* Values into data of s->rec. SESS_TOOBIG, SESS_NOMEM. */
int record_write(sess *, const values *);
/* What the user column holds: the name, or its keyed hash under the n-th ring key. text is scratch. */
const char *record_user(const sess_kit *, size_t key, const char *user, char text[TOKEN_CHARS + 1]);

/* -- carry.c: a session that the browser keeps ------------------------------------------------- */

/* Bytes of it that a cookie of this kit has room for. */
size_t carry_room(const sess_kit *);
bool carry_is_on(const sess_kit *);
/* A cookie's value is token[.sealed]: cut it short, and keep what is sealed. */
void carry_cut(sess *, const char *text, size_t *len);
/* Open it for s->current. What does not open counts as nothing. SESS_NOMEM. */
int carry_open(sess *);
/* The store works on what this session's browser brought: SESS_OK or a failure. */
int session_bring(sess *);
/* And that was all for this session. */
void carry_forget(sess *);
/* Send what the browser is to bring next time, if that is something else. There is room for it. */
void session_carry(sess *);

/* -- cookie_write.c: Set-Cookie and cache header lines ----------------------------------------- */

#define COOKIE_PAIR_MAX 4096    /* name and value together */
#define COOKIE_FIXED_MAX 160    /* all names of attributes, "=", "; " and a lifetime */

typedef struct cookie_shape {                    /* everything but name, value and lifetime */
	const char *path, *domain;               /* domain "" : none */
	sess_samesite samesite;
	bool secure, httponly, partitioned;
} cookie_shape;

/* Full name with its prefix into out; NULL or why no browser would keep such a cookie. */
const char *cookie_name(char *out, size_t size, const char *base, sess_prefix,
	const cookie_shape *);
const char *cookie_check(const char *name, const cookie_shape *);
/* Append "name=value; Path=..." without line end. life < 0 deletes, 0 leaves Max-Age out. SESS_OK,
 * SESS_TOOBIG, SESS_INVALID (a byte that may not be in a header), SESS_NOMEM. */
int cookie_write(buffer *, const char *name, const char *value, int64_t life,
	const cookie_shape *);

/* -- store_url.c ------------------------------------------------------------------------------- */

/* Split a store URL, without its password, which it must not have. Strings of out lie in text, which
 * is emptied first; user and path are unescaped, host and query as they stand there. flags are the
 * provider's. SESS_CONFIG quotes no more of the URL than its scheme. */
int url_split(sess_address *out, buffer *text, const char *url, unsigned flags, sess_error *);

/* -- store.c, stores.def: URL -> provider; reopen after fork ----------------------------------- */

#define STORE_BASES 2

typedef struct store {
	const sess_provider *provider;
	void *self;
	pid_t pid;                               /* that opened self */
	sess_limits limits;
	sess_address address;
	buffer text;                             /* what address points to */
	char *password;                          /* in guarded memory, or NULL */
	struct store *under;                     /* the stores that it stands on, or NULL */
	sess_base base[STORE_BASES];             /* the same, for address */
} store;

/* Provider and address alone: nothing is opened. For store_close. */
int store_find(store *, const char *url, const sess_limits *, sess_error *);
/* The password of a store on a server, which others do not have: SESSKIT_STORE_PASSWORD of this
 * process, or else that of the file ("": none). */
int store_password(store *, const char *file, sess_error *);
int store_check(store *, sess_error *);          /* open, or reopen if this is a child */
void store_close(store *);
/* Where its files are, if any: itself, or the first one that it stands on. */
const store *store_ground(const store *);

/* item.c: put back what a walk handed on, as restore does; SESS_INVALID if no walk could have. */
int item_restore(store *to, const sess_item *, sess_error *);

/* -- store_module.c: stores that are not linked in --------------------------------------------- */

/* Where modules are looked for, and nowhere else. A test may name the folder of its build. */
extern const char *store_module_folder;
/* The provider of a module; NULL if it cannot be loaded, SESS_CONFIG with reason and remedy. */
const sess_provider *store_module(const char *name, sess_error *);

/* -- kit.c: the kit ---------------------------------------------------------------------------- */

struct sess_kit {
	sess_config config;                      /* defaults filled in */
	store store;
	keyring keys;
	unsigned char (*id_key)[2][KEY_BYTES];   /* per ring key, for http and https names */
	char name[2][128];                       /* cookie names, [1] by https; "": no cookie there */
	cookie_shape shape[2];
	char header_variable[80];                /* "HTTP_X_SESSION", "" when off */
	network proxy[32];
	size_t proxies;
	sess_error error;
	sess *spare;                             /* an ended session, for the next begin */
	const sess *carrier;                     /* whose session the store has in hand, if it has one */
	int64_t collect_next;                    /* when sess_idle collects again */
	bool warned_plain;                       /* of plain HTTP, once */
};

/* Log event "store" with kit->error, for a failure of the store; returns code. */
int kit_fail(sess_kit *, int code);
/* id may be NULL; text gets the session's short ref in front. */
void kit_log(const sess_kit *, const char *event, const unsigned char *id, const char *text);
void session_free(sess *);

/* -- begin.c and what follows: the session ----------------------------------------------------- */

/* A token and what follows from it. */
typedef struct identity {
	unsigned char raw[TOKEN_BYTES];
	char text[TOKEN_CHARS + 1];
	unsigned char id[SESS_ID_BYTES];         /* its hash; after renewal, the id it leads to */
	unsigned char wrapped[KEY_BYTES];        /* the session's secret, see identity_secret */
	size_t ring;                             /* index of the key that the id was made with */
} identity;

enum { FROM_NOWHERE, FROM_COOKIE, FROM_QUERY, FROM_HEADER };
enum { SEND_NOTHING, SEND_TOKEN, SEND_DELETION };

/* What login.c, rotate.c and remember.c leave for commit.c. */
typedef struct pending {
	bool login, level, remember;
	const char *user;                        /* login */
	int new_level;                           /* login, level */
	int64_t seconds;                         /* remember */
} pending;

#define REMEMBER_MAX (400 * 86400)       /* seconds; browsers keep no cookie for longer */

struct sess {
	sess_kit *kit;
	request req;
	unsigned flags;                          /* of sess_options */
	int by_https, from;                      /* index into kit->name; FROM_ */
	const char *name;                        /* of the cookie, "": none may be sent */
	char own_name[128];                      /* where options changed it */
	cookie_shape shape;
	sess_status state;
	int sticky;                              /* first failure of a setter */
	int64_t now;

	bool stored;                             /* rec is in the store, as far as we know */
	bool minted;                             /* commit puts the session under next */
	bool taken;                              /* headers were handed out */
	bool read;                               /* the page depends on a session */
	int64_t ended_at;                        /* state says why; 0: not known */
	identity current, next;
	sess_record rec;
	sess_sink sink;                          /* what rec points to */
	values vals, other;                      /* other: while merging */
	arena memory;                            /* what vals and pending point to */
	pending pending;
	buffer out;                              /* encoded data */

	int send;                                /* SEND_ */
	char send_text[TOKEN_CHARS + 1];
	const char *sealed;                      /* what the cookie brought behind the token, or NULL */
	size_t sealed_len;
	buffer carried;                          /* that, decrypted, as the store has it in hand */
	buffer value;                            /* of the cookie, to be sent; empty: the token alone */
	unsigned char form_raw[TOKEN_BYTES];     /* of the unstored form cookie */
	char form_text[TOKEN_CHARS + 1];         /* to send, "" if none */
	bool has_form;
	buffer headers, cookie, link, scratch;
	char ref[TOKEN_CHARS + 1], csrf[96];
};

/* begin.c */
int session_load(sess *, const unsigned char *id);       /* into rec: 1 found, 0 not, or a failure */
void session_mint(sess *);                               /* a new identity in next */
void session_id(const sess *, const unsigned char raw[TOKEN_BYTES], size_t key,
	unsigned char id[SESS_ID_BYTES]);
void session_forget(sess *);                             /* now unstored, without user and values */
int session_change(const sess *);                        /* SESS_OK, or why it may not change now */
int session_stick(sess *, int code, const char *what);   /* keep the first failure; returns code */

/* commit.c */
/* The newest record into rec, its values into other. SESS_GONE. */
int session_reload(sess *);
/* Do to other what this request did to vals, and go on with the result as vals. */
int session_merge(sess *);
/* Call write after session_reload, while no other request changes the record: once if the store
 * can hold it, else until there was no conflict. */
int session_exclusively(sess *, int (*write)(sess *, void *arg), void *arg);
int session_update(sess *, const values *, int part);    /* write values under rec.revision */
void session_send(sess *, const identity *);             /* with the header lines */

/* renew.c */
void session_offer(sess *);                              /* a candidate, if one is due */
int session_confirm(sess *);                             /* SESS_OK, or SESS_GONE */
int session_reused(sess *);                              /* SESS_OK, or a failure of the store */

/* headers.c */
int session_reserve(sess *);                             /* SESS_NOMEM: no room for header lines */

/* destroy.c */
int session_end(sess *, sess_status why);

/* csrf.c */
void form_cookie_name(const sess *, char out[160]);

/* admin.c */
void record_info(const sess_record *, char ref[TOKEN_CHARS + 1], sess_info *);

/* ref.c */
bool ref_decode(const char *ref, unsigned char id[SESS_ID_BYTES]);
const char *status_text(int64_t status);                 /* words for a sess_status, or NULL */

/* clock.c */
int64_t kit_now(const sess_kit *);
int64_t clock_monotonic_ms(void);

/* config.c: the settings table */
typedef enum { SETTING_TEXT, SETTING_TIME, SETTING_SIZE, SETTING_COUNT, SETTING_CHOICE } setting_kind;
typedef struct setting {
	const char *name;                        /* in a file; SESSKIT_NAME in the environment */
	setting_kind kind;
	size_t offset, size;                     /* of the member in sess_config */
	int64_t fallback, low, high;             /* numbers: default and range */
	const char *text;                        /* TEXT: default; CHOICE: "auto|yes|no" in order */
	const char *help;                        /* one line, for the command and the manual */
} setting;
extern const setting settings[];
extern const size_t settings_count;
const setting *setting_find(const char *name);
/* Digits and at most one unit of that kind; false if it is anything else. */
bool number_parse(const char *text, setting_kind, int64_t *out);
/* Edits that turn one name into the other, for "did you mean"; SIZE_MAX: far away. */
size_t name_distance(const char *a, const char *b);
/* Fill in defaults and check what one setting cannot tell. */
int config_complete(sess_config *, const sess_config *from, sess_error *);

#endif
