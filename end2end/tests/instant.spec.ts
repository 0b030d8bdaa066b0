// What the browser computes by itself: no request, no waiting, no jumping.
import type { Page } from '@playwright/test';
import { dateIn, timeIn } from '../support/clock.ts';
import { chooseDay, timeButton, times, visit } from '../support/guest.ts';
import { makeProvider, slotAt, slotsOn } from '../support/rest.ts';
import { expect, test } from '../support/test.ts';

const PARIS = 'Europe/Paris';

test('another length, zone, month or day asks the server nothing', async ({ page, request }) => {
  const provider = await makeProvider(request);
  const slot = await slotAt(request, provider, '12:00');
  const date = dateIn(PARIS, slot.start);
  const adelaide = 'Australia/Adelaide'; // half an hour off
  const truth = {
    hour: await slotsOn(request, provider, date, { duration: 60 }),
    adelaide: await slotsOn(request, provider, date, { zone: adelaide, duration: 60 }),
  };
  await visit(page, provider);
  // All zones' offsets are loaded when somebody turns to them, and then kept for ever.
  const zone = page.getByLabel('Times are shown for');
  await zone.focus();
  await expect(zone.getByRole('option', { name: adelaide, includeHidden: true })).toBeAttached();
  const asked: string[] = [];
  // Chromium looks for the icon, in its cache, whenever the address changes.
  page.on('request', (request) => request.url().endsWith('/favicon.svg') || asked.push(request.url()));
  page.on('websocket', (socket) => asked.push(socket.url()));

  await chooseDay(page, date);
  await page.getByRole('radio', { name: '1 h' }).check();
  await expect(times(page, date).getByRole('listitem')).toHaveText(truth.hour.map((slot) => timeIn(PARIS, slot.start)));
  await zone.selectOption(adelaide);
  await expect(times(page, date).getByRole('listitem')).toHaveText(truth.adelaide.map((slot) => timeIn(adelaide, slot.start)));
  await page.getByRole('button', { name: /^Later: / }).click();
  await page.getByRole('button', { name: /^Earlier: / }).click();
  await chooseDay(page, date);
  await timeButton(page, slot.start, adelaide).click();
  await expect(page.getByLabel('Your name')).toBeVisible();
  expect(asked).toEqual([]);
});

test('another type of appointment brings its own lengths and times', async ({ page, request }) => {
  const provider = await makeProvider(request);
  const lesson = { title: 'Piano lesson', durations_minutes: [20, 50] };
  const made = await request.post('/api/v1/offerings', { headers: { authorization: `Bearer ${provider.token}` }, data: lesson });
  expect(made.status()).toBe(201);
  const { offering_id: offering } = await made.json();
  const slot = await slotAt(request, provider, '12:00');
  const date = dateIn(PARIS, slot.start);
  await visit(page, provider);
  await chooseDay(page, date);
  await page.getByRole('radio', { name: /^Piano lesson/ }).check();
  await expect(page.getByRole('group', { name: 'How long?' }).getByRole('radio')).toHaveCount(2);
  await page.getByRole('radio', { name: '50 min', exact: true }).check();
  const truth = await slotsOn(request, provider, date, { duration: 50, offering });
  await expect(times(page, date).getByRole('listitem')).toHaveText(truth.map((slot) => timeIn(PARIS, slot.start)));
});

test('a zone once chosen is the zone of the next visit', async ({ page, request }) => {
  const provider = await makeProvider(request);
  await visit(page, provider);
  await page.getByLabel('Times are shown for').selectOption('Asia/Tokyo');
  await expect(page).toHaveURL(/tz=Asia%2FTokyo/);
  await visit(page, provider);
  await expect(page).not.toHaveURL(/tz=/);
  await expect(page.getByLabel('Times are shown for')).toHaveValue('Asia/Tokyo');
});

test('zones have the names that cities have today', async ({ somebody, request }) => {
  const provider = await makeProvider(request);
  // Chromium still calls it Asia/Katmandu.
  const page = await somebody({ timezoneId: 'Asia/Kathmandu' });
  await visit(page, provider);
  const zone = page.getByLabel('Times are shown for');
  await expect(zone).toHaveValue('Asia/Kathmandu');
  const offered = zone.getByRole('option', { name: /^(Asia\/Kat|Asia\/Cal|Asia\/Kol|Europe\/K[iy])/, includeHidden: true });
  await expect(offered).toHaveText(['Asia/Kathmandu', 'Asia/Kolkata', 'Europe/Kirov', 'Europe/Kyiv']);
});

/** How much of the page has moved without anybody's doing (web.dev: above 0.1 it is disturbing). */
async function shifted(page: Page): Promise<number> {
  return page.evaluate(() => new Promise<number>((resolve) => {
    let total = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean })[]) {
        if (!entry.hadRecentInput) total += entry.value;
      }
    }).observe({ type: 'layout-shift', buffered: true });
    // What is buffered is told before the frame after the next.
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve(total))));
  }));
}

for (const [name, viewport] of [['desktop', { width: 1280, height: 800 }], ['phone', { width: 390, height: 844 }]] as const) {
  test(`the guest page does not jump while it loads, ${name}`, async ({ request, somebody }) => {
    const provider = await makeProvider(request);
    // A guest elsewhere, too: what the browser knows of the zone comes after the first paint.
    for (const timezoneId of [PARIS, 'America/New_York']) {
      const page = await somebody({ viewport, timezoneId });
      await visit(page, provider);
      expect(await shifted(page)).toBeLessThan(0.1);
    }
  });
}
