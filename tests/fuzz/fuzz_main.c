/* SPDX-License-Identifier: ISC */
/*
 * fuzz_main.c - runs a fuzz target without libFuzzer: on the files named, or else on a fixed number
 * of inputs that look random and are the same in every run.
 */
#include "../measure.h"
#include "../tap.h"
#include "fuzz.h"

#define INPUTS 100000
#define INPUT_MAX 40000

static uint8_t input[INPUT_MAX];
static size_t size, words;
static uint64_t seed = 9;

/* Put bytes in at a place; what then does not fit falls off the end. */
static void
insert(size_t at, const void *bytes, size_t len)
{
	if (len > sizeof(input) - at)
		len = sizeof(input) - at;
	if (size > sizeof(input) - len)
		size = sizeof(input) - len;
	memmove(input + at + len, input + at, size - at);
	memcpy(input + at, bytes, len);
	size += len;
}

static void
insert_word(size_t at)
{
	const char *word = fuzz_words[dice_below(&seed, words)];

	insert(at, word, strlen(word));
}

static void
change(void)
{
	size_t at = dice_below(&seed, size + 1), len = dice_below(&seed, size - at + 1);
	uint8_t byte = (uint8_t)dice(&seed);

	switch (dice_below(&seed, 6)) {
	case 0:
		insert(at, &byte, 1);
		break;
	case 1:
		if (at < size)
			input[at] = byte;
		break;
	case 2:
		if (at < size)
			input[at] ^= (uint8_t)(1U << dice_below(&seed, 8));
		break;
	case 3: /* short cuts, or little would be left */
		len = len > 8 ? len % 8 : len;
		memmove(input + at, input + at + len, size - at - len);
		size -= len;
		break;
	case 4:
		insert_word(at);
		break;
	default: {
		static uint8_t copy[INPUT_MAX];

		memcpy(copy, input + at, len);
		insert(at, copy, len);
	}
	}
}

/* A word or some in a row, then a few changes; one in two hundred is long. */
static void
make_input(void)
{
	size_t n = dice_below(&seed, 2) ? 0 : dice_below(&seed, 5);

	if (dice_below(&seed, 200) == 0)
		n = dice_below(&seed, 4000);
	size = 0;
	if (words == 0) {
		for (size = dice_below(&seed, n > 3 ? n : 300); n < size; n++)
			input[n] = (uint8_t)dice(&seed);
		return;
	}
	insert_word(0);
	for (size_t i = 0; i < n; i++)
		insert_word(size);
	for (n = dice_below(&seed, n != 0 ? 6 : 3); n > 0; n--)
		change();
}

/* From a place of exactly its size, so that a sanitizer sees any step too far. */
static void
run(void)
{
	uint8_t *exact = malloc(size != 0 ? size : 1);

	if (exact == NULL)
		bail("out of memory");
	memcpy(exact, input, size);
	(void)LLVMFuzzerTestOneInput(exact, size);
	free(exact);
}

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");

		if (f == NULL)
			bail("cannot read %s", argv[i]);
		size = fread(input, 1, sizeof(input), f);
		fclose(f);
		run();
		ok(true, "%s", argv[i]);
	}
	if (argc > 1)
		return done();
	while (fuzz_words != NULL && fuzz_words[words] != NULL)
		words++;
	for (int i = 0; i < INPUTS; i++) {
		make_input();
		run();
	}
	ok(true, "%d inputs, and each as it should be", INPUTS);
	return done();
}
