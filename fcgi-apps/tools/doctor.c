/* SPDX-License-Identifier: ISC */
/*
 * doctor.c - the verb doctor: look for faults, and say what to do about each. It changes nothing,
 * and looks at the store from outside before it dares to open it.
 */
#include "doctor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { EX_WARNINGS = 1, EX_FAULTS = 2 };

#define LEFT_OVER 3600          /* a file being made takes milliseconds */

void
doctor_say(doctor *d, int level, const char *remedy, const char *text, ...)
{
	static const char *const names[] = { "fine", "warning", "fault" };
	static const char *const labels[] = { "ok", "warning", "FAULT" };
	char words[1024], clean[1024];
	json_out out;
	va_list args;

	va_start(args, text);
	vsnprintf(words, sizeof(words), text, args);
	va_end(args);
	d->warnings += level == SESS_WARNING;
	d->faults += level == SESS_FAULT;
	if (d->t->json) {
		json_start(&out, stdout);
		json_open(&out, NULL, '{');
		json_text(&out, "level", names[level]);
		json_text(&out, "text", words);
		json_text(&out, "remedy", remedy[0] != '\0' ? remedy : NULL);
		json_close(&out, '}');
		json_line(&out);
		return;
	}
	if (level == SESS_FINE && d->t->quiet)
		return;
	printf("%-9s%s\n", labels[level], term_clean(clean, sizeof(clean), words, 0));
	if (remedy[0] != '\0')
		printf("%9s-> %s\n", "", term_clean(clean, sizeof(clean), remedy, 0));
}

void
doctor_say_error(doctor *d, const char *otherwise, const sess_error *err)
{
	const char *remedy = strstr(err->text, "; ");

	if (remedy != NULL)
		doctor_say(d, SESS_FAULT, remedy + 2, "%.*s", (int)(remedy - err->text), err->text);
	else
		doctor_say(d, SESS_FAULT, otherwise, "%s", err->text);
}

static void
from_store(void *arg, int level, const char *text, const char *remedy)
{
	doctor_say(arg, level, remedy, "%s", text);
}

/* The file or folder of the store; NULL: it has none. */
static const char *
store_file(const doctor *d)
{
	const store *ground = store_ground(&d->store);

	return ground->provider->flags & SESS_STORE_LOCAL ? ground->address.path : NULL;
}

/* Do the programs run as the owner? Only the operator knows who that is. */
static void
check_user(doctor *d)
{
	const char *wanted = tool_given(d->t, "user");
	const struct passwd *user = wanted != NULL ? getpwnam(wanted) : NULL;
	uid_t uid = user != NULL ? user->pw_uid : 0;
	const char *path = store_file(d);
	char owner[USER_NAME_MAX];
	struct stat st;

	if (path == NULL || lstat(path, &st) != 0)
		return;
	user_name(st.st_uid, owner);
	if (user != NULL && uid != st.st_uid)
		doctor_say(d, SESS_FAULT, "stop the programs, chown all files of the store to that user, "
			"and start them again", "%s belongs to user %s, but the programs run as %s",
			path, owner, wanted);
	else if (user != NULL)
		doctor_say(d, SESS_FINE, "", "%s belongs to user %s, as whom the programs run",
			path, owner);
	else
		doctor_say(d, SESS_FINE, "", "%s belongs to user %s: only programs of that user can use it "
			"(--user NAME checks)", path, owner);
}

/* A process that was killed while it wrote keys leaves the file that it wrote, and the keys in it. */
static void
find_left_keys(doctor *d)
{
	const char *slash = strrchr(d->key_path, '/'), *name = slash != NULL ? slash + 1 : d->key_path;
	char folder_path[TOOL_PATH_MAX];
	size_t len = strlen(name);
	struct dirent *left;
	struct stat st;
	DIR *folder;

	snprintf(folder_path, sizeof(folder_path), "%.*s", slash != NULL ?
		(int)(slash - d->key_path) + 1 : 1, slash != NULL ? d->key_path : ".");
	if ((folder = opendir(folder_path)) == NULL)
		return;
	while ((left = readdir(folder)) != NULL)
		if (strncmp(left->d_name, name, len) == 0 && left->d_name[len] == '.' &&
			strlen(left->d_name + len) == 13 &&
			fstatat(dirfd(folder), left->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			st.st_mtime < time(NULL) - LEFT_OVER)
			doctor_say(d, SESS_WARNING, "remove it: there are keys in it", "%s was left beside the "
				"key file by a program that was killed", left->d_name);
	closedir(folder);
}

static void
check_keys(doctor *d)
{
	const char *path = store_file(d);
	sess_error err = { 0 };
	struct stat st;
	keyring ring = { 0 };

	if (d->key_path[0] == '\0')
		return;
	if (lstat(d->key_path, &st) != 0 && errno == ENOENT &&
		path != NULL && lstat(path, &st) == 0) {
		doctor_say(d, SESS_FAULT, "put it back from a backup; with new keys, which sesskit keygen "
			"makes, everybody has to sign in again", "%s: the key file is gone, and no program "
			"finds its sessions without it", d->key_path);
		return;
	}
	if (sodium_init() < 0)
		(void)sess_fail(&err, SESS_CONFIG, "libsodium cannot start: no random source");
	else
		(void)keyring_open(&ring, d->key_path, false, &err);
	if (err.code != SESS_OK) {
		doctor_say_error(d, "mend that line, or put the file back from a backup", &err);
		return;
	}
	doctor_say(d, SESS_FINE, "", "%s: %zu key%s that nobody else can read", d->key_path, ring.count,
		ring.count == 1 ? "" : "s");
	keyring_close(&ring);
	find_left_keys(d);
}

/* What a store on a server is opened with, and so examined with. False: that has failed. */
static bool
bring_password(doctor *d)
{
	sess_error err = { 0 };
	int rc;

	if (sodium_init() < 0)
		rc = sess_fail(&err, SESS_CONFIG, "libsodium cannot start: no random source");
	else
		rc = store_password(&d->store, d->whole.password_file, &err);
	if (rc != SESS_OK)
		doctor_say_error(d, "put the password into it again", &err);
	return rc == SESS_OK;
}

/* Settings whole, store found, and we are its owner, if there is one. An exit code. */
static int
begin(doctor *d)
{
	const char *user = tool_given(d->t, "user"), *path;
	sess_error err = { 0 };
	struct stat st;
	int rc;

	if (user != NULL && getpwnam(user) == NULL)
		return tool_fail(d->t, EX_NOUSER, "--user: there is no user \"%s\"", user);
	rc = config_complete(&d->whole, &d->t->config, &err);
	if (rc == SESS_OK)
		rc = store_find(&d->store, d->whole.store, &(sess_limits){
			.max_bytes = d->whole.max_bytes, .busy_ms = d->whole.busy_ms }, &err);
	if (rc != SESS_OK)
		return tool_fail_code(d->t, rc, &err);
	path = store_file(d);
	if (d->whole.key_file[0] != '\0' || path != NULL)
		rc = tool_key_path(d->t, d->key_path);
	/* That it is missing, or no file at all, is for the store to say. */
	if (rc == EX_OK && (path == NULL || lstat(path, &st) == 0 || errno == EACCES))
		rc = tool_own(d->t);
	return rc;
}

static int
end(const doctor *d)
{
	int rc;

	if (!d->t->json && !d->t->quiet)
		printf("%zu fault%s, %zu warning%s\n", d->faults, d->faults == 1 ? "" : "s", d->warnings,
			d->warnings == 1 ? "" : "s");
	rc = tool_flush(d->t);
	return rc != EX_OK ? rc : d->faults > 0 ? EX_FAULTS : d->warnings > 0 ? EX_WARNINGS : EX_OK;
}

static int
check_all(doctor *d)
{
	const sess_provider *p = d->store.provider;

	doctor_config(d);
	check_user(d);
	/* The next step may take its time. */
	fflush(stdout);
	if (bring_password(d) && p->examine != NULL)
		p->examine(&d->store.address, &d->store.limits, tool_given(d->t, "deep") != NULL,
			from_store, d);
	check_keys(d);
	if (d->faults == 0)
		doctor_live(d);
	else
		doctor_say(d, SESS_FINE, "", "the store was not opened, because of the faults above: its "
			"clock and its cleaning were not looked at");
	return end(d);
}

static int
run(tool *t, char **operands)
{
	doctor d = { .t = t };
	int rc;

	(void)operands;
	/* Nothing is changed that would have to come to an end first. */
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	rc = begin(&d);
	if (d.store.provider == NULL)
		return rc;
	if (rc == EX_OK)
		rc = check_all(&d);
	store_close(&d.store);
	return rc;
}

static const tool_option options[] = {
	{ "deep", NULL, "read all that is stored, which can take minutes" },
	{ "user", "NAME", "the user that runs the programs, such as www-data" },
	{ NULL, NULL, NULL }
};

const verb verb_doctor = {
	.name = "doctor",
	.summary = "look for faults, and say what to do about them",
	.details =
		"Checks settings, folder, files, disk, keys, schema, the integrity of the\n"
		"database, the clock, and whether expired sessions are deleted. It changes\n"
		"nothing. The exit code is 0 when all is fine, 1 after warnings, 2 after faults.\n"
		"With --quiet only those are printed.",
	.options = options,
	.run = run,
};
