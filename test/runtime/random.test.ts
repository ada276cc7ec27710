import { describe, expect, test } from 'vitest';
import { initialize } from '../../runtime/initializers.ts';
import { truncatedNormal } from '../../runtime/normal.ts';
import type { Tensor } from '../../runtime/program.ts';
import { readSafetensors } from '../../runtime/safetensors.ts';
import { moduleOf } from './tiny.ts';
import { fnv1a32, threefry } from '../../runtime/random.ts';
import { epochOrder } from '../../runtime/shuffle.ts';
import { uniform } from '../../runtime/uniform.ts';

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
  type Begin = Pick<Tensor, 'fill' | 'draw'>;
  const begin = (how: Begin, length = 20_000, name = 'conv2d.kernel', seed = 7): Float32Array => {
    const data = new Float32Array(length);
    initialize(data, { name, role: 'param', shape: [length], offset: 0, ...how }, seed);
    return data;
  };
  const variance = (data: Float32Array): number => data.reduce((sum, x) => sum + x * x, 0) / data.length;

  test('uniform', () => {
    const data = begin({ draw: uniform(0.2) });
    expect(Math.max(...data)).toBeLessThanOrEqual(0.2);
    expect(Math.max(...data)).toBeGreaterThan(0.999 * 0.2);
    expect(Math.min(...data)).toBeLessThan(-0.999 * 0.2);
    expect(variance(data)).toBeCloseTo(0.2 ** 2 / 3, 3);
  });

  test('normal is cut at two deviations, and normal inside', () => {
    const data = begin({ draw: truncatedNormal(0.1) });
    expect(Math.max(...data.map(Math.abs))).toBeLessThanOrEqual(0.2);
    expect(Math.sqrt(variance(data))).toBeCloseTo(0.1 * 0.8796256610342398, 3);
    // The share within one deviation of a normal distribution cut at two: 0.6827 / 0.9545.
    const inside = data.filter((x) => Math.abs(x) < 0.1).length / data.length;
    expect(inside).toBeCloseTo(0.6827 / 0.9545, 2);
  });

  test('constants fill, or are one for each element', () => {
    expect([...begin({ fill: [0.5] }, 3)]).toEqual([0.5, 0.5, 0.5]);
    expect([...begin({ fill: [1, 2, 3] }, 3)]).toEqual([1, 2, 3]);
  });

  test('the numbers are a function of seed, name and place', () => {
    const how = { draw: uniform(1) };
    expect(begin(how, 10)).toEqual(begin(how, 20).subarray(0, 10));
    expect(begin(how, 10)).not.toEqual(begin(how, 10, 'conv2d_1.kernel'));
    expect(begin(how, 10)).not.toEqual(begin(how, 10, 'conv2d.kernel', 8));
  });

  test('a model begins as Keras does: glorot_uniform, and he_normal with the variance 2 / fanIn', async () => {
    const { createModel } = await moduleOf(
      `model M { input x: f32[200]
         x -> Dense(100) as glorot -> Dense(300, kernel_initializer: he_normal) as he -> output y }`,
    );
    const { tensors } = readSafetensors(await (await createModel({ seed: 1 })).saveWeights());
    const glorot = tensors.get('glorot.kernel')!.data as Float32Array;
    expect(Math.max(...glorot)).toBeCloseTo(Math.sqrt(6 / 300), 3);
    expect(variance(glorot)).toBeCloseTo(2 / 300, 3);
    const he = tensors.get('he.kernel')!.data as Float32Array;
    expect(variance(he)).toBeCloseTo(2 / 100, 3);
    expect(Math.max(...tensors.get('he.bias')!.data)).toBe(0);
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
