// Booking where scripts do not run.
import { dateIn, timeIn } from '../support/clock.ts';
import { GRACE, bookButton, chooseDay, details, fill, isBooked, timeButton, times } from '../support/guest.ts';
import { book, bookings, isFree, makeProvider, slotAt, slotsOn } from '../support/rest.ts';
import { expect, test } from '../support/test.ts';

const PARIS = 'Europe/Paris';
const NEW_YORK = 'America/New_York';

test.use({ javaScriptEnabled: false });

test('a guest chooses a day and a time, mends a wrong e-mail, books and cancels', async ({ page, request }) => {
  const provider = await makeProvider(request);
  const slot = await slotAt(request, provider, '10:00');
  await page.goto(`/${provider.handle}`);
  await chooseDay(page, dateIn(PARIS, slot.start));
  await timeButton(page, slot.start, PARIS).click();
  await expect(details(page, slot.start, PARIS)).toBeVisible();

  await fill(page, { name: 'Grace Guest', email: 'grace at example', notes: 'The left knee' });
  await bookButton(page).click();
  const email = page.getByLabel('E-mail');
  await expect(email).toHaveAttribute('aria-invalid', 'true');
  await expect(email).toHaveAccessibleDescription(/e-mail/i);
  await expect(email).toHaveValue('grace at example');
  await expect(page.getByLabel('Your name')).toHaveValue('Grace Guest');
  await expect(page.getByLabel('Anything to know beforehand?')).toHaveValue('The left knee');

  await email.fill(GRACE.email);
  await bookButton(page).click();
  await isBooked(page);
  await expect(page.getByText('10:00 – 10:30')).toBeVisible();
  const [booked] = await bookings(request, provider);
  expect(booked).toMatchObject({ start: slot.start, status: 'confirmed', guest: { ...GRACE, notes: 'The left knee' } });

  await page.getByText('Cancel…').filter({ visible: true }).click();
  await page.getByRole('button', { name: 'Cancel the booking' }).click();
  await expect(page.getByRole('heading', { name: 'Cancelled' })).toBeVisible();
  expect(await isFree(request, provider, slot.start)).toBe(true);
});

test('another length and another zone take a button', async ({ page, request }) => {
  const provider = await makeProvider(request);
  const slot = await slotAt(request, provider, '20:00', { duration: 60 });
  const date = dateIn(NEW_YORK, slot.start);
  await page.goto(`/${provider.handle}`);
  await page.getByRole('radio', { name: '1 h' }).check();
  await page.getByLabel('Times are shown for').selectOption(NEW_YORK);
  await page.getByRole('button', { name: 'Show times' }).last().click();
  await chooseDay(page, date);
  await expect(page.getByRole('radio', { name: '1 h' })).toBeChecked();
  const truth = await slotsOn(request, provider, date, { zone: NEW_YORK, duration: 60 });
  await expect(times(page, date).getByRole('listitem')).toHaveText(truth.map((slot) => timeIn(NEW_YORK, slot.start)));
  await timeButton(page, slot.start, NEW_YORK).click();
  await fill(page, GRACE);
  await bookButton(page).click();
  await isBooked(page);
  await expect(page.getByText('20:00 – 21:00')).toBeVisible();
});

test('a time that was taken meanwhile is told, with others', async ({ page, request }) => {
  const provider = await makeProvider(request);
  const slot = await slotAt(request, provider, '10:00');
  await page.goto(`/${provider.handle}?start=${encodeURIComponent(slot.start)}`);
  await fill(page, GRACE);
  await book(request, provider, slot.start, { name: 'Somebody Else' });
  await bookButton(page).click();
  const told = page.getByRole('alert').filter({ hasText: /That time was just taken|not free any more/ });
  await expect(told.getByRole('button')).toHaveText(['10:30', '09:30', '10:45']);
  await expect(page.getByLabel('Your name')).toHaveValue(GRACE.name);
  await told.getByRole('button', { name: '10:30' }).click();
  await expect(page.getByLabel('Your name')).toHaveValue(GRACE.name);
  await bookButton(page).click();
  await isBooked(page);
});
