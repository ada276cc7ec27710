import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DefinitionBuilder } from '../../compiler/loop/builder.ts';
import { randomUniform } from '../../compiler/ops/index.ts';
import { fnv1a32, threefry2x32, threefryExpression, unitFloat } from '../../compiler/ops/support/threefry.ts';
import * as runtime from '../../runtime/random.ts';
import { evaluateDefinition } from '../support/evaluate.ts';
import { runOp } from '../support/run-op.ts';

/** Random123's known answers for threefry2x32 with 20 rounds: key, counter, result. */
const answers = [
  [
    [0, 0],
    [0, 0],
    [0x6b200159, 0x99ba4efe],
  ],
  [
    [0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x1cb996fc, 0xbb002be7],
  ],
  [
    [0x13198a2e, 0x03707344],
    [0x243f6a88, 0x85a308d3],
    [0xc4923a9c, 0x483df7a0],
  ],
] as const;

test.each(answers)('known answers for key %j, counter %j', (key, counter, result) => {
  expect(threefry2x32(key, counter)).toEqual(result);
});

test.each(answers)('known answers as expressions: key %j, counter %j', (key, counter, result) => {
  const words = [0, 1].map((i) => {
    const b = new DefinitionBuilder();
    const literal = (value: number) => b.literal(value, 'u32');
    const definition = b.map(
      [],
      () =>
        threefryExpression(b, [literal(key[0]), literal(key[1])], [literal(counter[0]), literal(counter[1])])[
          i as 0 | 1
        ],
      'u32',
    );
    return evaluateDefinition(definition, new Map(), 1)[0];
  });
  expect(words).toEqual(result);
});

test('FNV-1a of published strings, and of UTF-8', () => {
  expect(fnv1a32('')).toBe(0x811c9dc5);
  expect(fnv1a32('a')).toBe(0xe40c292c);
  expect(fnv1a32('foobar')).toBe(0xbf9cf968);
  // é is the bytes C3 A9 in UTF-8.
  const steps = [0xc3, 0xa9].reduce(
    (hash, byte) => ((hash ^ BigInt(byte)) * 0x01000193n) % 2n ** 32n,
    0x811c9dc5n,
  );
  expect(fnv1a32('é')).toBe(Number(steps));
});

const scalar = (value: number) => ({ shape: [], dtype: 'u32', values: [value] }) as const;

test('random_uniform draws by seed, step, stream and place, whatever the batch', () => {
  const attributes = { stream: 'model.dropout', shape: [2, 3], batch: true };
  const two = runOp(randomUniform, [scalar(42), scalar(7)], attributes, 2);
  const five = runOp(randomUniform, [scalar(42), scalar(7)], attributes, 5);
  expect(five.data.slice(0, 12)).toEqual(two.data);
  const expected = Array.from({ length: 12 }, (_, i) =>
    unitFloat(threefry2x32([42, fnv1a32('model.dropout')], [7, i])[0]),
  );
  expect(two.data).toEqual(expected);
});

test('random_uniform stays inside its bounds and looks uniform', () => {
  const attributes = { stream: 's', shape: [4000], low: -2, high: 6 };
  const { data } = runOp(randomUniform, [scalar(1), scalar(0)], attributes);
  expect(Math.min(...data)).toBeGreaterThanOrEqual(-2);
  expect(Math.max(...data)).toBeLessThan(6);
  const mean = data.reduce((a, b) => a + b) / data.length;
  const variance = data.reduce((a, b) => a + (b - mean) ** 2, 0) / data.length;
  // Five standard deviations: 8 / sqrt(12 · 4000) of the mean, and the variance of a uniform square.
  expect(Math.abs(mean - 2)).toBeLessThan(5 * 0.0365);
  expect(Math.abs(variance - 64 / 12)).toBeLessThan(5 * 0.0755);
  expect(new Set(data).size).toBeGreaterThan(3990);
});

const words = fc.nat({ max: 0xffffffff });

test('the runtime draws the same bits for initialisers', () => {
  fc.assert(
    fc.property(words, words, words, words, (k0, k1, c0, c1) => {
      expect(runtime.threefry(k0, k1, c0, c1)).toEqual(threefry2x32([k0, k1], [c0, c1]));
    }),
  );
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (name) => runtime.fnv1a32(name) === fnv1a32(name)));
});
