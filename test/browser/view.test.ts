/** The pictures of app/view in Chromium: the page that `cnnc inspect` writes, and drawing again into the same elements. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { encode } from 'fast-png';
import type { Browser, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { executable } from '../engines/chromium.mjs';
import { folder, tinyData, tinyModel } from '../cli/support.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
let browser: Browser | undefined;
beforeAll(async () => {
  if (executable === undefined) return;
  browser = await chromium.launch({ executablePath: executable, args: ['--no-sandbox'] });
}, 60_000);
afterAll(() => browser?.close());

/** A page, and all that it complains about or asks for besides `file:`. */
async function openPage(): Promise<{ page: Page; complaints: string[] } | undefined> {
  if (browser === undefined) {
    const reason = 'no Chromium: install Debian’s package chromium, or name one in CHROMIUM';
    expect(process.env['REQUIRE_CHROMIUM'], reason).toBeUndefined();
    console.warn(`not run: ${reason}`);
    return undefined;
  }
  const page = await browser.newPage({ viewport: { width: 1100, height: 900 }, colorScheme: 'light' });
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (!/^(?:file|data|about):/u.test(request.url())) complaints.push(request.url());
  });
  return { page, complaints };
}

/** Texts of all elements that a selector finds. */
const texts = (page: Page, selector: string): Promise<string[]> => page.locator(selector).allInnerTexts();

interface Json {
  readonly layers: { readonly name: string; readonly shape: number[]; readonly values: number[] }[];
}

test('what inspect writes can be looked at, read and used without a pointer', async () => {
  const opened = await openPage();
  if (!opened) return;
  const { page, complaints } = opened;
  const { cnnc, file } = folder();
  const strange = '<img src=x onerror=alert(1)>';
  writeFileSync(file('tiny.cnn'), tinyModel.replace('"9"]', `${JSON.stringify(strange)}]`));
  const data = Uint8Array.from({ length: 144 }, (_, i) => (i % 12 < 6 ? 250 : 10));
  writeFileSync(file('half.png'), encode({ width: 12, height: 12, channels: 1, depth: 8, data }));
  await cnnc('train', 'tiny.cnn', '--data', tinyData, '--epochs', '1');
  expect((await cnnc('inspect', 'tiny.cnn', 'half.png')).status).toBe(0);
  const { layers } = JSON.parse((await cnnc('inspect', 'tiny.cnn', 'half.png', '--json')).out) as Json;

  await page.goto(pathToFileURL(file('tiny.html')).href);
  await page.waitForSelector('.cnnc-layer');
  expect(await texts(page, 'th')).toEqual([...'012345678', strange]);
  expect(await page.locator('img').count()).toBe(0);
  expect(await texts(page, 'h3')).toEqual(['rescaling', 'conv2d', 'flatten', 'dense']);
  expect(await texts(page, 'figcaption')).toEqual(['image', 'what matters for digit']);
  // Each picture is also words, and shares are numbers.
  const words = await page.locator('[role=img]').evaluateAll((all) => all.map((one) => one.ariaLabel));
  expect(words.filter((text) => text === null || text === '')).toEqual([]);
  expect(words).toContainEqual(
    expect.stringMatching(/^conv2d: 2 maps of 5 × 5, from 0 to .*; the strongest is channel \d$/u),
  );
  expect(words).toContainEqual(expect.stringMatching(/^conv2d\.kernel: 2 filters of 3 × 3, from /u));
  expect((await texts(page, '.cnnc-figure')).every((text) => /^\d+\.\d %$/u.test(text))).toBe(true);

  const conv = page.locator('.cnnc-layer', { has: page.locator('h3', { hasText: 'conv2d' }) });
  const maps = conv.locator('.cnnc-main canvas');
  expect(await maps.count()).toBe(2);
  const [height, width] = await maps
    .first()
    .evaluate((c) => [Number(c.getAttribute('height')), Number(c.getAttribute('width'))]);
  expect([height, width]).toEqual([5, 5]);
  // Row 1, column 3 of channel 1.
  await maps.nth(1).hover({ position: { x: 0.7 * 50, y: 0.3 * 50 } });
  const value = layers[1]!.values[(1 * 5 + 3) * 2 + 1]!;
  const [, shown = ''] =
    /^row 1, column 3: (.*)$/u.exec(await conv.locator('.cnnc-reading').innerText()) ?? [];
  expect(Number(shown.replace('−', '-'))).toBeCloseTo(value, 2);
  await page.mouse.move(0, 0);
  expect(await conv.locator('.cnnc-reading').innerText()).toMatch(/^from \S+ to \S+, mean /u);
  for (const channel of ['0', '1']) {
    await conv.getByRole('spinbutton', { name: 'channel' }).fill(channel);
    expect(await conv.locator('.cnnc-lens canvas').getAttribute('aria-label')).toMatch(
      new RegExp(`^conv2d, channel ${channel}: from`, 'u'),
    );
  }

  mkdirSync(join(root, 'out'), { recursive: true });
  await page.screenshot({ path: join(root, 'out/inspect-light.png'), fullPage: true });
  const corner = (): Promise<string> =>
    maps.first().evaluate((canvas) => (canvas as unknown as { toDataURL(): string }).toDataURL());
  const light = await corner();
  await page.emulateMedia({ colorScheme: 'dark' });
  expect(await corner()).not.toBe(light);
  await page.screenshot({ path: join(root, 'out/inspect-dark.png'), fullPage: true });
  await page.setViewportSize({ width: 360, height: 800 });
  expect(await page.evaluate('document.scrollingElement.scrollWidth')).toBe(360);
  expect(complaints).toEqual([]);
  await page.close();
});

test('drawing again changes what is there, and another model starts anew', async () => {
  const opened = await openPage();
  if (!opened) return;
  const { page, complaints } = opened;
  const { outputFiles } = await build({
    stdin: {
      contents: `import { renderObservation } from './app/view/index.ts';
        window.draw = (channels, depth, level) => {
          const values = (n, f) => Float32Array.from({ length: n }, (_, i) => f(i));
          const layer = (name, shape, more) => ({
            name, kind: 'Conv2D', line: 3, depth: 0, shape,
            values: values(shape.reduce((a, b) => a * b, 1), (i) => level * Math.sin(i)), ...more,
          });
          const inside = Array.from({ length: depth }, (_, i) => layer('block.' + i, [2, 2, 3], { depth: 1 }));
          renderObservation(document.body, {
            signature: {
              name: 'M', labels: [], metrics: [],
              inputs: [{ name: 'image', dtype: 'f32', shape: [4, 4, 3] }, { name: 'x', dtype: 'f32', shape: [7] }],
              outputs: [{ name: 'kind', dtype: 'f32', shape: [20] }, { name: 'place', dtype: 'f32', shape: [4] }],
            },
            classes: { kind: Array.from({ length: 20 }, (_, i) => 'class ' + i) },
            inputs: { image: values(48, (i) => i / 48), x: values(7, () => 1) },
            weights: [{ name: 'conv.kernel', shape: [3, 3, 3, channels], data: values(27 * channels, Math.cos) }],
            observation: {
              outputs: { kind: values(20, (i) => (i === level ? 0.62 : 0.02)), place: values(4, (i) => i - level) },
              layers: [layer('conv', [6, 6, channels]), layer('block', [9]), ...inside, layer('odd', [2, 3])],
              saliency: [{ output: 'kind', input: 'image', values: values(48, (i) => (i === level ? 1 : 0)) }],
            },
          });
        };`,
      resolveDir: root,
    },
    bundle: true,
    write: false,
    format: 'iife',
  });
  await page.goto('about:blank');
  await page.setContent(`<!doctype html><script>${outputFiles[0]!.text}</script>`);
  const draw = (...args: number[]): Promise<unknown> => page.evaluate(`draw(${args.join(', ')})`);
  await draw(100, 2, 1);
  // As many as there is room for, the rest on request.
  const count = (selector: string): Promise<number> => page.locator(selector).count();
  const maps = '.cnnc-layers > .cnnc-layer > .cnnc-maps .cnnc-main canvas';
  expect(await count(maps)).toBe(64);
  await page.getByRole('button', { name: 'all 100 maps' }).click();
  expect(await count(maps)).toBe(100);
  expect((await texts(page, '.cnnc-output'))[0]).toMatch(/class 1\s+62\.0 %[^]*of 20 numbers$/u);
  expect(await texts(page, '.cnnc-output:last-child .cnnc-figure')).toEqual(['−1', '0', '1', '2']);
  // A layer without pictures is open where there are some inside.
  expect(await texts(page, 'summary')).toEqual(['2 layers inside']);
  expect(await page.locator('details .cnnc-main canvas').first().getAttribute('width')).toBe('2');

  await page.evaluate('window.kept = [...document.querySelectorAll("canvas, tr, h3")]');
  await draw(100, 2, 3);
  expect(await page.evaluate('kept.every((one) => one.isConnected)')).toBe(true);
  expect(await page.evaluate('kept.length === document.querySelectorAll("canvas, tr, h3").length')).toBe(
    true,
  );
  expect((await texts(page, '.cnnc-output'))[0]).toMatch(/class 3\s+62\.0 %/u);
  expect(await count(maps)).toBe(100);
  // What is closed is not drawn.
  const drawn = (): Promise<string> =>
    page
      .locator('details .cnnc-main canvas')
      .first()
      .evaluate((canvas) => (canvas as unknown as { toDataURL(): string }).toDataURL());
  const before = await drawn();
  await page.locator('summary').click();
  await draw(100, 2, -1);
  expect(await drawn()).toBe(before);
  await page.locator('summary').click();
  await expect.poll(drawn).not.toBe(before);

  await draw(5, 0, 1);
  expect(await count('details')).toBe(0);
  expect(await count(maps)).toBe(5);
  expect(complaints).toEqual([]);
  await page.close();
});
