/* SPDX-License-Identifier: ISC */
/*
 * sesskit.h - sessions for CGI and FastCGI programs.
 *
 * One request takes four calls: sess_begin, use, sess_commit, sess_end; between commit and the
 * blank line of the response the program prints sess_headers. A visitor who stores nothing gets
 * no cookie and no record.
 *
 * Results: every int result is SESS_OK (0) or a negative code from the list below, unless a
 * function says otherwise. Setters may go unchecked: the first failure sticks to the session and
 * sess_commit returns it. Getters never fail. Text of a failure is on the handle: sess_kit_error.
 *
 * Ownership: a program releases two things, the kit and the session. All that a getter returns is
 * lent, and says for how long. Every function accepts NULL for a handle: getters then answer as if
 * the session were empty, the others return SESS_INVALID.
 *
 * Caveats
 *   fork     A kit notices that it is in a child, and opens its store anew there; nothing of the
 *            parent's connection is used. A session begun before fork belongs to the parent: the
 *            child must not touch it. Fork before other threads have kits, or exec in the child.
 *   threads  One kit per thread. Kits share nothing but the store, which is safe for any number of
 *            threads and processes. A kit and its sessions stay in the thread that uses them.
 *   CGI      The same calls serve a program that runs once per request; sess_kit_close leaves the
 *            database files in place, so that the next run finds them ready.
 *   files    SQLite needs a local disk: on a network file system its locks do not hold, and two
 *            machines would damage the database.
 *   commit   What was not committed before sess_end is dropped, and the log says so. Only
 *            sess_destroy, sess_logout and sess_once_take act at once.
 *   output   Commit before the first byte of the page: headers cannot be sent later.
 */
#ifndef SESSKIT_H
#define SESSKIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define SESS_API __attribute__((visibility("default")))
#define SESS_CHECK __attribute__((warn_unused_result))
#else
#define SESS_API
#define SESS_CHECK
#endif

#define SESS_VERSION "0.1.0" /* of this header; sess_version() is that of the library */

typedef struct sess_kit sess_kit; /* settings and an open store; one per thread or process */
typedef struct sess sess;         /* one request's view of one session */

enum {
	SESS_OK = 0,
	SESS_NOMEM = -1,        /* out of memory */
	SESS_STORE = -2,        /* the store failed or cannot be reached */
	SESS_BUSY = -3,         /* the store stayed locked for busy_ms */
	SESS_CONFLICT = -4,     /* changed elsewhere again and again; nothing was stored */
	SESS_INVALID = -5,      /* a bad argument, key or setting */
	SESS_TOOBIG = -6,       /* more than max_bytes, or than a cookie can carry */
	SESS_LATE = -7,         /* the header lines have been taken already */
	SESS_UNSUPPORTED = -8,  /* this store cannot do that */
	SESS_DENIED = -9,       /* a check said no: form token, ticket, level, age of the login */
	SESS_GONE = -10,        /* the session was ended meanwhile; nothing was stored */
	SESS_CONFIG = -11       /* configuration or key file; sess_error tells file, line, column */
};

/* Why the request got the session it got. */
typedef enum {
	SESS_FRESH,      /* no cookie came: a new visitor */
	SESS_LIVE,       /* resumed */
	SESS_UNKNOWN,    /* well-formed, but no such session */
	SESS_FORGED,     /* malformed: wrong length or alphabet, or an oversized Cookie header */
	SESS_DOUBLED,    /* two cookies of our name: neither is believed */
	SESS_IDLE,       /* unused for longer than idle */
	SESS_AGED,       /* older than absolute */
	SESS_LOGGED_OUT, /* ended by sess_logout or sess_destroy */
	SESS_REVOKED,    /* ended from elsewhere: another device, the operator */
	SESS_ROTATED,    /* the old id of a session that took a new one at login or sess_rotate */
	SESS_REUSED,     /* a retired id came back after its grace: probably stolen */
	SESS_DAMAGED     /* the record could not be read; the log says why */
} sess_status;

typedef enum { SESS_NOTHING, SESS_STR, SESS_INT, SESS_REAL, SESS_BOOL, SESS_BYTES } sess_type;
typedef enum { SESS_AUTO, SESS_YES, SESS_NO } sess_switch;      /* AUTO: as each setting says */
typedef enum { SESS_LAX, SESS_STRICT, SESS_CROSS_SITE } sess_samesite;
typedef enum { SESS_REUSE_END, SESS_REUSE_REFUSE } sess_reuse;
typedef enum { SESS_PREFIX_AUTO, SESS_PREFIX_HOST, SESS_PREFIX_SECURE, SESS_PREFIX_NONE } sess_prefix;

/* What went wrong with a file, a setting or a store. line and column are 0 when there is none. */
typedef struct sess_error {
	int code, line, column;
	char text[400];         /* names the thing and the remedy, one line */
} sess_error;

/* Settings: a plain value, copied with =, nothing to free. 0, "" and AUTO mean the default.
 * Times are in seconds; -1 switches a limit off where the comment says so. sesskit.conf(5) has
 * the same list with the names used in files and, as SESSKIT_NAME, in the environment. */
typedef struct sess_config {
	size_t size;                /* SESS_CONFIG_INIT sets it; lets the struct grow */
	char store[512];            /* default "sqlite:sessions.db"; or "memory:" */
	char key_file[256];         /* default: the path of a local store with ".key" behind it */
	char password_file[256];    /* with the password of a store on a server; default none */
	/* life */
	int64_t idle;               /* without a request; default 30 minutes */
	int64_t absolute;           /* since start or login; default 12 hours; -1: none */
	int64_t touch;              /* last-seen is written this often; default idle/20 */
	int64_t renew;              /* a new id this often; default 15 minutes; -1: never */
	int64_t grace;              /* a retired id still serves this long; default 60 */
	int64_t trace;              /* why a session ended is kept this long; default 6 hours */
	sess_reuse reuse;           /* default END: a reused id ends the session */
	/* cookie */
	char cookie_name[64];       /* default "sid"; a prefix may come before it */
	sess_prefix cookie_prefix;  /* AUTO: the strictest that the other settings allow */
	char cookie_path[128];      /* default "/" */
	char cookie_domain[256];    /* default none: this host only */
	sess_samesite cookie_samesite; /* default LAX */
	sess_switch cookie_secure;  /* AUTO: when the request came by HTTPS */
	sess_switch cookie_httponly; /* AUTO: yes */
	sess_switch cookie_partitioned; /* AUTO: no */
	sess_switch cookie_emit;    /* AUTO: yes; NO: sess_cookie has the text, another layer sends it */
	int64_t cookie_lifetime;    /* 0: until the browser closes */
	/* request */
	char header[64];            /* also take the id from this request header; default off */
	char query[64];             /* also take the id from this query parameter; default off */
	char trusted_proxies[512];  /* addresses or networks whose X-Forwarded-* are believed */
	/* what is stored */
	sess_switch seal;           /* AUTO: no; YES: values are encrypted, readable only by cookie */
	sess_switch record_client;  /* AUTO: yes; keep address and browser with the session */
	/* limits */
	size_t max_bytes;           /* one encoded session; default 64 KiB */
	size_t max_sessions;        /* memory: at most so many; default 100000 */
	int busy_ms;                /* wait for a locked store; default 5000 */
	int collect;                /* expired records removed at a time by sess_idle; default 50;
	                             * -1: none */
	/* hooks */
	int64_t (*now)(void *arg);  /* NULL: the system clock */
	void (*log)(void *arg, const char *event, const char *text); /* NULL: silent */
	void *arg;                  /* handed to both */
} sess_config;
#define SESS_CONFIG_INIT { .size = sizeof(sess_config) }

/* -- configuration: struct, then file, then environment; the last one wins --------------------- */

/* Set one setting by its name in sesskit.conf(5). SESS_CONFIG when the name is unknown or the
 * value is not of its kind; the error (may be NULL, here and below) says what was expected. */
SESS_API int sess_config_set(sess_config *, const char *name, const char *value, sess_error *);

/* Read "name = value" lines from a file. SESS_CONFIG tells file, line and column of the first
 * fault; the config then holds what came before it. */
SESS_API int sess_config_file(sess_config *, const char *path, sess_error *);

/* Read SESSKIT_CONFIG (a file, read first) and SESSKIT_STORE, SESSKIT_IDLE, ... from an
 * environment array. An unknown SESSKIT_ name is SESS_CONFIG. NULL reads nothing. */
SESS_API int sess_config_env(sess_config *, char *const *env, sess_error *);

/* -- process or thread ------------------------------------------------------------------------- */

/* Check and copy the config (NULL: all defaults), open the key file and the store. *out is NULL on
 * failure, else for sess_kit_close. SESS_CONFIG: settings or keys; SESS_STORE: the store. */
SESS_API SESS_CHECK int sess_kit_open(sess_kit **out, const sess_config *, sess_error *);

/* Close the store and wipe the keys; its sessions must have ended. NULL is fine. */
SESS_API void sess_kit_close(sess_kit *);

/* Text of the last failure on this kit, "" if none; lent until the next call on it. */
SESS_API const char *sess_kit_error(const sess_kit *);

/* Housekeeping after the response went out: a slice of collection and of checkpointing, so that
 * no visitor waits for it; every 10 seconds, or each time while more is due. Returns SESS_OK also
 * when there was nothing to do. */
SESS_API int sess_idle(sess_kit *);

/* Static text for a result code; "unknown code" for others. Never NULL. */
SESS_API const char *sess_strerror(int code);

/* Version of the library in use, "1.2.3". */
SESS_API const char *sess_version(void);

/* -- one request ------------------------------------------------------------------------------- */

enum {
	SESS_NO_TOUCH = 1,      /* a poll: does not keep an idle session alive */
	SESS_READ_ONLY = 2      /* commit stores nothing; setters return SESS_DENIED */
};

/* For sess_begin_with. NULL path or domain: as configured; else borrowed until sess_end. */
typedef struct sess_options {
	unsigned flags;
	const char *path, *domain;
} sess_options;

/* Find the session of this request, or make a fresh one: bad client input never fails, and
 * sess_state says why. env is FCGX_Request.envp or environ, borrowed until sess_end. *out is NULL
 * on failure (SESS_STORE, SESS_BUSY, SESS_NOMEM: answer 503), else for sess_end. */
SESS_API SESS_CHECK int sess_begin(sess_kit *, char *const *env, sess **out);

/* The same with options; NULL options mean none. SESS_INVALID: no browser would keep that cookie. */
SESS_API SESS_CHECK int sess_begin_with(sess_kit *, char *const *env, const sess_options *,
	sess **out);

/* Why we got the session we got; SESS_FRESH for NULL. */
SESS_API sess_status sess_state(const sess *);

/* A short sentence for a state, fit for a login page ("You were signed out after ..."). Static. */
SESS_API const char *sess_state_text(sess_status);

/* Store what changed, merging with what parallel requests stored. Returns the first failure of a
 * setter if there was one; SESS_GONE when the session was ended meanwhile (nothing is stored, no
 * cookie goes out); SESS_BUSY, SESS_STORE, SESS_TOOBIG; SESS_UNSUPPORTED when the settings allow a
 * cookie over HTTPS only and this is plain HTTP. After SESS_STORE a change may have been made that
 * could not be put on disk. May be called again after more changes. */
SESS_API SESS_CHECK int sess_commit(sess *);

/* Header lines ending in CRLF, "" if none, never NULL; print them before the blank line. Lent
 * until sess_end. From here on changes return SESS_LATE. */
SESS_API const char *sess_headers(sess *);

/* Value of the Set-Cookie line that sess_headers has or, with cookie_emit = no, would have; NULL if
 * there is none. Lent until sess_end. Call it after sess_commit. */
SESS_API const char *sess_cookie(sess *);

/* Free; uncommitted changes are dropped and logged. NULL is fine. */
SESS_API void sess_end(sess *);

/* -- values: keys are 1..64 printable ASCII bytes, no blank, not starting with '@' ------------- */

/* Text, or otherwise when absent or of another type; lent until the key changes or sess_end. */
SESS_API const char *sess_get_str(const sess *, const char *key, const char *otherwise);

/* A number, or otherwise when absent or of another type; the same for the next two. sess_get_real
 * also takes whole numbers. */
SESS_API int64_t sess_get_int(const sess *, const char *key, int64_t otherwise);
SESS_API double sess_get_real(const sess *, const char *key, double otherwise);
SESS_API bool sess_get_bool(const sess *, const char *key, bool otherwise);

/* Bytes and their number (len may be NULL); NULL and 0 when absent or of another type. Also takes
 * text. Lent until the key changes or sess_end. */
SESS_API const void *sess_get_bytes(const sess *, const char *key, size_t *len);

/* Type of a value; SESS_NOTHING when absent. */
SESS_API sess_type sess_type_of(const sess *, const char *key);

/* Store a copy; NULL text means unset. Any bytes are kept exactly. SESS_INVALID: the key;
 * SESS_TOOBIG; SESS_LATE; SESS_NOMEM. The failure sticks for commit. The same for the next four. */
SESS_API int sess_set_str(sess *, const char *key, const char *value);
SESS_API int sess_set_int(sess *, const char *key, int64_t value);
SESS_API int sess_set_real(sess *, const char *key, double value); /* infinite, NaN: SESS_INVALID */
SESS_API int sess_set_bool(sess *, const char *key, bool value);
SESS_API int sess_set_bytes(sess *, const char *key, const void *data, size_t len);

/* Add to a number: absent or of another type counts as 0; parallel additions all count, and the
 * sum stops at the ends of int64_t. */
SESS_API int sess_add_int(sess *, const char *key, int64_t delta);

/* Remove a value; a missing key is SESS_OK. */
SESS_API int sess_unset(sess *, const char *key);

/* Remove every value; the session, its user and its flash messages stay. */
SESS_API int sess_clear(sess *);

/* The key after this one in byte order: NULL starts, NULL ends. Lent until the next change. */
SESS_API const char *sess_next(const sess *, const char *after);

/* -- one-shot messages, form token, one-time form ticket --------------------------------------- */

/* Leave a message for a later request, usually the one after a redirect. kind as for keys, at most
 * 32 bytes. Several of a kind queue up. */
SESS_API int sess_flash(sess *, const char *kind, const char *text);

/* Take the oldest message of a kind: text, or NULL when there is none. Lent until sess_end; gone
 * from the store after commit, but where the session may not change (SESS_READ_ONLY). */
SESS_API const char *sess_flash_take(sess *, const char *kind);

/* For the hidden field of a form: masked anew each time, lent until the next call; after sess_login
 * or sess_rotate, where there is one. A visitor without a session gets a second, unstored cookie
 * for it, also with cookie_emit = no. NULL: out of memory, or SESS_LATE. */
SESS_API const char *sess_csrf_token(sess *);

/* Check what came back; sent may be NULL: then the X-CSRF-Token header is used. A cross-site
 * Sec-Fetch-Site or Origin is refused first. SESS_OK or SESS_DENIED. */
SESS_API SESS_CHECK int sess_csrf_check(sess *, const char *sent);

/* A ticket that lets a form be submitted once within so many seconds (0: one hour). Lent until
 * sess_end, NULL on failure. Takes effect with commit. form as for keys, at most 32 bytes. */
SESS_API const char *sess_once_issue(sess *, const char *form, int64_t seconds);

/* Use the ticket up, at once and for all requests: SESS_OK for exactly one of any number that
 * present it, SESS_DENIED for the others and for an unknown or outdated one. SESS_GONE, SESS_BUSY,
 * SESS_STORE: nothing was taken. */
SESS_API SESS_CHECK int sess_once_take(sess *, const char *form, const char *ticket);

/* -- identity ---------------------------------------------------------------------------------- */

/* Name the user (1..255 bytes of printable UTF-8) at level 1, take a new id and restart the clocks.
 * At commit the old id is dead at once, and the change is on disk. Values stay, unless another user
 * was logged in: then that session is ended first. */
SESS_API int sess_login(sess *, const char *user);

/* Step up or down: set the level (0..100) of a login just confirmed again; takes a new id and
 * counts as a new login for sess_login_age. SESS_DENIED without a user. */
SESS_API int sess_elevate(sess *, int level);

/* End the session, at once and durably: user and values are gone, the cookie is cleared at commit.
 * What the program sets afterwards begins a new session under a new id. After sess_headers the
 * session still ends, but the cookie stays. */
SESS_API int sess_logout(sess *);

/* The user, NULL when anonymous; lent until sess_end. */
SESS_API const char *sess_user(const sess *);

/* Seconds since the login or the last sess_elevate, -1 when anonymous. */
SESS_API int64_t sess_login_age(const sess *);

/* SESS_OK if somebody is logged in at least at this level, at most max_age seconds ago (0: no
 * matter when); else SESS_DENIED: ask for the password again. */
SESS_API SESS_CHECK int sess_require(const sess *, int level, int64_t max_age);

/* -- life -------------------------------------------------------------------------------------- */

/* Take a new id at commit; the old one is dead at once. Values stay. A fresh session ignores it. */
SESS_API int sess_rotate(sess *);

/* End the session as sess_logout does. A fresh session: SESS_OK. */
SESS_API int sess_destroy(sess *);

/* Let session and cookie live for so many seconds (400 days if more), over the browser's end; 0
 * goes back to the configured limits. Stores the session. */
SESS_API int sess_remember(sess *, int64_t seconds);

/* Name of the session for logs, pages and sess_end_ref: 43 characters that cannot be used as a
 * cookie; it changes with the id. "" for an unstored session. Lent until sess_end or a commit. */
SESS_API const char *sess_ref(const sess *);

/* Link for clients without cookies: url with the id as the configured query parameter, or url as it
 * is when that is off, the client sent a cookie, or url leads elsewhere. Lent until the next call.
 * Such links leak through logs and referrers: use them where nothing else works. */
SESS_API const char *sess_url(sess *, const char *url);

/* -- other sessions: "your devices" pages, tools, cron ----------------------------------------- */

typedef struct sess_info {
	const char *ref;                       /* for sess_end_ref */
	const char *user;                      /* NULL: anonymous; sealed: a keyed hash, in lists */
	const char *address, *agent;           /* NULL when not recorded */
	int64_t created, seen, expires;        /* unix seconds */
	int64_t absolute;                      /* 0: no absolute limit */
	int64_t login;                         /* 0: anonymous */
	int level;
	size_t bytes;                          /* stored size of the values */
} sess_info;

typedef int sess_info_fn(void *arg, const sess_info *); /* nonzero stops and is returned */

/* Facts about this session, lent until sess_end or a commit. SESS_GONE if it is not stored. */
SESS_API int sess_about(const sess *, sess_info *out);

/* Live sessions of user, last seen first; NULL: of everyone, "": the anonymous ones. Returns
 * SESS_OK or what the function returned. The kit must not be used inside it. */
SESS_API int sess_list(sess_kit *, const char *user, sess_info_fn *, void *arg);

/* Number of live sessions, chosen as for sess_list, seen within so many seconds (0: all). */
SESS_API int sess_count(sess_kit *, const char *user, int64_t within, size_t *n);

/* End one session by its ref, durably, in all processes at once. An unknown ref is SESS_OK, a
 * malformed one SESS_INVALID. */
SESS_API int sess_end_ref(sess_kit *, const char *ref);

/* Log a user out everywhere; except (a ref, may be NULL) is kept. user NULL: every session of
 * everyone. *n (may be NULL) counts. Durable, in all processes at once. */
SESS_API int sess_end_user(sess_kit *, const char *user, const char *except, size_t *n);

/* What began and ended within one minute or hour. */
typedef struct sess_tally {
	int64_t started;                       /* sessions stored for the first time */
	int64_t logins;
	int64_t ended;                         /* by logout, from elsewhere, or by an alarm */
	int64_t expired;                       /* collected */
} sess_tally;

/* How a store does; -1 where it cannot tell. */
typedef struct sess_stats {
	int64_t live, signed_in;               /* sessions; signed_in is part of live */
	int64_t waiting;                       /* expired, not yet collected */
	int64_t oldest;                        /* when the oldest of these expired; 0: there is none */
	int64_t bytes, free, log;              /* all files; unused inside; of that, the write log */
	int64_t value_bytes;                   /* of values per session, of those seen last */
	int64_t waits, longest_us;             /* writers that had to wait; the longest wait of one */
	int64_t busy;                          /* those that gave up with SESS_BUSY */
	sess_tally minute[60], hour[24];       /* [0] is the one under way */
} sess_stats;

/* Sum up the store. SQLite and memory keep these numbers as they go; a store that does not counts
 * its sessions. */
SESS_API int sess_summary(sess_kit *, sess_stats *out);

/* How much sess_collect may do; zero means no bound. */
typedef struct sess_budget {
	size_t rows;
	int ms;
	bool force;                            /* collect although the clock jumped */
	int (*progress)(void *arg, size_t n);  /* after each batch; nonzero stops and is returned */
	void *arg;
} sess_budget;

/* Delete expired records in small batches, which step back while others write. *n (may be NULL)
 * counts. SESS_DENIED: the clock jumped ahead by more than two days, and within the hour after that
 * only force collects. SESS_BUSY: another process is at it. NULL budget: no bound. */
SESS_API int sess_collect(sess_kit *, const sess_budget *, size_t *n);

#ifdef __cplusplus
}
#endif
#endif
