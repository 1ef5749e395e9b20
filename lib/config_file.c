/* SPDX-License-Identifier: ISC */
/* config_file.c - settings from a file of "name = value" lines. Whatever its bytes are, the worst
 * that comes of it is an error that names the line and the column. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX ((size_t)65536)
#define LINE_MAX_BYTES ((size_t)1024)

typedef struct reader {
	sess_config *config;
	const char *path;
	sess_error *err;
	int line;
	int *given;                     /* per setting: the line that set it, 0 for none */
	char text[LINE_MAX_BYTES + 1];  /* the line, as the parser takes it apart */
} reader;

/* End of a path, as much as leaves room for the message. */
static const char *
path_shown(const char *path)
{
	size_t len = strlen(path);

	if (len > 150)
		path += len - 150;
	while (((unsigned char)*path & 0xC0) == 0x80)
		path++;
	return path;
}

/* Fail at a place in r->text. */
static int
fail_at(const reader *r, const char *at, const char *what)
{
	int column = (int)(at - r->text) + 1;

	if (r->err != NULL) {
		r->err->line = r->line;
		r->err->column = column;
	}
	return sess_fail(r->err, SESS_CONFIG, "%s:%d:%d: %s", path_shown(r->path), r->line, column,
		what);
}

static char *
skip_blanks(char *p)
{
	return p + strspn(p, " \t");
}

/* Terminate the value at p and move *value to its first byte. NULL, or what is wrong at *value. */
static const char *
value_cut(char **value)
{
	char *p = *value, *end;

	if (*p == '"') {
		end = strchr(p + 1, '"');
		if (end == NULL)
			return "expected a closing quote";
		*value = skip_blanks(end + 1);
		if (**value != '\0' && **value != '#')
			return "expected nothing behind the closing quote";
		*end = '\0';
		*value = p + 1;
		return NULL;
	}
	for (end = p; *end != '\0'; end++)
		if (*end == '#' && (end == p || end[-1] == ' ' || end[-1] == '\t'))
			break;
	while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*end = '\0';
	return NULL;
}

/* Set the setting and remember where; name and value are terminated parts of r->text. */
static int
line_apply(reader *r, const char *name, const char *value)
{
	const setting *s = setting_find(name);
	sess_error why = { 0 };
	int rc;

	if (s != NULL && r->given[s - settings] != 0) {
		sess_fail(&why, SESS_CONFIG, "%s: given already in line %d", name,
			r->given[s - settings]);
		return fail_at(r, name, why.text);
	}
	rc = sess_config_set(r->config, name, value, &why);
	if (rc != SESS_OK)
		return fail_at(r, s == NULL ? name : value, why.text);
	if (s != NULL)
		r->given[s - settings] = r->line;
	return SESS_OK;
}

/* r->text is the line without its end. */
static int
line_read(reader *r)
{
	char *name = skip_blanks(r->text), *end, *value;
	const char *fault;

	if (*name == '\0' || *name == '#')
		return SESS_OK;
	end = name + strcspn(name, " \t=#\"");
	value = skip_blanks(end);
	if (end == name)
		return fail_at(r, name, "expected the name of a setting");
	if (*value != '=')
		return fail_at(r, value, "expected '=' behind the name of the setting");
	value = skip_blanks(value + 1);
	*end = '\0';
	fault = value_cut(&value);
	return fault == NULL ? line_apply(r, name, value) : fail_at(r, value, fault);
}

/* Each line in turn, until one is wrong. */
static int
lines_read(reader *r, const char *text, size_t len)
{
	const char *end = text + len, *stop, *nul;
	size_t n;
	int rc = SESS_OK;

	for (; rc == SESS_OK && text < end; text = stop + 1) {
		r->line++;
		stop = memchr(text, '\n', (size_t)(end - text));
		if (stop == NULL)
			stop = end;
		n = (size_t)(stop - text);
		if (n > 0 && text[n - 1] == '\r')
			n--;
		nul = n > 0 ? memchr(text, '\0', n) : NULL;
		if (nul != NULL && nul - text <= (ptrdiff_t)LINE_MAX_BYTES)
			return fail_at(r, r->text + (nul - text), "a NUL byte; this is no text file");
		if (n > LINE_MAX_BYTES)
			return fail_at(r, r->text + LINE_MAX_BYTES, "the line is longer than 1024 bytes");
		memcpy(r->text, text, n);
		r->text[n] = '\0';
		rc = line_read(r);
	}
	return rc;
}

/* Read at most size bytes; their number, or -1 and errno. */
static ssize_t
read_all(int fd, char *text, size_t size)
{
	size_t len = 0;
	ssize_t n = 1;

	while (n != 0 && len < size) {
		n = read(fd, text + len, size - len);
		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0)
			len += (size_t)n;
	}
	return (ssize_t)len;
}

/* The whole file into text, which has room for FILE_MAX + 1. Its length, or negative code.
 * O_NONBLOCK keeps a pipe in the place of the file from stopping the program. */
static ssize_t
file_load(const char *path, char *text, sess_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	const char *shown = path_shown(path);
	struct stat st;
	ssize_t len = -1;
	int rc = SESS_OK;

	if (fd < 0)
		return sess_fail(err, SESS_CONFIG, "%s: cannot open: %s", shown, strerror(errno));
	if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode))
		rc = sess_fail(err, SESS_CONFIG, "%s: %s", shown,
			S_ISDIR(st.st_mode) ? "is a directory" : "is not a regular file");
	else if ((len = read_all(fd, text, FILE_MAX + 1)) < 0)
		rc = sess_fail(err, SESS_CONFIG, "%s: cannot read: %s", shown, strerror(errno));
	else if ((size_t)len > FILE_MAX)
		rc = sess_fail(err, SESS_CONFIG, "%s: larger than 64 KiB", shown);
	close(fd);
	return rc == SESS_OK ? len : rc;
}

int
sess_config_file(sess_config *config, const char *path, sess_error *err)
{
	reader *r;
	char *text;
	ssize_t len;
	int rc;

	if (err != NULL)
		err->line = err->column = 0;
	if (config == NULL || path == NULL)
		return sess_fail(err, SESS_INVALID, "sess_config_file: an argument is NULL");
	r = calloc(1, sizeof(*r) + settings_count * sizeof(*r->given) + FILE_MAX + 1);
	if (r == NULL)
		return sess_fail(err, SESS_NOMEM, "%s", sess_strerror(SESS_NOMEM));
	r->config = config;
	r->path = path;
	r->err = err;
	r->given = (int *)(r + 1);
	text = (char *)(r->given + settings_count);
	len = file_load(path, text, err);
	rc = len < 0 ? (int)len : lines_read(r, text, (size_t)len);
	free(r);
	return rc;
}
