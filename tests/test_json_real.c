/* SPDX-License-Identifier: ISC */
/* test_json_real.c - numbers with a point come back to the last bit, also in a program whose locale
 * writes a comma there. */
#include "internal.h"
#include "measure.h"
#include "support.h"
#include "tap.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <sys/wait.h>
#include <unistd.h>

static double got;

static int
keep(void *arg, const entry *e)
{
	got = e->is.real;
	*(sess_type *)arg = (sess_type)e->type;
	return 0;
}

/* The text that a number is written as, and what that is read as: got. Empty if it is not read. */
static const char *
through(double number)
{
	static buffer out;
	entry e = { .key = "k", .type = SESS_REAL };
	values one = { .at = &e, .count = 1 };
	sess_type type = SESS_NOTHING;
	static char text[64];
	size_t where;

	buffer_wipe(&out);
	e.is.real = number;
	if (json_write(&out, &one) != SESS_OK || buffer_end(&out) != SESS_OK)
		bail("out of memory");
	snprintf(text, sizeof(text), "%.*s", (int)out.len - 6, out.at + 5);
	if (json_read(out.at, out.len, keep, &type, &where) != SESS_OK || type != SESS_REAL)
		return "";
	return text;
}

static bool
same_bits(double a, double b)
{
	return memcmp(&a, &b, sizeof(a)) == 0;
}

static void
reals_survive(const char *under)
{
	static const double edges[] = { 0.0, -0.0, 1.0, -1.0, 0.1, 1.0 / 3, 1e15, 1e16, 1e17, 1e22,
		1e23, 123456789012345680.0, 9007199254740993.0, 5e-324, 2.2250738585072011e-308,
		DBL_MIN, DBL_MAX, -DBL_MAX, DBL_EPSILON, 4.35, 2.5e-5, 1e-5, 9223372036854775808.0,
		M_PI };
	bool same = true, point = true;
	uint64_t seed = 6, bits;
	double number;

	for (size_t i = 0; i < 100000; i++) {
		const char *text;

		bits = dice(&seed);
		memcpy(&number, &bits, sizeof(number));
		if (i < sizeof(edges) / sizeof(edges[0]))
			number = edges[i];
		else if (i % 3 == 0)
			number = (double)(int64_t)(bits >> 20) / 100;
		if (!isfinite(number))
			continue;
		text = through(number);
		same = same && *text != '\0' && same_bits(got, number);
		point = point && strpbrk(text, ".e") != NULL && strchr(text, ',') == NULL;
	}
	ok(same, "100000 numbers are the same after writing and reading, %s", under);
	ok(point, "each is written with a point or an exponent, and no comma");
	is_str(through(0.1), "0.1", "in as few digits as it takes");
	is_str(through(-0.0), "-0.0", "with its sign");
	is_str(through(1e22), "1e+22", "with an exponent when it is large");
	is_str(through(3), "3.0", "with a point when it is whole");
}

static bool
read_as(const char *number, double want)
{
	char json[100];
	sess_type type = SESS_NOTHING;
	size_t where;

	snprintf(json, sizeof(json), "{\"k\":%s}", number);
	return json_read(json, strlen(json), keep, &type, &where) == SESS_OK && type == SESS_REAL &&
	       same_bits(got, want);
}

static void
foreign_forms(void)
{
	ok(read_as("1e5", 1e5) && read_as("1E+5", 1e5) && read_as("1.0e-05", 1e-5), "exponents");
	ok(read_as("-0.0", -0.0) && read_as("-0e0", -0.0), "zeros with a sign");
	ok(read_as("1e-999", 0.0), "what is too small to tell from zero is zero");
	ok(read_as("0.1000000000000000055511151231257827021181583404541015625", 0.1), "all digits");
	ok(read_as("1.7976931348623157e308", DBL_MAX), "the largest there is");
}

static char *
written(const char *name, const char *text)
{
	char *path = temp_path(name);
	FILE *f = fopen(path, "w");

	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0)
		bail("cannot write %s", path);
	return path;
}

/* A locale with a decimal comma. localedef is on every Debian system; its sources may not be, so
 * what it needs is here: all it complains of is what else a locale has. */
static void
comma_locale(void)
{
	char *map = written("ascii.map",
		"<code_set_name> ANSI_X3.4-1968\n<comment_char> %\n"
		"<escape_char> /\nCHARMAP\n<U0000>..<U007F> /x00 x\nEND CHARMAP\n");
	char *source = written("comma.src", "LC_NUMERIC\ndecimal_point \"<U002C>\"\n"
					    "thousands_sep \"\"\ngrouping -1\nEND LC_NUMERIC\n");
	char *to = temp_path("comma"), text[16];
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		execlp("localedef", "localedef", "--quiet", "--force", "-f", map, "-i", source, to,
			(char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || setenv("LOCPATH", temp_dir(), 1) != 0)
		bail("cannot run localedef");
	if (setlocale(LC_NUMERIC, "comma") == NULL)
		bail("localedef made no locale with a comma (status %d)", status);
	snprintf(text, sizeof(text), "%.1f", 2.5);
	is_str(text, "2,5", "the program writes a comma now");
	free(map);
	free(source);
	free(to);
}

int
main(void)
{
	reals_survive("in the C locale");
	foreign_forms();
	comma_locale();
	reals_survive("where the program writes a comma");
	foreign_forms();
	is_str(localeconv()->decimal_point, ",", "and the program goes on writing a comma");
	return done();
}
