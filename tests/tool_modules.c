/* SPDX-License-Identifier: ISC */
/* tool_modules.c - the command for tests: it takes its modules from SESSKIT_TEST_MODULES, where the
 * one that is installed takes them from nowhere but its own folder. */
#include "internal.h"

#include <stdlib.h>

static const char name[] = "SESSKIT_TEST_MODULES";

__attribute__((constructor)) static void
set_folder(void)
{
	if (getenv(name) != NULL)
		store_module_folder = getenv(name);
	/* No setting of this name is known. */
	(void)unsetenv(name);
}
