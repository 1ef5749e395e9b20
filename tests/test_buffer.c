/* SPDX-License-Identifier: ISC */
/* test_buffer.c - buffers grow and keep their bytes; arenas never move what they lent; neither
 * gives memory back with contents in it. */
#include "alloc.h"
#include "internal.h"
#include "measure.h"
#include "tap.h"

#define SECRET "k7Q-the-secret-that-must-not-stay"

static bool
all_zero(const char *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (at[i] != 0)
			return false;
	return true;
}

static void
put_grows(void)
{
	static char want[100000];
	uint64_t seed = 1;
	buffer b = { 0 };
	size_t len = 0, step, allocations = alloc_count();
	bool good = true;

	for (size_t i = 0; i < sizeof(want); i++)
		want[i] = (char)dice(&seed);
	for (step = 0; len + step <= sizeof(want); len += step, step = dice_below(&seed, 400))
		good = good && buffer_put(&b, want + len, step) == SESS_OK;
	ok(good && b.len == len && memcmp(b.at, want, len) == 0,
		"%zu bytes in pieces of any size come out as they went in", len);
	ok(alloc_count() - allocations < 12, "in fewer than 12 allocations");
	is_int(buffer_put(&b, NULL, 0), SESS_OK, "no bytes from nowhere are fine");
	buffer_free(&b);
	ok(b.at == NULL && b.cap == 0 && b.len == 0, "freed, it is empty");
	buffer_free(&b);
	is_int(buffer_text(&b, "again") | buffer_end(&b), SESS_OK, "and can be used again");
	is_str(b.at, "again", "with the new bytes only");
	buffer_free(&b);
}

static void
room_at_limits(void)
{
	buffer b = { 0 };
	size_t allocations = alloc_count();

	is_int(buffer_room(&b, 0), SESS_OK, "no room is always there");
	ok(b.at == NULL && alloc_count() == allocations, "and takes no memory");
	is_int(buffer_room(&b, SIZE_MAX), SESS_NOMEM, "more than there is memory is refused");
	is_int(buffer_room(&b, SIZE_MAX / 4 + 1), SESS_NOMEM, "so is a quarter of it and one");
	is_int(buffer_put(&b, SECRET, SIZE_MAX), SESS_NOMEM, "and such a put");
	ok(b.at == NULL && b.len == 0 && b.cap == 0, "which leave the buffer alone");
	is_int(buffer_room(&b, 512), SESS_OK, "512 bytes fit");
	is_int((int64_t)b.cap, 512, "exactly");
	memset(b.at, 'x', 512);
	b.len = 512;
	alloc_fail(1, true);
	is_int(buffer_end(&b), SESS_NOMEM, "a NUL behind a full buffer needs memory");
	alloc_fail(0, false);
	is_int(buffer_end(&b), SESS_OK, "and, if there is some,");
	ok(b.len == 512 && b.cap == 1024 && b.at[512] == '\0', "grows it, and is not counted");
	memset(b.at, 'x', 1024);
	b.len = 1024;
	buffer_wipe(&b);
	ok(all_zero(b.at, 1024), "a full buffer is wiped to its end, and no further");
	buffer_free(&b);
}

static void
failure_changes_nothing(void)
{
	char text[600];
	buffer b = { 0 };
	arena a = { 0 };

	memset(text, 'x', sizeof(text));
	(void)buffer_text(&b, "kept");
	alloc_fail(1, true);
	is_int(buffer_put(&b, text, sizeof(text)), SESS_NOMEM, "without memory a put fails");
	ok(b.len == 4 && memcmp(b.at, "kept", 4) == 0, "and what was there stays");
	ok(arena_take(&a, 1) == NULL && a.first == NULL, "an arena gives nothing, and has nothing");
	ok(arena_copy(&a, SECRET, SIZE_MAX) == NULL, "not even a copy of everything");
	alloc_fail(0, false);
	ok(arena_take(&a, SIZE_MAX) == NULL, "nor with memory");
	arena_free(&a);
	buffer_free(&b);
}

static void
wipe_leaves_nothing(void)
{
	buffer b = { 0 };
	arena a = { 0 };
	char filler[4000];

	memset(filler, 'f', sizeof(filler));
	alloc_watch(SECRET);
	(void)buffer_text(&b, SECRET);
	for (int i = 0; i < 8; i++)
		(void)buffer_put(&b, filler, sizeof(filler));
	is_int((int64_t)alloc_unwiped(), 0, "growing wipes the old place");
	(void)buffer_text(&b, SECRET);
	buffer_free(&b);
	is_int((int64_t)alloc_unwiped(), 0, "freeing wipes");
	(void)buffer_text(&b, SECRET);
	(void)buffer_end(&b);
	buffer_wipe(&b);
	ok(b.len == 0 && b.cap == 512 && all_zero(b.at, sizeof(SECRET)), "a wipe keeps the memory");
	buffer_free(&b);
	for (int i = 0; i < 20; i++)
		(void)arena_copy(
			&a, i % 2 ? filler : SECRET, i % 2 ? sizeof(filler) : sizeof(SECRET));
	arena_reset(&a);
	is_int((int64_t)alloc_unwiped(), 0, "resetting an arena wipes what it frees");
	ok(a.first == a.last && a.first != NULL, "and keeps one chunk");
	ok(all_zero(arena_take(&a, sizeof(SECRET)), sizeof(SECRET)), "wiped as well");
	(void)arena_copy(&a, SECRET, sizeof(SECRET));
	arena_free(&a);
	is_int((int64_t)alloc_unwiped(), 0, "so does freeing it");
	(void)buffer_text(&b, "123" SECRET);
	b.len = 0;
	buffer_free(&b);
	is_int((int64_t)alloc_unwiped(), 1, "and the watch sees a secret that is left");
	alloc_watch(NULL);
}

#define COPIES 500

static void
arena_keeps(void)
{
	static char *at[COPIES];
	static size_t len[COPIES];
	static char text[9000];
	uint64_t seed = 2;
	bool aligned = true, same = true, ended = true;
	arena a = { 0 };
	size_t before;

	for (size_t i = 0; i < COPIES; i++) {
		len[i] = dice_below(&seed, i % 50 == 0 ? sizeof(text) : 200);
		memset(text, (int)(i % 255) + 1, sizeof(text));
		if ((at[i] = arena_copy(&a, text, len[i])) == NULL)
			bail("out of memory");
		aligned = aligned && (uintptr_t)at[i] % _Alignof(max_align_t) == 0;
	}
	for (size_t i = 0; i < COPIES; i++) {
		memset(text, (int)(i % 255) + 1, sizeof(text));
		same = same && memcmp(at[i], text, len[i]) == 0;
		ended = ended && at[i][len[i]] == '\0';
	}
	ok(same, "%d copies stay where and what they are", COPIES);
	ok(ended, "each with a NUL behind");
	ok(aligned, "each fit for any type");
	is_str(arena_copy(&a, NULL, 0), "", "a copy of nothing is an empty text");
	arena_reset(&a);
	before = alloc_count();
	for (int i = 0; i < 1000; i++) {
		(void)arena_copy(&a, text, 100);
		arena_reset(&a);
	}
	is_int((int64_t)(alloc_count() - before), 0, "a reset arena needs no new memory");
	arena_free(&a);
	arena_free(&a);
	arena_reset(&a);
	ok(a.first == NULL && a.last == NULL, "freed twice and reset, it is empty");
}

static void
sink_copies(void)
{
	sess_sink sink = { { 0 } };
	char *copy = sess_sink_put(&sink, "a\0b", 3);

	ok(copy != NULL && memcmp(copy, "a\0b", 4) == 0,
		"a sink copies any bytes, and a NUL behind");
	is_str(sess_sink_put(&sink, NULL, 0), "", "nothing becomes an empty text");
	alloc_fail(1, true);
	ok(sess_sink_put(&sink, SECRET, 5000) == NULL, "without memory it says so");
	alloc_fail(0, false);
	arena_free(&sink.memory);
}

int
main(void)
{
	put_grows();
	room_at_limits();
	failure_changes_nothing();
	wipe_leaves_nothing();
	arena_keeps();
	sink_copies();
	return done();
}
