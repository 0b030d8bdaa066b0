// Pages that are not there, the session cookie, and requests that another site makes.
import { signIn } from '../support/provider.ts';
import { book, makeProvider, slotAt } from '../support/rest.ts';
import { expect, test } from '../support/test.ts';

test('a page that is not there says so and leads on', async ({ page, faults }) => {
  faults.expect(/status of 404/);
  for (const address of ['/nobody-is-here', '/no/such/page', '/dashboard/nothing']) {
    const answer = await page.goto(address);
    expect(answer!.status(), address).toBe(404);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(/There is no such page\.|Nobody can be booked here\./);
  }
  await page.getByRole('main').getByRole('link', { name: 'Go to the start page' }).click();
  await expect(page.getByRole('link', { name: 'Open your page' })).toBeVisible();
});

test('scripts cannot read the session cookie, and it does not travel with requests of other sites', async ({ page, request, server }) => {
  const provider = await makeProvider(request);
  await signIn(page, provider);
  const cookie = (await page.context().cookies()).find(({ name }) => name.endsWith('eventide_session'));
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/', secure: server.url.startsWith('https') });
  expect(await page.evaluate(() => document.cookie)).not.toContain('session');
});

test('a request that another site makes with the cookie is refused', async ({ page, request, server }) => {
  const provider = await makeProvider(request);
  await signIn(page, provider);
  // With the page's cookies, as if its browser had sent them.
  const send = (headers: Record<string, string>) => page.request.post('/rpc/update_me', {
    form: { 'profile[display_name]': 'Mallory' }, headers: { accept: 'application/json', ...headers },
  });
  const foreign: Record<string, string>[] = [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
    {},
  ];
  for (const headers of foreign) {
    expect((await send(headers)).status(), JSON.stringify(headers)).toBe(403);
  }
  const own = await send({ origin: server.url, 'sec-fetch-site': 'same-origin' });
  expect(own.status(), await own.text()).toBe(200);
});

test('a form on another site cannot sign anybody out', async ({ request, somebody, server, faults }) => {
  faults.expect(/status of 403/);
  const provider = await makeProvider(request);
  const victim = await somebody();
  await signIn(victim, provider);
  // The same machine by another name is another site.
  const port = new URL(server.url).port;
  await victim.route(`http://localhost:${port}/`, (route) => route.fulfill({
    contentType: 'text/html',
    body: `<form method="post" action="${server.url}/rpc/sign_out"><button>Win a prize</button></form>`,
  }));
  await victim.goto(`http://localhost:${port}/`);
  const answer = victim.waitForResponse(`${server.url}/rpc/sign_out`);
  await victim.getByRole('button', { name: 'Win a prize' }).click();
  expect((await answer).status()).toBe(403);
  await victim.goto(`${server.url}/dashboard`);
  await expect(victim.getByRole('link', { name: 'Your public page' })).toBeVisible();
});

test('guests learn nothing about other guests', async ({ page, request }) => {
  const provider = await makeProvider(request);
  const { start } = await slotAt(request, provider, '10:00');
  await book(request, provider, start, { name: 'Secret Susan' });
  const frames: string[] = [];
  page.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => frames.push(String(payload))));
  const answer = await page.goto(`/${provider.handle}`);
  expect(await answer!.text()).not.toMatch(/Secret Susan|grace@example\.com/);
  await expect(page.getByRole('status').filter({ hasText: 'Live' })).toBeVisible();
  const { start: another } = await slotAt(request, provider, '12:00');
  await book(request, provider, another, { name: 'Secret Susan' });
  await expect.poll(() => frames.some((frame) => frame.includes('"type":"change"'))).toBe(true);
  expect(frames.join()).not.toMatch(/Secret Susan|grace@example\.com/);
});
