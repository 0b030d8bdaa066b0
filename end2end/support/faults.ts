// What a page must never do, whatever the journey: log an error, break its security policy, fail a request.
import { expect, type BrowserContext } from '@playwright/test';

export class Faults {
  readonly #found: string[] = [];
  readonly #expected: RegExp[] = [];

  /** Of this test such faults are a part: the status 422 of a form that is refused, say. */
  expect(what: RegExp): void {
    this.#expected.push(what);
  }

  async watch(context: BrowserContext): Promise<void> {
    context.on('weberror', (error) => this.#add(`exception: ${error.error().stack ?? error.error()}`));
    context.on('console', (message) => {
      // Warnings too: that is where hydration and reactivity complain. But on a machine that is busy,
      // what was preloaded is used later than Chromium thinks it should be.
      const isLate = /was preloaded using link preload but not used within a few seconds/.test(message.text());
      if (['error', 'warning', 'assert'].includes(message.type()) && !isLate) {
        this.#add(`console ${message.type()}: ${message.text()} (${message.location().url})`);
      }
    });
    context.on('requestfailed', (request) => {
      const failure = request.failure()?.errorText;
      // A page that is left, or closed, ends what it still asks for; and where scripts are off, that
      // is how Chromium names a script that it does not load.
      if (failure === 'net::ERR_ABORTED' || (failure === 'csp' && /\.js$/.test(request.url()))) return;
      this.#add(`request: ${failure} (${request.method()} ${request.url()})`);
    });
    context.on('response', (response) => {
      if (response.status() >= 500) this.#add(`response: ${response.status()} (${response.url()})`);
    });
    await context.addInitScript(() => {
      addEventListener('securitypolicyviolation', (event) => {
        console.error(`security policy: ${event.violatedDirective} ${event.blockedURI}`);
      });
    });
  }

  check(): void {
    const unexpected = this.#found.filter((fault) => !this.#expected.some((expected) => expected.test(fault)));
    expect(unexpected, 'faults in the browser').toEqual([]);
  }

  #add(fault: string): void {
    this.#found.push(fault);
  }
}
