// The fixtures of every journey: a server, pages that are watched, and more people at their own browsers.
import { test as base, expect, type BrowserContextOptions, type Page } from '@playwright/test';
import { Faults } from './faults.ts';
import { withServer, type Server } from './server.ts';

interface Fixtures {
  /** What the pages of this test did wrong; checked at its end. */
  faults: Faults;
  /** A page in a browser context of its own: somebody else, perhaps elsewhere. */
  somebody: (options?: BrowserContextOptions) => Promise<Page>;
}

export const test = base.extend<Fixtures, { server: Server }>({
  server: [async ({}, use) => withServer(use), { scope: 'worker', timeout: 120_000 }],
  baseURL: async ({ server }, use) => use(server.url),
  faults: async ({}, use) => {
    const faults = new Faults();
    await use(faults);
    faults.check();
  },
  context: async ({ context, faults }, use) => {
    await faults.watch(context);
    await use(context);
  },
  somebody: async ({ browser, baseURL, faults }, use) => {
    const contexts: { close(): Promise<void> }[] = [];
    await use(async (options) => {
      const context = await browser.newContext({ baseURL, ...options });
      contexts.push(context);
      await faults.watch(context);
      return context.newPage();
    });
    for (const context of contexts) await context.close();
  },
});

export { expect };
