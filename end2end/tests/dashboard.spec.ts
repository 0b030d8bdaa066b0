// The provider's lists and settings.
import { dateIn, inDays } from '../support/clock.ts';
import { chooseDay, isLive, timeButton, visit } from '../support/guest.ts';
import { signIn } from '../support/provider.ts';
import { book, bookings, changeOffering, makeProvider, offering, slotAt, slotsOn } from '../support/rest.ts';
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
  await expect(page.getByText('Gone Soon', { exact: true })).toHaveCount(0);
  await expect(page.getByText('Here Tostay')).toBeVisible();
  // Told, and the keyboard is not lost with the row.
  await expect(page.getByRole('status').filter({ hasText: 'The booking of Gone Soon is cancelled.' })).toBeAttached();
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
  await expect(timeButton(guest, slot.start, PARIS)).toBeVisible();

  await page.getByRole('link', { name: 'Cancelled' }).click();
  await page.getByText('Gone Soon', { exact: true }).click();
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

test('a search looks at all bookings, and stays when the tab changes', async ({ page, request }) => {
  const provider = await makeProvider(request);
  const [gone, stays, other] = [await slotAt(request, provider, '10:00'), await slotAt(request, provider, '14:00'), await slotAt(request, provider, '16:00')];
  const { booking } = await book(request, provider, gone.start, { name: 'Paula Past' });
  await book(request, provider, stays.start, { name: 'Paula Present' });
  await book(request, provider, other.start, { name: 'Otto Other' });
  const cancelled = await request.post(`/api/v1/bookings/${booking.booking_id}/cancel`, { headers: { authorization: `Bearer ${provider.token}` }, data: {} });
  expect(cancelled.status()).toBe(200);
  await signIn(page, provider);
  await page.goto('/dashboard/bookings');
  await isLive(page);
  await page.getByRole('searchbox').fill('paula');
  await page.getByRole('searchbox').press('Enter');
  await expect(page.getByText('Paula Past')).toBeVisible();
  await expect(page.getByText('Paula Present')).toBeVisible();
  await expect(page.getByText('Otto Other')).toHaveCount(0);
  await page.getByRole('link', { name: 'Cancelled' }).click();
  await expect(page.getByText('Paula Present')).toHaveCount(0);
  await expect(page.getByText('Paula Past')).toBeVisible();
  await expect(page.getByRole('searchbox')).toHaveValue('paula');
  await page.getByRole('link', { name: 'Upcoming' }).click();
  await expect(page.getByText('Paula Present')).toBeVisible();
  await expect(page.getByText('Paula Past')).toHaveCount(0);
  await expect(page.getByText('Otto Other')).toHaveCount(0);
});

test('a row that was loaded, opened and typed into stays while bookings come', async ({ page, request }) => {
  const provider = await makeProvider(request);
  const days = [await slotsOn(request, provider, inDays(3, PARIS)), await slotsOn(request, provider, inDays(4, PARIS))];
  // A start every quarter of an hour, half an hour long.
  const free = days.flatMap((day) => day.filter((_, index) => index % 2 === 0));
  for (const [index, slot] of free.slice(0, 53).entries()) await book(request, provider, slot.start, { name: `Guest ${index}.` });
  await signIn(page, provider);
  await page.goto('/dashboard/bookings');
  await isLive(page);
  const row = (name: string) => page.getByRole('group').filter({ hasText: name }).first();
  await expect(row('Guest 49.')).toBeVisible();
  await expect(row('Guest 50.')).toHaveCount(0);
  await page.getByRole('link', { name: 'Load more' }).click();
  await row('Guest 52.').getByText('Guest 52.').click();
  await row('Guest 52.').getByText('Cancel this booking').click();
  const reason = row('Guest 52.').getByLabel('What to tell the guest, if you like');
  await reason.fill('I have to tra');

  const early = await slotAt(request, provider, '10:00', { days: 2 });
  await book(request, provider, early.start, { name: 'Emil Early' });
  await expect(row('Emil Early')).toBeVisible();
  await expect(reason).toHaveValue('I have to tra');
  await expect(reason).toBeFocused();
  await expect(row('Guest 0.')).toBeVisible();
});

test('bookings that could not be read are asked for again', async ({ page, request, faults }) => {
  faults.expect(/ERR_FAILED/);
  const provider = await makeProvider(request);
  const slot = await slotAt(request, provider, '10:00');
  await signIn(page, provider);
  await page.goto('/dashboard/bookings');
  await isLive(page);
  await page.route('**/rpc/list_bookings', (route) => route.abort('failed'));
  await book(request, provider, slot.start, { name: 'Mina Meanwhile' });
  const told = page.getByRole('alert').filter({ hasText: 'cannot be reached' });
  await expect(told).toBeVisible();
  await page.unroute('**/rpc/list_bookings');
  await expect(page.getByText('Mina Meanwhile')).toBeVisible();
  await expect(told).toBeHidden();
});

test('who could not be asked who they are is not sent to sign in', async ({ page, request, faults }) => {
  faults.expect(/ERR_FAILED/);
  const provider = await makeProvider(request);
  await signIn(page, provider);
  await page.goto('/');
  await page.route('**/rpc/whoami', (route) => route.abort('failed'));
  await page.getByRole('navigation', { name: 'Account' }).getByRole('link', { name: 'Dashboard' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'cannot be reached' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Next week' })).toBeVisible();
  await expect(page).toHaveURL(/\/dashboard$/);
});

test('pausing an offering leaves the rest of it as it is by now, and says when it fails', async ({ page, request, faults }) => {
  faults.expect(/ERR_FAILED/);
  const provider = await makeProvider(request);
  await signIn(page, provider);
  await page.goto('/dashboard/offerings');
  await page.route('**/rpc/offer_offering', (route) => route.abort('failed'));
  await page.getByRole('button', { name: 'Pause: Appointment' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'cannot be reached' })).toBeVisible();
  await page.unroute('**/rpc/offer_offering');

  await changeOffering(request, provider, { title: 'Piano lesson', approval: 'manual' });
  await page.getByRole('button', { name: 'Pause: Appointment' }).click();
  await expect(page.getByRole('button', { name: 'Offer again: Piano lesson' })).toBeVisible();
  await expect(page.getByRole('alert').filter({ hasText: 'cannot be reached' })).toBeHidden();
  expect(await offering(request, provider)).toMatchObject({ title: 'Piano lesson', active: false, approval: 'manual' });

  // The form has no choice of it, and keeps it.
  await page.getByRole('link', { name: 'Change Piano lesson' }).click();
  const dialog = page.getByRole('dialog', { name: 'Change offering' });
  await dialog.getByText('Rules: steps, buffers, notice, limits').click();
  await expect(dialog.getByLabel('At most a day')).toBeVisible();
  await expect(dialog.getByRole('combobox')).toHaveCount(0);
  await dialog.getByLabel('Where').fill('Studio 2');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toBeHidden();
  expect(await offering(request, provider)).toMatchObject({ location: 'Studio 2', approval: 'manual' });
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
  faults.expect(/status of 422/);
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
  await expect(page.getByRole('link', { name: 'Your public page' })).toHaveAttribute('href', `/${provider.handle}-x`);
  expect((await guest.goto(`/${provider.handle}-x`))!.status()).toBe(200);
  // The old address leads there, with what the link says.
  expect((await guest.goto(`/${provider.handle}?tz=Asia%2FTokyo`))!.status()).toBe(200);
  await expect(guest).toHaveURL(new RegExp(`/${provider.handle}-x\\?tz=Asia(%2F|/)Tokyo$`));
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
