import { describe, expect, test } from 'vitest';
import { initialize } from '../../runtime/initializers.ts';
import type { Initializer } from '../../runtime/program.ts';
import { fnv1a32, threefry } from '../../runtime/random.ts';
import { epochOrder } from '../../runtime/shuffle.ts';

describe('threefry', () => {
  // The known answers of the Random123 distribution for Threefry-2x32 with 20 rounds.
  test.each([
    [
      [0, 0, 0, 0],
      [0x6b200159, 0x99ba4efe],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0x1cb996fc, 0xbb002be7],
    ],
    [
      [0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3],
      [0xc4923a9c, 0x483df7a0],
    ],
  ])('%j', ([key0, key1, counter0, counter1], expected) => {
    expect(threefry(key0!, key1!, counter0!, counter1!)).toEqual(expected);
  });
});

test('FNV-1a', () => {
  expect([fnv1a32(''), fnv1a32('a'), fnv1a32('foobar')]).toEqual([0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
});

describe('initializers', () => {
  const fill = (init: Initializer, length = 20_000, name = 'conv2d.kernel', seed = 7): Float32Array => {
    const data = new Float32Array(length);
    initialize(data, { name, role: 'param', shape: [length], offset: 0, init }, seed);
    return data;
  };
  const variance = (data: Float32Array): number => data.reduce((sum, x) => sum + x * x, 0) / data.length;

  test('glorot_uniform', () => {
    const data = fill({ kind: 'glorot_uniform', fanIn: 50, fanOut: 100 });
    const limit = Math.sqrt(6 / 150);
    expect(Math.max(...data)).toBeLessThanOrEqual(limit);
    expect(Math.max(...data)).toBeGreaterThan(0.999 * limit);
    expect(Math.min(...data)).toBeLessThan(-0.999 * limit);
    expect(variance(data)).toBeCloseTo(2 / 150, 3);
  });

  test('he_normal has the variance 2 / fanIn, is cut at two deviations, and is normal inside', () => {
    const data = fill({ kind: 'he_normal', fanIn: 50 });
    const deviation = Math.sqrt(2 / 50) / 0.87962566103423978;
    expect(Math.max(...data.map(Math.abs))).toBeLessThanOrEqual(2 * deviation);
    expect(variance(data) / (2 / 50)).toBeCloseTo(1, 1);
    // The share within one deviation of a normal distribution cut at two: 0.6827 / 0.9545.
    const inside = data.filter((x) => Math.abs(x) < deviation).length / data.length;
    expect(inside).toBeCloseTo(0.6827 / 0.9545, 2);
  });

  test('zeros leave the memory as it is made; ones and constants fill', () => {
    expect([...fill({ kind: 'ones' }, 3)]).toEqual([1, 1, 1]);
    expect([...fill({ kind: 'constant', values: [0.5] }, 3)]).toEqual([0.5, 0.5, 0.5]);
    expect([...fill({ kind: 'constant', values: [1, 2, 3] }, 3)]).toEqual([1, 2, 3]);
    expect([...fill({ kind: 'zeros' }, 2)]).toEqual([0, 0]);
  });

  test('the numbers are a function of seed, name and place', () => {
    const init = { kind: 'glorot_uniform', fanIn: 1, fanOut: 1 } as const;
    expect(fill(init, 10)).toEqual(fill(init, 20).subarray(0, 10));
    expect(fill(init, 10)).not.toEqual(fill(init, 10, 'conv2d_1.kernel'));
    expect(fill(init, 10)).not.toEqual(fill(init, 10, 'conv2d.kernel', 8));
  });
});

describe('the order of an epoch', () => {
  test('is a permutation, and a function of seed and epoch', () => {
    const order = epochOrder(1, 0, 1000);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(epochOrder(1, 0, 1000)).toEqual(order);
    expect(epochOrder(1, 1, 1000)).not.toEqual(order);
    expect(epochOrder(2, 0, 1000)).not.toEqual(order);
  });
  test('favours no place', () => {
    const firsts = new Map<number, number>();
    for (let epoch = 0; epoch < 3000; epoch++) {
      const first = epochOrder(5, epoch, 6)[0]!;
      firsts.set(first, (firsts.get(first) ?? 0) + 1);
    }
    for (let i = 0; i < 6; i++) expect(Math.abs((firsts.get(i) ?? 0) - 500)).toBeLessThan(100);
  });
});
