// Zones are of today: times are by the server's rules, whatever the browser believes.
import type { WebSocketRoute } from '@playwright/test';
import { dateIn } from '../support/clock.ts';
import { chooseDay, times, visit } from '../support/guest.ts';
import { makeProvider, slotAt, slotsOn, type Slot } from '../support/rest.ts';
import { expect, test } from '../support/test.ts';

const PARIS = 'Europe/Paris';

/** `HH:MM` on a clock that is always so many hours ahead of UTC. */
function hoursAhead(hours: number, instant: string): string {
  return new Date(Date.parse(instant) + hours * 3_600_000).toISOString().slice(11, 16);
}

test('British Columbia is seven hours behind, in winter too', async ({ somebody, request }) => {
  const provider = await makeProvider(request);
  const date = dateIn(PARIS, (await slotAt(request, provider, '12:00')).start);
  const slots = await slotsOn(request, provider, date, { zone: 'America/Vancouver' });
  const truth = slots.map((slot) => hoursAhead(-7, slot.start));
  expect(truth[0]).toBe('00:00');
  // A guest there, whose browser may be older than the law.
  const guest = await somebody({ timezoneId: 'America/Vancouver' });
  await visit(guest, provider);
  await expect(guest.getByLabel('Times are shown for')).toHaveValue('America/Vancouver');
  await chooseDay(guest, date);
  await expect(times(guest, date).getByRole('listitem')).toHaveText(truth);
  // As the server renders it.
  await guest.reload();
  await chooseDay(guest, date);
  await expect(times(guest, date).getByRole('listitem')).toHaveText(truth);
});

test('the list has all places once somebody turns to it', async ({ page, request }) => {
  const provider = await makeProvider(request);
  const tables: string[] = [];
  page.on('request', (request) => request.url().includes('/zones/') && tables.push(request.url()));
  await visit(page, provider);
  const zone = page.getByLabel('Times are shown for');
  await expect(zone.getByRole('option', { includeHidden: true })).toHaveCount(31);
  expect(tables).toEqual([]);
  await zone.focus();
  await expect(zone.getByRole('option', { name: 'America/Coyhaique', includeHidden: true })).toBeAttached();
  await zone.selectOption('Australia/Eucla');
  await expect(page).toHaveURL(/tz=Australia%2FEucla/);
  expect(tables).toHaveLength(1);
});

test('other rules show on the page at once', async ({ page, request }) => {
  const provider = await makeProvider(request);
  const slot = await slotAt(request, provider, '12:00');
  const date = dateIn(PARIS, slot.start);
  let socket: WebSocketRoute | undefined;
  await page.routeWebSocket(/\/live/, (page) => {
    page.connectToServer();
    socket = page;
  });
  await page.route('**/zones/2099a.0123456789abcdef.txt', (route) => route.fulfill({ body: `2099a\n${PARIS} 18000` }));
  await visit(page, provider);
  await chooseDay(page, date);
  const params = { from: `${date}T00:00:00+05:00`, to: `${date}T23:59:00+05:00` };
  const { slots } = await (await request.get(`/api/v1/availability/${provider.handle}`, { params })).json();
  const { version, from, to, windows } = await (await request.get(`/api/v1/availability/${provider.handle}`)).json();
  socket!.send(JSON.stringify({ type: 'snapshot', version, from, to, windows, zones: '2099a.0123456789abcdef' }));
  await expect(times(page, date).getByRole('listitem')).toHaveText(slots.map((slot: Slot) => hoursAhead(5, slot.start)));
});
