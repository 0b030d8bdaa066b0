// Two guests, one time: who comes second is told at once, loses nothing that was typed, and is helped.
import type { Locator, Page } from '@playwright/test';
import { timeIn } from '../support/clock.ts';
import { GRACE, bookButton, chooseTime, fill, isBooked, loss, visit } from '../support/guest.ts';
import { bookings, makeProvider, slotAt } from '../support/rest.ts';
import { expect, test } from '../support/test.ts';

const PARIS = 'Europe/Paris';
const LATE = { name: 'Lena Late', email: 'lena@example.com', notes: 'It is about the violin' };

async function keepsWhatWasTyped(page: Page): Promise<void> {
  await expect(page.getByLabel('Your name')).toHaveValue(LATE.name);
  await expect(page.getByLabel('E-mail')).toHaveValue(LATE.email);
  await expect(page.getByLabel('Anything to know beforehand?')).toHaveValue(LATE.notes);
}

/** Takes the first of the offered times, and gets it. */
async function takeAnother(page: Page, told: Locator): Promise<string> {
  const nearest = told.getByRole('button');
  await expect(nearest).toHaveCount(3);
  const time = (await nearest.first().textContent())!;
  await nearest.first().click();
  await expect(told).toBeHidden();
  await keepsWhatWasTyped(page);
  await page.getByRole('button', { name: `Book ${time}` }).click();
  await isBooked(page);
  return time;
}

test('a guest whose time goes is told before sending, and takes another', async ({ page, request, somebody }) => {
  const provider = await makeProvider(request);
  const slot = await slotAt(request, provider, '10:00');
  const late = await somebody();
  for (const guest of [page, late]) {
    await visit(guest, provider);
    await chooseTime(guest, slot.start, PARIS);
  }
  await fill(page, GRACE);
  await fill(late, LATE);
  await bookButton(page).click();
  await isBooked(page);

  await expect(loss(late)).toBeVisible();
  await expect(bookButton(late)).toBeDisabled();
  await keepsWhatWasTyped(late);
  await expect(loss(late).getByRole('button')).toHaveText(['10:30', '09:30', '10:45']);
  const time = await takeAnother(late, loss(late));
  const booked = await bookings(request, provider);
  expect(booked.map((booking) => timeIn(PARIS, booking.start)).sort()).toEqual([time, '10:00'].sort());
});

test('a guest who sends at the same moment is refused by the server and helped', async ({ page, request, somebody, faults }) => {
  faults.expect(/status of 409/);
  const provider = await makeProvider(request);
  const slot = await slotAt(request, provider, '10:00');
  // A page that hears nothing: it cannot know before it asks.
  const late = await somebody();
  await late.routeWebSocket(/\/live/, () => {});
  for (const guest of [page, late]) {
    await visit(guest, provider);
    await chooseTime(guest, slot.start, PARIS);
  }
  await fill(page, GRACE);
  await fill(late, LATE);
  await bookButton(page).click();
  await isBooked(page);
  await expect(bookButton(late)).toBeEnabled();
  await bookButton(late).click();

  await expect(loss(late)).toBeVisible();
  await keepsWhatWasTyped(late);
  await takeAnother(late, loss(late));
  expect(await bookings(request, provider)).toHaveLength(2);
});

test('of two who click together exactly one is booked', async ({ page, request, somebody, faults }) => {
  faults.expect(/status of 409/);
  const provider = await makeProvider(request);
  const slot = await slotAt(request, provider, '10:00');
  const guests = [page, await somebody()];
  for (const guest of guests) {
    await visit(guest, provider);
    await chooseTime(guest, slot.start, PARIS);
    await fill(guest, LATE);
  }
  // Not `click`: it would wait for a button that the other's booking has disabled.
  await Promise.all(guests.map((guest) => bookButton(guest).evaluate((button: HTMLButtonElement) => button.click())));
  const outcomes = guests.map(async (guest) => {
    await expect(guest.getByRole('heading', { name: 'You are booked' }).or(loss(guest))).toBeVisible();
    return loss(guest).isVisible();
  });
  const lost = await Promise.all(outcomes);
  expect(lost.filter(Boolean)).toHaveLength(1);
  const loser = guests[lost.indexOf(true)];
  await takeAnother(loser, loss(loser));
  expect(await bookings(request, provider)).toHaveLength(2);
});
