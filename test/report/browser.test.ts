// The page as a reader sees it: opened from disk in a real browser, without a network.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { renderReport } from '../../src/report/render-report.ts';
import { resultsFixture } from '../support/results-fixture.ts';
import { chromiumFlags, chromiumPath } from './chromium.ts';

const views = [
  { name: 'desktop', viewport: { width: 1280, height: 900 }, colorScheme: 'light' },
  { name: 'desktop', viewport: { width: 1280, height: 900 }, colorScheme: 'dark' },
  { name: 'phone', viewport: { width: 380, height: 800 }, colorScheme: 'light' },
  { name: 'phone', viewport: { width: 380, height: 800 }, colorScheme: 'dark' },
] as const;

/** Runs in the page. Colours are read as the browser computes them. */
const look = `(() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const background = (element) => {
    for (let e = element; e !== null; e = e.parentElement) {
      const colour = rgb(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const contrast = (element, property) => {
    const [a, b] = [rgb(getComputedStyle(element)[property]), background(element)].map(luminance);
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };
  const isVisible = (e) => e.checkVisibility({ contentVisibilityAuto: true });
  const worst = (selector, property) => [...document.querySelectorAll(selector)].filter(isVisible)
    .map((e) => [contrast(e, property), e.tagName + ' ' + e.textContent.slice(0, 30)])
    .sort((a, b) => a[0] - b[0])[0];
  const boxes = [...document.querySelectorAll('figure')].map((figure) => {
    const shown = [...figure.querySelectorAll('.chart svg')].filter(isVisible);
    const box = shown[0]?.getBoundingClientRect();
    const text = shown[0]?.querySelector('text')?.getBoundingClientRect();
    return { title: figure.querySelector('h3').textContent, shown: shown.length, width: box?.width, height: box?.height,
      right: box?.right, textHeight: text && Math.max(text.width, text.height) > 0 ? Math.min(text.width, text.height) : 0 };
  });
  return JSON.stringify({
    scrollWidth: document.documentElement.scrollWidth, width: innerWidth, boxes,
    text: worst('h1, h2, h3, h4, p, li, td, th, dt, dd, a, summary, code, pre, .chip', 'color'),
    chartText: worst('.chart text', 'fill'), glyph: worst('.glyph path[fill]', 'fill'),
  });
})()`;

interface Look {
  scrollWidth: number;
  width: number;
  boxes: { title: string; shown: number; width: number; height: number; right: number; textHeight: number }[];
  text: [number, string];
  chartText: [number, string];
  glyph: [number, string];
}

describe('report in a browser', function () {
  this.timeout(60_000);
  let browser: Browser | undefined;
  let folder: string;

  before(async function () {
    const executablePath = chromiumPath();
    if (executablePath === undefined) {
      console.log('      skipped: no Chromium; install chromium or google-chrome, or set CHROMIUM_PATH');
      this.skip();
    }
    browser = await chromium.launch({ executablePath, args: [...chromiumFlags] });
    folder = await mkdtemp(join(tmpdir(), 'rumormill-browser-'));
    await writeFile(join(folder, 'eight.html'), renderReport(resultsFixture({ unseen: 2 })));
    await writeFile(join(folder, 'many.html'), renderReport(resultsFixture({ nodes: 64 })));
  });
  after(async () => {
    await browser?.close();
    if (browser !== undefined) await rm(folder, { recursive: true });
  });

  for (const file of ['eight.html', 'many.html']) {
    // The large fleet differs in its charts, not in its colours.
    for (const { name, viewport, colorScheme } of file === 'many.html' ? views.filter((_, i) => i % 3 === 0) : views) {
      it(`the report ${file} is whole and legible on a ${name} in ${colorScheme}, scripts and network off`, async () => {
        assert.ok(browser);
        const context = await browser.newContext({ viewport, colorScheme, offline: true, javaScriptEnabled: false });
        const page = await context.newPage();
        const asked: string[] = [];
        const complaints: string[] = [];
        page.on('request', (request) => asked.push(request.url()));
        page.on('console', (message) => complaints.push(message.text()));
        page.on('pageerror', (error) => complaints.push(error.message));
        const url = pathToFileURL(join(folder, file)).href;
        await page.goto(url);
        const seen = JSON.parse(await page.evaluate<string>(look)) as Look;
        await context.close();

        assert.deepEqual(
          asked.filter((address) => !address.startsWith('data:')),
          [url],
        );
        assert.deepEqual(complaints, []);
        assert.ok(seen.scrollWidth <= seen.width, `${seen.scrollWidth} px wide`);
        assert.ok(seen.boxes.length >= 6);
        for (const box of seen.boxes) {
          assert.equal(box.shown, 1, `${box.title}: one variant is shown`);
          assert.ok(box.width > 300 && box.height > 100 && box.right <= seen.width, JSON.stringify(box));
          assert.ok(box.textHeight >= 9, `${box.title}: text ${box.textHeight} px high`);
        }
        assert.ok(seen.text[0] >= 4.5, `text ${seen.text}`);
        assert.ok(seen.chartText[0] >= 4.5, `text in charts ${seen.chartText}`);
        assert.ok(seen.glyph[0] >= 3, `marks ${seen.glyph}`);
      });
    }
  }
});
