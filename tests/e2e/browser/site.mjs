/* SPDX-License-Identifier: ISC */
/* site.mjs - Chromium, its visitors, and what they do on many pages of the samples. */
import { chromium } from 'playwright-core';
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

export const http = process.env.SITE_HTTP;
export const https = process.env.SITE_HTTPS;
export const password = process.env.SITE_PASSWORD;
const patience = 15000;                 /* ms for each step */

/* The hash by which Chromium trusts the server's own certificate. To ignore all errors of
 * certificates would not do: what comes by such a connection is never cached. */
function trusted()
{
	const cert = new X509Certificate(readFileSync(process.env.SITE_CERT));
	const key = cert.publicKey.export({ type: 'spki', format: 'der' });

	return createHash('sha256').update(key).digest('base64');
}

/* The cache of whole pages, which the back button shows, is on for people, but not for drivers. */
export function launch()
{
	return chromium.launch({
		executablePath: process.env.SITE_BROWSER,
		args: [`--ignore-certificate-errors-spki-list=${trusted()}`],
		ignoreDefaultArgs: ['--disable-back-forward-cache']
	});
}

/* A person with a browser of their own, at one page. */
async function visitor(browser, options = {})
{
	const context = await browser.newContext({ baseURL: http, ...options });

	context.setDefaultTimeout(patience);
	return { context, page: await context.newPage(), leave: () => context.close() };
}

/* Let steps run with a visitor for each of the options, which are those of playwright's newContext;
 * all of them leave in the end. */
export async function withVisitors(browser, options, steps)
{
	const visitors = [];

	try {
		for (const each of options)
			visitors.push(await visitor(browser, each));
		await steps(...visitors);
	} finally {
		await Promise.all(visitors.map(each => each.leave()));
	}
}

/* Ask until the answer is true. */
export async function until(what, question)
{
	const end = Date.now() + patience;

	while (!await question()) {
		assert(Date.now() < end, `waited in vain until ${what}`);
		await new Promise(resolve => setTimeout(resolve, 20));
	}
}

/* -- cookies ----------------------------------------------------------------------------------- */

export async function cookie(who, name = 'sid')
{
	return (await who.context.cookies()).find(each => each.name === name);
}

/* All cookies of a browser, as a thief would take them. */
export async function copyCookies(from, to)
{
	await to.context.addCookies(await from.context.cookies());
}

/* -- pages ------------------------------------------------------------------------------------- */

export async function says(page, words)
{
	const text = (await page.textContent('main')).replace(/\s+/g, ' ');

	assert(text.includes(words), `no "${words}" at ${page.url()}: ${text}`);
}

export async function lacks(page, words)
{
	const text = await page.textContent('main');

	assert(!text.includes(words), `"${words}" at ${page.url()}: ${text}`);
}

/* Press what is called so, and wait for the page that it leads to. */
export async function press(page, name)
{
	const control = page.locator('a, button').and(page.getByText(name, { exact: true }));

	await Promise.all([page.waitForEvent('load'), control.first().click()]);
}

export async function signIn(who, options = {})
{
	await who.page.goto('/login');
	await who.page.fill('#name', options.name ?? 'guest');
	await who.page.fill('#password', options.password ?? password);
	if (options.remember)
		await who.page.check('[name=remember]');
	await press(who.page, 'Sign in');
}

export async function count(page)
{
	return Number(await page.textContent('.count'));
}

/* -- the back button --------------------------------------------------------------------------- */

/* The page may come from the cache of whole pages, of which the driver takes no notice: mark it
 * before it is left, and tell by the mark. */
export function mark(page)
{
	return page.evaluate(() => { globalThis.kept = true; });
}

/* Whether that is where the page came from. */
export async function goBack(page)
{
	await page.evaluate(() => {
		globalThis.left = true;
		history.back();
	});
	await until('the page before is back', () => page.evaluate(() => !globalThis.left &&
		document.readyState === 'complete').catch(() => false));
	return page.evaluate(() => globalThis.kept === true);
}
