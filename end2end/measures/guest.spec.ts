// How long the guest's page keeps a browser busy: taking over the page, and each click. Printed, never judged: a
// machine that is busy would fail what is right.
import type { Page } from '@playwright/test';
import { inDays } from '../support/clock.ts';
import { dayButton, visit } from '../support/guest.ts';
import { changeOffering, makeProvider } from '../support/rest.ts';
import { test } from '../support/test.ts';

const PARIS = 'Europe/Paris';
/** How much slower than this machine: a desk, and a phone. */
const SLOWER = [1, 4];
/** Days ahead and minutes between two starts, around the clock. */
const CALENDARS = [[60, 15], [366, 15], [366, 5]] as const;

async function slow(page: Page, rate: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate });
}

/** The longest tasks since the page began, in milliseconds, the longest first. */
async function tasks(page: Page): Promise<number[]> {
  return page.evaluate(() => new Promise<number[]>((resolve) => {
    const found: number[] = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) found.push(Math.round(entry.duration));
    }).observe({ type: 'longtask', buffered: true });
    setTimeout(() => resolve(found.sort((one, other) => other - one).slice(0, 3)), 200);
  }));
}

/** From the click to the frame that shows what it did. */
async function click(page: Page, selector: string): Promise<number> {
  return page.evaluate((selector) => new Promise<number>((resolve) => {
    const began = performance.now();
    (document.querySelector(selector) as HTMLElement).click();
    requestAnimationFrame(() => setTimeout(() => resolve(Math.round(performance.now() - began))));
  }), selector);
}

for (const [horizon_days, step_minutes] of CALENDARS) {
  test(`${horizon_days} days, a start every ${step_minutes} minutes`, async ({ request, somebody, faults }) => {
    faults.expect(/./);
    const provider = await makeProvider(request);
    await changeOffering(request, provider, { horizon_days, step_minutes, min_notice_minutes: 0 });
    for (const rate of SLOWER) {
      const page = await somebody({ viewport: { width: 390, height: 844 } });
      await slow(page, rate);
      await visit(page, provider);
      const takingOver = await tasks(page);
      const days = [inDays(1, PARIS), inDays(2, PARIS)].filter((date) => date.slice(0, 7) === inDays(1, PARIS).slice(0, 7));
      const clicks: [string, number][] = [];
      for (const date of days) {
        await dayButton(page, date).waitFor();
        clicks.push(['day', await click(page, `#day-${date}`)]);
      }
      clicks.push(['later', await click(page, 'button[aria-label^="Later"]')]);
      clicks.push(['earlier', await click(page, 'button[aria-label^="Earlier"]')]);
      clicks.push(['length', await click(page, 'input[name=duration]:not(:checked)')]);
      clicks.push(['time', await click(page, '.times .part:not([hidden]) .time')]);
      clicks.push(['back', await click(page, '.back')]);
      const told = clicks.map(([what, took]) => `${what} ${took}`).join(', ');
      console.log(`${horizon_days} d / ${step_minutes} min, ${rate}x slower: tasks ${takingOver.join(' ')} ms; ${told} ms`);
    }
  });
}
