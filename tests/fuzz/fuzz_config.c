/* SPDX-License-Identifier: ISC */
/* fuzz_config.c - libFuzzer target: any bytes as a configuration file and as an environment. The
 * outcome is an error with its place, or a config that config_complete can work with. */
#define _GNU_SOURCE
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An error is one line of text. */
static void
check(int rc, const sess_error *err)
{
	if (rc == SESS_OK)
		return;
	if (rc != SESS_CONFIG || err->code != rc || err->text[0] == '\0' ||
		strpbrk(err->text, "\r\n\x1b") != NULL)
		abort();
}

/* The bytes up to the first NUL as one variable. */
static void
environment(const uint8_t *data, size_t size)
{
	sess_config config = SESS_CONFIG_INIT;
	size_t len = strnlen((const char *)data, size);
	char *variable = malloc(sizeof("SESSKIT_") + len);
	char *env[2] = { variable, NULL };
	sess_error err = { 0 };

	if (variable == NULL)
		return;
	memcpy(variable, "SESSKIT_", 8);
	memcpy(variable + 8, data, len);
	variable[8 + len] = '\0';
	if (strncmp(variable, "SESSKIT_CONFIG=", 15) != 0)
		check(sess_config_env(&config, env, &err), &err);
	free(variable);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz_config", MFD_CLOEXEC);
	sess_config config = SESS_CONFIG_INIT, whole;
	sess_error err = { 0 };
	char path[40];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	check(sess_config_file(&config, path, &err), &err);
	check(config_complete(&whole, &config, &err), &err);
	close(fd);
	if (size > 0)
		environment(data, size);
	return 0;
}
