// What a provider does on the pages behind the sign-in.
import { expect, type Locator, type Page } from '@playwright/test';
import { addDays, dateLabel } from './clock.ts';
import { isLive } from './guest.ts';
import type { Provider } from './rest.ts';

export async function signIn(page: Page, provider: Pick<Provider, 'email' | 'password'>): Promise<void> {
  await page.goto('/sign-in');
  await page.getByLabel('E-mail').fill(provider.email);
  await page.getByLabel('Password').fill(provider.password);
  await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/dashboard');
}

/** The calendar's week that holds the date, once it follows changes. */
export async function openWeek(page: Page, date: string): Promise<void> {
  await page.goto(`/dashboard?week=${date}`);
  await isLive(page);
}

/** The column of one day. */
export function dayColumn(page: Page, date: string): Locator {
  return page.getByRole('group', { name: dateLabel(date), exact: true });
}

/** `Open, Monday 23 November, 09:00–12:00 weekly`. */
export function hoursBlock(page: Page, date: string, from: string, to: string, effect = 'Open'): Locator {
  return page.getByRole('link', { name: `${effect}, ${dateLabel(date)}, ${from}–${to}` });
}

export function bookingBlock(page: Page, guest: string): Locator {
  return page.getByRole('link', { name: new RegExp(`^Booking, \\w+day .*, ${guest} `) });
}

/** The button of a day, on a phone. */
export function stripButton(page: Page, date: string): Locator {
  const [weekday, ...rest] = dateLabel(date).split(' ');
  return page.getByRole('group', { name: 'Day', exact: true }).getByRole('button', { name: [weekday.slice(0, 3), ...rest].join(' '), exact: true });
}

/** A press, a move and a release between two times of a day, as `HH:MM`. */
export async function drag(page: Page, date: string, from: string, to: string): Promise<void> {
  const column = dayColumn(page, date);
  // The middle of the quarter: what the pointer touches is chosen whole.
  const y = async (time: string, shift: number) => {
    const [hour, minute] = time.split(':').map(Number);
    const box = (await column.boundingBox())!;
    return { x: box.x + box.width / 2, y: box.y + ((hour * 60 + minute + shift) / 1440) * box.height };
  };
  const [first, last] = [await y(from, 7), await y(to, -7)];
  await page.mouse.move(first.x, first.y);
  await page.mouse.down();
  await page.mouse.move(first.x, (first.y + last.y) / 2, { steps: 4 });
  await page.mouse.move(last.x, last.y, { steps: 4 });
  await page.mouse.up();
}

interface Point {
  x: number;
  y: number;
}

/** Real touches, which Playwright itself has only for taps. */
async function finger(page: Page) {
  const session = await page.context().newCDPSession(page);
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', touchPoints: Point[]) =>
    session.send('Input.dispatchTouchEvent', { type, touchPoints });
  return {
    put: (at: Point) => touch('touchStart', [at]),
    async move(from: Point, to: Point) {
      for (let step = 1; step <= 8; step++) {
        await touch('touchMove', [{ x: from.x + ((to.x - from.x) * step) / 8, y: from.y + ((to.y - from.y) * step) / 8 }]);
      }
    },
    lift: () => touch('touchEnd', []),
  };
}

/** Where scrolling is smooth it takes a while. */
async function isStill(element: Locator): Promise<void> {
  let before = '';
  await expect.poll(async () => {
    const [at, now] = [before, JSON.stringify(await element.boundingBox())];
    before = now;
    return at === now;
  }, { intervals: [150] }).toBe(true);
}

/** A finger that rests, moves and is lifted. */
export async function dragByTouch(page: Page, date: string, from: string, to: string): Promise<void> {
  const column = dayColumn(page, date);
  await isStill(column);
  const box = (await column.boundingBox())!;
  const at = (time: string, shift: number) => {
    const [hour, minute] = time.split(':').map(Number);
    return { x: box.x + box.width / 2, y: box.y + ((hour * 60 + minute + shift) / 1440) * box.height };
  };
  const [first, last] = [at(from, 7), at(to, -7)];
  const { put, move, lift } = await finger(page);
  await put(first);
  // Resting is what tells dragging from scrolling.
  await expect(page.getByRole('button', { name: /^Add hours: / })).toHaveClass(/active/);
  await move(first, last);
  await lift();
}

/** A finger that scrolls the calendar to its next day. */
export async function swipeToNextDay(page: Page): Promise<void> {
  await isStill(page.getByRole('group', { name: /^\w+day \d+ \w+$/ }).first());
  const [from, to] = [{ x: 300, y: 600 }, { x: 60, y: 600 }];
  const { put, move, lift } = await finger(page);
  await put(from);
  await move(from, to);
  await lift();
}

/** The Monday of the week after the one that holds the date. */
export function nextMonday(date: string): string {
  const weekday = (new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7;
  return addDays(date, 7 - weekday);
}

/** The last Sunday of the next March: from 02:00 clocks in Europe go to 03:00. */
export function nextSpringForward(today: string): string {
  const lastSunday = (year: number) => {
    const end = `${year}-03-31`;
    return addDays(end, -new Date(`${end}T00:00:00Z`).getUTCDay());
  };
  const year = Number(today.slice(0, 4));
  return lastSunday(year) > today ? lastSunday(year) : lastSunday(year + 1);
}

/** The Monday of the week that holds the date. */
export function mondayOf(date: string): string {
  return addDays(nextMonday(date), -7);
}
