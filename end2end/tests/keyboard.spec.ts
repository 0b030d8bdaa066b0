// Everything without a mouse, and the focus is seen at every step.
import { addDays, dateIn, dateLabel, fullDateLabel, inDays } from '../support/clock.ts';
import { GRACE, bookButton, dayButton, isBooked, timeButton, visit } from '../support/guest.ts';
import { focusIsSeen, tabTo } from '../support/keyboard.ts';
import { dayColumn, hoursBlock, nextMonday, openWeek, signIn } from '../support/provider.ts';
import { bookings, makeProvider, slotAt } from '../support/rest.ts';
import { expect, test } from '../support/test.ts';

const PARIS = 'Europe/Paris';

test('a guest books by keyboard alone', async ({ page, request }) => {
  const provider = await makeProvider(request);
  const slot = await slotAt(request, provider, '10:00', { days: 8, duration: 60 });
  const date = dateIn(PARIS, slot.start);
  await visit(page, provider);

  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to the content' })).toBeFocused();
  await focusIsSeen(page);
  await page.keyboard.press('Enter');

  await tabTo(page, page.getByRole('radio', { name: '30 min' }));
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('radio', { name: '1 h' })).toBeChecked();

  // From the first free day, a week down and the rest to the right, over the end of a month too.
  const day = page.getByRole('grid').getByRole('button', { name: new RegExp(`^(${fullDateLabel(inDays(0, PARIS))}|${fullDateLabel(inDays(1, PARIS))}), `) });
  const chosen = page.locator('[role=grid] button[tabindex="0"]');
  await tabTo(page, chosen);
  const from = (await chosen.getAttribute('value'))!;
  await expect(day.and(chosen)).toHaveCount(1);
  await page.keyboard.press('ArrowDown');
  await expect(dayButton(page, addDays(from, 7))).toBeFocused();
  await focusIsSeen(page);
  for (let at = addDays(from, 7); at < date; at = addDays(at, 1)) {
    await page.keyboard.press('ArrowRight');
    await expect(dayButton(page, addDays(at, 1))).toBeFocused();
  }
  await page.keyboard.press('Enter');
  await expect(page.getByRole('region', { name: dateLabel(date), exact: true })).toBeVisible();

  await tabTo(page, timeButton(page, slot.start, PARIS));
  await page.keyboard.press('Enter');
  // The focus goes where the journey goes on.
  await expect(page.getByRole('heading', { name: fullDateLabel(date) })).toBeFocused();
  await tabTo(page, page.getByLabel('Your name'));
  await page.keyboard.type(GRACE.name);
  await tabTo(page, page.getByLabel('E-mail'));
  await page.keyboard.type(GRACE.email);
  await tabTo(page, bookButton(page));
  await page.keyboard.press('Space');
  await isBooked(page);
  await expect(page.getByRole('main').locator('header')).toBeFocused();
  const [booked] = await bookings(request, provider);
  expect(booked.start).toBe(slot.start);

  await tabTo(page, page.getByRole('button', { name: 'Cancel…' }));
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(page.getByRole('button', { name: 'Cancel…' })).toBeFocused();
});

test('a provider opens hours by keyboard alone', async ({ page, request }) => {
  const provider = await makeProvider(request, { open: false });
  await signIn(page, provider);
  const monday = nextMonday(inDays(0, PARIS));
  await openWeek(page, monday);

  const cursor = page.getByRole('button', { name: /^Add hours: / });
  await tabTo(page, cursor);
  await expect(cursor).toHaveAccessibleName(`Add hours: ${dateLabel(monday)}, 09:00–09:30 (not open)`);
  for (const key of ['ArrowRight', 'ArrowRight', 'ArrowDown', 'ArrowDown', 'Shift+ArrowDown']) await page.keyboard.press(key);
  const wednesday = addDays(monday, 2);
  await expect(cursor).toHaveAccessibleName(`Add hours: ${dateLabel(wednesday)}, 10:00–11:00 (not open)`);
  await focusIsSeen(page);
  await page.keyboard.press('Enter');

  const dialog = page.getByRole('dialog', { name: 'Add hours' });
  await expect(dialog.getByLabel('From', { exact: true })).toHaveValue('10:00');
  await expect(dialog.getByLabel('To', { exact: true })).toHaveValue('11:00');
  await expect(dialog.getByLabel('Day', { exact: true })).toHaveValue(wednesday);
  await tabTo(page, dialog.getByLabel('Note, for you only'));
  await page.keyboard.type('Early birds');
  await page.keyboard.press('Enter');
  await expect(dialog).toBeHidden();
  await expect(hoursBlock(page, wednesday, '10:00', '11:00')).toBeVisible();
  await expect(dayColumn(page, wednesday).getByText('Early birds')).toBeVisible();

  await tabTo(page, hoursBlock(page, wednesday, '10:00', '11:00'), 'Shift+Tab');
  await page.keyboard.press('Enter');
  const change = page.getByRole('dialog', { name: 'Change hours' });
  await tabTo(page, change.getByText('Delete these hours'));
  await page.keyboard.press('Enter');
  await tabTo(page, change.getByRole('button', { name: 'Delete', exact: true }));
  await page.keyboard.press('Enter');
  await expect(change).toBeHidden();
  await expect(hoursBlock(page, wednesday, '10:00', '11:00')).toHaveCount(0);
  await expect(page.getByRole('status').filter({ hasText: 'The hours are deleted.' })).toBeAttached();
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
});

test('the calendar turns its weeks by keyboard', async ({ page, request }) => {
  const provider = await makeProvider(request, { open: false });
  const slotWeek = nextMonday(inDays(0, PARIS));
  await signIn(page, provider);
  await openWeek(page, slotWeek);
  await tabTo(page, page.getByRole('link', { name: 'Next week' }));
  await page.keyboard.press('Enter');
  await expect(dayColumn(page, addDays(slotWeek, 7))).toBeVisible();
  await page.keyboard.press('Alt+PageUp');
  await expect(dayColumn(page, slotWeek)).toBeVisible();
});
