// Moving through a page by keyboard alone, with the focus seen at every step.
import { expect, type Locator, type Page } from '@playwright/test';

/** Presses Tab (or another key) until the element has the focus. */
export async function tabTo(page: Page, target: Locator, key = 'Tab'): Promise<void> {
  const passed: string[] = [];
  for (let presses = 0; presses < 80; presses++) {
    await page.keyboard.press(key);
    await focusIsSeen(page);
    if (await isFocused(target)) return;
    passed.push(await page.evaluate(() => document.activeElement?.outerHTML.slice(0, 80) ?? ''));
  }
  throw new Error(`${target} is not reached by ${key}; passed:\n${passed.join('\n')}`);
}

async function isFocused(target: Locator): Promise<boolean> {
  if ((await target.count()) !== 1) return false;
  return target.evaluate((element) => element === document.activeElement);
}

/** What has the focus shows it, in view: by an outline or a ring, its own or of what it stands for. */
export async function focusIsSeen(page: Page): Promise<void> {
  // The page may still be scrolling to it.
  await expect.poll(() => page.evaluate(unseen), 'what has the focus and does not show it').toBe('');
}

/** Runs in the page. */
function unseen(): string {
  const element = document.activeElement;
  if (!element || element === document.body) return '';
  // A button inside of a date's input, which the browser paints.
  if (element instanceof HTMLInputElement && !element.matches(':focus')) return '';
  // An input that is painted by its label shows the focus there.
  const painted = [element, element.closest('label'), element.nextElementSibling, element.parentElement];
  const seen = painted.some((part) => {
    if (!part) return false;
    const style = getComputedStyle(part);
    const ring = (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1) || style.boxShadow !== 'none';
    const box = part.getBoundingClientRect();
    const inView = box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
    return ring && inView && box.width > 1 && box.height > 1;
  });
  return seen && element.matches(':focus-visible') ? '' : element.outerHTML.slice(0, 120);
}
