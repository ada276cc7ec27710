/** The short form of `npm run engines`: three training steps of each example in Chromium end with the bits of Node. */
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Chromium } from '../engines/chromium.mjs';
import { executable, openChromium } from '../engines/chromium.mjs';
import { train } from '../engines/train.mjs';
import { compileExample, examples, importModule, readText } from '../examples/harness.ts';

const entries = readdirSync(examples).filter(
  (file) => file.endsWith('.cnn') && /^train /m.test(readText(examples + file) ?? ''),
);

/** The last of the three batches is not a whole one. */
const job = { samples: 5, epochs: 1 };
const set = { batch_size: '2' };

let chromium: Chromium | undefined;
beforeAll(async () => {
  if (executable !== undefined) chromium = await openChromium();
});
afterAll(() => chromium?.close());

test('there is a Chromium where there must be one', () => {
  const reason = 'no Chromium: install Debian’s package chromium, or name one in CHROMIUM';
  if (process.env['REQUIRE_CHROMIUM'] !== undefined) expect(chromium, reason).toBeDefined();
  else if (!chromium) console.warn(`not run: ${reason}`);
});

test.each(entries)('%s', async (entry) => {
  const compiled = compileExample(entry, { kernels: 'wasm', set });
  const expected = await train(await importModule(compiled), job);
  expect(expected).toMatchObject({ steps: 3, target: 'wasm', threads: 1 });
  if (!chromium) return;
  const text = compiled.files.find(({ path }) => path.endsWith('.js'))?.content ?? '';
  const { sha256, losses, steps } = expected;
  for (const threads of [1, 2]) {
    const result = await chromium.run(text, { ...job, threads });
    expect(result).toMatchObject({ sha256, losses, steps, target: 'wasm', threads, reason: '' });
  }
});
