// Every page, in light and dark: nothing that axe calls serious, and no sideways scrolling on a phone.
import { AxeBuilder } from '@axe-core/playwright';
import type { APIRequestContext, Page } from '@playwright/test';
import { addDays, inDays } from '../support/clock.ts';
import { bookButton, chooseDay, chooseTime, fill, isBooked, isLive, loss, visit } from '../support/guest.ts';
import { tabTo } from '../support/keyboard.ts';
import { bookingBlock, hoursBlock, nextMonday, openWeek, signIn } from '../support/provider.ts';
import { addHours, book, changeOffering, makeProvider, slotAt, slotsOn, type Provider } from '../support/rest.ts';
import { expect, test } from '../support/test.ts';

const PARIS = 'Europe/Paris';
const PHONE = { width: 390, height: 844 };
/** The narrowest that a page must fit without scrolling sideways (WCAG 2.2, 1.4.10). */
const NARROW = 320;

interface Sight {
  name: string;
  /** Leads the page there. */
  reach: (page: Page, request: APIRequestContext, provider: Provider) => Promise<void>;
}

const GUEST: Sight[] = [
  { name: 'landing', reach: async (page) => { await page.goto('/'); } },
  { name: 'sign-up', reach: async (page) => { await page.goto('/sign-up'); } },
  {
    name: 'sign-up with faults',
    reach: async (page) => {
      await page.goto('/sign-up');
      await expect(page.getByLabel('Your time zone')).toHaveValue(PARIS);
      await page.getByRole('main').getByRole('button', { name: 'Sign up' }).click();
      await expect(page.getByLabel('Your name')).toHaveAttribute('aria-invalid', 'true');
    },
  },
  { name: 'sign-in', reach: async (page) => { await page.goto('/sign-in'); } },
  {
    name: 'guest page with a day',
    reach: async (page, request, provider) => {
      await visit(page, provider);
      await chooseDay(page, inDays(3, PARIS));
    },
  },
  {
    name: 'demo',
    reach: async (page) => { await visit(page, { handle: 'demo' }); },
  },
  {
    name: 'details form',
    reach: async (page, request, provider) => {
      await visit(page, provider);
      await chooseTime(page, (await slotAt(request, provider, '10:00')).start, PARIS);
    },
  },
  {
    name: 'details form with faults',
    reach: async (page, request, provider) => {
      await visit(page, provider);
      await chooseTime(page, (await slotAt(request, provider, '10:00')).start, PARIS);
      await bookButton(page).click();
      await expect(page.getByLabel('E-mail')).toHaveAttribute('aria-invalid', 'true');
    },
  },
  {
    name: 'a time that was lost',
    reach: async (page, request, provider) => {
      const { start } = await slotAt(request, provider, '16:00');
      await visit(page, provider);
      await chooseTime(page, start, PARIS);
      await book(request, provider, start);
      await expect(loss(page)).toBeVisible();
    },
  },
  {
    name: 'confirmation',
    reach: async (page, request, provider) => {
      const { start } = await slotAt(request, provider, '18:00');
      await page.goto((await book(request, provider, start)).manage_url);
      await isBooked(page);
    },
  },
  {
    name: 'cancelling',
    reach: async (page, request, provider) => {
      const { start } = await slotAt(request, provider, '20:00');
      await page.goto((await book(request, provider, start)).manage_url);
      await page.getByRole('button', { name: 'Cancel…' }).click();
      await expect(page.getByRole('dialog')).toBeVisible();
    },
  },
  {
    name: 'nobody has free times',
    reach: async (page, request) => { await visit(page, await makeProvider(request, { open: false })); },
  },
  { name: 'not found', reach: async (page) => { await page.goto('/nobody-is-here'); } },
  {
    name: 'API docs',
    reach: async (page) => {
      await page.goto('/api/docs/');
      await page.getByRole('button', { name: 'Book a time' }).click();
      await expect(page.getByRole('textbox', { name: 'Body of the request' })).toBeVisible();
      await page.getByRole('button', { name: 'When a provider can be booked' }).click();
      await expect(page.getByRole('row', { name: /^duration_minutes/ })).toBeVisible();
    },
  },
  {
    name: 'API docs, a token',
    reach: async (page) => {
      await page.goto('/api/docs/');
      await page.getByRole('button', { name: 'Authorize' }).click();
      await expect(page.getByRole('heading', { name: 'Available authorizations' })).toBeVisible();
    },
  },
  { name: 'problems', reach: async (page) => { await page.goto('/problems'); } },
  { name: 'a problem', reach: async (page) => { await page.goto('/problems/slot-taken'); } },
];

const monday = nextMonday(inDays(0, PARIS));

const PROVIDER: Sight[] = [
  { name: 'first hours', reach: async (page, request) => {
    const fresh = await makeProvider(request, { open: false });
    await page.context().clearCookies();
    await signIn(page, fresh);
    await expect(page.getByRole('heading', { name: 'When can people book you?' })).toBeVisible();
  } },
  { name: 'calendar', reach: async (page) => { await openWeek(page, monday); } },
  { name: 'hours dialog', reach: async (page) => {
    await openWeek(page, monday);
    await page.getByRole('link', { name: 'Add hours', exact: true }).click();
    await expect(page.getByRole('dialog', { name: 'Add hours' })).toBeVisible();
    await page.getByRole('dialog').getByRole('radio', { name: 'Weekly' }).check();
  } },
  { name: 'hours dialog with an overlap', reach: async (page) => {
    await openWeek(page, monday);
    await page.getByRole('link', { name: 'Add hours', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Add hours' });
    await dialog.getByLabel('Day', { exact: true }).fill(monday);
    await dialog.getByRole('button', { name: 'Add hours' }).click();
    await expect(dialog.getByText('There are open hours already:')).toBeVisible();
  } },
  { name: 'hours changed', reach: async (page) => {
    await openWeek(page, monday);
    await hoursBlock(page, addDays(monday, 1), '09:00', '17:00').click({ position: { x: 10, y: 10 } });
    await page.getByRole('dialog').getByText('Delete these hours').click();
  } },
  { name: 'booking dialog', reach: async (page) => {
    await openWeek(page, monday);
    await page.getByRole('link', { name: /^Booking, / }).first().click();
    await page.getByRole('dialog').getByText('Cancel this booking').click();
  } },
  { name: 'bookings', reach: async (page) => {
    await page.goto('/dashboard/bookings');
    await isLive(page);
    await page.getByText('Grace Guest').first().click();
  } },
  { name: 'offerings', reach: async (page) => { await page.goto('/dashboard/offerings'); } },
  { name: 'offering dialog', reach: async (page) => {
    await page.goto('/dashboard/offerings');
    await page.getByRole('link', { name: 'New offering' }).click();
    await expect(page.getByRole('dialog')).toBeVisible();
    await page.getByRole('dialog').getByText('Rules: steps, buffers, notice, limits').click();
  } },
  { name: 'settings', reach: async (page) => { await page.goto('/dashboard/settings'); await expect(page.getByLabel('Time zone')).toHaveValue(PARIS); } },
];

async function hasNothingSerious(page: Page, name: string): Promise<void> {
  const axe = new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']);
  // What can be read on a button is a part of its name: who speaks to the page says what is seen.
  // The pages of the API's docs are Swagger's.
  const isOurs = !name.startsWith('API docs');
  const { violations } = await axe.options({ rules: { 'label-content-name-mismatch': { enabled: isOurs } } }).analyze();
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  const told = serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.any.map((check) => check.message).join(' ')}`).join('\n   ')}`);
  expect.soft(told, name).toEqual([]);
}

async function fits(page: Page, name: string): Promise<void> {
  for (const width of [PHONE.width, NARROW]) {
    await page.setViewportSize({ width, height: PHONE.height });
    await expect.soft.poll(() => page.evaluate(tooWide), `${name}, ${width} wide`).toEqual([]);
  }
}

/** Runs in the page: what stands out of it, if the whole page scrolls sideways. */
function tooWide(): string[] {
  if (document.documentElement.scrollWidth <= innerWidth) return [];
  const all = [...document.body.querySelectorAll('*')];
  const out = all.filter((element) => element.getBoundingClientRect().right > innerWidth + 1);
  return out.map((element) => element.outerHTML.slice(0, 100));
}

async function busyProvider(request: APIRequestContext): Promise<Provider> {
  const provider = await makeProvider(request, { open: false });
  await addHours(request, provider, {
    kind: 'recurring', start_time: '09:00', end_time: '17:00', starts_on: '2024-01-01', time_zone: PARIS,
    recurrence: 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR',
  });
  const [first] = await slotsOn(request, provider, addDays(monday, 2));
  await book(request, provider, first.start);
  const day = (time: string) => new Date(`${addDays(monday, 3)}T${time}Z`).toISOString();
  await addHours(request, provider, { kind: 'one_off', start: day('11:00'), end: day('12:00') }, 'closed');
  return provider;
}

/** In both colour schemes, then narrow. */
async function isAccessible(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    // Without motion: colours that are still changing are not those that stay.
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await hasNothingSerious(page, `${name}, ${colorScheme}`);
  }
  await fits(page, name);
}

for (const { name, reach } of GUEST) {
  test(`${name}: nothing that axe calls serious, and it fits a phone`, async ({ page, request, faults }) => {
    if (name === 'not found') faults.expect(/status of 404/);
    await reach(page, request, await makeProvider(request));
    await isAccessible(page, name);
  });
}

for (const { name, reach } of PROVIDER) {
  test(`${name}: nothing that axe calls serious, and it fits a phone`, async ({ page, request, faults }) => {
    if (name.includes('overlap')) faults.expect(/status of 409/);
    const provider = await busyProvider(request);
    await signIn(page, provider);
    await reach(page, request, provider);
    await isAccessible(page, name);
  });
}

/** WCAG 2.2, 2.5.8: at least 24 by 24; links in a sentence are exempt, and so is what nobody sees. */
async function isLargeEnough(page: Page, name: string): Promise<void> {
  const pressed = page.getByRole('main').locator('button, a.button, a.icon-button, a.block, summary, select, label:has(input)');
  const small = await pressed.and(page.locator(':not([aria-hidden=true])')).locator('visible=true').evaluateAll((all) =>
    all.filter((element) => {
      const { width, height } = element.getBoundingClientRect();
      // To the hundredth: a grid divides its width.
      return Math.min(width, height) < 23.99 && getComputedStyle(element).opacity !== '0';
    }).map((element) => element.outerHTML.slice(0, 150)));
  expect.soft(small, name).toEqual([]);
}

test('on a phone nothing that can be pressed is too small', async ({ request, somebody }) => {
  const provider = await makeProvider(request);
  const page = await somebody({ viewport: PHONE, hasTouch: true, isMobile: true });
  await visit(page, provider);
  await isLargeEnough(page, 'month');
  const { start } = await slotAt(request, provider, '10:00');
  await chooseDay(page, inDays(3, PARIS));
  await isLargeEnough(page, 'times');
  await chooseTime(page, start, PARIS);
  await isLargeEnough(page, 'form');
  await fill(page, { name: 'Thumb', email: 'thumb@example.com' });
  await bookButton(page).tap();
  await isBooked(page);
  await isLargeEnough(page, 'booked');
});

test('short bookings in the calendar can be read and pressed', async ({ request, somebody }) => {
  const provider = await makeProvider(request);
  await changeOffering(request, provider, { durations_minutes: [5, 15] });
  const [first, next] = await slotsOn(request, provider, monday, { duration: 15 });
  await book(request, provider, first.start, { name: 'Quick Quarter', duration: 15 });
  await book(request, provider, next.start, { name: 'Next Quarter', duration: 15 });
  for (const options of [{ viewport: PHONE, hasTouch: true, isMobile: true }, {}]) {
    const page = await somebody(options);
    await signIn(page, provider);
    await openWeek(page, monday);
    const [one, other] = [bookingBlock(page, 'Quick Quarter'), bookingBlock(page, 'Next Quarter')];
    await expect(one).toBeVisible();
    await isLargeEnough(page, `calendar, ${options.viewport?.width ?? 'wide'}`);
    // Nor do they lie over each other, nor is the name cut.
    const box = (await one.boundingBox())!;
    expect((await other.boundingBox())!.y).toBeGreaterThanOrEqual(box.y + box.height);
    const name = one.getByText('Quick Quarter');
    expect(await name.evaluate((element) => element.scrollHeight - element.parentElement!.clientHeight)).toBeLessThanOrEqual(0);
  }
});

test('five minutes in the calendar can be pressed', async ({ page, request }) => {
  const provider = await makeProvider(request);
  await changeOffering(request, provider, { durations_minutes: [5] });
  const [first] = await slotsOn(request, provider, monday, { duration: 5 });
  await book(request, provider, first.start, { duration: 5 });
  await signIn(page, provider);
  await openWeek(page, monday);
  await expect(bookingBlock(page, 'Grace Guest')).toBeVisible();
  await isLargeEnough(page, 'calendar');
});

test('a focus that is not seen is found', async ({ page }) => {
  await page.goto('/sign-in');
  await page.evaluate(() => {
    const sheet = new CSSStyleSheet();
    // A shadow at rest is no sign of the focus.
    sheet.replaceSync('* { outline: none !important; box-shadow: 0 0 4px red !important; }');
    document.adoptedStyleSheets = [sheet];
  });
  await expect(tabTo(page, page.getByLabel('E-mail'), 'Tab', { timeout: 1_000 })).rejects.toThrow(/does not show it/);
  await page.evaluate(() => { document.adoptedStyleSheets = []; });
  await page.reload();
  await tabTo(page, page.getByLabel('Password'));
});
