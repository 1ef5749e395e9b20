/* SPDX-License-Identifier: ISC */
/* power_file.c - power cuts under the file store: whatever is left of unsynced names and files,
 * nobody who logged out is logged in again, and no id is lost that was given out for good. */
#define _GNU_SOURCE
#include "powerleft.h"
#include "powerplant.h"
#include "powerpreload.h"

#include <sys/stat.h>
#include <unistd.h>

#define CUTS 400                /* of one store: each takes as long as there are files */

static char *folder, *shadow, *image;

/* One in four as bad as can be. */
static int
leave_image(plant *p)
{
	return power_leave(folder, shadow, image, dice(&p->seed, 4) == 0 ? NULL : &p->seed);
}

static plant ground;

static void
at_moment(void)
{
	power_maybe_cut(&ground);
}

/* In no folder of the store, or it would be its key that has this one put on disk. */
static void
make_key(void)
{
	char *url = file_url("keys"), *path = temp_path("keys.key");
	sess_config config = store_settings(url, NULL);

	sess_kit_close(open_kit(&config));
	snprintf(ground.config.key_file, sizeof(ground.config.key_file), "%s", path);
	memcpy(ground.after.key_file, ground.config.key_file, sizeof(ground.after.key_file));
	free(url);
	free(path);
}

static void
one_store(int number)
{
	char *url = file_url("disk/store"), *after = file_url("image/store");

	if ((number > 0 && power_remove(folder) != 0) || mkdir(folder, 0700) != 0 ||
		power_begin(folder, shadow) != 0)
		bail("no shadow");
	ground = (plant){ .leave = leave_image };
	power_settings(&ground, url, after);
	ground.seed += (uint64_t)number;
	make_key();
	power_open(&ground);
	power_moment = at_moment;
	power_run(&ground, CUTS);
	power_moment = NULL;
	free(url);
	free(after);
}

/* Thousands of files come and go, which takes a disk's file system ten times as long. */
static void
choose_memory(void)
{
	if (access("/dev/shm", R_OK | W_OK | X_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 1);
}

int
main(void)
{
	int stores = scale(1, 20);
	char *here;

	time_limit((unsigned)scale(60, 600));
	choose_memory();
	here = realpath(temp_dir(), NULL);
	shadow = temp_path("shadow");
	image = temp_path("image");
	if (here == NULL || asprintf(&folder, "%s/disk", here) < 0)
		bail("no folder");
	(void)setenv("POWER_FOLDER", folder, 1);
	(void)setenv("POWER_SHADOW", shadow, 1);
	for (int i = 0; i < stores; i++)
		one_store(i);
	free(here);
	free(folder);
	free(shadow);
	free(image);
	return done();
}
