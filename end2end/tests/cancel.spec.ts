// A booking that is cancelled is free for others at once.
import { dateIn } from '../support/clock.ts';
import { chooseDay, isLive, timeButton, visit } from '../support/guest.ts';
import { bookingBlock, openWeek, signIn } from '../support/provider.ts';
import { book, isFree, makeProvider, slotAt } from '../support/rest.ts';
import { expect, test } from '../support/test.ts';

const PARIS = 'Europe/Paris';

test('cancelling by the manage link frees the time on the pages of others', async ({ page, request, somebody }) => {
  const provider = await makeProvider(request);
  const slot = await slotAt(request, provider, '10:00');
  const { manage_url } = await book(request, provider, slot.start);
  const other = await somebody();
  await visit(other, provider);
  await chooseDay(other, dateIn(PARIS, slot.start));
  await expect(timeButton(other, slot.start, PARIS)).toBeHidden();
  const calendar = await somebody();
  await signIn(calendar, provider);
  await openWeek(calendar, dateIn(PARIS, slot.start));
  await expect(bookingBlock(calendar, 'Grace Guest')).toBeVisible();

  await page.goto(manage_url);
  await page.getByRole('button', { name: 'Cancel…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Cancel this booking?' });
  await dialog.getByLabel('Reason').fill('Caught a cold');
  await dialog.getByRole('button', { name: 'Cancel the booking' }).click();
  await expect(page.getByRole('heading', { name: 'Cancelled' })).toBeVisible();
  await expect(page.getByRole('main').locator('header')).toBeFocused();
  await expect(page.getByText('Caught a cold')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Cancel…' })).toBeHidden();

  await expect(timeButton(other, slot.start, PARIS)).toBeVisible();
  await expect(bookingBlock(calendar, 'Grace Guest')).toHaveCount(0);
  expect(await isFree(request, provider, slot.start)).toBe(true);

  await page.reload();
  await expect(page.getByRole('heading', { name: 'Cancelled' })).toBeVisible();
});

test('the guest sees at once that the provider has cancelled', async ({ page, request }) => {
  const provider = await makeProvider(request);
  const slot = await slotAt(request, provider, '10:00');
  const { booking, manage_url } = await book(request, provider, slot.start);
  await page.goto(manage_url);
  await isLive(page);
  // Somebody else's booking changes nothing here.
  await book(request, provider, (await slotAt(request, provider, '12:00')).start);
  await expect(page.getByRole('heading', { name: 'You are booked' })).toBeVisible();
  const cancelled = await request.post(`/api/v1/bookings/${booking.booking_id}/cancel`, {
    headers: { authorization: `Bearer ${provider.token}` }, data: { reason: 'The piano is out of tune' },
  });
  expect(cancelled.status()).toBe(200);
  await expect(page.getByRole('heading', { name: 'Cancelled' })).toBeVisible();
  await expect(page.getByText('The provider had to cancel this one.')).toBeVisible();
  await expect(page.getByText('The time is free for others again.')).toHaveCount(0);
  await expect(page.getByText('The piano is out of tune')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Cancel…' })).toBeHidden();
});

test('keeping it after all changes nothing', async ({ page, request }) => {
  const provider = await makeProvider(request);
  const slot = await slotAt(request, provider, '10:00');
  const { manage_url, booking } = await book(request, provider, slot.start);
  await page.goto(manage_url);
  await expect(page.getByText(booking.reference)).toBeVisible();
  await page.getByRole('button', { name: 'Cancel…' }).click();
  await page.getByRole('button', { name: 'Keep it' }).click();
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(page.getByRole('heading', { name: 'You are booked' })).toBeVisible();
  expect(await isFree(request, provider, slot.start)).toBe(false);
});

test('a manage link with a wrong key shows nothing', async ({ page, request, faults }) => {
  faults.expect(/status of 404/);
  const provider = await makeProvider(request);
  const slot = await slotAt(request, provider, '10:00');
  const { booking } = await book(request, provider, slot.start);
  const answer = await page.goto(`/bookings/${booking.booking_id}?key=wrong`);
  expect(answer!.status()).toBe(404);
  await expect(page.getByRole('heading', { name: 'We cannot find this booking.' })).toBeVisible();
  await expect(page.getByText('Grace Guest')).toHaveCount(0);
});
