// What a journey needs to be there before it begins, made by REST; and what the truth is, asked by REST.
import { expect, type APIRequestContext } from '@playwright/test';
import { addDays, dateIn, inDays, timeIn } from './clock.ts';

export interface Provider {
  provider_id: string;
  handle: string;
  name: string;
  zone: string;
  email: string;
  password: string;
  token: string;
}

export interface Slot {
  start: string;
  end: string;
}

export interface Booked {
  booking: { booking_id: string; reference: string; start: string; end: string };
  manage_token: string;
  manage_url: string;
}

let made = 0;

/** A name that no other test has. */
export function unique(): string {
  return `p${process.pid}-${Date.now() % 1_000_000_000}-${++made}`;
}

/** A provider of this test's own; open around the clock every day unless told otherwise. */
export async function makeProvider(
  request: APIRequestContext,
  { zone = 'Europe/Paris', open = true, name = 'Ada Quill' } = {},
): Promise<Provider> {
  const handle = unique();
  const email = `${handle}@example.com`;
  const password = 'correct horse battery';
  const answer = await request.post('/api/v1/providers', {
    data: { handle, display_name: name, email, password, time_zone: zone },
  });
  expect(answer.status(), await answer.text()).toBe(201);
  const { provider, token } = await answer.json();
  const made: Provider = { provider_id: provider.provider_id, handle, name, zone, email, password, token };
  if (open) {
    await addHours(request, made, {
      kind: 'recurring', start_time: '00:00', end_time: '24:00', starts_on: '2024-01-01', time_zone: zone,
      recurrence: 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU',
    });
  }
  return made;
}

export async function addHours(request: APIRequestContext, provider: Provider, pattern: object, effect = 'open') {
  const answer = await request.post('/api/v1/availability', { headers: authorized(provider), data: { effect, pattern } });
  expect(answer.status(), await answer.text()).toBe(201);
}

/** The free times of a date, by the clock of a zone. */
export async function slotsOn(
  request: APIRequestContext,
  provider: Provider,
  date: string,
  { zone = provider.zone, duration = 30, offering = '' } = {},
): Promise<Slot[]> {
  const params = {
    from: date, to: addDays(date, 1), time_zone: zone, duration_minutes: duration, ...(offering && { offering }),
  };
  const answer = await request.get(`/api/v1/availability/${provider.handle}`, { params });
  expect(answer.status(), await answer.text()).toBe(200);
  return (await answer.json()).slots;
}

/** The free time that begins at `time` by the provider's clock, so many days ahead. */
export async function slotAt(
  request: APIRequestContext,
  provider: Provider,
  time: string,
  { days = 3, duration = 30 } = {},
): Promise<Slot> {
  const slots = await slotsOn(request, provider, inDays(days, provider.zone), { duration });
  const found = slots.find((slot) => timeIn(provider.zone, slot.start) === time);
  expect(found, `a free time at ${time} in ${days} days`).toBeDefined();
  return found!;
}

export async function isFree(request: APIRequestContext, provider: Provider, start: string): Promise<boolean> {
  const slots = await slotsOn(request, provider, dateIn(provider.zone, start));
  return slots.some((slot) => slot.start === start);
}

/** Books as a guest's program would. */
export async function book(
  request: APIRequestContext,
  provider: Provider,
  start: string,
  { name = 'Grace Guest', duration = 30 } = {},
): Promise<Booked> {
  const answer = await request.post('/api/v1/bookings', {
    data: { provider: provider.handle, start, duration_minutes: duration, guest: { name, email: 'grace@example.com' } },
  });
  expect(answer.status(), await answer.text()).toBe(201);
  return answer.json();
}

/** What the provider has been booked for. */
export async function bookings(request: APIRequestContext, provider: Provider) {
  const answer = await request.get('/api/v1/bookings', { headers: authorized(provider) });
  expect(answer.status()).toBe(200);
  return (await answer.json()).items as { start: string; status: string; guest: { name: string; email: string; notes?: string } }[];
}

/** The first of the provider's offerings, as it is now. */
export async function offering(request: APIRequestContext, provider: Provider) {
  const answer = await request.get(`/api/v1/providers/${provider.handle}/offerings`, { headers: authorized(provider) });
  expect(answer.status(), await answer.text()).toBe(200);
  return (await answer.json()).items[0] as { offering_id: string; title: string; approval: string; active: boolean };
}

/** Changes the first offering, as another program would. */
export async function changeOffering(request: APIRequestContext, provider: Provider, changes: object) {
  const { offering_id, ...details } = await offering(request, provider);
  const data = { ...details, ...changes };
  const answer = await request.put(`/api/v1/offerings/${offering_id}`, { headers: authorized(provider), data });
  expect(answer.status(), await answer.text()).toBe(200);
}

/** The patterns of all hours, as they are stored. */
export async function patterns(request: APIRequestContext, provider: Provider) {
  const answer = await request.get('/api/v1/availability', { headers: authorized(provider) });
  expect(answer.status(), await answer.text()).toBe(200);
  return (await answer.json()).items.map(({ pattern }: { pattern: object }) => pattern) as object[];
}

export function authorized(provider: Provider) {
  return { authorization: `Bearer ${provider.token}` };
}
