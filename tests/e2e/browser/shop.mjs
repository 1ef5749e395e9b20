/* SPDX-License-Identifier: ISC */
/* shop.mjs - forms that are sent twice, together, late, or only in part. */
import assert from 'node:assert/strict';
import { halfLine } from './line.mjs';
import { cookie, count, goBack, http, mark, press, says, withVisitors } from './site.mjs';
import { test } from './tap.mjs';

async function fillCart(page, things = ['Apple'])
{
	await page.goto('/cart');
	for (const thing of things)
		await press(page, `Add ${thing}`);
}

async function order(page, things)
{
	await fillCart(page, things);
	await press(page, 'Order');
}

async function bought(page, orders, thing)
{
	await page.goto('/cart/receipt');
	await says(page, `Order ${orders}.`);
	await says(page, thing);
}

/* -- once and no more -------------------------------------------------------------------------- */

async function doubleClick(me)
{
	await order(me.page);
	await Promise.all([me.page.waitForURL('**/receipt*'),
		me.page.getByRole('button', { name: 'Buy' }).dblclick()]);
	await bought(me.page, 1, 'Apple1');
	await fillCart(me.page, []);
	await says(me.page, 'Nothing yet.');
}

/* The same form in several tabs, sent from all of them at once. */
async function together(me)
{
	await order(me.page, ['Honey']);
	const form = await me.page.$eval('form', each => each.outerHTML);
	const tabs = await Promise.all([1, 2, 3, 4].map(() => me.context.newPage()));

	await Promise.all(tabs.map(tab => tab.goto('/cart')));
	await Promise.all(tabs.map(tab => Promise.all([tab.waitForURL('**/receipt*'),
		tab.evaluate(html => {
			document.querySelector('form').outerHTML = html;
			document.querySelector('form').submit();
		}, form)])));
	const first = tabs.filter(tab => !tab.url().includes('again'));

	assert.equal(first.length, 1, 'not one of the four has bought');
	await says(first[0], 'Order 1.');
	await bought(me.page, 1, 'Honey1');
}

/* The form of before is in the cache of whole pages: it may be seen, and pressed. */
async function backAfterBuying(me)
{
	await order(me.page);
	await mark(me.page);
	await press(me.page, 'Buy');
	assert(await goBack(me.page), 'the form does not come back');
	await press(me.page, 'Buy');
	await says(me.page, 'You sent this order more than once. It counted once');
	await says(me.page, 'Order 1.');
}

async function twoForms(me)
{
	await order(me.page);
	const tab = await me.context.newPage();

	await tab.goto('/cart/order');
	await press(me.page, 'Buy');
	await says(me.page, 'Order 1.');
	await press(tab, 'Buy');
	await says(tab, 'bought nothing more');
	await says(tab, 'Order 1.');
	await says(tab, 'Apple1');
}

async function twoTabsAdd(me)
{
	const tab = await me.context.newPage();

	await fillCart(me.page);
	await tab.goto('/cart');
	await Promise.all([press(me.page, 'Add Apple'), press(tab, 'Add Apple')]);
	await me.page.reload();
	await says(me.page, 'Apple3');
}

/* -- half a request ---------------------------------------------------------------------------- */

async function note(page)
{
	await page.goto('/setget');
	return page.textContent('.note');
}

/* The browser is closed when half of its form has gone out. */
async function halfAForm(me, heir)
{
	const line = await halfLine(http);

	await me.page.goto('/setget');
	await me.page.fill('#note', 'whole');
	await press(me.page, 'Set');
	await heir.context.addCookies([await cookie(me)]);
	await me.page.goto(`${line.url}/setget`);
	await me.page.fill('#note', 'half');
	await me.page.$eval('form', form => form.submit());
	await line.isCut;
	await me.context.close();
	await line.end();
	assert.equal(await note(heir.page), 'whole');
	await heir.page.goto('/counter');
	assert.equal(await count(heir.page), 1);
}

/* Closed at any moment of buying: one look at the shop shows all of the order, or nothing of it; in
 * the second case it can still be bought. */
async function closedWhileBuying(me, heir)
{
	await order(me.page, ['Apple', 'Honey']);
	await heir.context.addCookies([await cookie(me)]);
	const sent = me.page.waitForRequest(each => each.method() === 'POST');

	await me.page.$eval('form', form => form.submit());
	await sent;
	await me.context.close();
	await heir.page.goto('/cart');
	const cart = await heir.page.textContent('main');

	assert.equal(cart.includes('Nothing yet.'), cart.includes('Your last receipt'), cart);
	if (!cart.includes('Nothing yet.')) {
		await press(heir.page, 'Order');
		if (heir.page.url().endsWith('/order'))
			await press(heir.page, 'Buy');
	}
	await bought(heir.page, 1, 'Apple10.45 Honey15.95');
}

export async function shop(browser)
{
	const as = (steps, ...options) => () => withVisitors(browser, options, steps);

	await test('a double click buys once', as(doubleClick, {}));
	await test('four tabs that send one order together buy once', as(together, {}));
	await test('back after buying: pressed again, it is told', as(backAfterBuying, {}));
	await test('a second order form buys nothing from the empty cart', as(twoForms, {}));
	await test('what two tabs add is all there', as(twoTabsAdd, {}));
	await test('half a form changes nothing', as(halfAForm, {}, {}));
	for (let i = 1; i <= 5; i++)
		await test(`an order that nobody waits for is whole or none, ${i}`,
			as(closedWhileBuying, {}, {}));
}
