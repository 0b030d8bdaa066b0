// Pages that are not there, the session cookie, and requests that another site makes.
import { signIn } from '../support/provider.ts';
import { authorized, book, makeProvider, slotAt } from '../support/rest.ts';
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
  const own = { origin: server.url, 'sec-fetch-site': 'same-origin' };
  expect((await send(own)).status(), 'from here, but not by a page of ours').toBe(403);
  const ours = await send({ ...own, 'x-eventide-page': '1' });
  expect(ours.status(), await ours.text()).toBe(200);
});

test('a form smuggled into a page of ours changes nothing for whoever clicks it', async ({ page, request, faults }) => {
  faults.expect(/status of 403/);
  const provider = await makeProvider(request);
  const saved = await request.patch('/api/v1/me', { headers: authorized(provider), data: { bio: 'Analyst' } });
  expect(saved.ok(), await saved.text()).toBe(true);
  await signIn(page, provider);
  for (const injected of [
    '<form method="post" action="/rpc/update_me"><button name="profile[bio]">Book</button></form>',
    '<form method="post" action="/rpc/sign_out"><button>Book</button></form>',
  ]) {
    await page.goto(`/${provider.handle}`);
    await page.getByRole('main').evaluate((main, form) => { main.innerHTML = form; }, injected);
    await page.getByRole('button', { name: 'Book' }).click();
    await expect(page.getByRole('heading', { name: 'Not allowed' })).toBeVisible();
  }
  await page.goto('/dashboard/settings');
  await expect(page.getByLabel('About you')).toHaveValue('Analyst');
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

for (const scripts of [true, false]) {
  test(`markup in a name and in a description is text, scripts ${scripts ? 'on' : 'off'}`, async ({ somebody, request, server }) => {
    const name = "</title><meta http-equiv=refresh content='0;url=//e.test/'>";
    const bio = '</textarea><form method=post action=/rpc/sign_out><button>Book</button></form> &amp; "';
    const provider = await makeProvider(request, { name });
    const changed = await request.patch('/api/v1/me', { headers: authorized(provider), data: { bio } });
    expect(changed.status(), await changed.text()).toBe(200);

    const guest = await somebody({ javaScriptEnabled: scripts });
    await guest.goto(`/${provider.handle}`);
    if (scripts) await expect(guest.getByRole('status').filter({ hasText: 'Live' })).toBeVisible();
    await expect(guest).toHaveTitle(`${name} · Eventide`);
    await expect(guest.getByRole('heading', { level: 1 })).toHaveText(name);
    await expect(guest.getByText(bio)).toBeVisible();
    await expect(guest.getByRole('button', { name: 'Book', exact: true })).toHaveCount(0);
    expect(guest.url()).toBe(`${server.url}/${provider.handle}`);

    const owner = await somebody({ javaScriptEnabled: scripts });
    await signIn(owner, provider);
    await owner.goto('/dashboard/settings');
    await expect(owner.getByLabel('About you')).toHaveValue(bio);
    await expect(owner.getByLabel('Name', { exact: true })).toHaveValue(name);
    await owner.getByRole('link', { name: 'Your public page' }).click();
    await expect(owner).toHaveTitle(`${name} · Eventide`);
  });
}

test('a refused form without scripts says why, once, and an address cannot', async ({ somebody, request }) => {
  const provider = await makeProvider(request);
  const owner = await somebody({ javaScriptEnabled: false });
  await signIn(owner, provider);
  await owner.goto('/dashboard/settings');
  await owner.getByLabel('Name in the address').fill('x');
  await owner.getByRole('button', { name: 'Save' }).click();
  await expect(owner).toHaveURL(/\/dashboard\/settings$/);
  await expect(owner.getByText('From 3 to 30 characters.')).toBeVisible();
  await owner.reload();
  await expect(owner.getByText('From 3 to 30 characters.')).toHaveCount(0);
  // {"type":"/problems/malformed","detail":"Your account is locked."}
  const forged = 'eyJ0eXBlIjoiL3Byb2JsZW1zL21hbGZvcm1lZCIsImRldGFpbCI6IllvdXIgYWNjb3VudCBpcyBsb2NrZWQuIn0=';
  const reader = await somebody();
  await signIn(reader, provider);
  for (const page of [owner, reader]) {
    await page.goto(`/dashboard/settings?__path=/rpc/update_me&__err=${forged}`);
    await expect(page).toHaveURL(/\/dashboard\/settings$/);
    await expect(page.getByRole('button', { name: 'Save' })).toBeVisible();
    await expect(page.getByText('Your account is locked.')).toHaveCount(0);
  }
});
