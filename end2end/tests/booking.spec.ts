// The whole path: a provider opens hours, a guest elsewhere books, every page sees it.
import { addDays, dateIn, dateLabel, inDays, timeIn } from '../support/clock.ts';
import { GRACE, bookButton, chooseDay, chooseTime, details, fill, isBooked, isLive, timeButton, times, visit } from '../support/guest.ts';
import { bookingBlock, hoursBlock, nextMonday, openWeek, signIn } from '../support/provider.ts';
import { book, bookings, makeProvider, slotAt, slotsOn, unique } from '../support/rest.ts';
import { expect, test } from '../support/test.ts';

const PARIS = 'Europe/Paris';
const NEW_YORK = 'America/New_York';

test('a provider signs up and opens weekly hours, a guest in New York books, every page changes by itself', async ({
  page, request, somebody,
}) => {
  const handle = unique();
  await page.goto('/');
  await page.getByRole('link', { name: 'Open your page' }).click();
  await expect(page.getByLabel('Your time zone')).toHaveValue(PARIS);
  await page.getByLabel('Your name').fill('Dr. Éva Noël');
  await expect(page.getByLabel('Address of your page')).toHaveValue('dr-eva-noel');
  await page.getByLabel('Address of your page').fill(handle);
  await page.getByLabel('E-mail').fill(`${handle}@example.com`);
  await page.getByLabel('Password').fill('correct horse battery');
  await page.getByRole('main').getByRole('button', { name: 'Sign up' }).click();
  await page.waitForURL('**/dashboard');

  // Every day of the week, so that whichever day it is there are hours three days ahead.
  const date = inDays(3, PARIS);
  await openWeek(page, date);
  await page.getByRole('link', { name: 'Choose hours' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add hours' });
  await expect(dialog.getByRole('radio', { name: 'Weekly' })).toBeChecked();
  await dialog.getByRole('checkbox', { name: 'Saturday' }).check();
  await dialog.getByRole('checkbox', { name: 'Sunday' }).check();
  await dialog.getByLabel('From', { exact: true }).fill('10:00');
  await dialog.getByLabel('To', { exact: true }).fill('19:00');
  await dialog.getByRole('button', { name: 'Add hours' }).click();
  await expect(dialog).toBeHidden();
  await expect(hoursBlock(page, date, '10:00', '19:00')).toBeVisible();
  const href = await page.getByRole('link', { name: 'Your public page' }).getAttribute('href');
  expect(href).toBe(`/${handle}`);

  // What the guest sees is REST's truth, by the guest's own clock.
  const provider = { provider_id: '', handle, name: '', zone: PARIS, email: '', password: '', token: '' };
  const guest = await somebody({ timezoneId: NEW_YORK });
  await visit(guest, provider);
  await expect(guest.getByRole('heading', { name: 'Dr. Éva Noël' })).toBeVisible();
  await expect(guest.getByLabel('Times are shown for')).toHaveValue(NEW_YORK);
  await chooseDay(guest, date);
  const truth = await slotsOn(request, provider, date, { zone: NEW_YORK });
  expect(truth.length).toBeGreaterThan(20);
  await expect(times(guest, date).getByRole('listitem')).toHaveText(truth.map((slot) => timeIn(NEW_YORK, slot.start)));

  const slot = await slotAt(request, provider, '15:00');
  const other = await somebody({ timezoneId: 'Asia/Tokyo' });
  await visit(other, provider);
  await chooseDay(other, dateIn('Asia/Tokyo', slot.start));
  await expect(timeButton(other, slot.start, 'Asia/Tokyo')).toBeVisible();
  // Whoever loads a page anew loses this.
  for (const open of [page, other]) await open.evaluate(() => Object.assign(window, { kept: true }));

  await timeButton(guest, slot.start, NEW_YORK).click();
  await expect(details(guest, slot.start, NEW_YORK)).toBeVisible();
  await fill(guest, { ...GRACE, notes: 'The left knee' });
  await bookButton(guest).click();
  await isBooked(guest);
  await expect(guest.getByText(`${timeIn(NEW_YORK, slot.start)} – ${timeIn(NEW_YORK, slot.end)}`)).toBeVisible();
  await expect(guest.getByText('15:00 – 15:30')).toBeVisible();

  await expect(bookingBlock(page, GRACE.name)).toBeVisible();
  await expect(timeButton(other, slot.start, 'Asia/Tokyo')).toBeHidden();
  for (const open of [page, other]) expect(await open.evaluate(() => 'kept' in window)).toBe(true);

  await bookingBlock(page, GRACE.name).click();
  const shown = page.getByRole('dialog', { name: GRACE.name });
  await expect(shown.getByText(`${dateLabel(date)}, 15:00 to 15:30`)).toBeVisible();
  await expect(shown.getByText('The left knee')).toBeVisible();
  await expect(shown.getByRole('link', { name: GRACE.email })).toBeVisible();
});

test('the usual hours take one click', async ({ page, request }) => {
  const provider = await makeProvider(request, { open: false });
  await signIn(page, provider);
  const monday = nextMonday(inDays(0, PARIS));
  await openWeek(page, monday);
  await page.getByRole('button', { name: 'Mon–Fri, 09:00–17:00' }).click();
  for (const day of [0, 1, 2, 3, 4]) await expect(hoursBlock(page, addDays(monday, day), '09:00', '17:00')).toBeVisible();
  await expect(hoursBlock(page, addDays(monday, 5), '09:00', '17:00')).toHaveCount(0);
  await expect(page.getByRole('heading', { name: 'When can people book you?' })).toBeHidden();
});

test('a form that is refused says why beside the field and keeps the rest', async ({ page, request }) => {
  const provider = await makeProvider(request);
  const slot = await slotAt(request, provider, '10:00');
  await visit(page, provider);
  await chooseTime(page, slot.start, PARIS);
  await fill(page, { name: 'Grace Guest', email: 'grace at example' });
  await bookButton(page).click();
  const email = page.getByLabel('E-mail');
  await expect(email).toHaveAttribute('aria-invalid', 'true');
  await expect(email).toBeFocused();
  await expect(email).toHaveAccessibleDescription(/e-mail/i);
  await expect(email).toHaveValue('grace at example');
  await expect(page.getByLabel('Your name')).toHaveValue('Grace Guest');
  await email.fill(GRACE.email);
  await bookButton(page).click();
  await isBooked(page);
});

test('a link to a time that is taken helps', async ({ page, request }) => {
  const provider = await makeProvider(request);
  const slot = await slotAt(request, provider, '10:00');
  await book(request, provider, slot.start);
  await page.goto(`/${provider.handle}?start=${encodeURIComponent(slot.start)}`);
  await isLive(page);
  const told = page.getByRole('alert').filter({ hasText: 'That time is not free any more.' });
  await expect(told.getByRole('button')).toHaveText(['10:30', '09:30', '10:45']);
  await expect(bookButton(page)).toBeDisabled();
});

test('the times offered instead are by the clock of the guest', async ({ request, somebody }) => {
  const provider = await makeProvider(request);
  const slot = await slotAt(request, provider, '10:00');
  await book(request, provider, slot.start);
  const nearest = await Promise.all(['10:30', '09:30', '10:45'].map((time) => slotAt(request, provider, time)));
  const guest = await somebody({ timezoneId: NEW_YORK });
  await guest.goto(`/${provider.handle}?start=${encodeURIComponent(slot.start)}`);
  await isLive(guest);
  const told = guest.getByRole('alert').filter({ hasText: 'That time is not free any more.' });
  await expect(told.getByRole('button')).toHaveText(nearest.map(({ start }) => timeIn(NEW_YORK, start)));
  await guest.getByLabel('Times are shown for').selectOption('Asia/Tokyo');
  await expect(told.getByRole('button')).toHaveText(nearest.map(({ start }) => timeIn('Asia/Tokyo', start)));
});

test('the back button undoes a choice', async ({ page, request }) => {
  const provider = await makeProvider(request);
  const slot = await slotAt(request, provider, '10:00');
  await visit(page, provider);
  await chooseTime(page, slot.start, PARIS);
  await page.goBack();
  await expect(times(page, dateIn(PARIS, slot.start))).toBeVisible();
  await expect(bookButton(page)).toBeHidden();
});

test('what was chosen stays as it was chosen while the provider changes what is offered', async ({ page, request }) => {
  const provider = await makeProvider(request);
  const headers = { authorization: `Bearer ${provider.token}` };
  const [{ offering_id, version: _, ...first }] = (await (await request.get(`/api/v1/providers/${provider.handle}/offerings`, { headers })).json()).items;
  const slot = await slotAt(request, provider, '10:00');
  await visit(page, provider);
  await chooseTime(page, slot.start, PARIS);
  await fill(page, GRACE);
  // A length shorter than the one that is shown because nobody chose.
  const changed = await request.put(`/api/v1/offerings/${offering_id}`, { headers, data: { ...first, durations_minutes: [15, 30, 60] } });
  expect(changed.status(), await changed.text()).toBe(200);
  await expect(page.getByRole('group', { name: 'How long?' }).getByRole('radio', { includeHidden: true })).toHaveCount(3);
  await expect(page.getByText('30 min · Europe/Paris')).toBeVisible();

  const paused = await request.put(`/api/v1/offerings/${offering_id}`, { headers, data: { ...first, title: 'Lesson', slug: 'lesson' } });
  expect(paused.status()).toBe(200);
  await expect(page.getByRole('alert').filter({ hasText: 'is not offered any more' })).toBeVisible();
  await expect(bookButton(page)).toBeDisabled();
  await expect(page.getByLabel('Your name')).toHaveValue(GRACE.name);

  await page.getByRole('button', { name: '‹ Other times' }).click();
  await timeButton(page, slot.start, PARIS).click();
  await expect(page.getByLabel('Your name')).toHaveValue(GRACE.name);
  await bookButton(page).click();
  await isBooked(page);
  const [booked] = await bookings(request, provider);
  expect(booked).toMatchObject({ start: slot.start, duration_minutes: 30 });
});
