/* SPDX-License-Identifier: ISC */
/* store_module.c - stores in modules of their own, so that nobody links a client library that is not
 * used. A module takes sess_fail and sess_sink_put from the library, or from the program. */
#include "internal.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Fixed when this was built: no variable of a web request or of a caller's environment may say where
 * code comes from. */
const char *store_module_folder = SESSKIT_MODULES;

/* The first object is the program; one that is linked statically asks for no loader. */
static int
has_loader(struct dl_phdr_info *program, size_t size, void *yes)
{
	(void)size;
	for (int i = 0; i < program->dlpi_phnum; i++)
		if (program->dlpi_phdr[i].p_type == PT_INTERP)
			*(bool *)yes = true;
	return 1;
}

static const sess_provider *
load(const char *name, const char *path, sess_error *err)
{
	/* Client libraries keep threads' data and exit handlers: what was loaded once, stays. */
	void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	const sess_provider *found;
	char symbol[64];

	if (module == NULL) {
		(void)sess_fail(err, SESS_CONFIG, "store: \"%s:\" needs a module that cannot be loaded: "
			"%s; install the package libsesskit-%s again", name, dlerror(), name);
		return NULL;
	}
	snprintf(symbol, sizeof(symbol), "sess_provider_%s", name);
	found = dlsym(module, symbol);
	dlclose(module);
	if (found != NULL && found->abi == SESS_STORE_ABI && strcmp(found->scheme, name) == 0)
		return found;
	(void)sess_fail(err, SESS_CONFIG, "store: %s is no module for this version of sesskit, %s; "
		"install the package libsesskit-%s of the same version", path, SESS_VERSION, name);
	return NULL;
}

const sess_provider *
store_module(const char *name, sess_error *err)
{
	bool loader = false;
	char path[PATH_MAX];
	struct stat st;

	(void)dl_iterate_phdr(has_loader, &loader);
	snprintf(path, sizeof(path), "%s/sesskit_%s.so", store_module_folder, name);
	if (!loader)
		(void)sess_fail(err, SESS_CONFIG, "store: \"%s:\" needs a module, and this program, "
			"which is linked statically, can load none; link it with the shared libraries", name);
	else if (stat(path, &st) != 0 && errno == ENOENT)
		(void)sess_fail(err, SESS_CONFIG, "store: \"%s:\" needs a module that is not installed: "
			"install the package libsesskit-%s (there is no %s)", name, name, path);
	else
		return load(name, path, err);
	return NULL;
}
