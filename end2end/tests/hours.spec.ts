// Hours on the calendar: dragged, said in the form, changed, left out, deleted; overlaps told where they happen.
import { addDays, dateIn, dateLabel, inDays } from '../support/clock.ts';
import { chooseDay, isLive, times, visit } from '../support/guest.ts';
import {
  bookingBlock, dayColumn, drag, dragByTouch, hoursBlock, mondayOf, nextMonday, nextSpringForward, openWeek,
  signIn, stripButton, swipeToNextDay,
} from '../support/provider.ts';
import { addHours, book, changeOffering, makeProvider, patterns, slotAt, slotsOn } from '../support/rest.ts';
import { expect, test } from '../support/test.ts';
import { Wire } from '../support/wire.ts';

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
  await expect(hoursBlock(page, wednesday, '10:00', '12:00')).toHaveAccessibleName(/Longer now once$/);
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
  // Mended, it is not told any more.
  await dialog.getByLabel('Day', { exact: true }).fill(monday);
  await expect(dialog.getByLabel('Day', { exact: true })).not.toHaveAttribute('aria-invalid');
  await expect(dialog.getByText('Choose a day.')).toBeHidden();
  await dialog.getByRole('radio', { name: 'Weekly' }).check();
  for (const day of ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']) {
    await dialog.getByRole('checkbox', { name: day }).uncheck();
  }
  await dialog.getByRole('button', { name: 'Add hours' }).click();
  await expect(dialog.getByText('Choose at least one day.')).toBeVisible();
  await dialog.getByRole('checkbox', { name: 'Friday' }).check();
  await expect(dialog.getByText('Choose at least one day.')).toBeHidden();
});

test('a part of open hours is closed, and guests see it at once', async ({ page, request, somebody }) => {
  const provider = await makeProvider(request, { open: false });
  await addHours(request, provider, {
    kind: 'recurring', start_time: '09:00', end_time: '17:00', starts_on: monday, time_zone: PARIS, recurrence: 'FREQ=WEEKLY;BYDAY=TU',
  });
  const guest = await somebody();
  await visit(guest, provider);
  await chooseDay(guest, tuesday);
  await expect(times(guest, tuesday).getByRole('button', { name: '12:00', exact: true })).toBeEnabled();

  await signIn(page, provider);
  await openWeek(page, monday);
  await page.getByRole('button', { name: /^Add hours: / }).focus();
  for (const key of ['ArrowRight', 'ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowDown', 'Shift+ArrowDown', 'Enter']) {
    await page.keyboard.press(key);
  }
  const dialog = page.getByRole('dialog', { name: 'Add hours' });
  await expect(dialog.getByRole('radio', { name: 'Closed' })).toBeChecked();
  // The keyboard is where the choice is.
  await expect(dialog.getByRole('radio', { name: 'Closed' })).toBeFocused();
  await dialog.getByRole('button', { name: 'Add hours' }).click();
  await expect(dialog).toBeHidden();
  await expect(hoursBlock(page, tuesday, '12:00', '13:00', 'Closed')).toBeVisible();
  const taken = times(guest, tuesday).getByRole('button', { name: '12:00 gone' });
  await expect(taken).toBeDisabled();
  await expect(times(guest, tuesday).getByRole('button', { name: '13:00', exact: true })).toBeEnabled();
});

test('a block that is dragged opens its own dialog, with the new times', async ({ page, request }) => {
  const provider = await makeProvider(request, { open: false });
  await addHours(request, provider, {
    kind: 'recurring', start_time: '09:00', end_time: '12:00', starts_on: monday, time_zone: PARIS, recurrence: 'FREQ=WEEKLY;BYDAY=TU',
  });
  await signIn(page, provider);
  await openWeek(page, monday);
  const dialog = page.getByRole('dialog', { name: 'Change hours' });
  const times = async (from: string, to: string) => {
    await expect(dialog.getByRole('radio', { name: 'Open' })).toBeChecked();
    await expect(dialog.getByLabel('From', { exact: true })).toHaveValue(from);
    await expect(dialog.getByLabel('To', { exact: true })).toHaveValue(to);
  };
  await drag(page, tuesday, '10:00', '11:30');
  await times('10:15', '13:15');
  // Nothing was saved, and nothing is.
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();

  const block = hoursBlock(page, tuesday, '09:00', '12:00');
  const pull = async (edge: 'top' | 'bottom', by: number) => {
    const box = (await block.boundingBox())!;
    const hour = (await dayColumn(page, tuesday).boundingBox())!.height / 24;
    const [x, y] = [box.x + box.width / 2, edge === 'top' ? box.y + 3 : box.y + box.height - 3];
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x, y + (by / 2) * hour, { steps: 4 });
    await page.mouse.move(x, y + by * hour, { steps: 4 });
    await page.mouse.up();
  };
  await pull('top', -1);
  await times('08:00', '12:00');
  await page.keyboard.press('Escape');
  await pull('bottom', 1.5);
  await times('09:00', '13:30');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toBeHidden();
  await expect(hoursBlock(page, tuesday, '09:00', '13:30')).toBeVisible();
  expect(await slotsOn(request, provider, tuesday)).not.toEqual([]);
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
  const later = await slotsOn(request, provider, addDays(wednesday, 14));
  await book(request, provider, first.start);
  await book(request, provider, later[2].start, { name: 'Lena Later' });
  await signIn(page, provider);
  await openWeek(page, monday);
  await hoursBlock(page, wednesday, '09:00', '12:00').click({ position: { x: 20, y: 100 } });
  const dialog = page.getByRole('dialog', { name: 'Change hours' });
  await dialog.getByText('Delete these hours').click();
  // Before it is done, and of whichever week.
  await expect(dialog.getByText('Booked in these hours.')).toBeVisible();
  await expect(dialog.getByRole('listitem')).toHaveText([
    `Grace Guest, ${dateLabel(wednesday)}, 09:00 to 09:30`,
    `Lena Later, ${dateLabel(addDays(wednesday, 14))}, 09:30 to 10:00`,
  ]);
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Grace Guest' })).toContainText(`${dateLabel(wednesday)}, 09:00 to 09:30`);
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
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

test('a suggestion for hours of another zone is told and put in by their own clock', async ({ page, request, faults }) => {
  faults.expect(/status of 409/);
  const provider = await makeProvider(request, { open: false });
  await addHours(request, provider, {
    kind: 'recurring', start_time: '09:00', end_time: '12:00', starts_on: monday, time_zone: PARIS, recurrence: 'FREQ=WEEKLY;BYDAY=WE',
  });
  // An hour behind Paris all year.
  await addHours(request, provider, {
    kind: 'recurring', start_time: '14:00', end_time: '16:00', starts_on: monday, time_zone: 'Europe/London', recurrence: 'FREQ=WEEKLY;BYDAY=WE',
  });
  await signIn(page, provider);
  await openWeek(page, monday);
  await hoursBlock(page, wednesday, '15:00', '17:00').click();
  const dialog = page.getByRole('dialog', { name: 'Change hours' });
  await expect(dialog.getByText('kept in the time zone Europe/London')).toBeVisible();
  await dialog.getByLabel('From', { exact: true }).fill('10:00');
  await dialog.getByLabel('To', { exact: true }).fill('12:00');
  await dialog.getByRole('button', { name: 'Save' }).click();
  const told = dialog.getByRole('alert').filter({ hasText: 'There are open hours already:' });
  await expect(told.getByRole('listitem').first()).toHaveText(`${dateLabel(wednesday)}, 10:00 to 11:00`);
  await told.getByRole('button', { name: `${dateLabel(wednesday)}, 11:00 to 13:00` }).click();
  await expect(dialog.getByLabel('From', { exact: true })).toHaveValue('11:00');
  await expect(dialog.getByLabel('To', { exact: true })).toHaveValue('13:00');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toBeHidden();
  await expect(hoursBlock(page, wednesday, '12:00', '14:00')).toBeVisible();
});

test('a note changes nothing of hours that another program has said', async ({ page, request }) => {
  const provider = await makeProvider(request, { open: false });
  const until = `${addDays(wednesday, 28).replaceAll('-', '')}T083000Z`;
  await addHours(request, provider, {
    kind: 'recurring', start_time: '09:00', end_time: '24:00', starts_on: monday, time_zone: PARIS,
    recurrence: `FREQ=WEEKLY;BYDAY=WE;UNTIL=${until}`,
  });
  const before = await patterns(request, provider);
  await signIn(page, provider);
  await openWeek(page, monday);
  await hoursBlock(page, wednesday, '09:00', '00:00').click();
  const dialog = page.getByRole('dialog', { name: 'Change hours' });
  await dialog.getByLabel('Note, for you only').fill('Bring the keys');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toBeHidden();
  await expect(hoursBlock(page, wednesday, '09:00', '00:00')).toHaveAccessibleName(/Bring the keys weekly$/);
  expect(await patterns(request, provider)).toEqual(before);
});

test('a week that cannot be read is asked for until it can', async ({ request, server, somebody, faults }) => {
  faults.expect(/ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|WebSocket connection to/);
  const provider = await makeProvider(request);
  const wire = await Wire.to(server.url);
  try {
    const page = await somebody({ baseURL: wire.url });
    await signIn(page, provider);
    await openWeek(page, monday);
    await wire.cut();
    await page.getByRole('link', { name: 'Next week' }).click();
    const told = page.getByRole('alert').filter({ hasText: 'cannot be reached' });
    await expect(told).toBeVisible();
    await expect(dayColumn(page, monday)).toBeVisible();
    await wire.mend();
    await expect(dayColumn(page, addDays(monday, 7))).toBeVisible();
    await expect(told).toBeHidden();
  } finally {
    await wire.cut();
  }
});

test('a change that could not be read is asked for again while all else works', async ({ page, request, faults }) => {
  faults.expect(/ERR_FAILED/);
  const provider = await makeProvider(request);
  const slot = await slotAt(request, provider, '10:00');
  await signIn(page, provider);
  await openWeek(page, dateIn(PARIS, slot.start));
  await page.route('**/rpc/week', (route) => route.abort('failed'));
  await book(request, provider, slot.start, { name: 'Mina Meanwhile' });
  const told = page.getByRole('alert').filter({ hasText: 'cannot be reached' });
  await expect(told).toBeVisible();
  await expect(bookingBlock(page, 'Mina Meanwhile')).toHaveCount(0);
  await page.unroute('**/rpc/week');
  await expect(bookingBlock(page, 'Mina Meanwhile')).toBeVisible();
  await expect(told).toBeHidden();
});

test('new hours are proposed in the week that is shown', async ({ page, request }) => {
  const provider = await makeProvider(request, { open: false });
  await signIn(page, provider);
  await openWeek(page, addDays(monday, 70));
  await page.getByRole('link', { name: 'Previous week' }).click();
  await expect(dayColumn(page, addDays(monday, 63))).toBeVisible();
  await page.getByRole('link', { name: 'Add hours', exact: true }).click();
  const day = page.getByRole('dialog', { name: 'Add hours' }).getByLabel('Day', { exact: true });
  await expect(day).toHaveValue(addDays(monday, 63));
  await page.keyboard.press('Escape');
  await page.getByRole('link', { name: 'Today' }).click();
  await expect(dayColumn(page, inDays(0, PARIS))).toBeVisible();
  await page.getByRole('link', { name: 'Add hours', exact: true }).click();
  await expect(day).toHaveValue(inDays(0, PARIS));
});

test('what has the focus keeps it while bookings come', async ({ page, request, faults }) => {
  faults.expect(/ERR_FAILED/);
  const provider = await makeProvider(request);
  const [early, late] = [await slotAt(request, provider, '10:00'), await slotAt(request, provider, '14:00')];
  const closed = { kind: 'one_off', start: early.end, end: late.start };
  await book(request, provider, late.start, { name: 'Lara Late' });
  await signIn(page, provider);
  await openWeek(page, dateIn(PARIS, late.start));
  await bookingBlock(page, 'Lara Late').focus();
  // Two at once, which move the rest.
  await page.route('**/rpc/week', (route) => route.abort('failed'));
  await book(request, provider, early.start, { name: 'Emil Early' });
  await addHours(request, provider, closed, 'closed');
  await page.unroute('**/rpc/week');
  await expect(bookingBlock(page, 'Emil Early')).toBeVisible();
  await expect(bookingBlock(page, 'Lara Late')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog', { name: 'Lara Late' })).toBeVisible();
});

test('a dialog that is opened again at once stays open', async ({ page, request }) => {
  const provider = await makeProvider(request, { open: false });
  await signIn(page, provider);
  await openWeek(page, monday);
  const add = page.getByRole('link', { name: 'Add hours', exact: true });
  await add.click();
  const dialog = page.getByRole('dialog', { name: 'Add hours' });
  await expect(dialog).toBeVisible();
  // A dialog tells that it was closed only with the next frame; this is before.
  await add.evaluate((add) => {
    (document.querySelector('dialog[open]') as HTMLDialogElement).close();
    (add as HTMLElement).click();
    (document.querySelector('#hours-dialog') as HTMLDialogElement).showModal();
  });
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100))));
  await expect(dialog).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
});

test('the time of day in view stays when a short booking makes the hours higher', async ({ page, request }) => {
  const provider = await makeProvider(request);
  await changeOffering(request, provider, { durations_minutes: [15] });
  const slot = await slotAt(request, provider, '15:00', { duration: 15 });
  await signIn(page, provider);
  await openWeek(page, dateIn(PARIS, slot.start));
  const grid = page.locator('.cal-scroll');
  const hour = () => grid.evaluate((grid) => grid.querySelector('.cal-day')!.clientHeight / 24);
  const before = await hour();
  await grid.evaluate((grid, top) => grid.scrollTo(0, top), 14 * before);
  await book(request, provider, slot.start, { duration: 15 });
  await expect.poll(hour).toBeGreaterThan(before + 20);
  await expect.poll(async () => (await grid.evaluate((grid) => grid.scrollTop)) / (await hour())).toBeCloseTo(14, 1);
  await expect(bookingBlock(page, 'Grace Guest')).toBeInViewport();
});

test('hours that cross midnight are shown on both days', async ({ page, request }) => {
  const provider = await makeProvider(request, { open: false });
  await addHours(request, provider, {
    kind: 'recurring', start_time: '22:00', end_time: '02:00', starts_on: monday, time_zone: PARIS, recurrence: 'FREQ=WEEKLY;BYDAY=TU',
  });
  await signIn(page, provider);
  await openWeek(page, monday);
  const night = { name: `Open, ${dateLabel(tuesday)} to ${dateLabel(wednesday)}, 22:00–02:00 weekly` };
  const [evening, morning] = [dayColumn(page, tuesday), dayColumn(page, wednesday)];
  await expect(evening.getByRole('link', night)).toBeVisible();
  await expect(morning.getByRole('link', night)).toBeVisible();
  const part = async (block: typeof evening, day: typeof evening) =>
    (await block.boundingBox())!.height / (await day.boundingBox())!.height;
  expect(await part(evening.getByRole('link', night), evening)).toBeCloseTo(2 / 24, 2);
  expect(await part(morning.getByRole('link', night), morning)).toBeCloseTo(2 / 24, 2);

  await morning.getByRole('link', night).click();
  const dialog = page.getByRole('dialog', { name: 'Change hours' });
  await dialog.getByLabel('To', { exact: true }).fill('03:00');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toBeHidden();
  await expect(morning.getByRole('link', { name: `to ${dateLabel(wednesday)}, 22:00–03:00` })).toBeVisible();
});

test('a day that loses an hour shows hours by the wall clock', async ({ page, request }) => {
  const provider = await makeProvider(request, { open: false });
  const sunday = nextSpringForward(inDays(0, PARIS));
  const week = mondayOf(sunday);
  // 02:30 is not on the clocks of that day: it is read as an hour later.
  await addHours(request, provider, {
    kind: 'recurring', start_time: '02:30', end_time: '05:00', starts_on: week, time_zone: PARIS, recurrence: 'FREQ=WEEKLY;BYDAY=SU',
  });
  // From 01:00 to 03:00 of the clocks: an hour.
  const night = { start: `${addDays(sunday, -1)}T23:45:00Z`, end: `${sunday}T01:15:00Z` };
  await addHours(request, provider, { kind: 'one_off', ...night });
  await signIn(page, provider);
  await openWeek(page, week);
  await expect(hoursBlock(page, sunday, '00:45', '03:15')).toBeVisible();
  await expect(hoursBlock(page, sunday, '03:30', '05:00')).toBeVisible();
  await hoursBlock(page, sunday, '03:30', '05:00').click();
  await expect(page.getByRole('dialog').getByLabel('From', { exact: true })).toHaveValue('02:30');
  await page.keyboard.press('Escape');
  await page.getByRole('link', { name: 'Next week' }).click();
  await expect(hoursBlock(page, addDays(sunday, 7), '02:30', '05:00')).toBeVisible();
});

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

test('a phone shows a day, and goes to others by the strip or a swipe', async ({ request, somebody }) => {
  const provider = await makeProvider(request, { open: false });
  await addHours(request, provider, {
    kind: 'recurring', start_time: '09:00', end_time: '12:00', starts_on: monday, time_zone: PARIS, recurrence: 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR',
  });
  const page = await somebody(PHONE);
  await signIn(page, provider);
  await openWeek(page, monday);
  const hours = (date: string) => hoursBlock(page, date, '09:00', '12:00');
  const button = (date: string) => stripButton(page, date);
  // A part of the day before lies under the hours.
  const [whole, partly] = [{ ratio: 0.95 }, { ratio: 0.3 }];
  await expect(button(monday)).toHaveAttribute('aria-current', 'date');
  await expect(hours(monday)).toBeInViewport(whole);
  await expect(hours(tuesday)).not.toBeInViewport(partly);

  await button(addDays(monday, 3)).tap();
  await expect(hours(addDays(monday, 3))).toBeInViewport(whole);
  await expect(hours(monday)).not.toBeInViewport(partly);
  await expect(button(addDays(monday, 3))).toHaveAttribute('aria-current', 'date');

  await swipeToNextDay(page);
  await expect(hours(addDays(monday, 4))).toBeInViewport(whole);
  await expect(hours(addDays(monday, 3))).not.toBeInViewport(partly);
  await expect(button(addDays(monday, 4))).toHaveAttribute('aria-current', 'date');

  await page.getByRole('link', { name: 'Next week' }).tap();
  await expect(button(addDays(monday, 7))).toHaveAttribute('aria-current', 'date');
  await expect(hours(addDays(monday, 7))).toBeInViewport(whole);
});

test('on a phone hours are dragged by a finger that first rests', async ({ request, somebody }) => {
  const provider = await makeProvider(request, { open: false });
  const page = await somebody(PHONE);
  await signIn(page, provider);
  await openWeek(page, monday);
  await dragByTouch(page, monday, '10:00', '12:30');
  const dialog = page.getByRole('dialog', { name: 'Add hours' });
  await expect(dialog.getByLabel('Day', { exact: true })).toHaveValue(monday);
  await expect(dialog.getByLabel('From', { exact: true })).toHaveValue('10:00');
  await expect(dialog.getByLabel('To', { exact: true })).toHaveValue('12:30');
  await dialog.getByRole('button', { name: 'Add hours' }).tap();
  await expect(dialog).toBeHidden();
  await isLive(page);
  await expect(hoursBlock(page, monday, '10:00', '12:30')).toBeVisible();
});
