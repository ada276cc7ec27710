import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { folder, tinyData, tinyModel } from './support.ts';
import type { Folder } from './support.ts';

function place(): Folder {
  const made = folder();
  const text = tinyModel
    .replace('(width: int = 2)', '(width: int = 2, rate: float = 0.01, widths: list = [16])')
    .replace('learning_rate: 0.01', 'learning_rate: rate')
    .replace(
      '    -> Dropout',
      '    -> for units in widths { -> Dense(units, activation: relu) }\n    -> Dropout',
    );
  writeFileSync(made.file('tiny.cnn'), text);
  return made;
}

test('every combination, the best first, with the numbers of `cnnc train`; no files', async () => {
  const { cnnc, names } = place();
  const args = ['--data', tinyData, '--epochs', '2'];
  const { status, out, err } = await cnnc('compare', 'tiny.cnn', ...args, '--try', 'width=2,3', '--try', 'rate=1e-9,0.01'); // prettier-ignore
  expect(status, err).toBe(0);
  expect(names()).toEqual(['tiny.cnn']);
  expect(err).toMatch(/^1\/4: width=2 rate=1e-9\n[^]*4\/4: width=3 rate=0\.01\n$/u);
  const [head, ...rows] = out.split('\n\n')[0]!.split('\n');
  expect(head).toMatch(/^width +rate +parameters +validation loss +validation accuracy +best epoch +time$/u);
  expect(rows).toHaveLength(4);
  const losses = rows.map((row) => Number(row.trim().split(/ {2,}/u)[3]));
  expect(losses).toEqual([...losses].sort((a, b) => a - b));
  const [width = '', rate = ''] = rows[0]!.trim().split(/ {2,}/u);
  expect(out).toContain(
    `cnnc train tiny.cnn --set width=${width} --set rate=${rate} --data '${tinyData}' keeps`,
  );
  const trained = await cnnc(
    'train',
    'tiny.cnn',
    ...args,
    '--set',
    `width=${width}`,
    '--set',
    `rate=${rate}`,
  );
  expect(trained.out).toContain(`validation loss ${losses[0]}`);
});

test('lists as values; a training that breaks off does not end the others', async () => {
  const { cnnc } = place();
  const args = ['compare', 'tiny.cnn', '--data', tinyData, '--epochs', '1', '--json'];
  const lists = await cnnc(...args, '--try', 'widths=[4],[4,3]');
  expect(lists.out.match(/"parameters":\d+/gu)).toHaveLength(2);
  expect(lists.out).toContain('{"widths":"[4,3]"}');
  const rates = await cnnc(...args, '--try', 'rate=1e38,0.01', '--set', 'width=3');
  expect(rates.status, rates.err).toBe(0);
  const trials = rates.out.trim().split('\n').map((line) => JSON.parse(line) as { best?: object; set: object }); // prettier-ignore
  expect(trials.map(({ best }) => best !== undefined)).toEqual([false, true]);
  expect(trials[1]?.set).toEqual({ width: '3', rate: '0.01' });
});

test.each<[string[], number, RegExp]>([
  [[], 2, /nothing to compare/u],
  [['--try', 'width'], 2, /name=a,b,c/u],
  [['--try', 'width=1,,2'], 2, /commas between/u],
  [['--try', 'width=1,2', '--validation', '0'], 2, /goes by validation data/u],
  [['--try', 'depth=1,2'], 1, /no parameter `depth`/u],
])('%j', async (args, status, message) => {
  const result = await place().cnnc('compare', 'tiny.cnn', '--data', tinyData, ...args);
  expect([result.status, result.err]).toEqual([status, expect.stringMatching(message)]);
});
