/** Figures worked out by hand, or known from Keras, PyTorch and the project's notes. */
import { describe, expect, test } from 'vitest';
import * as ops from '../../compiler/ops/index.ts';
import { counting, runOp, values } from '../support/run-op.ts';

const image = counting(1, 4, 4, 1);
const edges = values([2, 2, 1, 1], -1, -1, 1, 1);

describe('conv2d', () => {
  test('the edge filter', () => {
    expect(runOp(ops.conv2d, [image, edges])).toMatchObject({ shape: [1, 3, 3, 1], data: Array(9).fill(8) });
    const wide = runOp(ops.conv2d, [image, edges], { strides: [2, 2], padding: [1, 1] });
    expect(wide).toMatchObject({ shape: [1, 3, 3, 1], data: [1, 5, 4, 4, 8, 4, -13, -29, -16] });
    expect(runOp(ops.conv2d, [image, edges], { strides: [2, 2] }).data).toEqual([8, 8, 8, 8]);
  });

  test('padding same puts the odd zero after: an even kernel sees the last row alone', () => {
    const ones = values([2, 2, 1, 1], 1, 1, 1, 1);
    const y = runOp(ops.conv2d, [counting(1, 2, 3, 1), ones], { padding: 'same' });
    expect(y).toMatchObject({ shape: [1, 2, 3, 1], data: [12, 16, 9, 9, 11, 6] });
  });

  test('padding same with stride 2 on an even extent pads only after', () => {
    // total = max((2 - 1) * 2 + 3 - 4, 0) = 1: none before, one after.
    const ones = values([1, 3, 1, 1], 1, 1, 1);
    expect(
      runOp(ops.conv2d, [counting(1, 1, 4, 1), ones], { strides: [1, 2], padding: 'same' }).data,
    ).toEqual([6, 7]);
    // On an odd extent one on each side.
    expect(
      runOp(ops.conv2d, [counting(1, 1, 5, 1), ones], { strides: [1, 2], padding: 'same' }).data,
    ).toEqual([3, 9, 9]);
  });

  test('a kernel that reaches beyond the image on both sides', () => {
    const ones = values([1, 5, 1, 1], 1, 1, 1, 1, 1);
    expect(runOp(ops.conv2d, [counting(1, 1, 2, 1), ones], { padding: 'same' }).data).toEqual([3, 3]);
  });

  test('sums over channels, separate filters', () => {
    const x = values([1, 1, 1, 2], 3, 5);
    expect(runOp(ops.conv2d, [x, values([1, 1, 2, 3], 1, 0, 2, 0, 1, 10)]).data).toEqual([3, 5, 56]);
  });

  test('groups: each filter sees the channels of its group', () => {
    const x = values([1, 1, 1, 4], 1, 10, 100, 1000);
    const kernel = values([1, 1, 2, 4], 1, 2, 3, 4, 5, 6, 7, 8);
    expect(runOp(ops.conv2d, [x, kernel], { groups: 2 }).data).toEqual([51, 62, 7300, 8400]);
    // One channel in each group and two filters for it, the first channel's first: a depthwise convolution.
    const depthwise = values([1, 1, 1, 8], 1, 2, 3, 4, 5, 6, 7, 8);
    const y = runOp(ops.conv2d, [x, depthwise], { groups: 4 });
    expect(y.data).toEqual([1, 2, 30, 40, 500, 600, 7000, 8000]);
  });

  test('input gradients scatter the kernel to where its windows lay', () => {
    const kernel = counting(1, 3, 1, 1);
    const dy = (...given: number[]) => values([1, 1, given.length, 1], ...given);
    const gradient = (d: ReturnType<typeof dy>, size: number, strides: number, padding: 'valid' | number[]) =>
      runOp(ops.conv2dInputGradient, [d, kernel], { size: [1, size], strides: [1, strides], padding }).data;
    expect(gradient(dy(1, 10), 4, 1, 'valid')).toEqual([1, 12, 23, 30]);
    expect(gradient(dy(1, 10), 5, 2, 'valid')).toEqual([1, 2, 13, 20, 30]);
    // Stride 2 leaves the last column of 6 uncovered.
    expect(gradient(dy(1, 10), 6, 2, 'valid')).toEqual([1, 2, 13, 20, 30, 0]);
    expect(gradient(dy(1, 10), 7, 3, 'valid')).toEqual([1, 2, 3, 10, 20, 30, 0]);
    expect(gradient(dy(1, 10, 100), 5, 2, [0, 1])).toEqual([2, 13, 20, 130, 200]);
  });

  test('kernel gradients correlate the image with dy', () => {
    const x = counting(1, 1, 6, 1);
    const gradient = (dy: number[], strides: number, padding: 'valid' | number[]) =>
      runOp(ops.conv2dKernelGradient, [x, values([1, 1, dy.length, 1], ...dy)], {
        kernel_size: [1, 3],
        strides: [1, strides],
        padding,
      }).data;
    expect(gradient([1, 10], 2, 'valid')).toEqual([31, 42, 53]);
    expect(gradient([1, 10], 3, 'valid')).toEqual([41, 52, 63]);
    // Windows begin at -1, 2, 5: places -1 and 6 are zeros.
    expect(gradient([1, 10], 3, [0, 1])).toEqual([30, 41, 52]);
    expect(gradient([1, 10, 100], 2, [0, 1])).toEqual([420, 531, 642]);
  });
});

describe('pooling', () => {
  const by2 = { pool_size: [2, 2], strides: [2, 2] };

  test('2x2 of the image 1 … 16', () => {
    expect(runOp(ops.maxPool2d, [image], by2).data).toEqual([6, 8, 14, 16]);
    expect(runOp(ops.averagePool2d, [image], by2).data).toEqual([3.5, 5.5, 11.5, 13.5]);
  });

  test('rows and columns that no window reaches are left out', () => {
    expect(runOp(ops.maxPool2d, [counting(1, 3, 3, 1)], by2).data).toEqual([5]);
  });

  test('padding takes no part', () => {
    const x = values([1, 1, 3, 1], -4, -2, -6);
    const same = { pool_size: [1, 2], strides: [1, 2], padding: 'same' };
    expect(runOp(ops.maxPool2d, [x], same).data).toEqual([-2, -6]);
    expect(runOp(ops.averagePool2d, [x], same).data).toEqual([-3, -6]);
  });

  test('the first of equal maxima, in row-major order of the window, gets the gradient', () => {
    const x = values([1, 2, 4, 1], 1, 7, 5, 5, 7, 7, 5, 5);
    const y = runOp(ops.maxPool2d, [x], by2);
    const argmax = runOp(ops.maxPool2dArgmax, [x, values(y.shape, ...y.data)], by2);
    expect(argmax.data).toEqual([1, 0]);
    const dx = runOp(
      ops.maxPool2dGradient,
      [values([1, 1, 2, 1], 3, 4), { shape: argmax.shape, dtype: 'i32', values: argmax.data }],
      { ...by2, size: [2, 4] },
    );
    expect(dx.data).toEqual([0, 3, 4, 0, 0, 0, 0, 0]);
  });

  test('an element that is the maximum of several windows gets all their gradients', () => {
    const x = values([1, 1, 3, 1], 1, 9, 2);
    const attributes = { pool_size: [1, 2], strides: [1, 1] };
    const argmax = runOp(ops.maxPool2dArgmax, [x, values([1, 1, 2, 1], 9, 9)], attributes);
    expect(argmax.data).toEqual([1, 0]);
    const dx = runOp(
      ops.maxPool2dGradient,
      [values([1, 1, 2, 1], 3, 4), { shape: [1, 1, 2, 1], dtype: 'i32', values: argmax.data }],
      { ...attributes, size: [1, 3] },
    );
    expect(dx.data).toEqual([0, 7, 0]);
  });
});

describe('elementwise', () => {
  test('the neuron', () => {
    const z = runOp(ops.matmul, [values([1, 3], 0.5, 0.3, 0.1), values([3, 1], 0.4, 0.2, 0.6)]);
    const y = runOp(ops.sigmoid, [values([], (z.data[0] as number) + 0.1)]);
    expect(y.data[0]).toBeCloseTo(0.6034832, 6);
  });

  test('sigmoid and softplus stand very large numbers', () => {
    expect(runOp(ops.sigmoid, [values([3], -1000, 0, 1000)]).data).toEqual([0, 0.5, 1]);
    expect(runOp(ops.softplus, [values([3], -1000, 0, 1000)]).data).toEqual([0, Math.log(2), 1000]);
  });

  test('the pieces of softmax', () => {
    const x = values([3], 1, 2, 3);
    const shifted = runOp(ops.subtract, [x, values([], runOp(ops.max, [x]).data[0] as number)]);
    const e = runOp(ops.exp, [values([3], ...shifted.data)]);
    const total = runOp(ops.sum, [values([3], ...e.data)]);
    const y = runOp(ops.divide, [values([3], ...e.data), values([], ...total.data)]).data;
    [0.09003057, 0.24472847, 0.66524096].forEach((figure, i) => expect(y[i]).toBeCloseTo(figure, 7));
  });

  test('relu and leaky_relu', () => {
    expect(runOp(ops.relu, [values([3], -2, 0, 2)]).data).toEqual([0, 0, 2]);
    expect(runOp(ops.leakyRelu, [values([3], -2, 0, 2)], { negative_slope: 0.1 }).data).toEqual([-0.2, 0, 2]);
    expect(runOp(ops.reluGradient, [values([3], 0, 1, 2), values([3], 5, 6, 7)]).data).toEqual([0, 6, 7]);
  });

  test('round takes halves to the even number', () => {
    expect(runOp(ops.round, [values([4], -1.5, 0.5, 1.5, 2.6)]).data).toEqual([-2, 0, 2, 3]);
  });

  test('power with negative and zero bases', () => {
    const y = runOp(ops.power, [values([6], -2, -2, -2, 0, 0, 4), values([6], 3, 2, 0.5, 0, 2, 0.5)]).data;
    expect(y[2]).toBeNaN();
    [-8, 4, y[2], 1, 0, 2].forEach((figure, i) => i === 2 || expect(y[i]).toBeCloseTo(figure as number, 12));
  });

  test('casts saturate', () => {
    const x = values([5], -1.5, 2.9, 300, NaN, Infinity);
    expect(runOp(ops.cast, [x], { to: 'u8' }).data).toEqual([0, 2, 255, 0, 255]);
    expect(runOp(ops.cast, [x], { to: 'i32' }).data).toEqual([-1, 2, 300, 0, 2147483647]);
  });

  test('broadcasting', () => {
    const y = runOp(ops.subtract, [values([2, 1], 10, 20), values([3], 1, 2, 3)]);
    expect(y).toMatchObject({ shape: [2, 3], data: [9, 8, 7, 19, 18, 17] });
    const chosen = runOp(ops.where, [
      { shape: [2], dtype: 'bool', values: [1, 0] },
      values([], 5),
      counting(2, 2),
    ]);
    expect(chosen).toMatchObject({ shape: [2, 2], data: [5, 2, 5, 4] });
  });

  test('logic', () => {
    const a = { shape: [4], dtype: 'bool', values: [0, 0, 1, 1] } as const;
    const b = { shape: [4], dtype: 'bool', values: [0, 1, 0, 1] } as const;
    expect(runOp(ops.logicalAnd, [a, b]).data).toEqual([0, 0, 0, 1]);
    expect(runOp(ops.logicalOr, [a, b]).data).toEqual([0, 1, 1, 1]);
    expect(runOp(ops.logicalNot, [a]).data).toEqual([1, 1, 0, 0]);
  });
});

describe('reductions', () => {
  const x = counting(2, 3);

  test('axes, keep and keepdims', () => {
    expect(runOp(ops.sum, [x], { axes: [0] })).toMatchObject({ shape: [3], data: [5, 7, 9] });
    expect(runOp(ops.sum, [x], { axes: [-1], keepdims: true })).toMatchObject({
      shape: [2, 1],
      data: [6, 15],
    });
    expect(runOp(ops.mean, [x], { keep: [0] })).toMatchObject({ shape: [2], data: [2, 5] });
    expect(runOp(ops.max, [x])).toMatchObject({ shape: [], data: [6] });
    expect(runOp(ops.min, [x], { axes: [1] }).data).toEqual([1, 4]);
  });

  test('a mean over N divides by the actual batch', () => {
    const rows = { shape: ['N', 2] as const, values: [1, 2, 3, 4, 5, 6] };
    expect(runOp(ops.mean, [rows], { axes: [0] }, 3).data).toEqual([3, 4]);
    expect(runOp(ops.mean, [rows], {}, 3).data).toEqual([3.5]);
    expect(runOp(ops.meanGradient, [values([], 12)], { shape: [2], batch: true }, 3).data).toEqual(
      Array(6).fill(2),
    );
  });

  test('index_of finds the first', () => {
    const rows = values([2, 4], 1, 9, 9, 2, 3, 3, 1, 3);
    expect(runOp(ops.indexOf, [rows, values([2, 1], 9, 3)]).data).toEqual([1, 0]);
    expect(runOp(ops.indexOf, [rows, values([1, 4], 3, 9, 1, 2)], { axis: 0 }).data).toEqual([1, 0, 1, 0]);
    expect(runOp(ops.indexOf, [values([3], 1, 2, 3), values([1], 7)]).data).toEqual([2]);
  });

  test('all_finite', () => {
    expect(runOp(ops.allFinite, [values([3], 1, -2, 0)]).data).toEqual([1]);
    expect(runOp(ops.allFinite, [values([3], 1, NaN, 0)]).data).toEqual([0]);
    expect(runOp(ops.allFinite, [values([2, 2], 1, 0, 0, -Infinity)]).data).toEqual([0]);
  });
});

describe('structure', () => {
  test('concatenate and slice undo each other', () => {
    const joined = runOp(ops.concatenate, [values([2, 1], 1, 2), values([2, 2], 3, 4, 5, 6)]);
    expect(joined).toMatchObject({ shape: [2, 3], data: [1, 3, 4, 2, 5, 6] });
    const part = runOp(ops.slice, [values([2, 3], ...joined.data)], { axis: 1, start: 1, size: 2 });
    expect(part.data).toEqual([3, 4, 5, 6]);
    const back = runOp(ops.sliceGradient, [values([2, 2], 3, 4, 5, 6)], { axis: 1, start: 1, extent: 4 });
    expect(back).toMatchObject({ shape: [2, 4], data: [0, 3, 4, 0, 0, 5, 6, 0] });
  });

  test('transpose', () => {
    expect(runOp(ops.transpose, [counting(2, 3)], { permutation: [1, 0] }).data).toEqual([1, 4, 2, 5, 3, 6]);
    const turned = runOp(ops.transpose, [counting(2, 3, 2)], { permutation: [2, 0, 1] });
    expect(turned).toMatchObject({ shape: [2, 2, 3], data: [1, 3, 5, 7, 9, 11, 2, 4, 6, 8, 10, 12] });
  });

  test('one_hot', () => {
    const indices = { shape: [3], dtype: 'i32', values: [1, 0, 5] } as const;
    expect(runOp(ops.oneHot, [indices], { depth: 2 }).data).toEqual([0, 1, 1, 0, 0, 0]);
  });

  test('matmul', () => {
    const a = counting(2, 3);
    expect(runOp(ops.matmul, [a, counting(3, 2)]).data).toEqual([22, 28, 49, 64]);
    expect(runOp(ops.matmul, [a, counting(2, 3)], { transpose_b: true }).data).toEqual([14, 32, 32, 77]);
    expect(runOp(ops.matmulKernelGradient, [a, values([2, 1], 1, 10)]).data).toEqual([41, 52, 63]);
  });
});

describe('translate', () => {
  const row = values([1, 1, 4, 1], 1, 2, 3, 4);
  const right = (by: number, fill_mode: string, x = row) =>
    runOp(ops.translate, [x, values([1, 2], 0, by)], { fill_mode }).data;

  test('whole pixels', () => {
    expect(right(0, 'reflect')).toEqual([1, 2, 3, 4]);
    expect(right(2, 'constant')).toEqual([0, 0, 1, 2]);
    expect(right(2, 'nearest')).toEqual([1, 1, 1, 2]);
    expect(right(2, 'reflect')).toEqual([2, 1, 1, 2]);
    expect(right(-3, 'reflect')).toEqual([4, 4, 3, 2]);
    // The reflected pattern d c b a | a b c d | d c b a repeats after eight.
    expect(right(5, 'reflect')).toEqual([4, 4, 3, 2]);
    expect(right(8, 'reflect')).toEqual([1, 2, 3, 4]);
    expect(right(-8, 'reflect')).toEqual([1, 2, 3, 4]);
  });

  test('parts of pixels are interpolated', () => {
    expect(right(0.25, 'nearest')).toEqual([1, 1.75, 2.75, 3.75]);
    expect(right(-0.5, 'constant')).toEqual([1.5, 2.5, 3.5, 2]);
  });

  test('down is the first offset; bytes are rounded', () => {
    const column = { shape: [1, 3, 1, 1], dtype: 'u8', values: [10, 20, 31] } as const;
    const down = runOp(ops.translate, [column, values([1, 2], 0.5, 0)], { fill_mode: 'nearest' });
    expect(down).toMatchObject({ dtype: 'u8', data: [10, 15, 26] });
  });
});
