/* SPDX-License-Identifier: ISC */
/* config.c - the one table of settings, and how a value gets into a sess_config and is checked. */
#include "internal.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define MINUTE 60
#define HOUR 3600
#define DAY 86400
#define YEARS (3650 * (int64_t)DAY)

_Static_assert(sizeof(sess_switch) == sizeof(int) && sizeof(sess_samesite) == sizeof(int) &&
	sizeof(sess_reuse) == sizeof(int) && sizeof(sess_prefix) == sizeof(int),
	"choices are read and written as int");

#define MEMBER(member) .name = #member, .offset = offsetof(sess_config, member), \
	.size = sizeof(((sess_config *)0)->member)
#define TEXT(member, standard, about) \
	{ MEMBER(member), .kind = SETTING_TEXT, .text = (standard), .help = (about) }
#define NUMBER(what, member, standard, least, most, about) \
	{ MEMBER(member), .kind = (what), .fallback = (standard), .low = (least), \
		.high = (most), .help = (about) }
#define CHOICE(member, words, about) \
	{ MEMBER(member), .kind = SETTING_CHOICE, .text = (words), .help = (about) }

const setting settings[] = {
#include "settings.def"
};
const size_t settings_count = sizeof(settings) / sizeof(settings[0]);

const setting *
setting_find(const char *name)
{
	size_t i;

	for (i = 0; i < settings_count; i++)
		if (strcmp(settings[i].name, name) == 0)
			return &settings[i];
	return NULL;
}

static int64_t
number_read(const sess_config *config, const setting *s)
{
	const char *from = (const char *)config + s->offset;
	int64_t wide;
	int narrow;

	if (s->size == sizeof(narrow)) {
		memcpy(&narrow, from, sizeof(narrow));
		return narrow;
	}
	memcpy(&wide, from, sizeof(wide));
	return wide;
}

/* n is within the range of the setting, so it fits the member. */
static void
number_write(sess_config *config, const setting *s, int64_t n)
{
	char *to = (char *)config + s->offset;
	int narrow = (int)n;

	if (s->size == sizeof(narrow))
		memcpy(to, &narrow, sizeof(narrow));
	else
		memcpy(to, &n, sizeof(n));
}

/* Index of a word in "auto|yes|no", or -1. With word NULL: how many words there are. */
static int
word_index(const char *words, const char *word)
{
	size_t len;
	int i;

	for (i = 0; *words != '\0'; i++) {
		len = strcspn(words, "|");
		if (word != NULL && strlen(word) == len && memcmp(words, word, len) == 0)
			return i;
		words += len + (words[len] == '|');
	}
	return word == NULL ? i : -1;
}

typedef struct unit {
	const char *name;
	int64_t factor;
} unit;

/* Largest first; the last stands for a bare number. */
static const unit time_units[] = {
	{ "d", DAY }, { "h", HOUR }, { "m", MINUTE }, { "s", 1 }, { "", 1 }
};
static const unit size_units[] = { { "M", 1 << 20 }, { "K", 1 << 10 }, { "", 1 } };
static const unit count_units[] = { { "", 1 } };

static const unit *
units_of(setting_kind kind)
{
	return kind == SETTING_TIME ? time_units : kind == SETTING_SIZE ? size_units : count_units;
}

/* The number as a person would write it in a file. */
static void
number_show(char *text, size_t size, setting_kind kind, int64_t n)
{
	const unit *u = units_of(kind);

	while (u->factor > 1 && (n == 0 || n % u->factor != 0))
		u++;
	snprintf(text, size, "%lld%s", (long long)(n / u->factor), u->name);
}

/* Digits and at most one unit. False if it is anything else, or too much for an int64_t. */
bool
number_parse(const char *text, setting_kind kind, int64_t *out)
{
	const unit *u = units_of(kind);
	const char *p = text;
	int64_t n = 0;

	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *p - '0', &n))
			return false;
	if (p == text)
		return false;
	while (u->name[0] != '\0' && strcmp(u->name, p) != 0)
		u++;
	if (strcmp(u->name, p) != 0)
		return false;
	return !__builtin_mul_overflow(n, u->factor, out);
}

/* As much of a value as an error shows; the cut is not inside a UTF-8 sequence. */
static int
shown(const char *value)
{
	size_t len = strnlen(value, 40);

	while (len > 0 && ((unsigned char)value[len] & 0xC0) == 0x80)
		len--;
	return (int)len;
}

static int
fail_kind(sess_error *err, const setting *s, const char *value)
{
	const char *never = s->low == -1 ? " or never" : "";
	const char *what = s->kind == SETTING_TIME ? "a time such as 30m" :
		s->kind == SETTING_SIZE ? "a size such as 64K" : "a whole number";

	if (s->kind == SETTING_CHOICE)
		return sess_fail(err, SESS_CONFIG, "%s: expected one of %s, got \"%.*s\"",
			s->name, s->text, shown(value), value);
	return sess_fail(err, SESS_CONFIG, "%s: expected %s%s, got \"%.*s\"", s->name, what, never,
		shown(value), value);
}

/* SESS_OK if the setting may have this number. */
static int
number_check(const setting *s, int64_t n, sess_error *err)
{
	int64_t low = s->low == -1 ? 1 : s->low;
	char least[32], most[32], got[32];

	if ((n >= low && n <= s->high) || (n == -1 && s->low == -1))
		return SESS_OK;
	number_show(least, sizeof(least), s->kind, low);
	number_show(most, sizeof(most), s->kind, s->high);
	number_show(got, sizeof(got), s->kind, n);
	return sess_fail(err, SESS_CONFIG, "%s: expected %s to %s%s, got %s", s->name, least, most,
		s->low == -1 ? " or never" : "", got);
}

/* What each of these texts may consist of, and what to say otherwise. */
#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
static const struct {
	const char *name, *allowed, *remedy;
} alphabets[] = {
	{ "cookie_name", ALNUM "!#$%&'*+-.^_`|~", "may have only letters, digits and "
		"!#$%&'*+-.^_`|~" },
	{ "cookie_path", ALNUM " !\"#$%&'()*+,-./:<=>?@[\\]^_`{|}~", "may have only ASCII "
		"without ';'; percent-encode the others" },
	{ "cookie_domain", ALNUM "-.", "may have only letters, digits, '-' and '.', as in "
		"example.org" },
	{ "header", ALNUM "-", "may have only letters, digits and '-', as in X-Session" },
	{ "query", ALNUM "_.-", "may have only letters, digits and '_', '.', '-'" },
};

/* True for the name of a header that means something else already. */
static bool
header_taken(const char *name)
{
	static const char *const taken[] = { "Accept", "Authorization", "Cache-Control",
		"Clear-Site-Data", "Connection", "Content-Length", "Content-Type", "Cookie",
		"Forwarded", "Host", "Location", "Origin", "Proxy", "Proxy-Authorization", "Referer",
		"Referrer-Policy", "Sec-Fetch-Site", "Set-Cookie", "Status", "Transfer-Encoding",
		"User-Agent", "Vary", "X-CSRF-Token" };
	size_t i;

	for (i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (strcasecmp(name, taken[i]) == 0)
			return true;
	return strncasecmp(name, "X-Forwarded-", 12) == 0;
}

/* NULL, or what is wrong with a text that is not empty, and the remedy. */
static const char *
text_fault(const char *name, const char *value)
{
	size_t i;

	for (i = 0; i < sizeof(alphabets) / sizeof(alphabets[0]); i++)
		if (strcmp(alphabets[i].name, name) == 0 &&
			value[strspn(value, alphabets[i].allowed)] != '\0')
			return alphabets[i].remedy;
	if (strcmp(name, "cookie_name") == 0 && (strncasecmp(value, "__Host-", 7) == 0 ||
		strncasecmp(value, "__Secure-", 9) == 0 || strncasecmp(value, "__Http-", 7) == 0))
		return "must come without prefix; cookie_prefix adds it";
	if (strcmp(name, "cookie_path") == 0 && value[0] != '/')
		return "must start with /";
	if (strcmp(name, "cookie_domain") == 0 && (value[0] == '.' ||
		value[strlen(value) - 1] == '.' || strstr(value, "..") != NULL))
		return "has an empty part; write it as in example.org, without a dot in front";
	if (strcmp(name, "header") == 0 && header_taken(value))
		return "has another meaning; choose a name such as X-Session";
	return NULL;
}

/* value need not be terminated within the size of the member. Texts are not quoted in the error:
 * a store URL may hold a password, although it should not. */
static int
text_check(const setting *s, const char *value, sess_error *err)
{
	size_t i, len = strnlen(value, s->size);
	const char *fault;

	if (len == s->size)
		return sess_fail(err, SESS_CONFIG, "%s: longer than %zu bytes", s->name, len - 1);
	for (i = 0; i < len; i++)
		if ((unsigned char)value[i] < ' ' || value[i] == 0x7F)
			return sess_fail(err, SESS_CONFIG, "%s: has a control character", s->name);
	fault = len == 0 ? NULL : text_fault(s->name, value);
	return fault == NULL ? SESS_OK : sess_fail(err, SESS_CONFIG, "%s: %s", s->name, fault);
}

/* Edits that turn one name into the other; names longer than the row count as far away. */
size_t
name_distance(const char *a, const char *b)
{
	size_t row[33], i, j, left, corner, n = strlen(b);

	if (strlen(a) > 32 || n > 32)
		return SIZE_MAX;
	for (j = 0; j <= n; j++)
		row[j] = j;
	for (i = 1; a[i - 1] != '\0'; i++) {
		corner = row[0];
		row[0] = left = i;
		for (j = 1; j <= n; j++) {
			size_t best = corner + (a[i - 1] != b[j - 1]);

			best = left + 1 < best ? left + 1 : best;
			best = row[j] + 1 < best ? row[j] + 1 : best;
			corner = row[j];
			row[j] = left = best;
		}
	}
	return row[n];
}

static int
fail_unknown(sess_error *err, const char *name)
{
	size_t i, distance, least = SIZE_MAX;
	const char *nearest = NULL;

	for (i = 0; i < settings_count; i++) {
		distance = name_distance(name, settings[i].name);
		if (distance < least && distance <= strlen(settings[i].name) / 3 + 1) {
			least = distance;
			nearest = settings[i].name;
		}
	}
	if (nearest != NULL)
		return sess_fail(err, SESS_CONFIG, "%.*s: no such setting; did you mean %s?",
			shown(name), name, nearest);
	return sess_fail(err, SESS_CONFIG, "%.*s: no such setting; sesskit.conf(5) lists them",
		shown(name), name);
}

static int
size_check(const sess_config *config, sess_error *err)
{
	if (config->size < sizeof(config->size))
		return sess_fail(err, SESS_CONFIG,
			"sess_config: its size is not set; begin with SESS_CONFIG_INIT");
	if (config->size > sizeof(*config))
		return sess_fail(err, SESS_CONFIG, "sess_config: the program was built for a newer "
			"sesskit than %s; install that one", SESS_VERSION);
	return SESS_OK;
}

int
sess_config_set(sess_config *config, const char *name, const char *value, sess_error *err)
{
	const setting *s;
	int64_t n;
	int rc;

	if (err != NULL)
		err->line = err->column = 0;
	if (config == NULL || name == NULL || value == NULL)
		return sess_fail(err, SESS_INVALID, "sess_config_set: an argument is NULL");
	if ((rc = size_check(config, err)) != SESS_OK)
		return rc;
	if ((s = setting_find(name)) == NULL)
		return fail_unknown(err, name);
	if (s->offset + s->size > config->size)
		return sess_fail(err, SESS_CONFIG, "%s: the program was built for an older sesskit, "
			"which has no such setting", s->name);
	if (s->kind == SETTING_TEXT) {
		if ((rc = text_check(s, value, err)) == SESS_OK)
			memcpy((char *)config + s->offset, value, strlen(value) + 1);
		return rc;
	}
	if (s->kind == SETTING_CHOICE) {
		n = word_index(s->text, value);
		if (n < 0)
			return fail_kind(err, s, value);
	} else if (s->low == -1 && strcmp(value, "never") == 0) {
		n = -1;
	} else if (!number_parse(value, s->kind, &n)) {
		return fail_kind(err, s, value);
	} else if ((rc = number_check(s, n, err)) != SESS_OK) {
		return rc;
	}
	number_write(config, s, n);
	return SESS_OK;
}

/* Give one setting its default, or check it. */
static int
setting_complete(sess_config *config, const setting *s, sess_error *err)
{
	char *text = (char *)config + s->offset;
	int64_t n;
	int rc;

	if (s->kind == SETTING_TEXT) {
		rc = text_check(s, text, err);
		if (rc == SESS_OK && text[0] == '\0')
			memcpy(text, s->text, strlen(s->text) + 1);
		return rc;
	}
	n = number_read(config, s);
	if (s->kind == SETTING_CHOICE) {
		if (n < 0 || n >= word_index(s->text, NULL))
			return sess_fail(err, SESS_CONFIG, "%s: %lld is not one of its constants",
				s->name, (long long)n);
		return SESS_OK;
	}
	if (n != 0)
		return number_check(s, n, err);
	number_write(config, s, s->fallback);
	return SESS_OK;
}

int
config_complete(sess_config *config, const sess_config *from, sess_error *err)
{
	static const sess_config none = SESS_CONFIG_INIT;
	size_t i;
	int rc;

	if (err != NULL)
		err->line = err->column = 0;
	if (from == NULL)
		from = &none;
	if ((rc = size_check(from, err)) != SESS_OK)
		return rc;
	memset(config, 0, sizeof(*config));
	memcpy(config, from, from->size);
	config->size = sizeof(*config);
	for (i = 0; i < settings_count; i++)
		if ((rc = setting_complete(config, &settings[i], err)) != SESS_OK)
			return rc;
	if (config->touch == 0)
		config->touch = config->idle < 20 ? 1 : config->idle / 20;
	else if (config->touch >= config->idle)
		return sess_fail(err, SESS_CONFIG, "touch: must be shorter than idle, or sessions in "
			"use would expire; leave it out for a twentieth of idle");
	return SESS_OK;
}
