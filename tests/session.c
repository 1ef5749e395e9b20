/* SPDX-License-Identifier: ISC */
/* session.c - a kit on a fake clock, that remembers its log and the ids that left it. */
#include "session.h"

#include <fts.h>
#include <sys/stat.h>

size_t world_leaks;

/* -- the log and the clock ------------------------------------------------------------------- */

static int64_t
world_now(void *arg)
{
	return *((const world *)arg)->clock;
}

static void
world_keep(void *arg, const char *event, const char *text)
{
	world *w = arg;
	size_t more = strlen(event) + strlen(text) + 3;

	w->log = realloc(w->log, w->log_len + more + 1);
	if (!w->log)
		bail("out of memory");
	w->log_len += (size_t)snprintf(w->log + w->log_len, more + 1, "%s: %s\n", event, text);
}

size_t
world_logged(const world *w, const char *event)
{
	size_t n = 0, len = strlen(event);

	for (const char *line = w->log_len ? w->log : NULL; line && *line;) {
		n += strncmp(line, event, len) == 0 && line[len] == ':';
		line = strchr(line, '\n');
		line += line != NULL;
	}
	return n;
}

void
world_log_clear(world *w)
{
	w->log_len = 0;
}

/* -- kits ------------------------------------------------------------------------------------ */

static int
open_kit(world *w)
{
	w->config.now = world_now;
	w->config.log = world_keep;
	w->config.arg = w;
	return sess_kit_open(&w->kit, &w->config, &w->err);
}

int
world_try(world *w, const char *kind, const sess_config *with)
{
	static int serial;
	char name[32], *path;

	memset(w, 0, sizeof(*w));
	w->config = with ? *with : (sess_config)SESS_CONFIG_INIT;
	w->own_clock = START;
	w->clock = &w->own_clock;
	snprintf(name, sizeof(name), "%d.db", ++serial);
	path = temp_path(name);
	snprintf(w->config.store, sizeof(w->config.store), "%s%s", kind,
		strcmp(kind, "memory:") == 0 ? name : path);
	free(path);
	return open_kit(w);
}

void
world_open(world *w, const char *kind, const sess_config *with)
{
	if (world_try(w, kind, with) != SESS_OK)
		bail("%s %s", kind, w->err.text);
}

int
world_clone(world *w, const world *first, const sess_config *with)
{
	memset(w, 0, sizeof(*w));
	w->config = with ? *with : first->config;
	memcpy(w->config.store, first->config.store, sizeof(w->config.store));
	w->clock = first->clock;
	w->clone = true;
	return open_kit(w);
}

void
world_restart(world *w)
{
	world next;

	if (world_clone(&next, w, NULL) != SESS_OK)
		bail("%s", next.err.text);
	sess_kit_close(w->kit);
	w->kit = next.kit;
	w->kit->config.arg = w;
	free(next.log);
}

const char *
world_path(const world *w)
{
	const char *path = strrchr(w->config.store, ':') + 1;

	return strstr(w->config.store, "memory:") != NULL ? NULL : path;
}

int64_t
world_records(world *w)
{
	size_t n = 0;

	if (sess_count(w->kit, NULL, 0, &n) != SESS_OK)
		bail("sess_count: %s", sess_kit_error(w->kit));
	return (int64_t)n;
}

/* -- what must be nowhere -------------------------------------------------------------------- */

static size_t
count_bytes(const char *in, size_t size, const void *bytes, size_t len)
{
	const char *end = in + size, *at = in;
	size_t n = 0;

	while (at && at < end && (at = memmem(at, (size_t)(end - at), bytes, len)) != NULL) {
		at++;
		n++;
	}
	return n;
}

/* The whole file, for the caller to free; NULL if there is none. */
static char *
read_whole(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");
	struct stat st;
	char *text = NULL;

	*size = 0;
	if (!f)
		return NULL;
	if (fstat(fileno(f), &st) == 0 && (text = malloc((size_t)st.st_size + 1)) != NULL)
		*size = fread(text, 1, (size_t)st.st_size, f);
	fclose(f);
	return text;
}

typedef size_t search_each(const world *, const char *, size_t, const void *arg);

/* Calls each for all files in a folder, and for their names. */
static size_t
search_folder(const world *w, const char *path, search_each *each, const void *arg)
{
	char *const roots[] = { (char *)(uintptr_t)path, NULL };
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	size_t n = 0, size;

	if (!tree)
		bail("%s cannot be searched", path);
	for (FTSENT *at; (at = fts_read(tree));) {
		char *text = at->fts_info == FTS_F ? read_whole(at->fts_path, &size) : NULL;

		n += each(w, at->fts_name, at->fts_namelen, arg);
		n += text ? each(w, text, size, arg) : 0;
		free(text);
	}
	fts_close(tree);
	return n;
}

/* Calls each for the log and the files of the store. */
static size_t
search_all(const world *w, search_each *each, const void *arg)
{
	static const char *const tails[] = { "", "-wal", "-shm", "-journal", ".lock", ".key" };
	size_t n = each(w, w->log, w->log_len, arg);

	if (strncmp(w->config.store, "file:", 5) == 0)
		n += search_folder(w, world_path(w), each, arg);

	for (size_t i = 0; world_path(w) && i < PARTS(tails); i++) {
		char path[600], *text;
		size_t size;

		snprintf(path, sizeof(path), "%s%s", world_path(w), tails[i]);
		text = read_whole(path, &size);
		if (!text && *tails[i] == '\0' && strncmp(w->config.store, "file:", 5) != 0)
			bail("%s cannot be read", path);
		n += text ? each(w, text, size, arg) : 0;
		free(text);
	}
	return n;
}

typedef struct needle {
	const void *bytes;
	size_t len;
} needle;

static size_t
find_needle(const world *w, const char *in, size_t size, const void *arg)
{
	const needle *what = arg;

	(void)w;
	return count_bytes(in, size, what->bytes, what->len);
}

size_t
world_finds(const world *w, const void *bytes, size_t len)
{
	needle what = { bytes, len };

	return search_all(w, find_needle, &what);
}

/* Ids as text and as raw bytes. */
static size_t
find_issued(const world *w, const char *in, size_t size, const void *arg)
{
	size_t n = 0;

	(void)arg;
	for (size_t i = 0; i < w->issues; i++) {
		unsigned char raw[TOKEN_BYTES];

		n += count_bytes(in, size, w->issued[i], TOKEN_CHARS);
		if (token_decode(raw, w->issued[i], TOKEN_CHARS))
			n += count_bytes(in, size, raw, sizeof(raw));
	}
	return n;
}

void
world_close(world *w)
{
	if (w->kit)
		world_leaks += search_all(w, find_issued, NULL);
	sess_kit_close(w->kit);
	free(w->log);
	free(w->issued);
	memset(w, 0, sizeof(*w));
}

void
world_issued(world *w, const jar *j)
{
	for (size_t i = 0; i < j->count; i++) {
		size_t len = strcspn(j->at[i].value, ".");
		bool known = len != TOKEN_CHARS || w->issues >= 2000;

		for (size_t k = 0; k < w->issues && !known; k++)
			known = memcmp(w->issued[k], j->at[i].value, TOKEN_CHARS) == 0;
		if (known)
			continue;
		w->issued = realloc(w->issued, (w->issues + 1) * sizeof(*w->issued));
		if (!w->issued)
			bail("out of memory");
		snprintf(w->issued[w->issues++], TOKEN_CHARS + 1, "%s", j->at[i].value);
	}
}
