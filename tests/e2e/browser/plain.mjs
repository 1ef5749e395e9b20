/* SPDX-License-Identifier: ISC */
/* plain.mjs - the samples without JavaScript, and without a mouse. */
import assert from 'node:assert/strict';
import { focused, tabTo } from './keys.mjs';
import { password, press, says, signIn, withVisitors } from './site.mjs';
import { test } from './tap.mjs';

async function withoutScripts(me)
{
	await me.page.goto('data:text/html,<title>off</title><script>document.title="on"</script>');
	assert.equal(await me.page.title(), 'off');
	await signIn(me);
	await says(me.page, 'You are signed in.');
	await press(me.page, 'All samples');
	await press(me.page, 'Shop');
	await press(me.page, 'Add Bread');
	await press(me.page, 'Add Honey');
	await press(me.page, 'Add Honey');
	await press(me.page, 'Take out Bread');
	await press(me.page, 'Order');
	await press(me.page, 'Buy');
	await says(me.page, 'Order 1.');
	await says(me.page, 'Honey211.90');
	await me.page.goto('/login/name');
	await me.page.fill('#name', 'Zoë');
	await press(me.page, 'Save');
	await says(me.page, 'Hello, Zoë');
	await press(me.page, 'Sign out');
	await says(me.page, 'You are signed out');
}

/* -- by keyboard ------------------------------------------------------------------------------- */

async function enter(page)
{
	await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')]);
}

async function loginByKeys({ page })
{
	await page.goto('/login');
	await tabTo(page, 'Name');
	await page.keyboard.type('guest');
	await page.keyboard.press('Tab');
	assert.equal(await focused(page), 'Password');
	await page.keyboard.type(password);
	await page.keyboard.press('Tab');
	assert.equal(await focused(page), 'Keep me signed in on this device for 30 days');
	await page.keyboard.press('Space');
	assert.equal(await page.isChecked('[name=remember]'), true);
	await page.keyboard.press('Tab');
	assert.equal(await focused(page), 'Sign in');
	await enter(page);
	await says(page, 'You are signed in.');
	await tabTo(page, 'Your devices');
	await enter(page);
	await says(page, '(this one)');
	await tabTo(page, 'Back');
	await enter(page);
	await tabTo(page, 'Sign out');
	await enter(page);
	await says(page, 'You are signed out');
}

/* Enter in a field sends the form, as everywhere. */
async function enterInField({ page })
{
	await page.goto('/login');
	await tabTo(page, 'Name');
	await page.keyboard.type('guest');
	await page.keyboard.press('Tab');
	await page.keyboard.type(password);
	await enter(page);
	await says(page, 'You are signed in.');
}

async function shopByKeys({ page })
{
	await page.goto('/cart');
	for (const [name, words] of [['Add Apple', 'Apple10.45'], ['Order', 'Together0.45'],
		['Buy', 'Order 1.']]) {
		await tabTo(page, name);
		await enter(page);
		await says(page, words);
	}
}

export async function plain(browser)
{
	const as = (steps, options = {}) => () => withVisitors(browser, [options], steps);

	await test('sign in, buy and sign out without JavaScript',
		as(withoutScripts, { javaScriptEnabled: false }));
	await test('sign in and out by keyboard', as(loginByKeys));
	await test('Enter in a field sends the form', as(enterInField));
	await test('buy by keyboard', as(shopByKeys));
}
