// Pictures of a report: desktop and phone, light and dark.
// node scripts/screenshot-report.mjs REPORT.html [FOLDER] writes NAME-desktop-light.png and so on into FOLDER.
import { mkdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { chromiumFlags, chromiumPath } from '../test/report/chromium.ts';

const sizes = { desktop: { width: 1280, height: 900 }, phone: { width: 380, height: 800 } };

const [report, folder = '.'] = process.argv.slice(2);
const executablePath = chromiumPath();
if (report === undefined) fail('Name a report: node scripts/screenshot-report.mjs REPORT.html [FOLDER].');
if (executablePath === undefined) {
  fail('No Chromium found: install chromium or google-chrome, or set CHROMIUM_PATH to one.');
}

await mkdir(folder, { recursive: true });
const browser = await chromium.launch({ executablePath, args: [...chromiumFlags] });
try {
  for (const [size, viewport] of Object.entries(sizes)) {
    for (const colorScheme of ['light', 'dark']) {
      const context = await browser.newContext({ viewport, colorScheme, offline: true, deviceScaleFactor: 2 });
      const page = await context.newPage();
      await page.goto(pathToFileURL(resolve(report)).href);
      const path = join(folder, `${basename(report, '.html')}-${size}-${colorScheme}.png`);
      await page.screenshot({ path, fullPage: true });
      await context.close();
      console.log(path);
    }
  }
} finally {
  await browser.close();
}

function fail(sentence) {
  console.error(sentence);
  process.exit(2);
}
