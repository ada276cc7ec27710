import { expect, test } from 'vitest';
import { adviceOf } from '../../compiler/cli/advice.ts';
import { wantsColor } from '../../compiler/cli/io.ts';
import { predictionLines, predictionOf } from '../../compiler/cli/prediction.ts';
import { pictureLines } from '../../compiler/cli/terminal-picture.ts';
import { bar, byteSize, duration, figure, grouped, table } from '../../compiler/cli/text.ts';
import type { Port } from '../../compiler/index.ts';

test('numbers', () => {
  expect([0, 1, 0.031234, 97.4, 1234.56, 1e-7, 2e9, -0.5, Number.NaN].map(figure)).toEqual([
    '0',
    '1',
    '0.03123',
    '97.4',
    '1235',
    '1.00e-7',
    '2.00e+9',
    '-0.5',
    'NaN',
  ]);
  expect([0.4, 59, 65, 3600, 3785].map(duration)).toEqual([
    '0 s',
    '59 s',
    '1 min 05 s',
    '1 h 00 min',
    '1 h 03 min',
  ]);
  expect([7, 999, 1000, 223873].map(grouped)).toEqual(['7', '999', '1 000', '223 873']);
  expect([12, 1500, 2_345_678].map(byteSize)).toEqual(['12 B', '1.5 kB', '2.35 MB']);
});

test('tables and bars', () => {
  expect(
    table(
      [
        ['layer', 'n'],
        ['dense', '10'],
        ['x', '1000'],
      ],
      [1],
    ),
  ).toBe('layer     n\ndense    10\nx      1000\n');
  expect([0, 0.5, 1, 2, 0.0625].map((share) => bar(share, 2))).toEqual(['', '█', '██', '██', '▏']);
});

test('colours as other tools do', () => {
  expect(wantsColor({}, true)).toBe(true);
  expect(wantsColor({}, false)).toBe(false);
  expect(wantsColor({ NO_COLOR: '1', FORCE_COLOR: '1' }, true)).toBe(false);
  expect(wantsColor({ FORCE_COLOR: '1' }, false)).toBe(true);
  expect(wantsColor({ FORCE_COLOR: '0' }, true)).toBe(false);
  expect(wantsColor({ TERM: 'dumb' }, true)).toBe(false);
});

test('pictures', () => {
  const picture = {
    width: 4,
    height: 4,
    channels: 1,
    data: Uint8Array.from({ length: 16 }, (_, i) => (i % 4 < 2 ? 0 : 255)),
  };
  expect(pictureLines(picture, false)).toEqual(['  @@', '  @@']);
  expect(pictureLines(picture, true)[0]).toBe(
    `${'\x1b[38;2;0;0;0m\x1b[48;2;0;0;0m▀'.repeat(2)}${'\x1b[38;2;255;255;255m\x1b[48;2;255;255;255m▀'.repeat(2)}\x1b[0m`,
  );
  expect(pictureLines(picture, false, 2)).toEqual([' @']);
  const red = { width: 1, height: 2, channels: 3, data: Uint8Array.of(255, 0, 0, 0, 0, 255) };
  expect(pictureLines(red, true)).toEqual(['\x1b[38;2;255;0;0m\x1b[48;2;0;0;255m▀\x1b[0m']);
});

const output = (classes: readonly string[] | undefined, size: number): Port => ({
  name: 'out',
  type: { dtype: 'f32', shape: [size] },
  ...(classes && { classes }),
});

test('predictions', () => {
  const three = predictionOf(output(['a', 'b', 'c'], 3), Float32Array.of(0, 0, 0, 0.25, 0.75, 0), 1);
  expect(three.classes?.map(({ name }) => name)).toEqual(['b', 'a', 'c']);
  expect(predictionLines(three, false)).toEqual([
    `  b   75.0 %  ${'█'.repeat(18)}`,
    `  a   25.0 %  ${'█'.repeat(6)}`,
  ]);
  expect(three.json).toEqual({
    class: 'b',
    probabilities: [
      ['a', 0.25],
      ['b', 0.75],
      ['c', 0],
    ],
  });
  // One number for two classes is the probability of the second.
  expect(predictionOf(output(['no', 'yes'], 1), Float32Array.of(0.25), 0).classes?.[0]).toEqual({
    name: 'no',
    probability: 0.75,
  });
  expect(predictionLines(predictionOf(output(undefined, 2), Float32Array.of(1, 0.5), 0), true)).toEqual([
    '  out:',
    '  1  0.5',
  ]);
});

test('names the epoch from which validation got worse while training still improved', () => {
  const history = (train: readonly number[], validation?: readonly number[]) =>
    train.map((loss, i) => ({
      epoch: i + 1,
      train: { loss },
      ...(validation && { validation: { loss: validation[i]! } }),
    }));
  expect(adviceOf(history([5, 4, 3, 2], [5, 4, 4.5, 4.2]))?.epoch).toBe(3);
  expect(adviceOf(history([5, 4, 3, 2], [5, 4, 4.5, 4.2]))?.message).toMatch(
    /from epoch 3 on validation got worse \(loss 4 → 4.2\).*by heart; to stop after epoch 2/u,
  );
  // One epoch, or hardly anything, says little.
  for (const wavers of [
    [5, 4, 4.5],
    [5, 4, 4.5, 4.01],
  ])
    expect(adviceOf(history([5, 4, 3, 2].slice(0, wavers.length), wavers))?.message).toMatch(
      /that can be chance/u,
    );
  expect(adviceOf(history([5, 4, 3], [5, 4, 3]))).toBeUndefined();
  expect(adviceOf(history([5, 4, 6], [5, 4, 6]))).toBeUndefined();
  expect(adviceOf(history([5, 4, 3]))).toBeUndefined();
  expect(adviceOf([])).toBeUndefined();
});
