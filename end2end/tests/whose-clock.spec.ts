// By whose clock times are shown: what a person chose holds, what merely happened does not.
import type { Page } from '@playwright/test';
import { dateIn, fullDateLabel, inDays, timeIn } from '../support/clock.ts';
import { dayButton, isLive, visit } from '../support/guest.ts';
import { openWeek, signIn } from '../support/provider.ts';
import { book, changeOffering, makeProvider, slotsOn } from '../support/rest.ts';
import { expect, test } from '../support/test.ts';

const PARIS = 'Europe/Paris';
const NEW_YORK = 'America/New_York';

function shownZone(page: Page) {
  return page.getByLabel('Times are shown for');
}

test('a tap before scripts run chooses no zone', async ({ request, somebody }) => {
  const [provider, other] = [await makeProvider(request), await makeProvider(request)];
  const page = await somebody({ timezoneId: NEW_YORK });
  // A slow line: the page is there and its scripts are not.
  let arrive = () => {};
  const arrived = new Promise<void>((resolve) => { arrive = resolve; });
  await page.route('**/*.wasm', async (route) => {
    await arrived;
    await route.continue();
  });
  await page.goto(`/${provider.handle}`, { waitUntil: 'commit' });
  await expect(shownZone(page)).toHaveValue(PARIS);
  const date = inDays(1, PARIS);
  const day = dayButton(page, date);
  if (await day.count() === 0) await page.getByRole('button', { name: /^Later: / }).click();
  await day.click();
  await page.waitForURL(/date=/);
  arrive();
  await isLive(page);
  await expect(shownZone(page)).toHaveValue(NEW_YORK);

  await visit(page, other);
  await expect(shownZone(page)).toHaveValue(NEW_YORK);
});

test('a zone in a link holds for its page only', async ({ page, request }) => {
  const [provider, other] = [await makeProvider(request), await makeProvider(request)];
  await page.goto(`/${provider.handle}?tz=Asia%2FTokyo`);
  await isLive(page);
  await expect(shownZone(page)).toHaveValue('Asia/Tokyo');
  await visit(page, other);
  await expect(shownZone(page)).toHaveValue(PARIS);
  // What is chosen by hand holds for other pages too.
  await shownZone(page).selectOption('Asia/Tokyo');
  await expect(page).toHaveURL(/tz=Asia%2FTokyo/);
  await visit(page, provider);
  await expect(shownZone(page)).toHaveValue('Asia/Tokyo');
});

/** The next instant at which clocks are put back, in the zone where it comes first. */
function nextPutBack(zones: string[]): { zone: string; at: Date } {
  const offset = (zone: string, at: Date) => {
    const [date, time] = [dateIn(zone, at), timeIn(zone, at)];
    return Date.parse(`${date}T${time}:00Z`) - at.getTime();
  };
  // From the day after tomorrow: what is over the hour before must lie ahead, too.
  const hour = 3_600_000;
  for (let at = Math.ceil(Date.now() / hour) * hour + 48 * hour; ; at += hour) {
    const zone = zones.find((zone) => offset(zone, new Date(at)) < offset(zone, new Date(at - 1)));
    if (zone) return { zone, at: new Date(at) };
  }
}

test('a booking over the hour that comes twice names both offsets', async ({ request, somebody }) => {
  const { zone, at } = nextPutBack([NEW_YORK, 'Australia/Sydney']);
  const provider = await makeProvider(request, { zone });
  await changeOffering(request, provider, { horizon_days: 366, durations_minutes: [60] });
  const start = new Date(at.getTime() - 1_800_000).toISOString().replace('.000', '');
  const [first, last] = [timeIn(zone, start), timeIn(zone, new Date(at.getTime() + 1_800_000))];
  expect(first).toBe(last);
  const date = dateIn(zone, start);
  expect((await slotsOn(request, provider, date, { duration: 60 })).map((slot) => slot.start)).toContain(start);

  const both = new RegExp(`${first} UTC[+-]\\d\\d:00 – ${last} UTC[+-]\\d\\d:00`);
  const page = await somebody({ timezoneId: zone });
  await page.goto(`/${provider.handle}?start=${encodeURIComponent(start)}`);
  await isLive(page);
  await expect(page.getByRole('heading', { name: fullDateLabel(date) })).toHaveText(both);
  const { manage_url } = await book(request, provider, start, { duration: 60 });
  await page.goto(manage_url);
  await expect(page.getByText(both)).toBeVisible();

  const own = await somebody();
  await signIn(own, provider);
  await openWeek(own, date);
  const tight = new RegExp(`${first} UTC[+-]\\d\\d:00–${last} UTC[+-]\\d\\d:00`);
  await expect(own.getByRole('link', { name: /^Booking, / })).toHaveAccessibleName(tight);
  await own.goto('/dashboard/bookings');
  await expect(own.getByText(tight)).toBeVisible();
});
