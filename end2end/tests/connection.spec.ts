// A page that loses its connection says so, comes back by itself and catches up.
import { dateIn } from '../support/clock.ts';
import { GRACE, bookButton, chooseDay, chooseTime, fill, isBooked, isLive, loss, timeButton, visit } from '../support/guest.ts';
import { bookingBlock, openWeek, signIn } from '../support/provider.ts';
import { book, bookings, makeProvider, slotAt } from '../support/rest.ts';
import { expect, test } from '../support/test.ts';
import { Wire } from '../support/wire.ts';

const PARIS = 'Europe/Paris';

test('a guest page says when it is not live, and knows afterwards what happened meanwhile', async ({
  request, server, somebody, faults,
}) => {
  faults.expect(/ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|WebSocket connection to/);
  const provider = await makeProvider(request);
  const [taken, freed] = [await slotAt(request, provider, '10:00'), await slotAt(request, provider, '12:00')];
  const { booking, manage_token } = await book(request, provider, freed.start);
  const wire = await Wire.to(server.url);
  try {
    const page = await somebody({ baseURL: wire.url });
    await visit(page, provider);
    await chooseDay(page, dateIn(PARIS, taken.start));
    await expect(timeButton(page, taken.start, PARIS)).toBeVisible();
    await expect(timeButton(page, freed.start, PARIS)).toBeHidden();

    await wire.cut();
    await expect(page.getByRole('status').filter({ hasText: 'Reconnecting…' })).toBeVisible();
    await book(request, provider, taken.start);
    const cancelled = await request.post(`/api/v1/bookings/${booking.booking_id}/cancel`, {
      headers: { authorization: `Bearer ${manage_token}` }, data: {},
    });
    expect(cancelled.status()).toBe(200);
    await expect(timeButton(page, taken.start, PARIS)).toBeVisible();

    await wire.mend();
    await isLive(page);
    await expect(timeButton(page, taken.start, PARIS)).toBeHidden();
    await expect(timeButton(page, freed.start, PARIS)).toBeVisible();
  } finally {
    await wire.cut();
  }
});

test('the calendar catches up too', async ({ request, server, somebody, faults }) => {
  faults.expect(/ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|WebSocket connection to/);
  const provider = await makeProvider(request);
  const slot = await slotAt(request, provider, '10:00');
  const wire = await Wire.to(server.url);
  try {
    const page = await somebody({ baseURL: wire.url });
    await signIn(page, provider);
    await openWeek(page, dateIn(PARIS, slot.start));
    await wire.cut();
    await expect(page.getByRole('status').filter({ hasText: 'Reconnecting…' })).toBeVisible();
    await book(request, provider, slot.start, { name: 'Mina Meanwhile' });
    await wire.mend();
    await isLive(page);
    await expect(bookingBlock(page, 'Mina Meanwhile')).toBeVisible();
  } finally {
    await wire.cut();
  }
});

test('a booking that cannot be sent is told, and sent again it is one booking', async ({ request, server, somebody, faults }) => {
  faults.expect(/ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|WebSocket connection to/);
  const provider = await makeProvider(request);
  const slot = await slotAt(request, provider, '10:00');
  const wire = await Wire.to(server.url);
  try {
    const page = await somebody({ baseURL: wire.url });
    await visit(page, provider);
    await chooseTime(page, slot.start, PARIS);
    await fill(page, GRACE);
    await wire.cut();
    await bookButton(page).click();
    await expect(page.getByRole('alert').filter({ hasText: 'cannot be reached' })).toBeVisible();
    await expect(page.getByLabel('Your name')).toHaveValue(GRACE.name);
    await wire.mend();
    await bookButton(page).click();
    await isBooked(page);
  } finally {
    await wire.cut();
  }
});

test('a booking whose answer is lost is not told as taken, and sent again it is one booking', async ({ page, request, faults }) => {
  faults.expect(/ERR_CONNECTION_RESET/);
  const provider = await makeProvider(request);
  const slot = await slotAt(request, provider, '10:00');
  const frames: string[] = [];
  page.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => frames.push(String(payload))));
  await visit(page, provider);
  await chooseTime(page, slot.start, PARIS);
  await fill(page, GRACE);
  // The server books, and the browser never hears of it.
  await page.route('**/rpc/book', async (route) => {
    await route.fetch();
    await route.abort('connectionreset');
  }, { times: 1 });
  await bookButton(page).click();
  await expect(page.getByRole('alert').filter({ hasText: 'cannot be reached' })).toBeVisible();
  await expect.poll(() => frames.some((frame) => frame.includes('"type":"change"'))).toBe(true);
  await expect(loss(page)).toBeHidden();
  await expect(bookButton(page)).toBeEnabled();
  await bookButton(page).click();
  await isBooked(page);
  expect(await bookings(request, provider)).toHaveLength(1);
});
