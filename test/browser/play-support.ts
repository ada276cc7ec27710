/** The page of `cnnc play` in Chromium. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { onTestFinished } from 'vitest';
import { executable } from '../engines/chromium.mjs';
import type { Playing } from '../cli/play-support.ts';

/** With an adapter made of software, so that there is one everywhere. */
const withGpu = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

/** One without WebGPU and one with it, each for all tests of a file. */
const browsers = new Map<boolean, Browser>();

/** Undefined where there is none; then the reason has been printed, or thrown where there must be one. */
export async function openBrowser({ gpu = false } = {}): Promise<Browser | undefined> {
  if (executable === undefined) {
    const reason = 'no Chromium: install Debian’s package chromium, or name one in CHROMIUM';
    if (process.env['REQUIRE_CHROMIUM'] !== undefined) throw new Error(reason);
    console.warn(`not run: ${reason}`);
    return undefined;
  }
  const args = ['--no-sandbox', '--disable-background-networking', ...(gpu ? withGpu : [])];
  const known = browsers.get(gpu);
  const browser = known ?? (await chromium.launch({ executablePath: executable, args }));
  browsers.set(gpu, browser);
  return browser;
}

export async function closeBrowsers(): Promise<void> {
  for (const browser of browsers.values()) await browser.close();
  browsers.clear();
}

export interface Opened {
  readonly page: Page;
  /** What went wrong in the page, the worker and their requests. */
  readonly faults: readonly string[];
}

/** The page with its model ready. */
export async function openPage(
  browser: Browser,
  { address }: Playing,
  options: BrowserContextOptions = {},
): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('requestfailed', (request) => faults.push(`${request.url()} ${request.failure()?.errorText}`));
  page.on('response', (response) => {
    if (!response.ok()) faults.push(`${response.url()} ${response.status()}`);
  });
  await page.goto(address);
  await inState(page, 'ready');
  return { page, faults };
}

/** Waits for one of these states of training. */
export const inState = (page: Page, ...states: readonly string[]): Promise<unknown> =>
  page.waitForSelector(states.map((state) => `body[data-state=${state}]`).join(', '), { timeout: 50_000 });

/** Trains to the end. A click is over when the page knows of it. */
export async function train(page: Page): Promise<void> {
  await page.click('#start');
  await inState(page, 'ready', 'failed');
}

export const textOf = async (page: Page, selector: string): Promise<string> =>
  (await page.textContent(selector)) ?? '';

/** The columns of the table of curves, by their titles. */
export async function historyOf(page: Page): Promise<Readonly<Record<string, readonly number[]>>> {
  const cells = await page.$$eval('#history tr', (rows) =>
    rows.map((row) => [...row.children].map((cell) => cell.textContent ?? '')),
  );
  const [titles = [], ...rows] = cells;
  return Object.fromEntries(titles.map((title, i) => [title, rows.map((row) => Number(row[i]))]));
}

/** What draws: a mouse or a finger. */
interface Pointer {
  move(x: number, y: number): Promise<unknown>;
  down(): Promise<unknown>;
  up(): Promise<unknown>;
}

const mouseOn = (page: Page): Pointer => ({
  move: (x, y) => page.mouse.move(x, y, { steps: 5 }),
  down: () => page.mouse.down(),
  up: () => page.mouse.up(),
});

export async function fingerOn(page: Page): Promise<Pointer> {
  const session = await page.context().newCDPSession(page);
  const at = { x: 0, y: 0 };
  let touching = false;
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd'): Promise<unknown> =>
    session.send('Input.dispatchTouchEvent', { type, touchPoints: type === 'touchEnd' ? [] : [{ ...at }] });
  return {
    async move(x, y) {
      const from = { ...at };
      for (let step = 1; step <= 5; step++) {
        Object.assign(at, { x: from.x + ((x - from.x) * step) / 5, y: from.y + ((y - from.y) * step) / 5 });
        if (touching) await touch('touchMove');
      }
    },
    async down() {
      touching = true;
      await touch('touchStart');
    },
    async up() {
      touching = false;
      await touch('touchEnd');
    },
  };
}

/** Draws lines through points, given as shares of the pad's width and height. */
export async function draw(
  page: Page,
  points: readonly (readonly [number, number])[],
  pointer: Pointer = mouseOn(page),
): Promise<void> {
  await page.locator('#pad').scrollIntoViewIfNeeded();
  const box = await page.locator('#pad').boundingBox();
  if (!box) throw new Error('there is no pad');
  const move = ([x, y]: readonly [number, number]): Promise<unknown> =>
    pointer.move(box.x + x * box.width, box.y + y * box.height);
  const [first, ...others] = points;
  if (!first) return;
  await move(first);
  await pointer.down();
  for (const point of others) await move(point);
  await pointer.up();
}

export const seven = [
  [0.3, 0.2],
  [0.7, 0.2],
  [0.45, 0.85],
] as const;

/** The classes and what the model gives to each, in per cent. */
export async function sharesOf(page: Page): Promise<Readonly<Record<string, number>>> {
  const rows = await page.$$eval('#outputs tr', (list) =>
    list.map((row) => [
      row.querySelector('th')?.textContent ?? '',
      row.querySelector('.cnnc-figure')?.textContent ?? '',
    ]),
  );
  return Object.fromEntries(rows.map(([name, share]) => [name, Number.parseFloat(share ?? '')]));
}
