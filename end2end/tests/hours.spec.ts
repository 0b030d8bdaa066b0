// Hours on the calendar: dragged, said in the form, changed, left out, deleted; overlaps told where they happen.
import { addDays, dateLabel, inDays } from '../support/clock.ts';
import { chooseDay, times, visit } from '../support/guest.ts';
import { dayColumn, drag, hoursBlock, nextMonday, openWeek, signIn } from '../support/provider.ts';
import { addHours, book, makeProvider, slotsOn } from '../support/rest.ts';
import { expect, test } from '../support/test.ts';

const PARIS = 'Europe/Paris';
const monday = nextMonday(inDays(0, PARIS));
const tuesday = addDays(monday, 1);
const wednesday = addDays(monday, 2);

test('hours are dragged onto the calendar, changed and deleted from their block', async ({ page, request }) => {
  const provider = await makeProvider(request, { open: false });
  await signIn(page, provider);
  await openWeek(page, monday);
  await drag(page, wednesday, '10:00', '11:30');
  const add = page.getByRole('dialog', { name: 'Add hours' });
  await expect(add.getByLabel('Day', { exact: true })).toHaveValue(wednesday);
  await expect(add.getByLabel('From', { exact: true })).toHaveValue('10:00');
  await expect(add.getByLabel('To', { exact: true })).toHaveValue('11:30');
  await add.getByRole('button', { name: 'Add hours' }).click();
  await expect(add).toBeHidden();
  expect(await slotsOn(request, provider, wednesday)).toHaveLength(5);

  await hoursBlock(page, wednesday, '10:00', '11:30').click();
  const change = page.getByRole('dialog', { name: 'Change hours' });
  await change.getByLabel('To', { exact: true }).fill('12:00');
  await change.getByLabel('Note, for you only').fill('Longer now');
  await change.getByRole('button', { name: 'Save' }).click();
  await expect(change).toBeHidden();
  await expect(hoursBlock(page, wednesday, '10:00', '12:00')).toHaveAccessibleName(/once, Longer now$/);
  expect(await slotsOn(request, provider, wednesday)).toHaveLength(7);

  await hoursBlock(page, wednesday, '10:00', '12:00').click();
  await change.getByText('Delete these hours').click();
  await change.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(change).toBeHidden();
  await expect(hoursBlock(page, wednesday, '10:00', '12:00')).toHaveCount(0);
  expect(await slotsOn(request, provider, wednesday)).toEqual([]);
});

test('an overlap is told in the dialog, with what is free nearby, and what was typed stays', async ({ page, request, faults }) => {
  faults.expect(/status of 409/);
  const provider = await makeProvider(request, { open: false });
  await addHours(request, provider, {
    kind: 'recurring', start_time: '09:00', end_time: '12:00', starts_on: monday, time_zone: PARIS, recurrence: 'FREQ=WEEKLY;BYDAY=WE',
  });
  await signIn(page, provider);
  await openWeek(page, monday);
  await page.getByRole('link', { name: 'Add hours', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Add hours' });
  await dialog.getByLabel('Day', { exact: true }).fill(wednesday);
  await dialog.getByLabel('From', { exact: true }).fill('11:00');
  await dialog.getByLabel('To', { exact: true }).fill('13:00');
  await dialog.getByLabel('Note, for you only').fill('Second round');
  await dialog.getByRole('button', { name: 'Add hours' }).click();

  const told = dialog.getByRole('alert').filter({ hasText: 'There are open hours already:' });
  await expect(told.getByRole('listitem')).toHaveText([`${dateLabel(wednesday)}, 11:00 to 12:00`]);
  await expect(dialog.getByLabel('From', { exact: true })).toHaveValue('11:00');
  await expect(dialog.getByLabel('To', { exact: true })).toHaveValue('13:00');
  await expect(dialog.getByLabel('Note, for you only')).toHaveValue('Second round');

  await told.getByRole('button', { name: `${dateLabel(wednesday)}, 12:00 to 14:00` }).click();
  await expect(dialog.getByLabel('From', { exact: true })).toHaveValue('12:00');
  await expect(dialog.getByLabel('To', { exact: true })).toHaveValue('14:00');
  await expect(dialog.getByLabel('Note, for you only')).toHaveValue('Second round');
  await dialog.getByRole('button', { name: 'Add hours' }).click();
  await expect(dialog).toBeHidden();
  await expect(hoursBlock(page, wednesday, '12:00', '14:00')).toBeVisible();
});

test('faults stand beside their fields', async ({ page, request, faults }) => {
  faults.expect(/status of 422/);
  const provider = await makeProvider(request, { open: false });
  await signIn(page, provider);
  await openWeek(page, monday);
  await page.getByRole('link', { name: 'Add hours', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Add hours' });
  await dialog.getByLabel('Day', { exact: true }).fill('');
  await dialog.getByRole('button', { name: 'Add hours' }).click();
  await expect(dialog.getByLabel('Day', { exact: true })).toHaveAccessibleDescription('Choose a day.');
  await dialog.getByRole('radio', { name: 'Weekly' }).check();
  for (const day of ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']) {
    await dialog.getByRole('checkbox', { name: day }).uncheck();
  }
  await dialog.getByRole('button', { name: 'Add hours' }).click();
  await expect(dialog.getByText('Choose at least one day.')).toBeVisible();
});

test('dragging over open hours closes a part of them, and guests see it at once', async ({ page, request, somebody }) => {
  const provider = await makeProvider(request, { open: false });
  await addHours(request, provider, {
    kind: 'recurring', start_time: '09:00', end_time: '17:00', starts_on: monday, time_zone: PARIS, recurrence: 'FREQ=WEEKLY;BYDAY=TU',
  });
  const guest = await somebody();
  await visit(guest, provider);
  await chooseDay(guest, tuesday);
  await expect(times(guest, tuesday).getByRole('button', { name: '12:00' })).toBeVisible();

  await signIn(page, provider);
  await openWeek(page, monday);
  await drag(page, tuesday, '12:00', '13:00');
  const dialog = page.getByRole('dialog', { name: 'Add hours' });
  await expect(dialog.getByRole('radio', { name: 'Closed' })).toBeChecked();
  await dialog.getByRole('button', { name: 'Add hours' }).click();
  await expect(dialog).toBeHidden();
  await expect(hoursBlock(page, tuesday, '12:00', '13:00', 'Closed')).toBeVisible();
  await expect(times(guest, tuesday).getByRole('button', { name: '12:00' })).toBeHidden();
  await expect(times(guest, tuesday).getByRole('button', { name: '13:00' })).toBeVisible();
});

test('one date of weekly hours is left out', async ({ page, request }) => {
  const provider = await makeProvider(request, { open: false });
  await addHours(request, provider, {
    kind: 'recurring', start_time: '09:00', end_time: '12:00', starts_on: monday, time_zone: PARIS, recurrence: 'FREQ=WEEKLY;BYDAY=TU,WE',
  });
  await signIn(page, provider);
  await openWeek(page, monday);
  await hoursBlock(page, tuesday, '09:00', '12:00').click();
  await page.getByRole('button', { name: `Leave out ${dateLabel(tuesday)}` }).click();
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(hoursBlock(page, tuesday, '09:00', '12:00')).toHaveCount(0);
  await expect(hoursBlock(page, wednesday, '09:00', '12:00')).toBeVisible();
  await page.getByRole('link', { name: 'Next week' }).click();
  await expect(dayColumn(page, addDays(tuesday, 7))).toBeVisible();
  await expect(hoursBlock(page, addDays(tuesday, 7), '09:00', '12:00')).toBeVisible();
});

test('deleting hours names the bookings that now lie outside', async ({ page, request }) => {
  const provider = await makeProvider(request, { open: false });
  await addHours(request, provider, {
    kind: 'recurring', start_time: '09:00', end_time: '12:00', starts_on: monday, time_zone: PARIS, recurrence: 'FREQ=WEEKLY;BYDAY=WE',
  });
  const [first] = await slotsOn(request, provider, wednesday);
  await book(request, provider, first.start);
  await signIn(page, provider);
  await openWeek(page, monday);
  await hoursBlock(page, wednesday, '09:00', '12:00').click({ position: { x: 20, y: 100 } });
  const dialog = page.getByRole('dialog', { name: 'Change hours' });
  await dialog.getByText('Delete these hours').click();
  await expect(dialog.getByText('Booked in these hours: Grace Guest')).toBeVisible();
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Grace Guest' })).toContainText(`${dateLabel(wednesday)}, 09:00 to 09:30`);
});

test('hours changed in another window are not overwritten unseen', async ({ page, request, somebody, faults }) => {
  faults.expect(/status of 409/);
  const provider = await makeProvider(request, { open: false });
  await signIn(page, provider);
  await openWeek(page, monday);
  await drag(page, wednesday, '10:00', '12:00');
  await page.getByRole('dialog').getByRole('button', { name: 'Add hours' }).click();
  await hoursBlock(page, wednesday, '10:00', '12:00').click();
  const mine = page.getByRole('dialog', { name: 'Change hours' });
  await mine.getByLabel('To', { exact: true }).fill('13:00');

  const other = await somebody();
  await signIn(other, provider);
  await openWeek(other, monday);
  await hoursBlock(other, wednesday, '10:00', '12:00').click();
  const theirs = other.getByRole('dialog', { name: 'Change hours' });
  await theirs.getByLabel('From', { exact: true }).fill('09:00');
  await theirs.getByRole('button', { name: 'Save' }).click();
  await expect(theirs).toBeHidden();

  await mine.getByRole('button', { name: 'Save' }).click();
  await expect(mine.getByText('These hours were changed meanwhile')).toBeVisible();
  await expect(mine.getByLabel('To', { exact: true })).toHaveValue('13:00');
  await mine.getByRole('button', { name: 'Show them as they are now' }).click();
  await expect(mine.getByLabel('From', { exact: true })).toHaveValue('09:00');
  await expect(mine.getByLabel('To', { exact: true })).toHaveValue('12:00');
});
