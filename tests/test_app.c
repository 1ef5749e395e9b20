/* SPDX-License-Identifier: ISC */
/*
 * test_app.c - a sample program, started here, and a FastCGI client that breaks off half-way, says
 * no length or a wrong one, and sends more than anybody should.
 */
#define _GNU_SOURCE
#include "support.h"
#include "tap.h"

#include <fastcgi.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIECE 60000     /* of a body, in one record; below what a record may hold */
#define FORM "application/x-www-form-urlencoded"

static struct sockaddr_un address = { .sun_family = AF_UNIX };
static char cookie[200];        /* "" before a session was begun */
static char answer[8192];       /* the last one, or how it begins */

/* How a client ends its request. */
enum { ENDS, HANGS_UP, ABORTS, KEEPS };

/* -- the program ------------------------------------------------------------------------------- */

static pid_t
start_program(void)
{
	const char *top = getenv("top_builddir");
	char *path = temp_path("socket"), *store = temp_path("sessions.db");
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	char program[4096], variable[4096], *env[] = { variable, NULL };
	pid_t pid;

	snprintf(program, sizeof(program), "%s/fcgi-apps/setget", top ? top : ".");
	snprintf(variable, sizeof(variable), "SESSKIT_STORE=sqlite:%s", store);
	if (strlen(path) >= sizeof(address.sun_path))
		bail("%s is too long for a socket", path);
	strcpy(address.sun_path, path);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 8))
		bail("cannot listen at %s", path);
	free(path);
	free(store);
	if ((pid = fork()) == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);       /* should the test be ended */
		dup2(listener, FCGI_LISTENSOCK_FILENO);
		execle(program, program, NULL, env);
		_exit(127);
	}
	close(listener);
	return pid;
}

/* -- the client -------------------------------------------------------------------------------- */

/* False when the program has closed the connection. */
static bool
send_record(int to, int type, const char *bytes, size_t len)
{
	unsigned char head[FCGI_HEADER_LEN] = { FCGI_VERSION_1, (unsigned char)type, 0, 1,
		(unsigned char)(len >> 8), (unsigned char)len };

	return send(to, head, sizeof(head), MSG_NOSIGNAL) == sizeof(head) &&
		send(to, bytes, len, MSG_NOSIGNAL) == (ssize_t)len;
}

/* Append a variable with a short name and value; NULL is none. */
static size_t
put(char *to, const char *name, const char *value)
{
	size_t n = strlen(name), v = value ? strlen(value) : 0;

	if (!value)
		return 0;
	if (n > 127 || v > 127)
		bail("%s is too long", name);
	to[0] = (char)n;
	to[1] = (char)v;
	memcpy(to + 2, name, n);
	memcpy(to + 2 + n, value, v);
	return 2 + n + v;
}

static int
open_request(const char *method, const char *length, int how)
{
	char begin[8] = { 0, FCGI_RESPONDER, how == KEEPS ? FCGI_KEEP_CONN : 0 }, all[1024];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	size_t n;

	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		bail("nobody listens");
	n = put(all, "REQUEST_METHOD", method);
	n += put(all + n, "SCRIPT_NAME", "/setget");
	n += put(all + n, "CONTENT_TYPE", FORM);
	n += put(all + n, "CONTENT_LENGTH", length);
	n += put(all + n, "HTTP_COOKIE", *cookie ? cookie : NULL);
	send_record(fd, FCGI_BEGIN_REQUEST, begin, sizeof(begin));
	send_record(fd, FCGI_PARAMS, all, n);
	send_record(fd, FCGI_PARAMS, "", 0);
	return fd;
}

/* All that comes, headers of records included; what does not fit into answer is only read. */
static void
read_answer(int fd)
{
	char rest[8192];
	size_t used = 0;
	ssize_t n;

	while ((n = recv(fd, rest, sizeof(rest), 0)) > 0)
		for (ssize_t i = 0; i < n && used < sizeof(answer) - 1; i++)
			answer[used++] = rest[i] ? rest[i] : ' ';
	answer[used] = '\0';
	close(fd);
}

/* One request: body, then fill bytes more. Returns the status of the answer, 0 if there is none. */
static int
ask(const char *method, const char *length, const char *body, size_t fill, int how)
{
	static char piece[PIECE];
	int fd = open_request(method, length, how);
	const char *status;
	bool open = *body == '\0' || send_record(fd, FCGI_STDIN, body, strlen(body));

	memset(piece, 'x', sizeof(piece));
	for (size_t n; open && fill > 0; fill -= n) {
		n = fill < PIECE ? fill : PIECE;
		open = send_record(fd, FCGI_STDIN, piece, n);
	}
	if (how == ENDS || how == KEEPS)
		send_record(fd, FCGI_STDIN, "", 0);
	else if (how == ABORTS)
		send_record(fd, FCGI_ABORT_REQUEST, "", 0);
	else
		shutdown(fd, SHUT_WR);
	read_answer(fd);
	status = strstr(answer, "Status: ");
	return status ? atoi(status + strlen("Status: ")) : 0;
}

/* -- what it is asked -------------------------------------------------------------------------- */

/* A piece of the last answer: what follows before, up to a byte of until. */
static const char *
piece_of_answer(const char *before, const char *until)
{
	static char piece[200];
	const char *at = strstr(answer, before);

	if (!at)
		bail("no %s in the answer", before);
	at += strlen(before);
	snprintf(piece, sizeof(piece), "%.*s", (int)strcspn(at, until), at);
	return piece;
}

/* A form with a note and with the token of a page just got. */
static const char *
form(const char *note)
{
	static char text[400];

	is_int(ask("GET", NULL, "", 0, ENDS), 200, "the page is there");
	snprintf(text, sizeof(text), "note=%s&token=%s", note,
		piece_of_answer("name=\"token\" value=\"", "\""));
	return text;
}

static const char *
length_of(const char *text, size_t more)
{
	static char number[24];

	snprintf(number, sizeof(number), "%zu", strlen(text) + more);
	return number;
}

static void
is_note(const char *want)
{
	is_int(ask("GET", NULL, "", 0, ENDS), 200, "the program goes on");
	is_str(piece_of_answer("<q class=\"note\">", "<"), want, "and holds what it held");
}

static void
test_whole(void)
{
	const char *text;

	is_int(ask("GET", NULL, "", 0, ENDS), 200, "a page before any session");
	snprintf(cookie, sizeof(cookie), "%s", piece_of_answer("Set-Cookie: ", ";"));
	text = form("first");
	is_int(ask("POST", length_of(text, 0), text, 0, ENDS), 303, "a whole form is taken");
	snprintf(cookie, sizeof(cookie), "%s", piece_of_answer("Set-Cookie: ", ";"));
	is_note("first");
	is_int(ask("POST", NULL, form("second"), 0, ENDS), 303, "so is one of no known length");
	is_note("second");
}

static void
test_cut(void)
{
	const char *text = form("cut");

	is_int(ask("POST", length_of(text, 1), text, 0, ENDS), 400, "one byte too few");
	is_note("second");
	text = form("cut");
	is_int(ask("POST", length_of(text, 100), text, 0, HANGS_UP), 400,
		"hung up within the form");
	text = form("cut");
	is_int(ask("POST", length_of(text, 100), text, 0, ABORTS), 400, "aborted within the form");
	is_int(ask("POST", NULL, form("cut"), 0, HANGS_UP), 400,
		"hung up where no length is known");
	is_int(ask("POST", NULL, form("cut"), 0, ABORTS), 400, "aborted where no length is known");
	is_int(ask("POST", "many", form("cut"), 0, ENDS), 400, "a length that is no number");
	is_note("second");
}

static void
test_large(void)
{
	const char *text = form("large");
	size_t room = 65536 - strlen(text);

	is_int(ask("POST", length_of(text, room + 1), text, room + 1, ENDS), 413,
		"64 KiB and a byte");
	is_int(ask("POST", NULL, text, room + 1, ENDS), 413, "the same of no known length");
	is_int(ask("POST", length_of(text, 8 << 20), text, 8 << 20, ENDS), 413, "8 MiB");
	ask("POST", NULL, text, 40 << 20, ENDS);
	ask("POST", length_of(text, 40 << 20), text, 40 << 20, KEEPS);
	is_note("second");
	text = form("third&fill=");
	room = 65536 - strlen(text);
	is_int(ask("POST", length_of(text, room), text, 0, HANGS_UP), 400,
		"64 KiB that never come");
	is_int(ask("GET", "5", "hello", 0, ENDS), 200, "a page asked for with a body");
	is_int(ask("BREW", "5", "hello", 0, ENDS), 405, "a method that nobody knows");
	is_note("second");
}

int
main(void)
{
	pid_t pid = start_program();
	int status;

	alarm(60);      /* a program that does not answer ends the test */
	test_whole();
	test_cut();
	test_large();
	kill(pid, SIGTERM);
	is_int(waitpid(pid, &status, 0), pid, "the program ends when told");
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "and cleanly");
	return done();
}
