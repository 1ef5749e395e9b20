/* SPDX-License-Identifier: ISC */
/*
 * owner.c - nobody but its owner opens a store. SQLite makes files beside the database, and those
 * that root or somebody else left there would lock the programs out.
 */
#include "tool.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *
user_name(uid_t uid, char buf[USER_NAME_MAX])
{
	const struct passwd *user = getpwuid(uid);

	if (user != NULL)
		snprintf(buf, USER_NAME_MAX, "%s", user->pw_name);
	else
		snprintf(buf, USER_NAME_MAX, "#%lu", (unsigned long)uid);
	return buf;
}

/* Root becomes the user for good. */
static int
become(const tool *t, uid_t uid, gid_t gid)
{
	const struct passwd *user = getpwuid(uid);
	uid_t real, effective, saved;
	char name[USER_NAME_MAX];

	if (user != NULL)
		gid = user->pw_gid;
	if (setgroups(1, &gid) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0)
		return tool_fail(t, EX_OSERR, "cannot become user %s: %s", user_name(uid, name),
			strerror(errno));
	if (getresuid(&real, &effective, &saved) != 0 || real != uid || effective != uid ||
		saved != uid || setuid(0) == 0)
		return tool_fail(t, EX_OSERR, "root could not be given up for user %s",
			user_name(uid, name));
	return EX_OK;
}

/* Be the owner of what is at path; st is of that. */
static int
be_owner(const tool *t, const char *path, const struct stat *st)
{
	char owner[USER_NAME_MAX], self[USER_NAME_MAX];

	if (st->st_uid == geteuid())
		return EX_OK;
	if (geteuid() == 0)
		return become(t, st->st_uid, st->st_gid);
	user_name(st->st_uid, owner);
	return tool_fail(t, EX_NOPERM, "%s belongs to user %s, and this is %s; run "
		"sudo -u %s sesskit %s ...", path, owner, user_name(geteuid(), self), owner,
		t->verb->name);
}

static int
fail_path(const tool *t, const char *path, const char *remedy)
{
	bool denied = errno == EACCES;

	return tool_fail(t, denied ? EX_NOPERM : EX_NOINPUT, "%s: %s; %s", path, strerror(errno),
		denied ? "run it as the owner of the store" : remedy);
}

/* The folder of a file. False with errno. */
static bool
stat_folder(const char *path, struct stat *st)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
	bool found = folder != NULL && stat(folder, st) == 0;

	free(folder);
	return found;
}

int
tool_own_file(const tool *t, const char *path, bool may_create)
{
	struct stat st, folder;
	char owner[USER_NAME_MAX];

	if (lstat(path, &st) != 0) {
		if (errno != ENOENT || !may_create)
			return fail_path(t, path, "check --store and --config");
		/* What is made there will have to be usable for the owner of the folder. */
		if (!stat_folder(path, &st))
			return fail_path(t, path, "make its folder first");
		return be_owner(t, path, &st);
	}
	/* Whoever owns the folder could have put any file of root there. */
	if (st.st_uid == 0 && geteuid() == 0 && stat_folder(path, &folder) && folder.st_uid != 0) {
		user_name(folder.st_uid, owner);
		return tool_fail(t, EX_NOPERM, "%s belongs to root, but its folder to user %s, whose "
			"programs cannot use it; run chown %s on it", path, owner, owner);
	}
	return be_owner(t, path, &st);
}

static int
own_store(const tool *t, const store *s, bool may_create)
{
	struct stat st;

	if (s->provider->flags & SESS_STORE_PROCESS)
		return tool_fail(t, EX_USAGE, "store \"%s\": lives inside of one program, and cannot be "
			"seen from here", s->address.url);
	if ((s->provider->flags & SESS_STORE_LOCAL) == 0)
		return EX_OK;
	if (!may_create && lstat(s->address.path, &st) != 0 && errno == ENOENT)
		return tool_fail(t, EX_NOINPUT, "%s: there is no such store; name it with --store, or "
			"the settings of the programs with --config", s->address.path);
	return tool_own_file(t, s->address.path, may_create);
}

static int
own(const tool *t, const char *url, bool may_create, bool *local)
{
	sess_config whole;
	sess_error err = { 0 };
	struct stat st;
	store s;
	int rc = config_complete(&whole, &t->config, &err);

	if (rc == SESS_OK)
		rc = store_find(&s, url != NULL ? url : whole.store, &(sess_limits){ 0 }, &err);
	if (rc != SESS_OK)
		return tool_fail_code(t, rc, &err);
	*local = (store_ground(&s)->provider->flags & SESS_STORE_LOCAL) != 0;
	rc = own_store(t, store_ground(&s), may_create);
	store_close(&s);
	if (rc == EX_OK && whole.key_file[0] != '\0' && lstat(whole.key_file, &st) == 0)
		rc = be_owner(t, whole.key_file, &st);
	return rc;
}

int
tool_own(tool *t)
{
	bool local = false;

	return own(t, NULL, t->may_create, &local);
}

int
tool_key_path(const tool *t, char path[TOOL_PATH_MAX])
{
	sess_config whole;
	sess_error err = { 0 };
	const store *ground;
	store s;
	int rc = config_complete(&whole, &t->config, &err);

	if (rc == SESS_OK && whole.key_file[0] != '\0') {
		snprintf(path, TOOL_PATH_MAX, "%s", whole.key_file);
		return EX_OK;
	}
	if (rc == SESS_OK)
		rc = store_find(&s, whole.store, &(sess_limits){ 0 }, &err);
	if (rc != SESS_OK)
		return tool_fail_code(t, rc, &err);
	ground = store_ground(&s);
	if ((ground->provider->flags & SESS_STORE_LOCAL) == 0)
		rc = tool_fail(t, EX_USAGE, "store \"%s\" has no key file of its own; set key_file",
			s.address.url);
	else if (strlen(ground->address.path) + sizeof(".key") > TOOL_PATH_MAX)
		rc = tool_fail(t, EX_CONFIG, "store: its path is too long");
	else
		snprintf(path, TOOL_PATH_MAX, "%s.key", ground->address.path);
	store_close(&s);
	return rc;
}

static int
open_kit(tool *t, const char *url, bool may_create, sess_kit **out)
{
	sess_config config = t->config;
	char path[TOOL_PATH_MAX];
	sess_error err = { 0 };
	bool local = false;
	int rc = own(t, url, may_create, &local);

	*out = NULL;
	if (rc != EX_OK)
		return rc;
	if (url != NULL && (rc = sess_config_set(&config, "store", url, &err)) != SESS_OK)
		return tool_fail_code(t, rc, &err);
	/* A missing key file is not made when its name is given, as the usual one would be. */
	if (local && !may_create && config.key_file[0] == '\0' &&
		(rc = tool_key_path(t, path)) == EX_OK &&
		strlen(path) < sizeof(config.key_file))
		strcpy(config.key_file, path);
	if (rc != EX_OK)
		return rc;
	rc = sess_kit_open(out, &config, &err);
	return rc == SESS_OK ? EX_OK : tool_fail_code(t, rc, &err);
}

int
tool_open(tool *t)
{
	return open_kit(t, NULL, t->may_create, &t->kit);
}

int
tool_open_also(tool *t, const char *url, sess_kit **out)
{
	return open_kit(t, url, true, out);
}
