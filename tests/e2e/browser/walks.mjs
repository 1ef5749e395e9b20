/* SPDX-License-Identifier: ISC */
/* walks.mjs - how to come to every page of every sample: see(name) is called on each. */
import { copyCookies, press, says, signIn, until } from './site.mjs';

async function index({ page }, see)
{
	await page.goto('/');
	await see('index');
}

async function counter({ page }, see)
{
	await page.goto('/counter');
	await see('counter');
}

/* -- one verb each ----------------------------------------------------------------------------- */

async function verbs({ page }, see)
{
	await page.goto('/rotate');
	await see('rotate-none');
	await page.goto('/destroy');
	await see('destroy-none');
	await page.goto('/start');
	await see('start-none');
	await press(page, 'Start');
	await see('start-pressed');
	await page.goto('/start');
	await see('start-one');
	await page.goto('/rotate');
	await see('rotate');
	await press(page, 'Rotate');
	await see('rotate-pressed');
	await page.goto('/destroy');
	await see('destroy');
	await press(page, 'Destroy');
	await see('destroy-pressed');
}

/* -- values ------------------------------------------------------------------------------------ */

async function lifetime({ page }, see)
{
	await page.goto('/lifetime');
	await see('lifetime');
	await until('the count starts anew', async () => {
		await page.goto('/lifetime');
		return await page.locator('[role=status]').count() > 0;
	});
	await see('lifetime-anew');
}

async function values({ page }, see)
{
	await page.goto('/migrate');
	await see('migrate-none');
	await page.goto('/setget');
	await see('setget-none');
	await page.fill('#note', 'Donaudampfschifffahrtsgesellschaftskapitänsmütze');
	await press(page, 'Set');
	await see('setget');
	await page.$eval('#note', each => each.removeAttribute('maxlength'));
	await page.fill('#note', 'x'.repeat(201));
	await press(page, 'Set');
	await says(page, 'something short');
	await see('setget-refused');
	await page.goto('/migrate');
	await see('migrate');
	await press(page, 'Migrate');
	await see('migrate-pressed');
}

async function links({ page }, see)
{
	await page.goto('/links');
	await see('links');
	await press(page, 'Room 2');
	await see('links-room');
}

/* -- applications ------------------------------------------------------------------------------ */

async function login(me, see, other)
{
	const { page } = me;

	await page.goto('/login');
	await see('login');
	await signIn(me, { password: 'wrong' });
	await says(page, 'not right');
	await see('login-wrong');
	await signIn(me);
	await see('login-welcome');
	await signIn(other);
	await page.goto('/login/devices');
	await see('login-devices');
	await press(page, 'Sign out all others');
	await see('login-devices-signed-out');
	await page.goto('/login/confirm');
	await see('login-confirm');
	await page.fill('#password', 'wrong');
	await press(page, 'Confirm');
	await see('login-confirm-wrong');
	await page.goto('/login/name');
	await see('login-name');
	await page.fill('#name', 'é'.repeat(31));
	await press(page, 'Save');
	await see('login-name-refused');
	await page.goto('/login/nowhere');
	await see('login-nowhere');
	await page.goto('/login');
	await press(page, 'Sign out');
	await see('login-bye');
}

/* What those see whose session ended elsewhere. */
async function ended(me, see, other)
{
	const { page } = me;

	await signIn(other);
	await copyCookies(other, me);
	await page.goto('/login');
	await press(other.page, 'Sign out');
	await press(page, 'Sign out');
	await says(page, 'You have signed out.');
	await see('login-forged');
	await page.goto('/login');
	await see('login-ended');
}

async function cart({ page }, see)
{
	await page.goto('/cart');
	await see('cart-empty');
	await page.goto('/cart/receipt');
	await see('cart-receipt-none');
	await page.goto('/cart');
	for (const thing of ['Apple', 'Bread', 'Honey'])
		await press(page, `Add ${thing}`);
	await see('cart');
	await press(page, 'Order');
	await see('cart-order');
	await press(page, 'Buy');
	await see('cart-receipt');
	await page.goto('/cart/receipt?again=x');
	await see('cart-receipt-again');
}

async function online({ page }, see)
{
	await page.goto('/online');
	await see('online');
	await page.click('summary');
	await see('online-table');
}

async function hijack({ page }, see)
{
	await page.goto('/counter');
	await page.goto('/hijack');
	await see('hijack');
	await press(page, 'Let a thief use my cookie');
	await see('hijack-let-in');
	await press(page, 'Take a new id, then let a thief use my old cookie');
	await see('hijack-turned-away');
}

export const walks = { index, counter, verbs, lifetime, values, links, login, ended, cart, online,
	hijack };
