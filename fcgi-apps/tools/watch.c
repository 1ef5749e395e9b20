/* SPDX-License-Identifier: ISC */
/* watch.c - the verb watch: the numbers of a store, again and again; live on a terminal. */
#include "watch.h"

#include "stats.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static volatile sig_atomic_t asked_to_stop, resized;

typedef struct watcher {
	tool *t;
	int64_t interval, left;         /* seconds; how many looks are left, 0: no end */
	bool live;                      /* a screen, not lines */
	bool keys;                      /* standard input is a keyboard */
	struct termios before;
	sigset_t mask;                  /* of signals, as it was */
	sess_stats sums;
	int64_t now;
	char note[200];
	bool looked;                    /* sums are good */
} watcher;

static void
on_signal(int signal)
{
	if (signal == SIGWINCH)
		resized = 1;
	else
		asked_to_stop = 1;
}

/* The signals come through only while we wait: so no moment is missed, and the terminal is always
 * put back by the same code. */
static void
signals_begin(watcher *w)
{
	static const int all[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH };
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t ours;

	sigemptyset(&ours);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		sigaddset(&ours, all[i]);
		sigaction(all[i], &action, NULL);
	}
	sigprocmask(SIG_BLOCK, &ours, &w->mask);
	/* Stopped, we would leave the terminal to the shell as it is. */
	if (w->live)
		signal(SIGTSTP, SIG_IGN);
}

/* Another screen than the one of the shell, no cursor, and keys as they are pressed. */
static void
terminal_begin(watcher *w)
{
	struct termios raw;

	w->keys = w->live && tcgetattr(STDIN_FILENO, &w->before) == 0;
	if (!w->live)
		return;
	if (w->keys) {
		raw = w->before;
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		raw.c_cc[VMIN] = 0;
		raw.c_cc[VTIME] = 0;
		raw.c_cc[VSUSP] = _POSIX_VDISABLE;
		raw.c_cc[VQUIT] = _POSIX_VDISABLE;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
	}
	fputs("\033[?1049h\033[?25l", stdout);
	fflush(stdout);
}

static void
terminal_end(const watcher *w)
{
	if (w->live) {
		fputs("\033[?25h\033[?1049l", stdout);
		fflush(stdout);
	}
	if (w->keys)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &w->before);
	sigprocmask(SIG_SETMASK, &w->mask, NULL);
}

static void
print_line(const watcher *w)
{
	const sess_stats *s = &w->sums;
	const struct {
		const char *name;
		int64_t number;
	} part[] = {
		{ "live", s->live }, { "signed in", s->signed_in }, { "waiting", s->waiting },
		{ "started", s->minute[1].started }, { "ended", s->minute[1].ended }, { "log", s->log },
		{ "waits", s->waits }, { "busy", s->busy },
	};
	char time[TERM_TIME_MAX];

	fputs(term_time(time, w->now), stdout);
	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++)
		if (part[i].number >= 0)
			printf("  %s %lld", part[i].name, (long long)part[i].number);
	putchar('\n');
}

static void
draw(const watcher *w)
{
	struct winsize at = { .ws_row = 0 };
	screen s = { .store = w->t->kit->store.address.url, .note = w->note, .now = w->now,
		.interval = w->interval, .width = term_width(), .height = 24, .sums = &w->sums };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &at) == 0 && at.ws_row > 0)
		s.height = at.ws_row;
	if (!screen_draw(&s, stdout))
		fputs("\033[Hout of memory", stdout);
}

static void
show(const watcher *w)
{
	if (!w->looked)
		return;
	if (w->live)
		draw(w);
	else if (w->t->json)
		stats_json(&w->sums, w->now);
	else
		print_line(w);
}

/* A busy store is looked at again; what else is wrong ends the watch. A result of the library. */
static int
look(watcher *w)
{
	sess_stats sums;
	int rc = sess_summary(w->t->kit, &sums);

	w->note[0] = '\0';
	if (rc == SESS_OK) {
		w->sums = sums;
		w->now = kit_now(w->t->kit);
		w->looked = true;
	} else if (rc == SESS_BUSY) {
		snprintf(w->note, sizeof(w->note), "%s", sess_kit_error(w->t->kit));
		if (!w->live)
			tool_fail_code(w->t, rc, &w->t->kit->error);
		rc = SESS_OK;
	}
	return rc;
}

/* False when q was pressed. */
static bool
read_keys(watcher *w)
{
	char keys[64];
	ssize_t n = read(STDIN_FILENO, keys, sizeof(keys));

	/* The keyboard is gone: go on without. */
	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		w->keys = false;
	for (ssize_t i = 0; i < n; i++)
		if (keys[i] == 'q' || keys[i] == 'Q')
			return false;
	return true;
}

/* Until the time has come, with new sizes and keys in between. False when asked to stop. */
static bool
wait_until(watcher *w, int64_t due_ms)
{
	int64_t ms;

	while (!asked_to_stop && (ms = due_ms - clock_monotonic_ms()) > 0) {
		struct pollfd key = { .fd = w->keys ? STDIN_FILENO : -1, .events = POLLIN };
		struct timespec rest = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
		int n = ppoll(&key, 1, &rest, &w->mask);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0 && !read_keys(w))
			return false;
		if (resized) {
			resized = 0;
			if (w->live)
				show(w);
			fflush(stdout);
		}
	}
	return !asked_to_stop;
}

/* An exit code. */
static int
watch(watcher *w)
{
	int64_t due = clock_monotonic_ms();
	int rc;

	do {
		if ((rc = look(w)) != SESS_OK)
			return rc;
		show(w);
		if (fflush(stdout) != 0 || ferror(stdout))
			return SESS_OK;
		due += w->interval * 1000;
		/* After a long wait, or when this process was stopped, looks are not made up for. */
		if (due < clock_monotonic_ms())
			due = clock_monotonic_ms();
	} while ((w->left == 0 || --w->left > 0) && wait_until(w, due));
	return SESS_OK;
}

static int
run(tool *t, char **operands)
{
	watcher w = { .t = t, .live = term_is(stdout) && !t->json };
	int rc = tool_number(t, "interval", SETTING_TIME, 1, &w.interval);

	(void)operands;
	if (rc == EX_OK)
		rc = tool_number(t, "count", SETTING_COUNT, 0, &w.left);
	if (rc != EX_OK)
		return rc;
	if (w.interval < 1 || w.interval > INT_MAX / 1000 || (w.left < 1 && tool_given(t, "count")))
		return tool_fail(t, EX_USAGE, "--interval and --count must be more than 0");
	if ((rc = tool_open(t)) != EX_OK)
		return rc;
	signals_begin(&w);
	terminal_begin(&w);
	rc = watch(&w);
	terminal_end(&w);
	if (rc != SESS_OK)
		return tool_fail_code(t, rc, &t->kit->error);
	return tool_flush(t);
}

static const tool_option options[] = {
	{ "interval", "TIME", "look this often, once a second by default" },
	{ "count", "N", "look so many times, then end" },
	{ NULL, NULL, NULL }
};

const verb verb_watch = {
	.name = "watch",
	.summary = "show the numbers of a store live",
	.details =
		"On a terminal it fills the screen, and q or Ctrl-C ends it. Elsewhere it prints\n"
		"one line each time, with --json one object. Started and ended are those of the\n"
		"minute before the one under way.",
	.options = options,
	.run = run,
};
