// What a provider does on the pages behind the sign-in.
import type { Locator, Page } from '@playwright/test';
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

/** `Open, Monday 23 November, 09:00 to 12:00`. */
export function hoursBlock(page: Page, date: string, from: string, to: string, effect = 'Open'): Locator {
  return page.getByRole('link', { name: `${effect}, ${dateLabel(date)}, ${from} to ${to}` });
}

export function bookingBlock(page: Page, guest: string): Locator {
  return page.getByRole('link', { name: `Booking, ${guest}, ` });
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

/** The Monday of the week after the one that holds the date. */
export function nextMonday(date: string): string {
  const weekday = (new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7;
  return addDays(date, 7 - weekday);
}
