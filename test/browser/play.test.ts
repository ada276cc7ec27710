/** `cnnc play` as a person has it: the page in Chromium, on WebAssembly and on WebGPU. */
import { readFileSync } from 'node:fs';
import { encode } from 'fast-png';
import type { Page } from 'playwright-core';
import { afterAll, expect, test } from 'vitest';
import { digitsData, digitsModel, play } from '../cli/play-support.ts';
import { lineModel } from '../cli/support.ts';
import {
  closeBrowsers,
  draw,
  fingerOn,
  historyOf,
  inState,
  openBrowser,
  openPage,
  seven,
  sharesOf,
  textOf,
  train,
} from './play-support.ts';

afterAll(closeBrowsers);

const figure = (value: number): number => Number(value.toPrecision(4));

test('trains to the numbers of `cnnc train`, and shows what the model says and sees', async () => {
  const browser = await openBrowser();
  if (!browser) return;
  const playing = await play({}, '--data', digitsData);
  const { page, faults } = await openPage(browser, playing);
  expect(await textOf(page, '#model')).toBe('Tiny');
  expect(await textOf(page, '#status')).toContain('not trained yet; 900 samples');
  expect(await textOf(page, '#said-note')).toContain('it guesses');
  await train(page);
  expect(await textOf(page, '#status')).toContain('trained for 8 epochs');

  const trained = await playing.folder.cnnc('train', 'model.cnn', '--data', digitsData, '--json');
  const records = trained.out
    .trim()
    .split('\n')
    .map(
      (line) =>
        JSON.parse(line) as {
          event: string;
          train: Record<string, number>;
          validation: Record<string, number>;
        },
    )
    .filter(({ event }) => event === 'epoch');
  const history = await historyOf(page);
  for (const name of ['loss', 'accuracy']) {
    expect(history[`training ${name}`]).toEqual(records.map((record) => figure(record.train[name] ?? 0)));
    expect(history[`validation ${name}`]).toEqual(
      records.map((record) => figure(record.validation[name] ?? 0)),
    );
  }
  expect(history['validation accuracy']?.at(-1)).toBeGreaterThan(0.8);

  const charts = await chartsOf(page);
  expect(charts.map(({ name }) => name)).toEqual(['loss', 'accuracy']);
  for (const { label, legend, inked } of charts) {
    expect(label).toMatch(/after epoch 8: training 0\.\d+, validation 0\.\d+$/);
    expect(legend).toEqual(['epoch', 'batches', 'training', 'validation']);
    expect(inked).toBeGreaterThan(500);
  }

  await draw(page, seven);
  await expect.poll(async () => (await sharesOf(page))['7'], { timeout: 10_000 }).toBeGreaterThan(50);
  const shares = await sharesOf(page);
  expect(Object.keys(shares)).toEqual([...'0123456789']);
  expect(Object.values(shares).reduce((a, b) => a + b, 0)).toBeCloseTo(100, 0);
  expect(await textOf(page, '#said-note')).toBe('It says 7.');

  await page.locator('#seen').scrollIntoViewIfNeeded();
  await page.waitForSelector('#layers canvas');
  expect(await textOf(page, '#layers')).toMatch(/conv2d.*max_pooling2d.*flatten.*dense/s);
  expect(await textOf(page, '#layers')).toContain('8 filters of 3 × 3');
  expect(await page.$$('#saliency canvas')).toHaveLength(2);
  expect(faults).toEqual([]);
});

/** What stands at each chart, and how many pixels of it are not empty. */
const chartsOf = (page: Page) =>
  page.$$eval('.chart', (list) =>
    list.map((chart) => {
      const canvas = chart.querySelector('canvas');
      const image = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height);
      return {
        name: chart.querySelector('figcaption')?.textContent,
        label: chart.querySelector('[role=img]')?.getAttribute('aria-label'),
        legend: [...chart.querySelectorAll('.u-label')].map((label) => label.textContent),
        inked: Array.from<number>(image?.data ?? []).filter((value, i) => i % 4 === 3 && value > 0).length,
      };
    }),
  );

test('shows the pictures it gets wrong, and looks into the one that is chosen', async () => {
  const browser = await openBrowser();
  if (!browser) return;
  const playing = await play({}, '--data', digitsData, '--epochs', '3');
  const { page, faults } = await openPage(browser, playing);
  expect(await textOf(page, '#wrong-note')).toBe('Known after the first epoch.');
  await train(page);
  const accuracy = (await historyOf(page))['validation accuracy']?.at(-1) ?? 0;
  const wrong = Math.round(100 * (1 - accuracy));
  expect(wrong).toBeGreaterThan(0);
  const note = `Of 100 samples (kept apart of ${digitsData}): ${wrong}, most confident first.`;
  await expect.poll(() => textOf(page, '#wrong-note')).toBe(note);
  const shown = await page.$$eval('.mistake', (list) =>
    list.map((button) => {
      const [, truth, predicted, sure] =
        /is (\d)taken for (\d)\s(\d+)\s%/u.exec(button.textContent ?? '') ?? [];
      return { truth, predicted, sure: Number(sure), width: button.querySelector('canvas')?.width };
    }),
  );
  expect(shown).toHaveLength(wrong);
  expect(shown.map(({ sure }) => sure)).toEqual(shown.map(({ sure }) => sure).sort((a, b) => b - a));
  for (const { truth, predicted, width } of shown) {
    expect(truth).not.toBe(predicted);
    expect(width).toBe(12);
  }
  const counts = await page.$$eval('#confusions tbody tr', (rows) =>
    rows.map((row) => [...row.querySelectorAll('td:not(.share)')].map((cell) => Number(cell.textContent))),
  );
  expect(counts.map((row) => row.length)).toEqual(Array(10).fill(10));
  expect(counts.flat().reduce((a, b) => a + b)).toBe(100);
  expect(counts.reduce((sum, row, i) => sum + (row[i] ?? 0), 0)).toBe(100 - wrong);
  for (const { truth, predicted } of shown)
    expect(counts[Number(truth)]?.[Number(predicted)]).toBeGreaterThan(0);
  await page.click('.mistake');
  const [first] = shown;
  await expect
    .poll(() => textOf(page, '#said-note'))
    .toBe(`It says ${first?.predicted}, but it is ${first?.truth}.`);
  expect(faults).toEqual([]);
});

test('can be paused, stopped, continued and started over, and gives its weights', async () => {
  const browser = await openBrowser();
  if (!browser) return;
  const playing = await play({}, '--data', 'synthetic:digits?size=12&count=4000', '--epochs', '400');
  const { page, faults } = await openPage(browser, playing);
  await page.click('#start');
  await inState(page, 'training');
  await page.click('#pause');
  await inState(page, 'paused');
  const place = (): Promise<number> => page.evaluate('document.querySelector("#progress").value');
  await page.waitForTimeout(200);
  const paused = await place();
  await page.waitForTimeout(400);
  expect(await place()).toBe(paused);
  expect(await textOf(page, '#status')).toMatch(/^paused in epoch \d+$/);
  // Paused, it still answers.
  await page.click('#sample');
  await expect.poll(() => textOf(page, '#said-note')).toMatch(/^It says \d/);
  expect(await textOf(page, '#said-note')).not.toContain('guesses');
  await page.click('#pause');
  await inState(page, 'training');
  await expect.poll(place, { timeout: 20_000 }).toBeGreaterThan(paused);
  await expect.poll(() => textOf(page, '#status')).toMatch(/batches\/s · .+ left$/);
  await page.click('#stop');
  await inState(page, 'ready');
  expect(await textOf(page, '#status')).toMatch(/^stopped (in epoch \d+|after \d+ epoch)/);
  const stopped = await place();
  expect(stopped).toBeGreaterThan(0);
  expect(stopped).toBeLessThan(400);

  await page.fill('#epochs', String(Math.ceil(stopped + 0.01)));
  expect(await textOf(page, '#start')).toBe('Continue');
  await train(page);
  expect(await place()).toBe(Math.ceil(stopped + 0.01));
  expect((await historyOf(page))['epoch']).toHaveLength(Math.ceil(stopped + 0.01));

  const waiting = page.waitForEvent('download');
  await page.click('#save');
  const download = await waiting;
  expect(download.suggestedFilename()).toBe('model.safetensors');
  await download.saveAs(playing.folder.file('saved.safetensors'));
  const evaluated = await playing.folder.cnnc(
    ...['evaluate', 'model.cnn', '--weights', 'saved.safetensors', '--data', digitsData, '--json'],
  );
  const { scores } = JSON.parse(evaluated.out) as { scores: { accuracy: number } };
  expect(scores.accuracy).toBeGreaterThan(0.6);

  await page.click('#again');
  await inState(page, 'ready');
  expect(await textOf(page, '#status')).toContain('not trained yet');
  expect(await historyOf(page)).toEqual({});
  expect(await textOf(page, '#start')).toBe('Start');
  expect(faults).toEqual([]);
});

test('the keyboard starts, pauses and stops, and is where it can go on', async () => {
  const browser = await openBrowser();
  if (!browser) return;
  const playing = await play({}, '--data', 'synthetic:digits?size=12&count=4000');
  const { page, faults } = await openPage(browser, playing);
  const focused = (): Promise<string> => page.evaluate('document.activeElement.id');
  await page.focus('#epochs');
  await page.keyboard.press('Control+A');
  await page.keyboard.type('400');
  await page.keyboard.press('Enter');
  await inState(page, 'training');
  await page.focus('#pause');
  await page.keyboard.press('Enter');
  await inState(page, 'paused');
  expect(await focused()).toBe('pause');
  await page.focus('#stop');
  await page.keyboard.press('Enter');
  await inState(page, 'ready');
  expect(await focused()).toBe('start');
  await page.keyboard.press('Enter');
  await inState(page, 'training');
  expect(await focused()).toBe('pause');
  // Where a person has gone elsewhere, it stays there.
  await page.focus('#sample');
  await page.click('#stop', { noWaitAfter: true });
  await page.focus('#sample');
  await inState(page, 'ready');
  expect(await focused()).toBe('sample');
  expect(faults).toEqual([]);
});

test('begins with the weights that were given, and takes what a finger draws', async () => {
  const browser = await openBrowser();
  if (!browser) return;
  const { folder: place } = await play({}, '--data', digitsData);
  await place.cnnc('train', 'model.cnn', '--data', digitsData);
  const files = { 'w.safetensors': readFileSync(place.file('model.safetensors')) };
  const playing = await play({ files }, '--data', digitsData, '--weights', 'w.safetensors');
  const phone = { viewport: { width: 390, height: 800 }, hasTouch: true, isMobile: true };
  const { page, faults } = await openPage(browser, playing, phone);
  await draw(page, seven, await fingerOn(page));
  await expect.poll(() => textOf(page, '#said-note')).toBe('It says 7.');
  expect(faults).toEqual([]);
});

test('says the same to a picture as `cnnc predict`', async () => {
  const browser = await openBrowser();
  if (!browser) return;
  const { folder: place } = await play({}, '--data', digitsData);
  await place.cnnc('train', 'model.cnn', '--data', digitsData, '--epochs', '2');
  const files = { 'w.safetensors': readFileSync(place.file('model.safetensors')), 'four.png': picture() };
  const playing = await play({ files }, '--data', digitsData, '--weights', 'w.safetensors');
  const { page, faults } = await openPage(browser, playing);
  await page.setInputFiles('#file', playing.folder.file('four.png'));
  await expect.poll(() => textOf(page, '#taken-caption')).toBe('four.png');
  const { out } = await playing.folder.cnnc(
    ...['predict', 'model.cnn', 'four.png', '--weights', 'w.safetensors', '--json'],
  );
  const { outputs } = JSON.parse(out) as { outputs: { digit: { probabilities: [string, number][] } } };
  const shares = await sharesOf(page);
  for (const [name, share] of outputs.digit.probabilities) expect(shares[name]).toBeCloseTo(100 * share, 0);
  expect(faults).toEqual([]);
});

/** 30×40 pixels with a bright cross, in colours. */
function picture(): Uint8Array {
  const [width, height] = [30, 40];
  const data = new Uint8Array(3 * width * height);
  for (let y = 4; y < 36; y++) data.set([250, 200, 150], 3 * (y * width + 18));
  for (let x = 3; x < 27; x++) data.set([200, 250, 250], 3 * (24 * width + x));
  return encode({ width, height, data, channels: 3 });
}

test('runs in threads', async () => {
  const browser = await openBrowser();
  if (!browser) return;
  const { page, faults } = await openPage(browser, await play({}, '--data', digitsData, '--epochs', '1'));
  await page.fill('#threads', '2');
  await page.locator('#threads').blur();
  await expect.poll(() => textOf(page, '#about')).toMatch(/WebAssembly, 2 threads$/);
  await inState(page, 'ready');
  await train(page);
  expect(await textOf(page, '#status')).toContain('trained for 1 epoch');
  expect(faults).toEqual([]);
});

test('says why there is no WebGPU', async () => {
  const browser = await openBrowser();
  if (!browser) return;
  const { page } = await openPage(browser, await play({}, '--data', digitsData));
  expect(await page.isDisabled('input[value=wgsl]')).toBe(true);
  expect(await textOf(page, '#engine-note')).toMatch(
    /^No WebGPU: (this browser has no WebGPU|the browser found no)/,
  );
});

test('names of classes are text, whatever is in them', async () => {
  const browser = await openBrowser();
  if (!browser) return;
  const name = '<img src=x onerror=document.title=1>&lt;b&gt;';
  const text = digitsModel.replace('"0"', JSON.stringify(name));
  const playing = await play({ text }, '--data', digitsData, '--epochs', '1');
  const { page, faults } = await openPage(browser, playing);
  await train(page);
  await expect.poll(async () => Object.keys(await sharesOf(page))).toContain(name);
  expect(await page.$$('img')).toEqual([]);
  expect(await page.title()).toBe('Tiny · cnnc play');
  expect(faults).toEqual([]);
});

test('a model of numbers trains, and the page says why there is nothing to draw', async () => {
  const browser = await openBrowser();
  if (!browser) return;
  const text = lineModel(60);
  const x = Array.from({ length: 40 }, (_, i) => [(i % 7) / 7, (i % 5) / 5]);
  const y = x.map(([a = 0, b = 0]) => [2 * a - b]);
  const files = { 'x.json': JSON.stringify(x), 'y.json': JSON.stringify(y) };
  const playing = await play({ text, files }, '--input', 'x=x.json', '--input', 'truth=y.json');
  const { page, faults } = await openPage(browser, playing);
  expect(await textOf(page, '#no-drawing')).toMatch(/^There is nothing to draw here: .* \(x: f32\[2\]\)/);
  expect(await page.isVisible('#pad')).toBe(false);
  expect(await textOf(page, '#wrong-note')).toMatch(/tells no classes apart/);
  await train(page);
  expect((await historyOf(page))['training loss']?.at(-1)).toBeLessThan(1e-3);
  await page.click('#sample');
  await expect
    .poll(() => textOf(page, '#taken-caption'))
    .toMatch(/^sample \d: x=x\.json|sample \d, kept apart/);
  expect(await page.$$('.chart')).toHaveLength(1);
  expect(faults).toEqual([]);
});

test('fits into windows of all widths, light and dark', async () => {
  const browser = await openBrowser();
  if (!browser) return;
  const { page, faults } = await openPage(browser, await play({}, '--data', digitsData, '--epochs', '2'));
  await train(page);
  await page.locator('#seen').scrollIntoViewIfNeeded();
  await page.waitForSelector('#layers canvas');
  await page.evaluate('document.querySelector("#confused").open = true');
  const paper = { light: 'rgb(251, 250, 248)', dark: 'rgb(20, 22, 26)' } as const;
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe(paper[colorScheme]);
    for (const width of [360, 768, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      const wide = (): Promise<number> => page.evaluate('document.documentElement.scrollWidth');
      await expect.poll(wide, { message: `${colorScheme} ${width}`, timeout: 10_000 }).toBe(width);
    }
  }
  expect(faults).toEqual([]);
});
