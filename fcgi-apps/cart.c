/* SPDX-License-Identifier: ISC */
/*
 * cart.c - a shop whose "buy" counts once, however often it is pressed. The order form carries a
 * ticket (sess_once_issue); of all requests that present it, one takes it. Quantities change by
 * sess_add_int, so that what two tabs put in at the same moment is all there.
 */
#include "app.h"

#include <string.h>

#define MOST 99                 /* of each thing */
#define MARK 10                 /* characters of a used ticket, to know its form again */

static const struct {
	const char *key, *bought, *word;
	int cents;
} things[] = {
	{ "cart.apple", "bought.apple", "Apple", 45 },
	{ "cart.bread", "bought.bread", "Bread", 320 },
	{ "cart.honey", "bought.honey", "Honey", 595 }
};
#define THINGS (sizeof(things) / sizeof(things[0]))

/* Tabs that take out the last one together end below zero: that is none. */
static int64_t
quantity(const sess *s, const char *key)
{
	int64_t n = sess_get_int(s, key, 0);

	return n < 0 ? 0 : n > MOST ? MOST : n;
}

static void
print_price(app_request *r, int64_t cents)
{
	fprintf(r->out, "%lld.%02d", (long long)(cents / 100), (int)(cents % 100));
}

/* -- what is in it ----------------------------------------------------------------------------- */

static bool
is_empty(const sess *s)
{
	for (size_t i = 0; i < THINGS; i++)
		if (quantity(s, things[i].key) > 0)
			return false;
	return true;
}

/* A row for each thing there is any of, and the sum. */
static void
print_table(app_request *r, bool bought)
{
	int64_t sum = 0, n;

	page_print(r, "<table>\n<tr><th scope=\"col\">Thing</th>"
		"<th scope=\"col\" class=\"number\">Number</th>"
		"<th scope=\"col\" class=\"number\">Price</th></tr>\n");
	for (size_t i = 0; i < THINGS; i++) {
		n = quantity(r->s, bought ? things[i].bought : things[i].key);
		if (n == 0)
			continue;
		page_print(r, "<tr><th scope=\"row\">%s</th><td class=\"number\">%lld</td>"
			"<td class=\"number\">", things[i].word, (long long)n);
		print_price(r, n * things[i].cents);
		page_print(r, "</td></tr>\n");
		sum += n * things[i].cents;
	}
	page_print(r, "<tr><th scope=\"row\">Together</th><td></td><td class=\"number\">");
	print_price(r, sum);
	page_print(r, "</td></tr>\n</table>\n");
}

static void
show(app_request *r)
{
	const char *notice = sess_flash_take(r->s, "cart");

	if (!page_begin(r, "200 OK", "A small shop"))
		return;
	page_notice(r, notice);
	page_form(r, "/change");
	for (size_t i = 0; i < THINGS; i++) {
		page_print(r, "<p><button class=\"button\" name=\"add\" value=\"%s\">Add %s"
			"</button>\n", things[i].word, things[i].word);
		if (quantity(r->s, things[i].key) > 0)
			page_print(r, "<button class=\"quiet\" name=\"remove\" value=\"%s\">"
				"Take out %s</button>", things[i].word, things[i].word);
		page_print(r, "</p>\n");
	}
	page_print(r, "</form>\n<h2>In your cart</h2>\n");
	if (is_empty(r->s)) {
		page_print(r, "<p>Nothing yet.</p>\n");
	} else {
		print_table(r, false);
		page_print(r, "<p><a class=\"button\" href=\"%s/order\">Order</a></p>\n",
			app_base(r));
	}
	if (sess_get_str(r->s, "bought", NULL))
		page_print(r, "<p><a href=\"%s/receipt\">Your last receipt</a></p>\n",
			app_base(r));
	page_end(r);
}

static void
change(app_request *r)
{
	const char *add = app_field(r, "add"), *remove = app_field(r, "remove");
	const char *word = add ? add : remove;

	for (size_t i = 0; word && i < THINGS; i++) {
		if (strcmp(word, things[i].word))
			continue;
		if (add && quantity(r->s, things[i].key) < MOST)
			sess_add_int(r->s, things[i].key, 1);
		else if (add)
			sess_flash(r->s, "cart", "There are no more than 99 of each.");
		else if (quantity(r->s, things[i].key) > 0)
			sess_add_int(r->s, things[i].key, -1);
	}
	app_go(r, "");
}

/* -- order ------------------------------------------------------------------------------------- */

/* The ticket comes into the session by a GET: what is loaded is a new form, and nothing else has
 * changed. Only this page has one, so that looking at the shop stores nothing. */
static void
order(app_request *r)
{
	const char *ticket;

	if (is_empty(r->s)) {
		app_go(r, "");
		return;
	}
	ticket = sess_once_issue(r->s, "order", 0);     /* a failure would come back from commit */
	if (!page_begin(r, "200 OK", "Your order"))
		return;
	print_table(r, false);
	page_form(r, "/buy");
	page_print(r, "<input type=\"hidden\" name=\"ticket\" value=\"%s\">\n"
		"<p><button class=\"button\">Buy</button></p>\n</form>\n"
		"<p>Press twice, if you like, or come back to this page and press again: "
		"it counts once.</p>\n<p><a href=\"%s\">Back to the shop</a></p>\n", ticket,
		app_base(r));
	page_end(r);
}

/* The receipt is in the session, with the mark of the ticket that it was bought with. What another
 * tab puts in meanwhile stays: what was bought is subtracted, not set to zero. */
static void
write_receipt(app_request *r, const char *mark)
{
	for (size_t i = 0; i < THINGS; i++) {
		int64_t n = quantity(r->s, things[i].key);

		sess_set_int(r->s, things[i].bought, n);
		sess_add_int(r->s, things[i].key, -n);
	}
	sess_add_int(r->s, "orders", 1);
	sess_set_str(r->s, "bought", mark);
}

/* Once the ticket is taken, it is gone: should the receipt not be stored after that, nothing was
 * bought, and the shop still has the cart. The second of two requests that come together may be
 * answered before the first: it does not look for the receipt, but sends the browser to it. */
static void
buy(app_request *r)
{
	const char *ticket = app_field(r, "ticket");
	char mark[MARK + 1], page[60];
	int rc = sess_once_take(r->s, "order", ticket);

	snprintf(mark, sizeof(mark), "%s", ticket ? ticket : "");
	/* Two tabs may each have a form for the same things: who comes second finds none. */
	if (rc == SESS_OK && !is_empty(r->s)) {
		write_receipt(r, mark);
		app_go(r, "/receipt");
	} else if (rc == SESS_OK || rc == SESS_DENIED) {
		snprintf(page, sizeof(page), "/receipt?again=%s", mark);
		app_go(r, page);
	} else {
		page_failed(r, rc);
	}
}

static void
receipt(app_request *r)
{
	const char *mark = sess_get_str(r->s, "bought", ""), *again = app_query(r, "again");

	if (!page_begin(r, "200 OK", "Your receipt"))
		return;
	if (*mark == '\0') {
		page_notice(r, "Nothing was bought yet.");
	} else {
		if (again)
			page_notice(r, strcmp(mark, again) == 0 ?
				"You sent this order more than once. It counted once, and here is "
				"its receipt." :
				"This order form had been used before or was too old, or the cart "
				"was empty by then, so it bought nothing more. This is the last "
				"order that went through.");
		page_print(r, "<p>Order <strong>%lld</strong>. Thank you!</p>\n",
			(long long)sess_get_int(r->s, "orders", 0));
		print_table(r, true);
	}
	page_print(r, "<p><a class=\"button\" href=\"%s\">Back to the shop</a></p>\n",
		app_base(r));
	page_end(r);
}

static void
route(app_request *r)
{
	static const struct {
		const char *path;
		app_page *get, *post;
	} pages[] = {
		{ "/change", NULL, change },
		{ "/order", order, NULL },
		{ "/buy", NULL, buy },
		{ "/receipt", receipt, NULL }
	};
	app_page *page = strcmp(r->method, "POST") ? show : NULL;

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		if (strcmp(r->path, pages[i].path) == 0)
			page = strcmp(r->method, "POST") ? pages[i].get : pages[i].post;
	if (page)
		page(r);
	else
		app_go(r, "");
}

int
main(void)
{
	return app_main("cart", 0, route);
}
