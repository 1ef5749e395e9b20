/* SPDX-License-Identifier: ISC */
/* sesskit.c - the operator's command: finds the verb, runs it, and says in one line what failed. */
#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const verb *const verbs[] = {
#define VERB(name) &verb_##name,
#include "verbs.def"
#undef VERB
	NULL
};

const verb *
verb_find(const char *name)
{
	for (size_t i = 0; verbs[i] != NULL; i++)
		if (strcmp(verbs[i]->name, name) == 0)
			return verbs[i];
	return NULL;
}

int
verb_unknown(const tool *t, const char *name)
{
	guess g = { .word = name };

	for (size_t i = 0; verbs[i] != NULL; i++)
		guess_try(&g, verbs[i]->name);
	if (g.nearest != NULL)
		return tool_fail(t, EX_USAGE, "%s: no such verb; did you mean %s?", name, g.nearest);
	return tool_fail(t, EX_USAGE, "%s: no such verb; sesskit help lists them", name);
}

/* -- messages ---------------------------------------------------------------------------------- */

int
tool_fail(const tool *t, int exit_code, const char *text, ...)
{
	bool named = t != NULL && t->verb != NULL;
	char line[1024], clean[1024];
	va_list args;

	va_start(args, text);
	vsnprintf(line, sizeof(line), text, args);
	va_end(args);
	/* It may quote what a stranger wrote. */
	fprintf(stderr, "sesskit%s%s: %s\n", named ? " " : "", named ? t->verb->name : "",
		term_clean(clean, sizeof(clean), line, 0));
	return exit_code;
}

int
tool_fail_code(const tool *t, int code, const sess_error *err)
{
	static const unsigned char exits[] = {
		[-SESS_OK] = EX_SOFTWARE,
		[-SESS_NOMEM] = EX_OSERR,
		[-SESS_STORE] = EX_UNAVAILABLE,
		[-SESS_BUSY] = EX_TEMPFAIL,
		[-SESS_CONFLICT] = EX_TEMPFAIL,
		[-SESS_INVALID] = EX_USAGE,
		[-SESS_TOOBIG] = EX_DATAERR,
		[-SESS_LATE] = EX_SOFTWARE,
		[-SESS_UNSUPPORTED] = EX_UNAVAILABLE,
		[-SESS_DENIED] = EX_TEMPFAIL,
		[-SESS_GONE] = EX_NOINPUT,
		[-SESS_CONFIG] = EX_CONFIG,
	};
	bool known = code <= 0 && (size_t)-code < sizeof(exits);

	return tool_fail(t, known ? exits[-code] : EX_SOFTWARE, "%s",
		err != NULL && err->text[0] != '\0' ? err->text : sess_strerror(code));
}

int
tool_flush(const tool *t)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EX_OK;
	/* An earlier write may have failed, and its reason is forgotten: ask again. */
	if (write(STDOUT_FILENO, "\n", 1) == 1)
		errno = EIO;
	return tool_fail(t, EX_IOERR, "cannot write to standard output: %s", strerror(errno));
}

bool
tool_confirm(const tool *t, const char *question)
{
	char answer[16];

	if (isatty(STDIN_FILENO) != 1 || !term_is(stderr)) {
		tool_fail(t, EX_NOINPUT, "there is no terminal to ask on; --yes answers");
		return false;
	}
	fprintf(stderr, "%s [y/N] ", question);
	if (fgets(answer, sizeof(answer), stdin) == NULL)
		return false;
	return strcmp(answer, "y\n") == 0 || strcmp(answer, "yes\n") == 0;
}

/* -- signals ----------------------------------------------------------------------------------- */

static volatile sig_atomic_t stopping;

static void
on_stop(int number)
{
	/* Whoever asks twice is in a hurry. */
	if (stopping) {
		signal(number, SIG_DFL);
		raise(number);
	}
	stopping = number;
}

bool
tool_stopping(void)
{
	return stopping != 0;
}

int
tool_stopped(const tool *t, const char *what)
{
	return tool_fail(t, 128 + (int)stopping, "stopped: %s", what);
}

static void
watch_signals(void)
{
	struct sigaction action = { .sa_handler = on_stop };

	/* No SA_RESTART: a question on the terminal must end too. */
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* A reader that went away, and a file that may not grow, are errors of the write, and reported. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

/* -- the command ------------------------------------------------------------------------------- */

/* A closed stream must not become the descriptor of a database: then messages would go into it. */
static void
guard_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static int
run(tool *t, char **args)
{
	char *about[] = { NULL, NULL };
	bool help;
	int rc = tool_read_line(t, args, &help);

	if (rc != EX_OK)
		return rc;
	if (help) {
		about[0] = (char *)(uintptr_t)t->verb->name;
		return verb_help.run(t, about);
	}
	rc = t->verb->run(t, args);
	sess_kit_close(t->kit);
	return rc;
}

int
main(int argc, char **argv)
{
	tool t = { .config = SESS_CONFIG_INIT };
	char *nothing[] = { NULL };

	guard_streams();
	umask(077);
	watch_signals();
	term_begin();
	if (sodium_init() < 0)
		return tool_fail(&t, EX_OSERR, "libsodium cannot start: no random source");
	if (argc < 2)
		return tool_fail(&t, EX_USAGE, "expected a verb; sesskit help lists them");
	if (strcmp(argv[1], "--help") == 0)
		return verb_help.run(&t, nothing);
	if (strcmp(argv[1], "--version") == 0) {
		printf("sesskit %s\n", sess_version());
		return tool_flush(&t);
	}
	if (argv[1][0] == '-')
		return tool_fail(&t, EX_USAGE, "%s: options go behind the verb; sesskit help lists the "
			"verbs", argv[1]);
	t.verb = verb_find(argv[1]);
	return t.verb != NULL ? run(&t, argv + 2) : verb_unknown(&t, argv[1]);
}
