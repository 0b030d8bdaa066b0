// Signing up, in and out, and what is refused on the way.
import { inDays } from '../support/clock.ts';
import { nextMonday, openWeek, signIn } from '../support/provider.ts';
import { makeProvider, unique } from '../support/rest.ts';
import { expect, test } from '../support/test.ts';

const IPHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1';

test('signing out and in again, and a wrong password', async ({ page, request }) => {
  const provider = await makeProvider(request);
  await signIn(page, provider);
  await expect(page.getByRole('link', { name: 'Your public page' })).toHaveAttribute('href', `/${provider.handle}`);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('link', { name: 'Sign in' })).toBeVisible();
  await page.goto('/dashboard/bookings');
  await expect(page).toHaveURL(/\/sign-in/);

  await page.getByLabel('E-mail').fill(provider.email);
  await page.getByLabel('Password').fill('not the password');
  await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
  const told = page.getByRole('alert').filter({ hasText: /\S/ });
  await expect(told).toBeVisible();
  const words = await told.textContent();
  await expect(page.getByLabel('E-mail')).toHaveValue(provider.email);
  await expect(page.getByLabel('Password')).toHaveValue('');

  // The same words for an e-mail that nobody has: they tell nothing about who has an account.
  await page.getByLabel('E-mail').fill(`${unique()}@example.com`);
  await page.getByLabel('Password').fill('not the password');
  await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByLabel('E-mail')).not.toHaveValue(provider.email);
  await expect(told).toHaveText(words!);

  await signIn(page, provider);
  await expect(page.getByRole('link', { name: 'Your public page' })).toBeVisible();
});

test('signing up says every fault beside its field, before anything is sent', async ({ page }) => {
  await page.goto('/sign-up');
  await expect(page.getByLabel('Your time zone')).toHaveValue('Europe/Paris');
  await page.getByLabel('Your name').fill('Ada Quill');
  await page.getByLabel('Address of your page').fill('A!');
  await page.getByLabel('E-mail').fill('ada at example');
  await page.getByLabel('Password').fill('short');
  const sent: string[] = [];
  page.on('request', (request) => sent.push(request.url()));
  await page.getByRole('main').getByRole('button', { name: 'Sign up' }).click();
  await expect(page.getByLabel('Address of your page')).toBeFocused();
  for (const label of ['Address of your page', 'E-mail', 'Password']) {
    await expect(page.getByLabel(label)).toHaveAttribute('aria-invalid', 'true');
  }
  await expect(page.getByLabel('Password')).toHaveAccessibleDescription(/10/);
  await expect(page.getByLabel('Your name')).not.toHaveAttribute('aria-invalid');
  expect(sent).toEqual([]);
});

test('an address or an e-mail that is in use is told beside its field', async ({ page, request }) => {
  const provider = await makeProvider(request);
  await page.goto('/sign-up');
  await expect(page.getByLabel('Your time zone')).toHaveValue('Europe/Paris');
  await page.getByLabel('Your name').fill('Ada Quill');
  await page.getByLabel('Address of your page').fill(provider.handle);
  await page.getByLabel('E-mail').fill(`${unique()}@example.com`);
  await page.getByLabel('Password').fill('correct horse battery');
  await page.getByRole('main').getByRole('button', { name: 'Sign up' }).click();
  await expect(page.getByLabel('Address of your page')).toHaveAccessibleDescription(/in use/);
  await expect(page.getByLabel('Your name')).toHaveValue('Ada Quill');
  await expect(page.getByLabel('Password')).toHaveValue('');
});

test('a provider signs up, opens hours and signs out without scripts', async ({ somebody }) => {
  const page = await somebody({ javaScriptEnabled: false });
  const handle = unique();
  await page.goto('/sign-up');
  await page.getByLabel('Your name').fill('Ada Quill');
  await page.getByLabel('Address of your page').fill(handle);
  await page.getByLabel('E-mail').fill(`${handle}@example.com`);
  await page.getByLabel('Password').fill('correct horse battery');
  await page.getByLabel('Your time zone').selectOption('Europe/Paris');
  await page.getByRole('main').getByRole('button', { name: 'Sign up' }).click();
  await page.waitForURL('**/dashboard');
  await page.getByRole('button', { name: 'Mon–Fri, 09:00–17:00' }).click();
  await expect(page.getByRole('heading', { name: 'Your page is ready' })).toBeVisible();
  await expect(page.getByLabel('Address of your public page')).toHaveValue(new RegExp(`/${handle}$`));
  // Not this week: at a weekend nothing is left of it.
  await page.goto(`/dashboard?week=${nextMonday(inDays(0, 'Europe/Paris'))}`);
  await expect(page.getByRole('link', { name: /^Open, \w+day .*, 09:00–17:00 weekly$/ }).first()).toBeAttached();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('link', { name: 'Sign in' })).toBeVisible();
});

test('a provider changes the password and ends other sessions', async ({ page, request, somebody, faults }) => {
  faults.expect(/status of (401|422)/);
  const provider = await makeProvider(request);
  const [phone, library] = [await somebody({ userAgent: IPHONE }), await somebody()];
  for (const browser of [phone, library, page]) await signIn(browser, provider);

  await page.goto('/dashboard/settings');
  const sessions = page.getByRole('region', { name: 'Where you are signed in' });
  await expect(sessions.getByRole('listitem')).toHaveCount(3);
  await expect(sessions.getByRole('listitem').first()).toContainText('This browser');
  await sessions.getByRole('button', { name: /^Sign out Safari on iPhone at / }).click();
  await expect(sessions.getByRole('status')).toHaveText('That browser is signed out.');
  await expect(sessions.getByRole('listitem')).toHaveCount(2);
  await phone.goto('/dashboard');
  await expect(phone).toHaveURL(/\/sign-in/);

  const password = page.getByRole('region', { name: 'Password' });
  const [present, next] = [password.getByLabel('Present password'), password.getByLabel('New password')];
  const change = async (from: string, to: string) => {
    await present.fill(from);
    await next.fill(to);
    await next.press('Enter');
  };
  await change('not the password', 'seventeen quiet owls');
  await expect(present).toHaveAccessibleDescription(/not your password/);
  await change(provider.password, 'Password1234');
  await expect(next).toHaveAccessibleDescription(/guessed first/);
  await change(provider.password, provider.email);
  await expect(next).toHaveAccessibleDescription(/your name, handle or e-mail/);
  await change(provider.password, 'seventeen quiet owls');
  await expect(password.getByRole('status')).toHaveText('Changed. Everywhere else you are signed out.');
  await expect(present).toHaveValue('');
  await expect(sessions.getByRole('listitem')).toHaveCount(1);
  await library.goto('/dashboard');
  await expect(library).toHaveURL(/\/sign-in/);

  // The one way that scripts leave to the browser itself: the form's own proof is still right.
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('link', { name: 'Sign in' })).toBeVisible();
  await signIn(page, { ...provider, password: 'seventeen quiet owls' });
});

test('sessions are ended and the password is changed without scripts', async ({ request, somebody }) => {
  const provider = await makeProvider(request);
  const [page, other] = [await somebody({ javaScriptEnabled: false }), await somebody()];
  for (const browser of [other, page]) await signIn(browser, provider);
  await page.goto('/dashboard/settings');
  const sessions = page.getByRole('region', { name: 'Where you are signed in' });
  await sessions.getByRole('button', { name: 'Sign out everywhere else' }).click();
  await expect(sessions.getByRole('listitem')).toHaveCount(1);
  await other.goto('/dashboard');
  await expect(other).toHaveURL(/\/sign-in/);
  const password = page.getByRole('region', { name: 'Password' });
  await password.getByLabel('Present password').fill(provider.password);
  await password.getByLabel('New password').fill('seventeen quiet owls');
  await password.getByRole('button', { name: 'Change password' }).click();
  await expect(page).toHaveURL(/\/dashboard\/settings$/);
  await expect(password.getByRole('status')).toHaveText('Changed. Everywhere else you are signed out.');
  // Told once.
  await page.reload();
  await expect(password.getByRole('status')).toHaveText('');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await signIn(page, { ...provider, password: 'seventeen quiet owls' });
});

test('a page that was asked for is there after signing in, and no other site', async ({ page, request }) => {
  const provider = await makeProvider(request);
  const week = nextMonday(inDays(0, 'Europe/Paris'));
  const wanted = `/dashboard?week=${week}`;
  await page.goto(wanted);
  await expect(page).toHaveURL(/\/sign-in\?then=/);
  const enter = async (password: string) => {
    await page.getByLabel('E-mail').fill(provider.email);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
  };
  await enter('not the password');
  await expect(page.getByRole('alert').filter({ hasText: /\S/ })).toBeVisible();
  await enter(provider.password);
  await page.waitForURL(`**${wanted}`);

  await page.goto('/sign-in?then=https%3A%2F%2Fevil.example%2Fdashboard');
  await enter(provider.password);
  await page.waitForURL('**/dashboard');
});

test('when the session ends while a dialog is open, nothing that was typed is lost', async ({ page, request, somebody, context, faults }) => {
  faults.expect(/status of 401/);
  const provider = await makeProvider(request, { open: false });
  const monday = nextMonday(inDays(0, 'Europe/Paris'));
  await signIn(page, provider);
  await openWeek(page, monday);
  await page.getByRole('link', { name: 'Add hours', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Add hours' });
  await dialog.getByLabel('Note, for you only').fill('Bring the keys');

  const other = await somebody();
  await signIn(other, provider);
  await other.goto('/dashboard/settings');
  await other.getByRole('button', { name: 'Sign out everywhere else' }).click();
  await expect(other.getByRole('status').filter({ hasText: 'Everywhere else you are signed out.' })).toBeVisible();

  await dialog.getByRole('button', { name: 'Add hours' }).click();
  const way = dialog.getByRole('link', { name: 'Sign in in a new tab' });
  const opened = context.waitForEvent('page');
  await way.click();
  const tab = await opened;
  await tab.getByLabel('E-mail').fill(provider.email);
  await tab.getByLabel('Password').fill(provider.password);
  await tab.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
  await tab.waitForURL('**/dashboard');

  await expect(dialog.getByLabel('Note, for you only')).toHaveValue('Bring the keys');
  await dialog.getByRole('button', { name: 'Add hours' }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByText('Bring the keys')).toBeVisible();
  // This page is of the session that has ended; signing out works from it all the same.
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page).toHaveURL(/\/$/);
  await expect(page.getByRole('link', { name: 'Sign in' })).toBeVisible();
});
