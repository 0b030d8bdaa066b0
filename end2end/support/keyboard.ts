// Moving through a page by keyboard alone, with the focus seen at every step.
import { expect, type Locator, type Page } from '@playwright/test';

/** Presses Tab (or another key) until the element has the focus. */
export async function tabTo(page: Page, target: Locator, key = 'Tab', { timeout = 20_000 } = {}): Promise<void> {
  const passed: string[] = [];
  for (let presses = 0; presses < 80; presses++) {
    await page.evaluate(focus, { remember: true });
    await page.keyboard.press(key);
    await focusIsSeen(page, { timeout });
    if (await isFocused(target)) return;
    passed.push(await page.evaluate(() => document.activeElement?.outerHTML.slice(0, 80) ?? ''));
  }
  throw new Error(`${target} is not reached by ${key}; passed:\n${passed.join('\n')}`);
}

async function isFocused(target: Locator): Promise<boolean> {
  if ((await target.count()) !== 1) return false;
  return target.evaluate((element) => element === document.activeElement);
}

/** What has the focus shows it, in view: by an outline or a ring that is not there without, its own or of what it stands for. */
export async function focusIsSeen(page: Page, { timeout = 20_000 } = {}): Promise<void> {
  // The page may still be scrolling to it, or the ring be on its way.
  const unseen = () => page.evaluate(focus, { remember: false });
  await expect.poll(unseen, { message: 'what has the focus and does not show it', timeout }).toBe('');
}

/**
 * Runs in the page. Either keeps how all that can have the focus looks without it; or says what has the
 * focus and looks as it does without, nothing when it is seen.
 */
function focus({ remember }: { remember: boolean }): string {
  const FOCUSABLE = 'a, button, input, select, textarea, summary, [tabindex]';
  const resting: WeakMap<Element, string> = ((window as any).restingLooks ??= new WeakMap());
  // An input that is painted by its label shows the focus there.
  const painted = (element: Element) =>
    [element, element.closest('label'), element.nextElementSibling, element.parentElement].filter((part) => part !== null);
  /** The ring around it, if any. */
  const ring = (part: Element): string => {
    const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(part);
    const outline = outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1 ? `${outlineStyle} ${outlineWidth} ${outlineColor}` : '';
    return [outline, boxShadow === 'none' ? '' : boxShadow].filter(Boolean).join(', ');
  };
  const element = document.activeElement;
  if (remember) {
    for (const part of [...document.querySelectorAll(FOCUSABLE)].flatMap(painted)) {
      const before = part.previousElementSibling;
      if (!part.contains(element) && before !== element) resting.set(part, ring(part));
    }
    return '';
  }
  if (!element || element === document.body) return '';
  // A button inside of a date's input, which the browser paints.
  if (element instanceof HTMLInputElement && !element.matches(':focus')) return '';
  const seen = painted(element).some((part) => {
    const box = part.getBoundingClientRect();
    const inView = box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
    // Of what is new since, nobody knows how it rests: its own outline counts, which nothing has at rest.
    const outlined = part === element && getComputedStyle(part).outlineStyle !== 'none';
    const changed = resting.has(part) ? ring(part) !== resting.get(part) : outlined;
    return ring(part) !== '' && changed && inView && box.width > 1 && box.height > 1;
  });
  return seen && element.matches(':focus-visible') ? '' : element.outerHTML.slice(0, 120);
}
