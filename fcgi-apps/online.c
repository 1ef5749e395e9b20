/* SPDX-License-Identifier: ISC */
/*
 * online.c - how many people are here: seen within five minutes, signed in or not, and a chart of
 * the last hour. To look at it stores nothing and keeps no session alive.
 */
#include "app.h"

#define WITHIN 300              /* seconds */
#define MINUTES 60
#define WIDTH 10                /* of a bar and its gap, in units of the picture */
#define HEIGHT 160

/* -- the chart --------------------------------------------------------------------------------- */

static int64_t
highest(const sess_stats *stats)
{
	int64_t most = 0;

	for (int i = 0; i < MINUTES; i++)
		if (stats->minute[i].started > most)
			most = stats->minute[i].started;
	return most;
}

/* Bars from left to right, so that now is on the right. Colours come from style.css, for light and
 * dark; all numbers stand in the table below as well. */
static void
print_chart(app_request *r, const sess_stats *stats)
{
	int64_t most = highest(stats);

	page_print(r, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"chart-title"
		" chart-text\">\n"
		"<title id=\"chart-title\">New sessions in each minute of the last hour</title>\n"
		"<desc id=\"chart-text\">60 bars, the present minute on the right; the highest "
		"stands for %lld. The table below has all numbers.</desc>\n", MINUTES * WIDTH,
		HEIGHT + 2, (long long)most);
	for (int i = 0; i < MINUTES; i++) {
		int64_t n = stats->minute[MINUTES - 1 - i].started;
		int height = most > 0 && n > 0 ? (int)((double)n / (double)most * HEIGHT) : 0;

		if (n > 0 && height < 2)
			height = 2;             /* one is not none */
		if (height > 0)
			page_print(r, "<rect class=\"bar\" x=\"%d\" y=\"%d\" width=\"%d\""
				" height=\"%d\"/>\n", i * WIDTH, HEIGHT - height, WIDTH - 2,
				height);
	}
	page_print(r, "<line class=\"axis\" x1=\"0\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>\n</svg>\n"
		"<p class=\"hint\">New sessions in each minute, from an hour ago to now; the "
		"highest bar stands for %lld.</p>\n", HEIGHT + 1, MINUTES * WIDTH, HEIGHT + 1,
		(long long)most);
}

/* A number of a tally, which the store may not know. */
static void
print_cell(app_request *r, int64_t n)
{
	if (n < 0)
		page_print(r, "<td class=\"number\">not known</td>");
	else
		page_print(r, "<td class=\"number\">%lld</td>", (long long)n);
}

static void
print_table(app_request *r, const sess_stats *stats)
{
	page_print(r, "<details>\n<summary>The same as a table</summary>\n<table>\n"
		"<tr><th scope=\"col\">Minutes ago</th><th scope=\"col\" class=\"number\">New</th>"
		"<th scope=\"col\" class=\"number\">Signed in</th>"
		"<th scope=\"col\" class=\"number\">Ended</th></tr>\n");
	for (int i = 0; i < MINUTES; i++) {
		const sess_tally *minute = &stats->minute[i];

		page_print(r, "<tr><th scope=\"row\">%d</th>", i);
		print_cell(r, minute->started);
		print_cell(r, minute->logins);
		print_cell(r, minute->ended);
		page_print(r, "</tr>\n");
	}
	page_print(r, "</table>\n</details>\n");
}

/* -- the page ---------------------------------------------------------------------------------- */

static void
print_counts(app_request *r, size_t all, size_t anonymous, const sess_stats *stats)
{
	/* Somebody may have signed in between the two counts. */
	size_t users = all > anonymous ? all - anonymous : 0;

	page_print(r, "<p class=\"count\">%zu</p>\n"
		"<p>seen within the last five minutes: %zu signed in, %zu anonymous.</p>\n", all,
		users, anonymous);
	if (stats->live >= 0)
		page_print(r, "<p>All in all %lld sessions can be taken up again.</p>\n",
			(long long)stats->live);
}

static void
show(app_request *r)
{
	size_t all = 0, anonymous = 0;
	sess_stats stats;
	int rc = sess_count(r->kit, NULL, WITHIN, &all);

	if (rc == SESS_OK)
		rc = sess_count(r->kit, "", WITHIN, &anonymous);
	if (rc == SESS_OK)
		rc = sess_summary(r->kit, &stats);
	if (rc != SESS_OK && rc != SESS_UNSUPPORTED) {
		page_failed(r, rc);
		return;
	}
	if (!page_begin(r, "200 OK", "Who is online"))
		return;
	if (rc == SESS_UNSUPPORTED) {
		page_print(r, "<p>Nobody knows: this site keeps sessions in the browsers.</p>\n");
		page_end(r);
		return;
	}
	print_counts(r, all, anonymous, &stats);
	page_print(r, "<h2>The last hour</h2>\n");
	if (stats.minute[0].started < 0) {
		page_print(r, "<p>This store does not keep what happened when.</p>\n");
	} else {
		print_chart(r, &stats);
		print_table(r, &stats);
	}
	page_print(r, "<p><a class=\"button\" href=\"?\">Look again</a></p>\n");
	page_end(r);
}

int
main(void)
{
	return app_main("online", SESS_NO_TOUCH | SESS_READ_ONLY, show);
}
