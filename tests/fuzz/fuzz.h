/* SPDX-License-Identifier: ISC */
/* fuzz.h - what a fuzz target has beside its function. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What inputs of this target are made of, up to a NULL; fuzz_main.c puts them together and damages
 * them. A target without such a list gets random bytes. */
extern const char *const fuzz_words[] __attribute__((weak));

/* A finding: both libFuzzer and the test driver notice the signal. */
static inline void
fuzz_check(bool good)
{
	if (!good)
		abort();
}

/* A copy of some bytes with a NUL behind, for the caller to free. */
static inline char *
fuzz_copy(const void *data, size_t len)
{
	char *copy = malloc(len + 1);

	fuzz_check(copy != NULL);
	for (size_t i = 0; i < len; i++)
		copy[i] = ((const char *)data)[i];
	copy[len] = '\0';
	return copy;
}

#endif
