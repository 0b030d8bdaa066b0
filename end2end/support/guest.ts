// What a guest does on a provider's page, by what is seen there.
import { expect, type Locator, type Page } from '@playwright/test';
import { dateIn, dateLabel, fullDateLabel, monthLabel, timeIn } from './clock.ts';

export const GRACE = { name: 'Grace Guest', email: 'grace@example.com' };

/** Opens the page and waits until it follows changes. */
export async function visit(page: Page, provider: { handle: string }): Promise<void> {
  await page.goto(`/${provider.handle}`);
  await isLive(page);
}

export async function isLive(page: Page): Promise<void> {
  await expect(page.getByRole('status').filter({ hasText: 'Live' })).toBeVisible();
}

export function dayButton(page: Page, date: string): Locator {
  return page.getByRole('button', { name: new RegExp(`^${fullDateLabel(date)}, `) });
}

export async function chooseDay(page: Page, date: string): Promise<void> {
  const month = page.getByRole('heading', { name: /^\w+ \d{4}$/ });
  // Never more than two months ahead, and never back: the page opens at the first free day.
  for (let turned = 0; turned < 2 && (await month.textContent()) !== monthLabel(date); turned++) {
    const shown = (await month.textContent())!;
    await page.getByRole('button', { name: /^Later: / }).click();
    await expect(month).not.toHaveText(shown);
  }
  await dayButton(page, date).click();
  await expect(times(page, date)).toBeVisible();
}

/** The free times of a day, as shown. */
export function times(page: Page, date: string): Locator {
  return page.getByRole('region', { name: dateLabel(date), exact: true });
}

export function timeButton(page: Page, start: string, zone: string): Locator {
  return times(page, dateIn(zone, start)).getByRole('button', { name: timeIn(zone, start), exact: true });
}

/** From the opened page to the form. */
export async function chooseTime(page: Page, start: string, zone: string): Promise<void> {
  await chooseDay(page, dateIn(zone, start));
  await timeButton(page, start, zone).click();
  await expect(details(page, start, zone)).toBeVisible();
}

/** The form for a chosen time. */
export function details(page: Page, start: string, zone: string): Locator {
  return page.getByRole('region', { name: `${fullDateLabel(dateIn(zone, start))}, ${timeIn(zone, start)} – ` });
}

export async function fill(page: Page, { name, email, notes = '' }: { name: string; email: string; notes?: string }): Promise<void> {
  await page.getByLabel('Your name').fill(name);
  await page.getByLabel('E-mail').fill(email);
  if (notes) await page.getByLabel('Anything to know beforehand?').fill(notes);
}

export function bookButton(page: Page): Locator {
  return page.getByRole('button', { name: /^Book \d\d:\d\d$/ });
}

export async function isBooked(page: Page): Promise<void> {
  await expect(page.getByRole('heading', { name: 'You are booked' })).toBeVisible();
}

/** What is told when a time goes while the form is filled in. */
export function loss(page: Page): Locator {
  return page.getByRole('alert').filter({ hasText: 'That time was just taken.' });
}
