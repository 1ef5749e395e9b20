/* SPDX-License-Identifier: ISC */
/* session_visit.c - a browser's cookie jar, and one request with it. */
#include "session.h"

/* -- the jar --------------------------------------------------------------------------------- */

const char *
jar_get(const jar *j, const char *name)
{
	for (size_t i = 0; i < j->count; i++)
		if (strcmp(j->at[i].name, name) == 0)
			return j->at[i].value;
	return NULL;
}

/* Jars are copied all the time, and a cookie may have a whole session in it. */
static const char *
keep(const char *value)
{
	static struct kept {
		struct kept *next;
		char text[];
	} *all;
	struct kept *k = malloc(sizeof(*k) + strlen(value) + 1);

	if (!k)
		bail("out of memory");
	strcpy(k->text, value);
	k->next = all;
	all = k;
	return k->text;
}

void
jar_set(jar *j, const char *name, const char *value)
{
	size_t i = 0;

	while (i < j->count && strcmp(j->at[i].name, name) != 0)
		i++;
	if (!value) {
		if (i < j->count)
			j->at[i] = j->at[--j->count];
		return;
	}
	if (i == PARTS(j->at))
		bail("the jar is full");
	if (i == j->count)
		j->count++;
	snprintf(j->at[i].name, sizeof(j->at[i].name), "%s", name);
	j->at[i].value = keep(value);
	j->at[i].life = 0;
}

int64_t
jar_life_of(const jar *j)
{
	for (size_t i = 0; i < j->count; i++)
		if (strcmp(j->at[i].name, NAME) == 0)
			return j->at[i].life;
	return -1;
}

void
jar_take(jar *j, const char *headers)
{
	for (const char *at = headers; (at = strstr(at, "Set-Cookie: ")) != NULL;) {
		char name[64], value[4096] = "";
		const char *life, *end;
		long long seconds = 0;
		bool limited;

		at += strlen("Set-Cookie: ");
		if (sscanf(at, "%63[^=]=%4095[^;\r]", name, value) < 1)
			bail("a Set-Cookie line without a name: %s", at);
		end = strchr(at, '\r');
		life = strstr(at, "Max-Age=");
		limited = life && end && life < end && sscanf(life, "Max-Age=%lld", &seconds) == 1;
		jar_set(j, name, limited && seconds <= 0 ? NULL : value);
		for (size_t i = 0; i < j->count; i++)
			if (strcmp(j->at[i].name, name) == 0)
				j->at[i].life = seconds;
	}
}

/* -- one request ----------------------------------------------------------------------------- */

/* Add a line unless the same variable is there already. */
static void
put_line(visit *v, const char *line)
{
	size_t n = 0, len = strcspn(line, "=") + 1;

	for (; v->lines[n]; n++)
		if (strncmp(v->lines[n], line, len) == 0 && strncmp(line, "HTTP_COOKIE=", len) != 0)
			return;
	if (n + 1 == PARTS(v->lines) || !(v->lines[n] = strdup(line)))
		bail("too many environment lines");
}

static void
put_cookies(visit *v)
{
	size_t room = 32;
	char *line;

	for (size_t i = 0; i < v->cookies->count; i++)
		room += sizeof(v->cookies->at[i].name) + strlen(v->cookies->at[i].value) + 8;
	if (v->cookies->count == 0)
		return;
	if (!(line = malloc(room)))
		bail("out of memory");
	strcpy(line, "HTTP_COOKIE=");
	for (size_t i = 0; i < v->cookies->count; i++)
		sprintf(line + strlen(line), "%s%s=%s", i > 0 ? "; " : "", v->cookies->at[i].name,
			v->cookies->at[i].value);
	put_line(v, line);
	free(line);
}

static void
visit_free(visit *v)
{
	for (size_t i = 0; v->lines[i]; i++) {
		free(v->lines[i]);
		v->lines[i] = NULL;
	}
	v->s = NULL;
}

int
visit_try(visit *v, world *w, jar *j, const char *const *more, const sess_options *options)
{
	static const char *const usual[] = { "HTTPS=on", "REQUEST_METHOD=GET",
		"REMOTE_ADDR=192.0.2.1", "HTTP_HOST=example.org", "HTTP_USER_AGENT=Browser/1.0",
		"SERVER_SOFTWARE=test" };
	int rc;

	memset(v, 0, sizeof(*v));
	v->w = w;
	v->cookies = j;
	for (size_t i = 0; more && more[i]; i++)
		put_line(v, more[i]);
	for (size_t i = 0; i < PARTS(usual); i++)
		put_line(v, usual[i]);
	if (j)
		put_cookies(v);
	rc = sess_begin_with(w->kit, v->lines, options, &v->s);
	if (rc != SESS_OK)
		visit_free(v);
	return rc;
}

sess *
visit_begin(visit *v, world *w, jar *j)
{
	if (visit_try(v, w, j, NULL, NULL) != SESS_OK)
		bail("sess_begin: %s", sess_kit_error(w->kit));
	return v->s;
}

int
visit_lose(visit *v)
{
	jar unseen = { 0 };
	int rc = sess_commit(v->s);

	snprintf(v->headers, sizeof(v->headers), "%s", sess_headers(v->s));
	sess_end(v->s);
	visit_free(v);
	jar_take(&unseen, v->headers);
	world_issued(v->w, &unseen);
	return rc;
}

int
visit_end(visit *v)
{
	int rc = visit_lose(v);

	if (v->cookies)
		jar_take(v->cookies, v->headers);
	return rc;
}

sess_status
look(world *w, jar *j)
{
	visit v;
	sess_status state = sess_state(visit_begin(&v, w, j));
	int rc = visit_end(&v);

	if (rc != SESS_OK)
		diag("commit of a request that only looked: %s", sess_strerror(rc));
	return state;
}

int
store_text(world *w, jar *j, const char *key, const char *text)
{
	visit v;

	(void)sess_set_str(visit_begin(&v, w, j), key, text);
	return visit_end(&v);
}

int64_t
add_one(world *w, jar *j)
{
	visit v;
	int64_t sum;
	int rc;

	(void)sess_add_int(visit_begin(&v, w, j), "n", 1);
	sum = sess_get_int(v.s, "n", -100);
	rc = visit_end(&v);
	return rc == SESS_OK ? sum : rc;
}

int
log_in(world *w, jar *j, const char *user)
{
	visit v;

	(void)sess_login(visit_begin(&v, w, j), user);
	return visit_end(&v);
}

int
log_out(world *w, jar *j)
{
	visit v;

	(void)sess_logout(visit_begin(&v, w, j));
	return visit_end(&v);
}

const char *
text_of(world *w, jar *j, const char *key)
{
	static char text[64];
	visit v;

	visit_begin(&v, w, j);
	snprintf(text, sizeof(text), "%s", sess_get_str(v.s, key, "none"));
	(void)visit_end(&v);
	return text;
}

int
set_cookies(const char *headers, const char *name)
{
	int n = 0;

	for (const char *at = headers; (at = strstr(at, "Set-Cookie: ")) != NULL;) {
		at += strlen("Set-Cookie: ");
		n += !name || (strncmp(at, name, strlen(name)) == 0 && at[strlen(name)] == '=');
	}
	return n;
}

bool
has_line(const char *headers, const char *line)
{
	const char *at = strstr(headers, line);

	return at && (at == headers || at[-1] == '\n') && at[strlen(line)] == '\r';
}
