/* SPDX-License-Identifier: ISC */
/* power.c - power cuts under SQLite, with the sessions in it or in the browsers: whatever is left of
 * unsynced writes, the database is sound, nobody who logged out is logged in again, and no id is
 * lost that was given out for good. */
#include "powerplant.h"
#include "powervfs.h"

static const char *
path_of(const sess_config *config)
{
	return strrchr(config->store, ':') + 1;
}

static int
leave_image(plant *p)
{
	char index[320];

	snprintf(index, sizeof(index), "%s-shm", path_of(&p->after));
	(void)remove(index);
	return power_image(path_of(&p->after), &p->seed);
}

static const char *
look_at_form(plant *p)
{
	return integrity(path_of(&p->after));
}

static void
copy_log(plant *p)
{
	if (!checkpoint(path_of(&p->config)))
		bail("no checkpoint");
}

static void
at_moment(void *arg)
{
	power_maybe_cut(arg);
}

/* Cut the power of a store whose URL is this and the path of a database. */
static void
cut_often(const char *scheme, const char *name, const char *copy, int cuts)
{
	plant p = { .leave = leave_image, .form = look_at_form, .tidy = copy_log };
	char *live = sqlite_url(name), *image = sqlite_url(copy);
	char url[300], after[300];

	snprintf(url, sizeof(url), "%s%s", scheme, live);
	snprintf(after, sizeof(after), "%s%s", scheme, image);
	power_settings(&p, url, after);
	sess_kit_close(open_kit(&p.config));
	copy_file(path_of(&p.config), path_of(&p.after), ".key");
	if (power_watch(path_of(&p.config)) != 0)
		bail("SQLite takes no other file system");
	power_open(&p);
	power_moment(at_moment, &p);
	power_run(&p, cuts);
	power_moment(NULL, NULL);
	is_str(integrity(path_of(&p.config)), "ok", "the live one is sound");
	free(live);
	free(image);
}

int
main(void)
{
	time_limit((unsigned)scale(60, 600));
	cut_often("", "power.db", "image.db", scale(400, 10000));
	cut_often("cookie:", "ended.db", "ended-image.db", scale(100, 2000));
	return done();
}
