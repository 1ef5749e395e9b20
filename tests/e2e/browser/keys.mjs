/* SPDX-License-Identifier: ISC */
/* keys.mjs - the Tab key: where it leads, and whether one sees that. */
import assert from 'node:assert/strict';

const most = 80;                        /* presses of Tab on one page */

/* What has the focus, by the words beside or in it; "" for the page itself. */
export function focused(page)
{
	return page.evaluate(() => {
		const at = document.activeElement;

		if (!at || at === document.body)
			return '';
		return (at.labels?.[0] ?? at).textContent.replace(/\s+/g, ' ').trim();
	});
}

export async function tabTo(page, name)
{
	for (let presses = 0; presses < most; presses++) {
		await page.keyboard.press('Tab');
		if (await focused(page) === name)
			return;
	}
	assert.fail(`Tab never comes to "${name}" at ${page.url()}`);
}

/* In the page: give all that can be worked with a number, in the order of reading, and go to the
 * top. */
function numberControls()
{
	const all = document.querySelectorAll(
		'a[href], button, summary, select, textarea, input:not([type=hidden])');

	all.forEach((each, i) => { each.dataset.control = i; });
	document.body.tabIndex = -1;
	document.body.focus();
	document.body.removeAttribute('tabindex');
	return all.length;
}

/* In the page: the number of what has the focus, and whether it has a frame that differs from what
 * is around it. */
function lookAtFocus()
{
	const at = document.activeElement, style = getComputedStyle(at);

	return {
		control: Number(at.dataset.control ?? -1),
		html: at.outerHTML.slice(0, 100),
		seen: at.matches(':focus-visible') && style.outlineStyle === 'solid' &&
			parseFloat(style.outlineWidth) >= 2
	};
}

/* Every control is reached, in the order of reading, and shows that it has the focus. */
export async function checkTabOrder(page)
{
	const controls = await page.evaluate(numberControls);

	for (let expected = 0; expected < controls; expected++) {
		await page.keyboard.press('Tab');
		const at = await page.evaluate(lookAtFocus);

		assert.equal(at.control, expected, `Tab leads to ${at.html}`);
		assert(at.seen, `no visible focus on ${at.html}`);
	}
}
