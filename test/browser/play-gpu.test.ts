/** `cnnc play` on WebGPU, on an adapter made of software. */
import type { Page } from 'playwright-core';
import { afterAll, expect, test } from 'vitest';
import { play } from '../cli/play-support.ts';
import type { Opened } from './play-support.ts';
import { closeBrowsers, historyOf, inState, openBrowser, openPage, textOf, train } from './play-support.ts';

afterAll(closeBrowsers);

const data = ['--data', 'synthetic:digits?size=12&count=200', '--set', 'width=4'];

/** The page in a browser with WebGPU; undefined where there is none, with the reason printed. */
async function openGpuPage(...args: string[]): Promise<Opened | undefined> {
  const browser = await openBrowser({ gpu: true });
  if (!browser) return undefined;
  const opened = await openPage(browser, await play({}, ...data, ...args));
  if (await opened.page.isEnabled('input[value=wgsl]')) return opened;
  const reason = await textOf(opened.page, '#engine-note');
  expect(process.env['REQUIRE_GPU'], reason).toBeUndefined();
  console.warn(`not run: ${reason}`);
  return undefined;
}

async function choose(page: Page, engine: 'wasm' | 'wgsl'): Promise<void> {
  await page.check(`input[value=${engine}]`);
  const name = engine === 'wasm' ? 'WebAssembly' : 'WebGPU';
  await expect.poll(() => textOf(page, '#about'), { timeout: 50_000 }).toContain(name);
  await inState(page, 'ready');
}

test('trains as on WebAssembly, and goes on there', async () => {
  const opened = await openGpuPage('--epochs', '2');
  if (!opened) return;
  const { page, faults } = opened;
  expect(await textOf(page, '#engine-note')).toMatch(/^WebGPU: .*swiftshader.*\(made of software, slow\)$/i);
  expect(await page.isChecked('input[value=wasm]')).toBe(true);
  await train(page);
  const expected = await historyOf(page);
  await page.click('#again');
  await inState(page, 'ready');

  await page.check('input[value=wgsl]');
  expect(await textOf(page, '#status')).toBe('getting ready on WebGPU: compiling shaders …');
  await choose(page, 'wgsl');
  expect(await textOf(page, '#status')).toContain('not trained yet');
  await page.fill('#epochs', '1');
  await train(page);
  expect(await textOf(page, '#status')).toContain('trained for 1 epoch ');
  await page.locator('#seen').scrollIntoViewIfNeeded();
  await page.waitForSelector('#layers canvas');
  await choose(page, 'wasm');
  await page.fill('#epochs', '2');
  await train(page);
  const mixed = await historyOf(page);
  expect(mixed['epoch']).toEqual([1, 2]);
  for (const name of ['training loss', 'validation loss'])
    for (const epoch of [0, 1])
      expect(mixed[name]?.[epoch]).toBeCloseTo(expected[name]?.[epoch] ?? Number.NaN, 2);
  expect(faults).toEqual([]);
});

test('a device that is lost costs at most the epoch that ran', async () => {
  const opened = await openGpuPage('--epochs', '50');
  if (!opened) return;
  const { page } = opened;
  const [worker] = page.workers();
  await worker?.evaluate(`{
    const { requestDevice } = GPUAdapter.prototype;
    GPUAdapter.prototype.requestDevice = async function (descriptor) {
      return (globalThis.lastDevice = await requestDevice.call(this, descriptor));
    };
  }`);
  await choose(page, 'wgsl');
  await page.click('#start');
  const epochs = async (): Promise<number> => (await historyOf(page))['epoch']?.length ?? 0;
  await expect.poll(epochs, { timeout: 50_000 }).toBeGreaterThan(0);
  await worker?.evaluate('lastDevice.destroy()');
  await inState(page, 'ready');
  expect(await page.isVisible('#fault')).toBe(true);
  expect(await textOf(page, '#fault')).toMatch(/lost/i);
  const kept = await epochs();
  expect(kept).toBeGreaterThan(0);
  expect(await textOf(page, '#status')).toMatch(/^broke off; the model is as it was after \d+ epoch/);
  await page.fill('#epochs', String(kept + 1));
  await train(page);
  expect(await epochs()).toBe(kept + 1);
  expect(await page.isVisible('#fault')).toBe(false);
});
