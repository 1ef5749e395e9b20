/* SPDX-License-Identifier: ISC */
/* tap.mjs - the Test Anything Protocol, one line for each case; browser.sh puts in the numbers. */

/* The case passes if its steps end without an error, which otherwise shows why it did not. */
export async function test(name, steps)
{
	try {
		await steps();
		console.log(`ok - ${name}`);
	} catch (error) {
		console.log(`not ok - ${name}`);
		console.log(String(error.stack).replace(/^/gm, '# '));
	}
}
