/* SPDX-License-Identifier: ISC */
/* store_file_examine.c - look for what is wrong with the folder of a file store: who can get at it,
 * what is damaged or not of this store, and whether sessions and marks agree. */
#include "examine.h"
#include "minutes.h"
#include "store_file.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LEFT_OVER 3600          /* seconds; to write a file takes milliseconds */

/* What there may be many of: told once, by the first, with how many more there are. */
enum { OTHERS, OPEN, STRANGE, UNREAD, HALF, DAMAGED, UNMARKED, ASTRAY, FINDINGS };
static const struct {
	int level;
	const char *text, *remedy;
} findings[FINDINGS] = {
	[OTHERS] = { SESS_FAULT, "belongs to another user", "stop the programs, chown all files of the "
		"store to one user, and run everything as that user" },
	[OPEN] = { SESS_WARNING, "is open to other users", "chmod -R go= the folder of the store" },
	[STRANGE] = { SESS_WARNING, "is not of this store", "remove it, unless you know why it is there" },
	[UNREAD] = { SESS_FAULT, "cannot be read", "see the log of the system, and whether the disk fails" },
	[HALF] = { SESS_WARNING, "was left behind by a program that was killed",
		"sesskit gc --shrink removes it" },
	[DAMAGED] = { SESS_FAULT, "is damaged", "it is refused, and goes when it expires; see whether "
		"the disk fails" },
	[UNMARKED] = { SESS_FAULT, "is a session without a mark, which is not counted, nor collected "
		"when it expires", "copy all into a new folder with sesskit copy, and use that" },
	[ASTRAY] = { SESS_WARNING, "is a mark that leads nowhere", "none is needed: it goes when it is "
		"due, or the sessions of its user are listed" },
};

typedef struct search {
	examination of;
	file_store s;
	struct {
		size_t n;
		char first[256];
	} found[FINDINGS];
	size_t sessions;
} search;

static void
note(search *x, int what, const FTSENT *at)
{
	if (x->found[what].n++ == 0)
		snprintf(x->found[what].first, sizeof(x->found[what].first), "%s", at->fts_path);
}

static void
tell(const search *x)
{
	for (int i = 0; i < FINDINGS; i++) {
		char more[48] = "";

		if (x->found[i].n > 1)
			snprintf(more, sizeof(more), ", and %zu more", x->found[i].n - 1);
		if (x->found[i].n)
			examine_say(&x->of, findings[i].level, findings[i].remedy, "%s %s%s",
				x->found[i].first, findings[i].text, more);
	}
}

/* -- one value, one mark ----------------------------------------------------------------------- */

static bool
is_there(const file_store *s, const place *p)
{
	int dir = file_folder(s, p, false);
	bool there = dir >= 0 && faccessat(dir, p->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;

	if (dir >= 0)
		close(dir);
	return there;
}

static bool
is_marked(search *x, const unsigned char *key)
{
	file_store *s = &x->s;
	home *h = &s->home.one;
	home_mark m;
	sess_error err;
	place p;

	if (home_look(&s->home, h, key, &err) != SESS_OK)
		return true;
	m = home_marks(h);
	if (m.kind) {
		file_time_place(&p, "due", m.due, m.kind, key);
		if (!is_there(s, &p))
			return false;
	}
	if (m.user)
		file_user_place(&p, m.user, key);
	return !m.user || is_there(s, &p);
}

/* With the lock of the key nobody is between its value and its marks. False: somebody has it. */
static bool
lock(search *x, const unsigned char *key)
{
	sess_error busy;

	return x->s.lock >= 0 && file_lock(&x->s, key, true, &busy) == SESS_OK;
}

static void
look_at_value(search *x, const FTSENT *at, const unsigned char *key)
{
	bool marked = is_marked(x, key);

	if (!marked && lock(x, key)) {
		if (!is_marked(x, key))
			note(x, UNMARKED, at);
		file_unlock(&x->s, key);
	}
	x->sessions += x->s.home.one.live;
	if (x->s.home.one.what == HOME_DAMAGED)
		note(x, DAMAGED, at);
}

static bool
same_place(const place *p, const place *q)
{
	return strcmp(p->name, q->name) == 0 && strcmp(p->folder[0], q->folder[0]) == 0 &&
		strcmp(p->folder[1], q->folder[1]) == 0;
}

/* Whether a value has a mark at this place. What is damaged cannot tell. */
static bool
leads(search *x, const place *p, const unsigned char *key)
{
	home *h = &x->s.home.one;
	home_mark m;
	sess_error err;
	place q;

	if (home_look(&x->s.home, h, key, &err) != SESS_OK || h->what == HOME_DAMAGED)
		return true;
	m = home_marks(h);
	if (strcmp(p->root, "users") == 0 ? !m.user : !m.kind)
		return false;
	if (strcmp(p->root, "users") == 0)
		file_user_place(&q, m.user, key);
	else
		file_time_place(&q, "due", m.due, m.kind, key);
	return same_place(p, &q);
}

static void
look_at_mark(search *x, const FTSENT *at, const place *p, const unsigned char *key)
{
	if (leads(x, p, key) || at->fts_statp->st_mtime > time(NULL) - LEFT_OVER || !lock(x, key))
		return;
	if (!leads(x, p, key) && is_there(&x->s, p))
		note(x, ASTRAY, at);
	file_unlock(&x->s, key);
}

/* -- all that is there ------------------------------------------------------------------------- */

/* Exactly so many of the digits that we write. */
static bool
is_hex(const char *text, size_t digits)
{
	return strlen(text) == digits && strspn(text, "0123456789abcdef") == digits;
}

static bool
look_at_data(search *x, const FTSENT *at, const place *p)
{
	size_t len = strlen(p->name), half = len > strlen(FILE_NEW) ? len - strlen(FILE_NEW) : 0;
	bool is_half = half && strcmp(p->name + half, FILE_NEW) == 0;
	unsigned char key[SESS_ID_BYTES];
	char hex[3 * FILE_NAME];

	snprintf(hex, sizeof(hex), "%s%s%.*s", p->folder[0], p->folder[1], (int)(is_half ? half : len),
		p->name);
	if (!is_hex(p->folder[0], 2) || !is_hex(p->folder[1], 2) || !is_hex(hex, FILE_KEY) ||
		!file_key(key, hex))
		return false;
	if (!is_half)
		look_at_value(x, at, key);
	else if (at->fts_statp->st_mtime < time(NULL) - LEFT_OVER)
		note(x, HALF, at);
	return true;
}

static bool
look_at_file(search *x, const FTSENT *at, const place *p)
{
	unsigned char key[SESS_ID_BYTES];
	home_mark m;
	int64_t minute;

	if (strcmp(p->root, "data") == 0)
		return look_at_data(x, at, p);
	if (strcmp(p->root, "tally") == 0)
		return file_read_count(p->name, &minute);
	if (strcmp(p->root, "due") == 0 ? !file_read_mark(p->name, &m, key) :
		!is_hex(p->name, FILE_KEY) || !file_key(key, p->name))
		return false;
	look_at_mark(x, at, p, key);
	return true;
}

static bool
is_root(const char *name)
{
	return strcmp(name, "data") == 0 || strcmp(name, "due") == 0 || strcmp(name, "users") == 0 ||
		strcmp(name, "tally") == 0;
}

static bool
is_lock(const FTSENT *at)
{
	return at->fts_level == 1 && strcmp(at->fts_name, "lock") == 0;
}

/* Whether it is where this store has something of that kind. */
static bool
belongs(search *x, const FTSENT *at)
{
	const FTSENT *up = at->fts_parent;
	place p;

	if (at->fts_level == 1)
		return is_lock(at) || (at->fts_info == FTS_D && is_root(at->fts_name));
	if (at->fts_level < 4)
		return at->fts_info == FTS_D && is_hex(at->fts_name, at->fts_namelen) &&
			at->fts_namelen < FILE_NAME;
	if (at->fts_info != FTS_F || at->fts_namelen >= FILE_NAME)
		return false;
	p.root = up->fts_parent->fts_parent->fts_name;
	snprintf(p.folder[0], FILE_NAME, "%s", up->fts_parent->fts_name);
	snprintf(p.folder[1], FILE_NAME, "%s", up->fts_name);
	memcpy(p.name, at->fts_name, at->fts_namelen + (size_t)1);
	return look_at_file(x, at, &p);
}

/* False: what is in it is not for us to look at. */
static bool
look_at(search *x, const FTSENT *at)
{
	if (at->fts_info == FTS_DNR || at->fts_info == FTS_ERR || at->fts_info == FTS_NS) {
		/* What was removed since is no fault. */
		if (at->fts_errno != ENOENT)
			note(x, UNREAD, at);
		return false;
	}
	if (at->fts_level == 0 || at->fts_info == FTS_DP)
		return true;
	if (!belongs(x, at)) {
		note(x, STRANGE, at);
		return false;
	}
	if (is_lock(at))
		return true;
	if (at->fts_statp->st_uid != geteuid())
		note(x, OTHERS, at);
	else if (at->fts_statp->st_mode & (S_IRWXG | S_IRWXO))
		note(x, OPEN, at);
	return x->of.deep;
}

static void
look_at_all(search *x)
{
	char folder[PATH_MAX];
	char *const top[] = { folder, NULL };
	FTS *tree;

	snprintf(folder, sizeof(folder), "%s", x->of.path);
	tree = fts_open(top, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR | FTS_XDEV, NULL);
	for (FTSENT *at; tree && (at = fts_read(tree));)
		if (!look_at(x, at) && at->fts_info == FTS_D)
			(void)fts_set(tree, at, FTS_SKIP);
	if (!tree || errno)
		examine_say(&x->of, SESS_FAULT, "free some memory, and look again", "%s cannot be gone "
			"through: %s", x->of.path, strerror(errno));
	if (tree)
		fts_close(tree);
	tell(x);
	if (x->of.deep)
		examine_say(&x->of, SESS_FINE, "", "%s: %zu sessions read", x->of.path, x->sessions);
}

/* -- the folder and its lock ------------------------------------------------------------------- */

static bool
look_at_folder(const search *x)
{
	const char *path = x->of.path;
	struct stat st;

	if (x->s.dir < 0 || fstat(x->s.dir, &st) != 0) {
		examine_say(&x->of, SESS_FAULT, "start a program that uses it, or name the right store",
			"%s cannot be opened: %s", path, strerror(errno));
		return false;
	}
	if (st.st_uid != geteuid())
		examine_say(&x->of, SESS_FAULT, findings[OTHERS].remedy,
			"%s belongs to user %lu, but this is user %lu", path, (unsigned long)st.st_uid,
			(unsigned long)geteuid());
	else if (st.st_mode & (S_IRWXG | S_IRWXO))
		examine_say(&x->of, SESS_FAULT, "chmod 700 it", "%s is open to other users (mode %04o)", path,
			(unsigned)st.st_mode & 07777u);
	else if (st.st_uid == 0)
		examine_say(&x->of, SESS_WARNING, "chown the folder to the user that runs the programs",
			"%s belongs to root: web programs should run as another user", path);
	else
		examine_say(&x->of, SESS_FINE, "", "%s: no other user can enter it", path);
	return true;
}

static void
look_at_lock(search *x)
{
	char path[PATH_MAX];
	struct stat st;
	int there;

	if ((size_t)snprintf(path, sizeof(path), "%s/lock", x->of.path) >= sizeof(path))
		return;
	there = examine_file(&x->of, path, &st);
	if (there == 1)
		x->s.lock = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	else if (there == 0 && faccessat(x->s.dir, "data", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		examine_say(&x->of, SESS_FAULT, "stop all programs that use this store, and start them again",
			"%s is missing: programs that run may have another one, and overwrite each other's "
			"sessions", path);
}

void
file_examine(const sess_address *address, const sess_limits *limits, bool deep,
	sess_finding_fn *each, void *arg)
{
	search x = { .of = { .path = address->path, .folder = address->path, .deep = deep, .each = each,
		.arg = arg } };

	file_begin(&x.s, address->path, limits);
	x.s.reads = true;
	x.s.dir = open(x.of.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (look_at_folder(&x)) {
		examine_disk(&x.of);
		look_at_lock(&x);
		look_at_all(&x);
	}
	file_end(&x.s);
}
