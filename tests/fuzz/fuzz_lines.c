/* SPDX-License-Identifier: ISC */
/* fuzz_lines.c - any bytes as a line of an export, with a right checksum: what is read can be
 * written, and that is read as the same. */
#include "../../fcgi-apps/tools/lines.h"

#include "fuzz.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define MAX_BYTES 1000
#define ID "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
#define OTHER "ff02030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
#define WHOLE "{\"id\":\"" ID "\",\"secret\":\"" ID "\",\"family\":\"0102030405060708090a0b0c0d0e0f10\"," \
	"\"revision\":1,\"created\":1,\"seen\":2,\"expires\":3,\"absolute\":9,\"idle\":1,\"renew\":0," \
	"\"offered\":0,\"login\":0,\"persist\":0,\"level\":0"
#define TRACE "{\"kind\":1,\"id\":\"" OTHER "\",\"secret\":\"" ID "\",\"at\":1,\"keep\":2}"

const char *const fuzz_words[] = { WHOLE ",\"data\":{\"a\":1}}", WHOLE ",\"user\":\"u\",\"agent\":"
	"{\"text\":\"_w\"},\"traces\":[" TRACE "," TRACE "],\"data\":{}}", WHOLE ",\"sealed\":\"AAEC\"}",
	"{\"ended\":\"" ID "\",\"why\":8,\"at\":1,\"keep\":2,\"next\":\"" OTHER "\"}",
	"{\"sesskit_export\":1,\"made\":1,\"store\":\"s\",\"keys\":\"k\"}",
	"{\"complete\":1,\"records\":1,\"ids_ended\":1,\"left_out\":0,\"chain\":"
	"\"0102030405060708090a0b0c0d0e0f10\"}", "{\"id\":", ",\"data\":", ",\"traces\":[", "},{", "]}",
	"\"text\":\"", "\"user\":\"x\"", "\\\"", "\\u0000", "9999999999999", "-1", "{", "}", "\"", ",",
	":", "{\"bytes\":\"", "\xc3\xa9", "\xff", "\n", NULL };

/* A line with the checksum that belongs to it; for the caller to free. */
static char *
sign(const uint8_t *data, size_t size, size_t *len)
{
	char *text = malloc(size + 64), packed[LINE_SUM_CHARS + 1];
	unsigned char sum[LINE_SUM];

	fuzz_check(text != NULL);
	if (size > 0)
		size--;
	for (size_t i = 0; i < size; i++)
		text[i] = (char)data[i];
	crypto_generichash(sum, sizeof(sum), (unsigned char *)text, size, NULL, 0);
	base64_encode(packed, sum, sizeof(sum));
	*len = size + (size_t)snprintf(text + size, 64, ",\"sum\":\"%s\"}", packed);
	return text;
}

static void
write_again(const line *l)
{
	sess_item item = { .rec = l->kind == LINE_RECORD ? &l->rec : NULL, .traces = l->traces,
		.count = l->count };
	line_tally tally = { .records = 0 };
	buffer first = { 0 }, second = { 0 };
	line again = { .kind = 0 };
	sess_error err = { 0 };
	char *copy;

	fuzz_check(line_put_item(&first, &tally, &item) == SESS_OK);
	fuzz_check(memchr(first.at, '\n', first.len) == first.at + first.len - 1);
	fuzz_check(first.len <= line_max(MAX_BYTES));
	copy = fuzz_copy(first.at, first.len - 1);
	fuzz_check(line_read(&again, copy, first.len - 1, MAX_BYTES, &err) == SESS_OK);
	fuzz_check(again.kind == l->kind && again.count == l->count);
	item.rec = item.rec != NULL ? &again.rec : NULL;
	item.traces = again.traces;
	fuzz_check(line_put_item(&second, &tally, &item) == SESS_OK);
	fuzz_check(second.len == first.len && memcmp(second.at, first.at, first.len) == 0);
	line_free(&again);
	buffer_free(&first);
	buffer_free(&second);
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t len;
	char *text = sign(data, size, &len);
	line l = { .kind = 0 };
	sess_error err = { 0 };
	int rc = line_read(&l, text, len, MAX_BYTES, &err);

	fuzz_check(rc == SESS_OK || (rc == SESS_INVALID && err.text[0] != '\0'));
	if (rc == SESS_OK && (l.kind == LINE_RECORD || l.kind == LINE_ENDED))
		write_again(&l);
	line_free(&l);
	free(text);
	return 0;
}
