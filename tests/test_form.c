/* SPDX-License-Identifier: ISC */
/* test_form.c - the samples' reader of forms, on what browsers send and what nobody should. */
#include "app.h"
#include "tap.h"

/* A request whose body is an exact copy of these bytes, so that a read behind them is noticed. */
static app_request
posted(const char *bytes, size_t len)
{
	app_request r = { .body_len = len };

	r.body = app_memory(&r, len + 1);
	if (!r.body)
		bail("out of memory");
	memcpy(r.body, bytes, len);
	r.body[len] = '\0';
	return r;
}

static void
is_value(const char *body, const char *name, const char *want, const char *what)
{
	app_request r = posted(body, strlen(body));

	is_str(app_field(&r, name), want, "field_%s", what);
	app_forget(&r);
}

static void
test_fields(void)
{
	is_value("a=1&b=2", "b", "2", "second");
	is_value("a=1&b=2", "a", "1", "first");
	is_value("a=1&a=2", "a", "1", "doubled_is_first");
	is_value("ab=1&a=2", "a", "2", "name_that_begins_alike");
	is_value("a=1&ab=2", "ab", "2", "name_that_is_longer");
	is_value("a=1", "b", NULL, "missing");
	is_value("", "a", NULL, "of_empty_body");
	is_value("a=", "a", "", "empty");
	is_value("a", "a", "", "without_equals");
	is_value("a&b=1", "b", "1", "after_one_without_equals");
	is_value("&&a=1&&", "a", "1", "between_empty_pairs");
	is_value("=1&a=2", "a", "2", "after_empty_name");
	is_value("a=b=c", "a", "b=c", "with_equals");
	is_value("a=1+2%2B3", "a", "1 2+3", "plus_and_blank");
	is_value("%61%62=1", "ab", "1", "encoded_name");
	is_value("a=%e2%82%AC", "a", "\xe2\x82\xac", "encoded_euro");
	is_value("a=\xe2\x82\xac", "a", "\xe2\x82\xac", "bare_euro");
	is_value("a=x%0D%0Ay%26z", "a", "x\r\ny&z", "line_end_and_ampersand");
	is_value("A=1", "a", NULL, "in_another_case");
}

static void
test_hostile(void)
{
	static const char *const bad[] = { "%", "%4", "%zz", "%4g", "%g4", "x%", "%00", "x%00y",
		"%80", "%c0%80", "%c1%bf", "%c3", "%c3x", "%e0%9f%bf", "%e2%82", "%ed%a0%80",
		"%f0%8f%bf%bf", "%f4%90%80%80", "%f5%80%80%80",
		"%ff", "%-1", "% 1", "%%34", "\xc3", "\xe2\x82" };
	static const char *const good[] = { "%c2%80", "%e0%a0%80", "%ed%9f%bf", "%ee%80%80",
		"%ef%bf%bf", "%f0%90%80%80", "%f4%8f%bf%bf", "%7f" };
	char body[40];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(body, sizeof(body), "z=1&a=%s", bad[i]);
		is_value(body, "a", NULL, bad[i]);
		is_value(body, "z", "1", "beside_a_bad_one");
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		app_request r;

		snprintf(body, sizeof(body), "a=%s", good[i]);
		r = posted(body, strlen(body));
		ok(app_field(&r, "a") != NULL, "field_at_the_edge %s", good[i]);
		app_forget(&r);
	}
	is_value("a%=1&a=2", "a", "2", "after_a_bad_name");
	is_value("a%00=1", "a", NULL, "with_nul_in_its_name");
}

static void
test_bytes(void)
{
	app_request r = posted("a=1\0002&b=3", 9);
	char *large;

	is_str(app_field(&r, "a"), NULL, "field_with_a_bare_nul");
	is_str(app_field(&r, "b"), "3", "field_behind_it");
	app_forget(&r);

	large = malloc(65536);
	if (!large)
		bail("out of memory");
	memset(large, '&', 65536);
	memcpy(large + 65533, "a=1", 3);
	r = posted(large, 65536);
	is_str(app_field(&r, "a"), "1", "field_behind_65532_empty_ones");
	app_forget(&r);
	memset(large, '%', 65536);
	r = posted(large, 65536);
	is_str(app_field(&r, "a"), NULL, "field_of_percent_signs_only");
	app_forget(&r);
	free(large);
}

static void
test_variables(void)
{
	char long_name[] = "QUERY_STRING_2=a=no", query[] = "QUERY_STRING=a=1&b=%20";
	char bare[] = "EMPTY";
	char *env[] = { bare, long_name, query, NULL };
	app_request r = { .env = env }, none = {0};

	is_str(app_env(&r, "QUERY_STRING"), "a=1&b=%20", "env_exact_name");
	is_str(app_env(&r, "QUERY"), "", "env_name_that_others_begin_with");
	is_str(app_env(&r, "EMPTY"), "", "env_without_equals");
	is_str(app_query(&r, "a"), "1", "query_first");
	is_str(app_query(&r, "b"), " ", "query_decoded");
	is_str(app_query(&r, "c"), NULL, "query_missing");
	is_str(app_field(&r, "a"), NULL, "field_is_not_taken_from_the_query");
	is_str(app_env(&none, "A"), "", "env_of_none");
	is_str(app_query(&none, "a"), NULL, "query_of_none");
	app_forget(&r);
	app_forget(&none);
	ok(r.lent == NULL, "forget_leaves_nothing");
}

/* What was lent lasts until all of it is forgotten. */
static void
test_lent(void)
{
	app_request r = posted("a=1&b=2", 7);
	const char *a = app_field(&r, "a"), *b = app_field(&r, "b"), *again = app_field(&r, "a");

	is_str(a, "1", "lent_outlives_the_next");
	is_str(b, "2", "lent_second");
	is_str(again, "1", "lent_again");
	app_forget(&r);
}

int
main(void)
{
	test_fields();
	test_hostile();
	test_bytes();
	test_variables();
	test_lent();
	return done();
}
