// The main pages as the README shows them, of the demo provider, into docs/images.
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { addDays, inDays } from '../support/clock.ts';
import { bookButton, chooseDay, fill, isBooked, isLive, times, visit } from '../support/guest.ts';
import { nextMonday, openWeek, signIn } from '../support/provider.ts';
import { expect, test } from '../support/test.ts';

const folder = join(import.meta.dirname, '../../docs/images');
const DEMO = { handle: 'demo', email: 'demo@example.com', password: 'eventide-demo' };
const PARIS = 'Europe/Paris';
const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } };

for (const [size, viewport] of Object.entries(SIZES)) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test.describe(`${colorScheme}, ${size}`, () => {
      test.use({ viewport, colorScheme });

      async function take(page: Page, name: string): Promise<void> {
        mkdirSync(folder, { recursive: true });
        const path = join(folder, `${name}-${colorScheme}-${size}.png`);
        await page.evaluate(() => document.fonts.ready);
        await page.screenshot({ path, animations: 'disabled', caret: 'hide' });
        expect.soft(statSync(path).size, `${path} is small enough for a README`).toBeLessThan(150_000);
      }

      test('guest page and confirmation', async ({ page }) => {
        await visit(page, DEMO);
        // A working day with most of its times free.
        const date = addDays(nextMonday(inDays(0, PARIS)), 1);
        await chooseDay(page, date);
        await page.mouse.move(0, 0);
        // On a phone month and times, on a desktop the choices before them too.
        const first = size === 'phone' ? page.getByRole('region', { name: 'Day', exact: true }) : page.getByRole('group', { name: 'What is it about?' });
        await first.evaluate((element) => scrollTo({ top: element.getBoundingClientRect().top + scrollY - 24, behavior: 'instant' }));
        await take(page, 'guest');
        await page.evaluate(() => scrollTo({ top: 0, behavior: 'instant' }));
        await times(page, date).getByRole('listitem').nth(5).getByRole('button').click();
        await fill(page, { name: 'Grace Guest', email: 'grace@example.com', notes: 'The left knee, since the marathon.' });
        await bookButton(page).click();
        await isBooked(page);
        await take(page, 'confirmation');
        await page.getByRole('button', { name: 'Cancel…' }).click();
        await page.getByRole('button', { name: 'Cancel the booking' }).click();
        await expect(page.getByRole('heading', { name: 'Cancelled' })).toBeVisible();
      });

      test('calendar and bookings', async ({ page }) => {
        await signIn(page, DEMO);
        // The week that holds what was booked for the day after tomorrow.
        await openWeek(page, inDays(2, PARIS));
        await page.mouse.move(0, 0);
        await take(page, 'calendar');
        await page.goto('/dashboard/bookings');
        await isLive(page);
        await take(page, 'bookings');
      });
    });
  }
}
