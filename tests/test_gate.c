/* SPDX-License-Identifier: ISC */
/* test_gate.c - who waited at the gate is counted, and who does not know it is not let in. */
#include "sqlite_fixture.h"
#include "store_sqlite.h"

#include <fcntl.h>
#include <unistd.h>

static void gate_counts_who_waited(void)
{
	const sess_limits hurry = { .max_bytes = 4096, .busy_ms = 30 };
	char *path = temp_path("gate.db");
	const sess_address address = { .url = path, .path = path };
	int64_t waits, longest_us, busy, ignored;
	sqlite_store *first = store_at(path);
	void *second = NULL;

	insert(first, 1);
	gate_stats(&first->gate, &waits, &longest_us, &busy);
	is_int(waits + longest_us + busy, 0, "nobody waited so far");
	if (provider->open(&second, &address, &hurry, &error) != SESS_OK ||
		provider->hold(first, record(1).id, &error) != SESS_OK)
		bail("%s", error.text);
	is_int(insert(second, 2), SESS_BUSY, "one gives up");
	(void)provider->release(first, &error);
	gate_stats(&first->gate, &waits, &longest_us, &busy);
	is_int(waits, 1, "one waited");
	is_int(busy, 1, "and gave up");
	ok(longest_us >= 30000, "after %lld us", (long long)longest_us);
	provider->close(second);
	provider->close(first);
	first = store_at(path);
	gate_stats(&first->gate, &waits, &ignored, &busy);
	is_int(waits, 1, "which is known when all had ended");
	provider->close(first);
	free(path);
}

/* Its first bytes say which version made it; see struct gate_page. */
static void gate_of_another_version_is_refused_at_once(void)
{
	char *path = temp_path("version.db"), name[600];
	const sess_limits limits = { .max_bytes = 4096, .busy_ms = 1000 };
	const sess_address address = { .url = path, .path = path };
	sqlite_store *first = store_at(path);
	void *second = NULL;
	unsigned mark;
	int fd;

	snprintf(name, sizeof(name), "%s-gate", path);
	fd = open(name, O_RDWR);
	if (pread(fd, &mark, sizeof(mark), 0) != sizeof(mark))
		bail("%s cannot be read", name);
	mark += 0x10000;
	is_int(pwrite(fd, &mark, sizeof(mark), 0), sizeof(mark), "programs of another version use it");
	is_int(provider->open(&second, &address, &limits, &error), SESS_STORE, "ours is not let in");
	ok(strstr(error.text, "another version") != NULL, "and says why: %s", error.text);
	provider->close(first);
	close(fd);
	is_int(provider->open(&second, &address, &limits, &error), SESS_OK, "it is once they ended");
	provider->close(second);
	free(path);
}

static void gate_knows_who_keeps(void)
{
	char *path = temp_path("kept.db");
	sqlite_store *first = store_at(path), *second;

	ok(gate_alone(&first->gate), "nobody else is there");
	second = store_at(path);
	ok(!gate_alone(&first->gate) && !gate_alone(&second->gate), "two are not alone");
	ok(!gate_kept(&second->gate), "nobody keeps the log");
	gate_keep(&first->gate, KEEP_MOST_MS);
	ok(gate_kept(&second->gate), "one does, as the other sees");
	gate_keep(&first->gate, 0);
	ok(!gate_kept(&second->gate), "no more");
	/* A time that was left behind before the machine started anew, and its clock with it. */
	gate_keep(&first->gate, 10 * KEEP_MOST_MS);
	ok(!gate_kept(&second->gate), "nobody keeps it for as long as that");
	gate_keep(&first->gate, -1);
	ok(!gate_kept(&second->gate), "nor when the time is over");
	gate_keep(&first->gate, KEEP_MOST_MS);
	provider->close(second);
	ok(gate_alone(&first->gate), "one has left");
	provider->close(first);
	first = store_at(path);
	ok(!gate_kept(&first->gate), "who comes first starts anew");
	provider->close(first);
	free(path);
}

int main(void)
{
	gate_counts_who_waited();
	gate_of_another_version_is_refused_at_once();
	gate_knows_who_keeps();
	return done();
}
