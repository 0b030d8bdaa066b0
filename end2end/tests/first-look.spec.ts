// What a first-time user meets: slow lines, no scripts, a phone, times that go while they are looked at.
import type { Page } from '@playwright/test';
import { addDays, dateIn, inDays } from '../support/clock.ts';
import { chooseDay, fill, isLive, timeButton, times, visit } from '../support/guest.ts';
import { bookingBlock, hoursBlock, nextMonday, openWeek, signIn, stripButton } from '../support/provider.ts';
import { addHours, book, makeProvider, slotAt, slotsOn } from '../support/rest.ts';
import { expect, test } from '../support/test.ts';

const PARIS = 'Europe/Paris';
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const monday = nextMonday(inDays(0, PARIS));

const OFFICE = {
  kind: 'recurring', start_time: '09:00', end_time: '17:00', starts_on: '2024-01-01', time_zone: PARIS,
  recurrence: 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU',
};

/** Holds the page's scripts back until told. */
async function holdScripts(page: Page): Promise<() => void> {
  let arrive = () => {};
  const arrived = new Promise<void>((resolve) => { arrive = resolve; });
  await page.route('**/*.wasm', async (route) => {
    await arrived;
    await route.continue();
  });
  return arrive;
}

test('a time that is taken while it is shown stays in its place, struck through', async ({ page, request }) => {
  const provider = await makeProvider(request);
  const slot = await slotAt(request, provider, '10:00');
  const date = dateIn(PARIS, slot.start);
  await visit(page, provider);
  await chooseDay(page, date);
  const next = times(page, date).getByRole('button', { name: '10:30', exact: true });
  await next.scrollIntoViewIfNeeded();
  const before = await next.boundingBox();
  await book(request, provider, slot.start);
  const gone = times(page, date).getByRole('button', { name: '10:00 gone', exact: true });
  await expect(gone).toBeDisabled();
  await expect(gone).toHaveCSS('text-decoration-line', 'line-through');
  expect(await next.boundingBox()).toEqual(before);
  // Whoever was about to press it presses nothing else.
  await gone.evaluate((button: HTMLButtonElement) => button.click());
  await expect(page).not.toHaveURL(/start=/);
  await next.click();
  await expect(page).toHaveURL(/start=/);

  // Drawn anew, the list has what is free.
  await page.getByRole('button', { name: '‹ Other times' }).click();
  await expect(next).toBeVisible();
  await expect(gone).toHaveCount(0);
  const free = await slotsOn(request, provider, date);
  await expect(times(page, date).getByRole('listitem')).toHaveCount(free.length);
});

test('the last time of a day that is taken does not turn the page to another day', async ({ page, request }) => {
  const provider = await makeProvider(request, { open: false });
  const day = (time: string) => new Date(`${addDays(monday, 1)}T${time}Z`).toISOString();
  await addHours(request, provider, { kind: 'one_off', start: day('09:00'), end: day('09:30') });
  await addHours(request, provider, { kind: 'one_off', start: new Date(`${addDays(monday, 3)}T09:00Z`).toISOString(), end: new Date(`${addDays(monday, 3)}T12:00Z`).toISOString() });
  const [only] = await slotsOn(request, provider, addDays(monday, 1));
  await visit(page, provider);
  await expect(timeButton(page, only.start, PARIS)).toBeVisible();
  await book(request, provider, only.start);
  await expect(times(page, addDays(monday, 1)).getByText('No free times on this day.')).toBeVisible();
  await expect(times(page, addDays(monday, 1)).getByRole('listitem')).toHaveCount(1);
  await page.getByRole('button', { name: /^Go to / }).click();
  await expect(times(page, addDays(monday, 3))).toBeVisible();
});

test('the small hours are night', async ({ page, request }) => {
  const provider = await makeProvider(request);
  await visit(page, provider);
  await chooseDay(page, inDays(3, PARIS));
  const part = (name: string) => times(page, inDays(3, PARIS)).getByRole('heading', { name, exact: true }).locator('..').getByRole('button');
  await expect(part('Night').first()).toHaveText(/^00:00/);
  await expect(part('Night').last()).toHaveText(/^04:45/);
  await expect(part('Morning').first()).toHaveText(/^05:00/);
});

test('a fault goes when its field is mended', async ({ page, request }) => {
  const provider = await makeProvider(request);
  const slot = await slotAt(request, provider, '10:00');
  await page.goto(`/${provider.handle}?start=${encodeURIComponent(slot.start)}`);
  await isLive(page);
  await page.getByRole('button', { name: /^Book \d\d:\d\d$/ }).click();
  const [name, email] = [page.getByLabel('Your name'), page.getByLabel('E-mail')];
  await expect(name).toHaveAttribute('aria-invalid', 'true');
  await expect(email).toHaveAttribute('aria-invalid', 'true');
  await name.fill('Grace');
  await expect(name).not.toHaveAttribute('aria-invalid');
  await expect(email).toHaveAttribute('aria-invalid', 'true');
  await fill(page, { name: 'Grace', email: 'grace@example.com' });
  await expect(page.getByRole('alert').filter({ hasText: /\S/ })).toHaveCount(0);
});

for (const options of [{}, PHONE]) {
  const on = 'viewport' in options ? 'phone' : 'desktop';
  test(`the calendar shows the working hours before scripts do, ${on}`, async ({ request, somebody }) => {
    const provider = await makeProvider(request, { open: false });
    await addHours(request, provider, OFFICE);
    const page = await somebody({ ...options, javaScriptEnabled: false });
    await signIn(page, provider);
    await expect(hoursBlock(page, inDays(0, PARIS), '09:00', '17:00')).toBeInViewport({ ratio: 0.5 });
    const top = () => page.locator('.cal-scroll').evaluate((scroller) => scroller.scrollTop);
    await expect.poll(top).toBeGreaterThan(200);
    // All the day can be reached.
    await page.locator('.cal-scroll').evaluate((scroller) => scroller.scrollTo(0, 0));
    expect(await top()).toBe(0);
  });
}

test('without scripts nothing says for ever that it is about to be live', async ({ request, somebody }) => {
  const provider = await makeProvider(request);
  const page = await somebody({ javaScriptEnabled: false });
  for (const path of [`/${provider.handle}`, '/dashboard', '/dashboard/bookings']) {
    if (path === '/dashboard') await signIn(page, provider);
    await page.goto(path);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await expect(page.getByText('Connecting')).toHaveCount(0);
    await expect(page.locator('.live-badge')).toBeHidden();
  }
});

test('live is told by a short pulse, not one without end', async ({ page, request }) => {
  await visit(page, await makeProvider(request));
  const endless = await page.evaluate(() => document.getAnimations().filter(({ effect }) => effect?.getTiming().iterations === Infinity).length);
  expect(endless).toBe(0);
});

test('after the first hours the page is ready, and its address can be copied', async ({ request, somebody }) => {
  const provider = await makeProvider(request, { open: false });
  const page = await somebody(PHONE);
  await signIn(page, provider);
  await isLive(page);
  // On a phone, too.
  await expect(page.getByRole('link', { name: 'Your public page' })).toBeVisible();
  await page.getByRole('button', { name: 'Mon–Fri, 09:00–17:00' }).click();
  const ready = page.getByRole('region', { name: 'Your page is ready' });
  await expect(ready).toBeVisible();
  await expect(ready.getByLabel('Address of your public page')).toHaveValue(new RegExp(`/${provider.handle}$`));
  await ready.getByRole('button', { name: 'Copy' }).click();
  await expect(ready.getByRole('button', { name: 'Copied' })).toBeVisible();
  await page.reload();
  await isLive(page);
  await expect(ready).toHaveCount(0);
});

test('the calendar names its zone and its days', async ({ request, somebody }) => {
  const provider = await makeProvider(request, { zone: 'America/New_York' });
  const page = await somebody(PHONE);
  await signIn(page, provider);
  await openWeek(page, monday);
  await expect(page.getByText('Times in America/New York')).toBeVisible();
  await expect(stripButton(page, monday)).toBeVisible();
});

test('a name of the other direction begins at its beginning in the calendar', async ({ page, request }) => {
  const provider = await makeProvider(request);
  const slot = await slotAt(request, provider, '10:00');
  const name = 'שרה בת־אברהם הלוי מירושלים הבנויה';
  await book(request, provider, slot.start, { name });
  await signIn(page, provider);
  await openWeek(page, dateIn(PARIS, slot.start));
  const shown = bookingBlock(page, name).getByText(name);
  await expect(shown).toHaveCSS('direction', 'rtl');
  // Its first letter is where the block begins for who reads from the right.
  const [first, block] = await shown.evaluate((element) => {
    const range = document.createRange();
    range.setStart(element.firstChild!, 0);
    range.setEnd(element.firstChild!, 1);
    return [range.getBoundingClientRect().right, element.parentElement!.getBoundingClientRect().right];
  });
  expect(first).toBeLessThanOrEqual(block);
  expect(first).toBeGreaterThan(block - 24);
});

test('what is typed into the settings before scripts run is kept, and saved', async ({ page, request }) => {
  const provider = await makeProvider(request);
  await signIn(page, provider);
  const arrive = await holdScripts(page);
  await page.goto('/dashboard/settings', { waitUntil: 'commit' });
  await page.getByLabel('Name', { exact: true }).fill('Ada Early');
  await page.getByLabel('About you').fill('Typed before');
  arrive();
  // By now scripts have the page.
  await page.getByText('New token').click();
  await expect(page.getByRole('region', { name: 'Where you are signed in' }).getByRole('listitem')).toHaveCount(1);
  await expect(page.getByLabel('Name', { exact: true })).toHaveValue('Ada Early');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Saved.' })).toBeVisible();
  const me = await request.get('/api/v1/me', { headers: { authorization: `Bearer ${provider.token}` } });
  expect(await me.json()).toMatchObject({ display_name: 'Ada Early', bio: 'Typed before' });
});
