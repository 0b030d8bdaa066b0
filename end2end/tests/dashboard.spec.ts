// The provider's lists and settings.
import { dateIn } from '../support/clock.ts';
import { chooseDay, isLive, timeButton, visit } from '../support/guest.ts';
import { signIn } from '../support/provider.ts';
import { book, bookings, makeProvider, slotAt } from '../support/rest.ts';
import { expect, test } from '../support/test.ts';

const PARIS = 'Europe/Paris';

test('a provider cancels from the list, and the time is free for guests at once', async ({ page, request, somebody }) => {
  const provider = await makeProvider(request);
  const [slot, other] = [await slotAt(request, provider, '10:00'), await slotAt(request, provider, '14:00')];
  await book(request, provider, slot.start, { name: 'Gone Soon' });
  await book(request, provider, other.start, { name: 'Here Tostay' });
  const guest = await somebody();
  await visit(guest, provider);
  await chooseDay(guest, dateIn(PARIS, slot.start));
  await expect(timeButton(guest, slot.start, PARIS)).toBeHidden();

  await signIn(page, provider);
  await page.getByRole('link', { name: 'Bookings', exact: true }).click();
  await isLive(page);
  const row = page.getByRole('group').filter({ hasText: 'Gone Soon' }).first();
  await row.getByText('Gone Soon').click();
  await expect(row.getByRole('link', { name: 'grace@example.com' })).toBeVisible();
  await row.getByText('Cancel this booking').click();
  await row.getByLabel('What to tell the guest, if you like').fill('I have to travel');
  await row.getByRole('button', { name: 'Cancel booking' }).click();
  await expect(page.getByText('Gone Soon')).toHaveCount(0);
  await expect(page.getByText('Here Tostay')).toBeVisible();
  await expect(timeButton(guest, slot.start, PARIS)).toBeVisible();

  await page.getByRole('link', { name: 'Cancelled' }).click();
  await page.getByText('Gone Soon').click();
  await expect(page.getByText('I have to travel')).toBeVisible();
  expect((await bookings(request, provider)).find((booking) => booking.guest.name === 'Gone Soon')?.status).toBe('cancelled');
});

test('a new booking appears in the list by itself, and the search finds it', async ({ page, request }) => {
  const provider = await makeProvider(request);
  const [slot, other] = [await slotAt(request, provider, '10:00'), await slotAt(request, provider, '14:00')];
  await signIn(page, provider);
  await page.goto('/dashboard/bookings');
  await isLive(page);
  await expect(page.getByRole('heading', { name: 'No bookings yet' })).toBeVisible();
  await book(request, provider, slot.start, { name: 'Paula Prompt' });
  await book(request, provider, other.start, { name: 'Otto Other' });
  await expect(page.getByText('Paula Prompt')).toBeVisible();
  await expect(page.getByText('Otto Other')).toBeVisible();
  await page.getByRole('searchbox').fill('paula');
  await page.getByRole('button', { name: 'Search' }).click();
  await expect(page.getByText('Otto Other')).toHaveCount(0);
  await expect(page.getByText('Paula Prompt')).toBeVisible();
});

test('an offering is made, mended, changed and paused', async ({ page, request, somebody, faults }) => {
  faults.expect(/status of 422/);
  const provider = await makeProvider(request);
  const guest = await somebody();
  await visit(guest, provider);
  await signIn(page, provider);
  await page.getByRole('link', { name: 'Offerings', exact: true }).click();
  await page.getByRole('link', { name: 'New offering' }).click();
  const dialog = page.getByRole('dialog', { name: 'New offering' });
  await dialog.getByLabel('Lengths, in minutes').fill('often');
  await dialog.getByLabel('Where').fill('Studio 2');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog.getByLabel('Name', { exact: true })).toHaveAttribute('aria-invalid', 'true');
  await expect(dialog.getByLabel('Lengths, in minutes')).toHaveAttribute('aria-invalid', 'true');
  await expect(dialog.getByLabel('Lengths, in minutes')).toHaveValue('often');
  await expect(dialog.getByLabel('Where')).toHaveValue('Studio 2');
  await dialog.getByLabel('Name', { exact: true }).fill('Piano lesson');
  await dialog.getByLabel('Lengths, in minutes').fill('45, 90');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByRole('heading', { name: 'Piano lesson' })).toBeVisible();
  // Guests who look at the page see it come.
  await expect(guest.getByRole('radio', { name: /Piano lesson/ })).toBeVisible();

  await page.getByRole('link', { name: 'Change Piano lesson' }).click();
  const change = page.getByRole('dialog', { name: 'Change offering' });
  await expect(change.getByLabel('Lengths, in minutes')).toHaveValue('45, 90');
  await change.getByLabel('Name', { exact: true }).fill('Organ lesson');
  await change.getByRole('button', { name: 'Save' }).click();
  await expect(change).toBeHidden();
  await expect(page.getByRole('heading', { name: 'Organ lesson' })).toBeVisible();
  await expect(guest.getByRole('radio', { name: /Organ lesson/ })).toBeVisible();

  await page.getByRole('button', { name: 'Pause: Organ lesson' }).click();
  await expect(page.getByRole('button', { name: 'Offer again: Organ lesson' })).toBeVisible();
  await expect(guest.getByText('Organ lesson')).toBeHidden();
});

test('settings change name and address, and say what is wrong beside the field', async ({ page, request, somebody, faults }) => {
  faults.expect(/status of (422|404)/);
  const provider = await makeProvider(request);
  const guest = await somebody();
  await visit(guest, provider);
  await signIn(page, provider);
  await page.getByRole('link', { name: 'Settings', exact: true }).click();
  const handle = page.getByLabel('Name in the address');
  await expect(page.getByLabel('Time zone')).toHaveValue(PARIS);
  await handle.fill('No way!');
  await page.getByLabel('Name', { exact: true }).fill('Ada Quill-Noël');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(handle).toHaveAttribute('aria-invalid', 'true');
  await expect(handle).toHaveValue('No way!');
  await expect(page.getByLabel('Name', { exact: true })).toHaveValue('Ada Quill-Noël');

  await handle.fill(`${provider.handle}-x`);
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Saved.' })).toBeVisible();
  await expect(page.getByLabel('Address of your public page')).toHaveValue(new RegExp(`/${provider.handle}-x$`));
  await expect(guest.getByRole('heading', { name: 'Ada Quill-Noël' })).toBeVisible();
  expect((await guest.goto(`/${provider.handle}-x`))!.status()).toBe(200);
  expect((await guest.goto(`/${provider.handle}`))!.status()).toBe(404);
});

test('a token is made, works for a program, and is revoked', async ({ page, request, faults }) => {
  faults.expect(/status of 4\d\d/);
  const provider = await makeProvider(request);
  await signIn(page, provider);
  await page.goto('/dashboard/settings');
  await page.getByText('New token').click();
  await page.getByLabel('What it is for').fill('Website');
  await page.getByLabel('Your password').fill('not the password');
  await page.getByRole('button', { name: 'Make token' }).click();
  await expect(page.getByRole('alert').filter({ hasText: /\S/ })).toBeVisible();
  await page.getByLabel('Your password').fill(provider.password);
  await page.getByRole('button', { name: 'Make token' }).click();
  const token = await page.getByLabel('The new token').inputValue();
  const me = () => request.get('/api/v1/me', { headers: { authorization: `Bearer ${token}` } });
  expect((await me()).status()).toBe(200);
  const row = page.getByRole('listitem').filter({ hasText: 'Website' });
  await row.getByText('Revoke', { exact: true }).click();
  await row.getByRole('button', { name: 'Revoke for good' }).click();
  await expect(row).toHaveCount(0);
  expect((await me()).status()).toBe(401);
});
