/* SPDX-License-Identifier: ISC */
/*
 * powercut.c - a power cut under a server that had powerpreload.c preloaded, and has been killed.
 *
 *   powercut FOLDER SHADOW [SEED]
 *
 * Makes the shadow, for which all that is in the folder counts as synced; before, with a seed, puts
 * in the place of the folder what a cut might leave of it: with 0 no more than was synced.
 */
#include "../faults/faults.h"
#include "../faults/powerleft.h"

static int
cut(const char *folder, const char *shadow, uint64_t seed)
{
	char left[400], was[400];

	snprintf(left, sizeof(left), "%s.left", folder);
	snprintf(was, sizeof(was), "%s.was", folder);
	if (power_leave(folder, shadow, left, seed != 0 ? &seed : NULL) != 0)
		return -1;
	return rename(folder, was) != 0 || rename(left, folder) != 0 || power_remove(was) != 0;
}

int
main(int argc, char **argv)
{
	if (argc != 3 && argc != 4)
		bail("usage: powercut FOLDER SHADOW [SEED]");
	if (argc == 4 && cut(argv[1], argv[2], strtoull(argv[3], NULL, 10)) != 0)
		bail("%s: not all of it can be left", argv[1]);
	if (power_begin(argv[1], argv[2]) != 0)
		bail("%s: no shadow of it", argv[1]);
	return 0;
}
