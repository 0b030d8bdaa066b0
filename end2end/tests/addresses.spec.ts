// Addresses as people type them.
import { makeProvider } from '../support/rest.ts';
import { expect, test } from '../support/test.ts';

test('a slash at the end of an address is the same page, and it works', async ({ page, request }) => {
  const provider = await makeProvider(request);
  await page.goto('/sign-in/');
  await page.getByLabel('E-mail').fill(provider.email);
  await page.getByLabel('Password').fill(provider.password);
  await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('link', { name: 'Your public page' })).toBeVisible();
  await page.goto(`/${provider.handle}/`);
  await expect(page.getByRole('status').filter({ hasText: 'Live' })).toBeVisible();
});
