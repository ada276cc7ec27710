/** Counts against figures worked out by hand. */
import { describe, expect, it } from 'vitest';
import type { Extent } from '../../compiler/base/types.ts';
import type { Parameter } from '../../compiler/graph/ir.ts';
import { costOf } from '../../compiler/loop/cost.ts';
import { parseKernel } from '../../compiler/loop/parse.ts';
import * as ops from '../../compiler/ops/index.ts';
import { kernelOf } from './kernels.ts';

const parameter = (name: string, ...shape: readonly Extent[]): Parameter => ({
  kind: 'parameter',
  role: 'input',
  name,
  type: { dtype: 'f32', shape },
});

/** Each has a relu behind it: one operation per element of the result. */
const conv = (
  size: number,
  inputs: number,
  filters: number,
  kernel: number,
  strides: number,
  padding: string,
) =>
  kernelOf(
    ops.conv2d,
    [parameter('x', 'N', size, size, inputs), parameter('w', kernel, kernel, inputs, filters)],
    {
      strides: [strides, strides],
      padding,
    },
  );

describe('convolutions', () => {
  it('without padding: each output sums over the whole window', () => {
    const outputs = 2 * 11 * 11 * 64;
    expect(costOf(conv(13, 32, 64, 3, 1, 'valid'), 2)).toEqual({
      flops: outputs * (2 * 3 * 3 * 32 + 1),
      bytes: 4 * (2 * 13 * 13 * 32 + 3 * 3 * 32 * 64 + outputs),
    });
  });

  it('with padding: what lies outside is not counted', () => {
    // Along an axis of 4, three taps each but for the first and the last: 4 · 3 − 2 = 10.
    expect(costOf(conv(4, 1, 1, 3, 1, 'same'), 1)).toEqual({
      flops: 10 * 10 * 2 + 16,
      bytes: 4 * (16 + 9 + 16),
    });
  });

  it('with strides: what is passed over is not read', () => {
    expect(costOf(conv(8, 4, 6, 1, 2, 'valid'), 3)).toEqual({
      flops: 3 * 4 * 4 * 6 * (2 * 4 + 1),
      bytes: 4 * (3 * 4 * 4 * 4 + 4 * 6 + 3 * 4 * 4 * 6),
    });
  });

  it('the gradient of the kernel sums over samples and places', () => {
    const gradient = kernelOf(
      ops.conv2dKernelGradient,
      [parameter('x', 'N', 4, 4, 2), parameter('dy', 'N', 4, 4, 5)],
      { kernel_size: [3, 3], strides: [1, 1], padding: 'same' },
    );
    // Of the 16 places 3, 4 and 3 rows times as many columns meet each row of the kernel: (3 + 4 + 3)².
    expect(costOf(gradient, 7)).toEqual({
      // The sum of each sample is added to the total.
      flops: 7 * 2 * 5 * 100 * 2 + 7 * 9 * 2 * 5 + 9 * 2 * 5,
      bytes: 4 * (7 * 16 * 2 + 7 * 16 * 5 + 9 * 2 * 5),
    });
  });
});

describe('kernels as text', () => {
  const cost = (body: string, n: number) =>
    costOf(
      parseKernel(`kernel k [elementwise](x: f32[N, 8], i: i32[N]) -> (y: f32[N, 8]) {
  for n: N in 0..N {
    for c: 8 in 0..8 {
${body}
    }
  }
}
`),
      n,
    );

  it('counts f32 arithmetic, and nothing else', () => {
    const { flops, bytes } = cost(
      'y[n, c] = select(x[n, c] < 1.0, exp(neg(x[n, c])) / 2.0, f32(i[n] + 1i32))',
      3,
    );
    expect(flops).toBe(3 * 8 * 2);
    expect(bytes).toBe(4 * (24 + 3 + 24));
  });

  it('counts what a condition lets through', () => {
    expect(cost('if 0 <= c - 2 < 3 {\n y[n, c] = x[n, c] * 2.0\n }', 2).flops).toBe(2 * 3);
  });

  it('reads an output that it adds to', () => {
    const { flops, bytes } = cost('y[n, c] add= x[n, c]', 2);
    expect([flops, bytes]).toEqual([16, 4 * 3 * 16]);
  });

  it('takes the whole axis where the place is computed', () => {
    expect(cost('y[n, c] = x[clamp(i[n]), c]', 5).bytes).toBe(4 * (40 + 5 + 40));
  });

  it('counts an element that is read twice once', () => {
    expect(cost('y[n, c] = x[n, c] + x[n, c]', 1).bytes).toBe(4 * 16);
  });
});
