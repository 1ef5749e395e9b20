/* SPDX-License-Identifier: ISC */
/* pages.mjs - every page of every sample, looked at: by axe-core for barriers, on a phone and a
 * desk, light and dark; by the Tab key; and in pictures. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { checkTabOrder } from './keys.mjs';
import { walks } from './walks.mjs';
import { withVisitors } from './site.mjs';
import { test } from './tap.mjs';

const axe = readFileSync(new URL('node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const devices = { phone: { width: 360, height: 740 }, desk: { width: 1280, height: 800 } };
const schemes = ['light', 'dark'];

/* In the page. Beside what is on by default, that what is pressed is large enough. */
async function findBarriers()
{
	const { violations, passes } = await globalThis.axe.run(document, {
		resultTypes: ['violations'],
		rules: { 'target-size': { enabled: true } }
	});
	const found = violations.flatMap(rule => rule.nodes.map(node =>
		`${rule.id}: ${rule.help}: ${node.html}: ${node.failureSummary}`));

	return { found, passes: passes.length };
}

async function checkBarriers(page)
{
	const { found, passes } = await page.evaluate(findBarriers);

	assert.deepEqual(found, []);
	assert(passes > 10, 'hardly a rule was tried');
}

/* Nothing goes beyond the edge of the window. */
async function checkWidth(page)
{
	const wide = await page.evaluate(() => [...document.querySelectorAll('body, body *')]
		.filter(each => each.getBoundingClientRect().right > innerWidth + 0.5)
		.map(each => each.outerHTML.slice(0, 100)));

	assert.deepEqual(wide, []);
	assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
		true, 'it scrolls sideways');
}

async function inspect(page, name)
{
	await page.evaluate(axe);
	for (const [device, size] of Object.entries(devices)) {
		await page.setViewportSize(size);
		await test(`${name}: fits on a ${device}`, () => checkWidth(page));
		for (const colorScheme of schemes) {
			await page.emulateMedia({ colorScheme });
			await test(`${name}: no barrier on a ${device}, ${colorScheme}`,
				() => checkBarriers(page));
			await page.screenshot({ fullPage: true, path:
				`${process.env.SITE_SCREENSHOTS}/${name}-${device}-${colorScheme}.png` });
		}
	}
	await page.emulateMedia({ colorScheme: 'light' });
	await test(`${name}: Tab reaches all of it`, () => checkTabOrder(page));
}

export async function pages(browser)
{
	for (const [sample, walk] of Object.entries(walks))
		await test(`${sample}: all pages were seen`, () => withVisitors(browser, [{}, {}],
			(me, other) => walk(me, name => inspect(me.page, name), other)));
}
