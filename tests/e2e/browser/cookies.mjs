/* SPDX-License-Identifier: ISC */
/* cookies.mjs - what the browser itself holds of a session's cookies, by HTTP and by HTTPS. */
import assert from 'node:assert/strict';
import { cookie, http, https, press, signIn, withVisitors } from './site.mjs';
import { test } from './tap.mjs';

const token = /^[A-Za-z0-9_-]{43}$/;
const day = 86400;

/* Every property but value and expires. domain has no dot in front: the cookie is for this host. */
function hardened({ value, expires, ...rest }, name, secure)
{
	assert.match(value, token);
	assert.deepEqual(rest, { name, domain: '127.0.0.1', path: '/', httpOnly: true, secure,
		sameSite: 'Lax' });
}

async function attributes(me, prefix, secure)
{
	await signIn(me);
	const cookies = await me.context.cookies();

	assert.deepEqual(cookies.map(each => each.name).sort(),
		[`${prefix}sid`, `${prefix}sid-form`]);
	for (const each of cookies) {
		hardened(each, each.name, secure);
		assert.equal(each.expires, -1, 'it outlives the browser');
	}
	assert.equal(await me.page.evaluate(() => document.cookie), '', 'scripts can read it');
}

async function remembered(me, prefix, secure)
{
	await signIn(me, { remember: true });
	const sid = await cookie(me, `${prefix}sid`);
	const life = sid.expires - Date.now() / 1000;

	hardened(sid, `${prefix}sid`, secure);
	assert(life > 30 * day - 60 && life <= 30 * day + 1, `it lives for ${life} s`);
}

async function forgotten(me, prefix)
{
	await signIn(me, { remember: true });
	await press(me.page, 'Sign out');
	assert.equal(await cookie(me, `${prefix}sid`), undefined);
}

/* Nothing of one session is part of the other, whatever the browser sends where. */
async function apart(me, other)
{
	await signIn(me);
	await other.context.addCookies(await me.context.cookies());
	await other.page.goto('/login');
	assert.equal(await other.page.isVisible('#password'), true);
}

export async function cookies(browser)
{
	const as = (steps, ...options) => () => withVisitors(browser, options, steps);

	for (const [baseURL, prefix, secure] of [[http, '', false], [https, '__Host-', true]]) {
		const scheme = new URL(baseURL).protocol;
		const on = steps => as(me => steps(me, prefix, secure), { baseURL });

		await test(`${scheme} cookies are for this host, this visit and no script`,
			on(attributes));
		await test(`${scheme} "remember me" is for 30 days`, on(remembered));
		await test(`${scheme} signing out takes it away`, on(forgotten));
	}
	await test('a session of HTTP is none of HTTPS', as(apart, {}, { baseURL: https }));
}
