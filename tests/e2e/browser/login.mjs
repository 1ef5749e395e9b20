/* SPDX-License-Identifier: ISC */
/* login.mjs - sign in and out as people do: with tabs, devices, thieves and the back button. */
import assert from 'node:assert/strict';
import { cookie, copyCookies, count, goBack, http, https, lacks, mark, press, says, signIn,
	withVisitors } from './site.mjs';
import { test } from './tap.mjs';

const iphone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 ' +
	'Safari/604.1';

/* -- one browser ------------------------------------------------------------------------------- */

async function signInAndReload(me)
{
	await me.page.goto('/counter');
	const before = await cookie(me);

	await signIn(me);
	await says(me.page, 'You are signed in.');
	await says(me.page, 'Hello, guest');
	assert.notEqual((await cookie(me)).value, before.value, 'the id is the old one');
	await me.page.reload();
	await says(me.page, 'Hello, guest');
	await lacks(me.page, 'You are signed in.');
	await me.page.goto('/counter');
	assert.equal(await count(me.page), 2);
}

async function secondTab(me)
{
	await signIn(me);
	const tab = await me.context.newPage();

	await tab.goto('/login');
	await says(tab, 'Hello, guest');
	await Promise.all([me.page.goto('/counter'), tab.goto('/counter')]);
	assert.equal(await count(me.page) + await count(tab), 1 + 2);
}

/* The browser that signed out has no cookie any more, so that its other tab is a stranger whose
 * form is too old; it must get a word about it, and a way on. */
async function otherTabAfterLogout(me)
{
	await signIn(me);
	const tab = await me.context.newPage();

	await tab.goto('/login/devices');
	await press(me.page, 'Sign out');
	assert.equal(await cookie(me), undefined);
	await press(tab, 'Sign out all others');
	await says(tab, 'perhaps because you have signed in or out');
	await says(tab, 'Nothing was changed');
	await press(tab, 'Back to the form');
	await says(tab, 'Password');
	await signIn({ page: tab });
	await me.page.goto('/login');
	await says(me.page, 'Hello, guest');
}

/* -- the back button --------------------------------------------------------------------------- */

/* First that pages do come back out of the cache, or the rest would prove nothing. */
async function backAfterLogout(me)
{
	await signIn(me);
	await mark(me.page);
	await me.page.goto('/');
	assert(await goBack(me.page), 'no page ever comes from the cache');
	await says(me.page, 'Hello, guest');

	await me.page.goto('/login/devices');
	await mark(me.page);
	await press(me.page, 'Back');
	await mark(me.page);
	await press(me.page, 'Sign out');
	await says(me.page, 'You are signed out');
	for (let pages = 0; pages < 3; pages++) {
		assert(!await goBack(me.page), 'a page comes from the cache');
		await lacks(me.page, 'guest');
	}
}

async function backAfterLogoutElsewhere(me)
{
	await signIn(me);
	await mark(me.page);
	await me.page.goto('/');
	const tab = await me.context.newPage();

	await tab.goto('/login');
	await press(tab, 'Sign out');
	assert(!await goBack(me.page), 'the page comes from the cache');
	await lacks(me.page, 'guest');
}

/* -- several browsers -------------------------------------------------------------------------- */

async function copiedCookie(owner, early, late)
{
	await owner.page.goto('/counter');
	await copyCookies(owner, early);
	await signIn(owner);
	await copyCookies(owner, late);

	await early.page.goto('/login');
	await says(early.page, 'This session went on under a new id');
	await lacks(early.page, 'guest');
	await late.page.goto('/login');
	await says(late.page, 'Hello, guest');  /* who has the cookie of now is taken for the owner */

	await press(owner.page, 'Sign out');
	await press(late.page, 'Sign out everywhere');
	await says(late.page, 'You have signed out.');
	await says(late.page, 'Nothing was changed');
	await late.page.goto('/login');
	await lacks(late.page, 'guest');
}

async function toldToThief(me)
{
	await me.page.goto('/counter');
	await me.page.goto('/hijack');
	await press(me.page, 'Let a thief use my cookie');
	await says(me.page, 'The thief is taken for you: signed in as nobody');
	await press(me.page, 'Take a new id, then let a thief use my old cookie');
	await says(me.page, 'The thief is turned away: this id was given up');
	await press(me.page, 'Sign me out, then let a thief use my cookie');
	await says(me.page, 'The thief is turned away: its owner has signed out');
}

async function devices(desk, phone)
{
	await signIn(desk);
	await signIn(phone);
	await desk.page.goto('/login/devices');
	await says(desk.page, 'Chrome without a screen on Linux (this one)');
	await Promise.all([desk.page.waitForEvent('load'),
		desk.page.getByRole('button', { name: 'Sign out Safari on an iPhone' }).click()]);
	await says(desk.page, 'That device is signed out.');
	await lacks(desk.page, 'iPhone');
	await phone.page.reload();
	await says(phone.page, 'This session was ended from another place.');
	await desk.page.goto('/login');
	await says(desk.page, 'Hello, guest');
}

/* Another site, in this browser: "localhost" and "127.0.0.1" are two. */
async function foreignForm(me)
{
	await signIn(me);
	const tab = await me.context.newPage();
	const foreign = http.replace('127.0.0.1', 'localhost');

	await tab.goto(foreign);
	await Promise.all([tab.waitForURL(http + '/**'), tab.evaluate(to => {
		const form = document.createElement('form');

		form.method = 'post';
		form.action = to;
		document.body.append(form);
		form.submit();
	}, http + '/login/everywhere')]);
	await says(tab, 'Please send the form again');
	await me.page.reload();
	await says(me.page, 'Hello, guest');
}

export async function login(browser)
{
	const as = (steps, ...options) => () => withVisitors(browser, options, steps);

	await test('login: a new id, a word said once, and values stay', as(signInAndReload, {}));
	await test('a second tab is signed in too', as(secondTab, {}));
	await test('logout in one tab: the other gets a kind word', as(otherTabAfterLogout, {}));
	for (const base of [https, http]) {
		const how = new URL(base).protocol, by = { baseURL: base };

		await test(`${how} back after logout shows nothing of before`, as(backAfterLogout, by));
		await test(`${how} nor does it after logout in another tab`,
			as(backAfterLogoutElsewhere, by));
	}
	await test('a copied cookie dies with login, and with logout',
		as(copiedCookie, {}, {}, {}));
	await test('the page about the thief tells the same', as(toldToThief, {}));
	await test('your devices: one ends the other',
		as(devices, {}, { userAgent: iphone }));
	await test('a form of another site signs nobody out', as(foreignForm, {}));
}
