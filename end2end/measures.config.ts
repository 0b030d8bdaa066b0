// Prints how long a browser works on the guest's page: npx playwright test --config measures.config.ts
import { defineConfig } from '@playwright/test';
import tests from './playwright.config.ts';

export default defineConfig({ ...tests, testDir: 'measures', workers: 1, outputDir: 'test-results/measures' });
