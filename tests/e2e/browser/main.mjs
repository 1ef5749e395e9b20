/* SPDX-License-Identifier: ISC */
/* main.mjs - all suites in one Chromium. Ends with 0 if all of them ran, whatever they found. */
import { cookies } from './cookies.mjs';
import { login } from './login.mjs';
import { pages } from './pages.mjs';
import { plain } from './plain.mjs';
import { shop } from './shop.mjs';
import { launch } from './site.mjs';

const longest = 170;                    /* seconds; then something hangs */

setTimeout(() => {
	console.log(`# not done after ${longest} seconds`);
	process.exit(1);
}, longest * 1000).unref();

const browser = await launch();

try {
	for (const suite of [cookies, login, shop, plain, pages])
		await suite(browser);
} finally {
	await browser.close();
}
