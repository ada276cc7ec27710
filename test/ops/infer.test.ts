/** What `infer` says of calls that do not fit: each code at least once, in the user's terms. */
import { expect, test } from 'vitest';
import type { TensorType } from '../../compiler/base/types.ts';
import { withDefaults } from '../../compiler/graph/builder.ts';
import type { AttributeValue } from '../../compiler/graph/ir.ts';
import type { Op } from '../../compiler/graph/op.ts';
import { isMismatch } from '../../compiler/graph/op.ts';
import { codes } from '../../compiler/ops/codes.ts';
import * as ops from '../../compiler/ops/index.ts';
import { windowAlong } from '../../compiler/ops/support/window.ts';

type Attributes = Readonly<Record<string, AttributeValue>>;
const f32 = (...shape: TensorType['shape']): TensorType => ({ dtype: 'f32', shape });
const u8 = (...shape: TensorType['shape']): TensorType => ({ dtype: 'u8', shape });
const by2 = { pool_size: [2, 2], strides: [2, 2] };

const cases: readonly [
  code: string,
  op: Op,
  types: readonly TensorType[],
  attributes: Attributes,
  message: RegExp,
][] = [
  ['E0401', ops.add, [f32('N', 4), f32('N', 3)], {}, /\[N, 4\] with \[N, 3\]: the last axis is 4 .* 3/],
  ['E0401', ops.add, [f32('N', 2, 4), f32('N', 3, 4)], {}, /axis -2 is 2 .* 3/],
  ['E0401', ops.multiply, [f32('N', 3), f32('N')], {}, /\[N, 3\] with \[N\]/],
  ['E0401', ops.add, [f32('N'), f32(4, 1)], {}, /N/],
  ['E0401', ops.where, [{ dtype: 'bool', shape: [2] }, f32(3), f32(3)], {}, /2 .* 3/],
  ['E0401', ops.broadcastTo, [f32(4)], { shape: [1] }, /\[4\] does not broadcast to \[1\]/],
  ['E0401', ops.indexOf, [f32('N', 4), f32('N')], {}, /must be \[N, 1\], got \[N\]/],
  [
    'E0402',
    ops.conv2d,
    [f32('N', 2, 2, 1), f32(3, 3, 1, 8)],
    {},
    /kernel is 3x3, larger than its input of 2x2$/,
  ],
  ['E0402', ops.conv2d, [f32('N', 2, 9, 1), f32(5, 5, 1, 8)], { padding: [1, 0] }, /2x9 plus 1x0 zeros/],
  ['E0402', ops.maxPool2d, [f32('N', 1, 4, 1)], by2, /window is 2x2, larger than its input of 1x4/],
  ['E0402', ops.averagePool2d, [f32('N', 4, 1, 1)], by2, /window is 2x2/],
  ['E0403', ops.conv2d, [f32('N', 8, 8, 1), f32(3, 3, 3, 8)], {}, /takes 3 input channels, the image has 1$/],
  [
    'E0404',
    ops.conv2d,
    [f32('N', 64), f32(3, 3, 1, 8)],
    {},
    /must be \[N, height, width, channels\], got f32\[N, 64\]/,
  ],
  ['E0404', ops.conv2d, [f32('N', 8, 8, 1), f32(3, 3)], {}, /the kernel must be/],
  ['E0404', ops.maxPool2d, [f32('N', 8)], by2, /got f32\[N, 8\]/],
  ['E0404', ops.matmul, [f32('N', 3), f32('N', 3)], {}, /second operand must be a matrix/],
  ['E0404', ops.matmul, [f32(), f32(3, 3)], {}, /first operand/],
  ['E0404', ops.translate, [f32('N', 8, 8, 1), f32('N', 3)], {}, /must be \[N, 2\], got \[N, 3\]/],
  ['E0405', ops.sum, [f32('N', 3)], { axes: [2] }, /axis 2 does not exist in \[N, 3\]/],
  ['E0405', ops.mean, [f32('N', 3)], { keep: [-3] }, /axis -3/],
  ['E0405', ops.concatenate, [f32('N', 3)], { axis: 5 }, /axis 5/],
  ['E0405', ops.slice, [f32()], { axis: 0, start: 0, size: 1 }, /axis 0 does not exist in \[\]/],
  ['E0406', ops.concatenate, [f32('N', 8, 8, 1), f32('N', 4, 4, 1)], {}, /\[N, 4, 4, 1\] .* \[N, 8, 8, 1\]/],
  ['E0406', ops.concatenate, [f32('N', 8), f32('N', 8, 1)], {}, /cannot stand beside/],
  ['E0406', ops.concatenate, [f32(1), f32('N')], { axis: 0 }, /\[N\] cannot stand beside \[1\]/],
  ['E0406', ops.concatenate, [], {}, /nothing to join/],
  ['E0407', ops.matmul, [f32('N', 3), f32(4, 2)], {}, /rows of 3 .* columns of 4/],
  ['E0407', ops.matmul, [f32('N', 3), f32(3, 2)], { transpose_b: true }, /columns of 2/],
  [
    'E0408',
    ops.reshape,
    [f32('N', 12)],
    { shape: [3, 5] },
    /12 elements in each sample, which do not make \[3, 5\]/,
  ],
  ['E0408', ops.reshape, [f32(12)], { shape: [-1, 5] }, /12 elements, /],
  ['E0408', ops.reshape, [f32(12)], { shape: [-1, -1] }, /more than one/],
  ['E0408', ops.reshape, [f32(12)], { shape: [0, -1] }, /do not make/],
  ['E0409', ops.slice, [f32('N', 4)], { axis: 1, start: 2, size: 3 }, /places 2 to 4 .* \[N, 4\]/],
  ['E0410', ops.add, [f32('N'), { dtype: 'i32', shape: ['N'] }], {}, /f32\[N\] with i32\[N\]/],
  ['E0410', ops.concatenate, [u8('N', 3), f32('N', 3)], {}, /element types/],
  ['E0410', ops.less, [u8('N', 3), f32('N', 3)], {}, /element types/],
  ['E0411', ops.concatenate, [f32('N', 3), f32('N', 3)], { axis: 0 }, /along the batch/],
  ['E0411', ops.slice, [f32('N', 3)], { axis: -2, start: 0, size: 1 }, /along the batch/],
  ['E0411', ops.transpose, [f32('N', 3)], { permutation: [1, 0] }, /cannot move the batch/],
  ['E0412', ops.transpose, [f32(2, 3)], { permutation: [0, 0] }, /\[0, 0\] .* \[2, 3\]/],
  ['E0412', ops.transpose, [f32(2, 3)], { permutation: [0] }, /once/],
  ['E0413', ops.maxPool2d, [f32('N', 8, 8, 1)], { ...by2, padding: [2, 0] }, /padding 2x0 .* windows of 2x2/],
  ['E0404', ops.gradient, [f32('N'), f32(3)], {}, /single number .* \[N\]/],
  ['E0414', ops.sum, [f32(2, 3)], { axes: [0], keep: [1] }, /both/],
  ['E0414', ops.sum, [f32(2, 3)], { axes: [1, -1] }, /twice/],
  [
    'E0415',
    ops.conv2dInputGradient,
    [f32('N', 3, 3, 8), f32(3, 3, 1, 8)],
    { size: [4, 4] },
    /\[N, 3, 3, 8\].*\[N, 2, 2, 8\]/,
  ],
  [
    'E0415',
    ops.conv2dKernelGradient,
    [f32('N', 4, 4, 1), f32('N', 3, 3, 8)],
    { kernel_size: [3, 3] },
    /result/,
  ],
  [
    'E0403',
    ops.conv2d,
    [f32('N', 8, 8, 6), f32(3, 3, 6, 4)],
    { groups: 2 },
    /takes 6 input channels in each of 2 groups, the image has 6$/,
  ],
  [
    'E0416',
    ops.conv2d,
    [f32('N', 8, 8, 3), f32(3, 3, 1, 8)],
    { groups: 2 },
    /3 channels and 8 filters .* 2 groups/,
  ],
  ['E0416', ops.conv2d, [f32('N', 8, 8, 4), f32(3, 3, 2, 3)], { groups: 2 }, /3 filters/],
  [
    'E0416',
    ops.conv2dInputGradient,
    [f32('N', 2, 2, 3), f32(3, 3, 2, 3)],
    { size: [4, 4], groups: 2 },
    /4 channels and 3 filters/,
  ],
  [
    'E0416',
    ops.conv2dKernelGradient,
    [f32('N', 4, 4, 3), f32('N', 2, 2, 4)],
    { kernel_size: [3, 3], groups: 2 },
    /3 channels and 4 filters/,
  ],
  ['E0415', ops.averagePool2dGradient, [f32('N', 4, 4, 1)], { ...by2, size: [4, 4] }, /result/],
];

test.each(cases.map((entry) => [`${entry[0]} ${entry[1].name}`, ...entry] as const))(
  '%s',
  (_title, code, op, types, attributes, message) => {
    const result = op.infer(types, withDefaults(op, attributes));
    expect(isMismatch(result)).toBe(true);
    if (!isMismatch(result)) return;
    expect(result.mismatch.code).toBe(code);
    expect(result.mismatch.message).toMatch(message);
    // Who reports it names the op or layer.
    expect(result.mismatch.message.startsWith(op.name)).toBe(false);
    expect(codes).toHaveProperty(code);
  },
);

test('every page is reached, and is complete', () => {
  expect([...new Set(cases.map(([code]) => code))].sort()).toEqual(Object.keys(codes).sort());
  for (const page of Object.values(codes)) {
    expect(page.title.length).toBeGreaterThan(5);
    expect(page.explanation.length).toBeGreaterThan(20);
    expect(page.wrong).not.toBe(page.right);
  }
});

test('the hint for a kernel that is too large is padding: same', () => {
  const result = ops.conv2d.infer([f32('N', 2, 2, 1), f32(3, 3, 1, 8)], withDefaults(ops.conv2d, {}));
  expect(isMismatch(result) && result.mismatch.hint).toMatch(/padding: same/);
});

/** TensorFlow's rule, written out for every small case. */
test('padding same: ceil(input / stride) windows, the odd zero after', () => {
  for (let input = 1; input <= 9; input++)
    for (let kernel = 1; kernel <= 5; kernel++)
      for (let stride = 1; stride <= 4; stride++) {
        const { output, before, padded } = windowAlong(input, kernel, stride, 'same');
        let windows = 0;
        for (let start = 0; start < input; start += stride) windows++;
        const last = (windows - 1) * stride + kernel;
        const total = Math.max(last - input, 0);
        expect([output, before]).toEqual([windows, total >> 1]);
        expect(padded).toBe(total > 0);
      }
});

test('types of results', () => {
  const infer = (op: Op, types: readonly TensorType[], attributes: Attributes = {}) =>
    op.infer(types, withDefaults(op, attributes));
  const kernel = f32(5, 5, 3, 6);
  expect(infer(ops.conv2d, [f32('N', 28, 28, 3), kernel])).toEqual(f32('N', 24, 24, 6));
  expect(infer(ops.conv2d, [f32('N', 28, 28, 3), kernel], { padding: [2, 2] })).toEqual(f32('N', 28, 28, 6));
  expect(infer(ops.conv2d, [f32('N', 28, 27, 3), kernel], { padding: 'same', strides: [2, 2] })).toEqual(
    f32('N', 14, 14, 6),
  );
  expect(infer(ops.conv2d, [f32('N', 28, 28, 6), f32(5, 5, 3, 8)], { groups: 2 })).toEqual(
    f32('N', 24, 24, 8),
  );
  expect(
    infer(ops.conv2dInputGradient, [f32('N', 24, 24, 8), f32(5, 5, 3, 8)], { size: [28, 28], groups: 2 }),
  ).toEqual(f32('N', 28, 28, 6));
  expect(
    infer(ops.conv2dKernelGradient, [f32('N', 28, 28, 6), f32('N', 24, 24, 8)], {
      kernel_size: [5, 5],
      groups: 2,
    }),
  ).toEqual(f32(5, 5, 3, 8));
  expect(infer(ops.reshape, [f32('N', 4, 4, 2)], { shape: [-1] })).toEqual(f32('N', 32));
  expect(infer(ops.mean, [f32('N', 4, 4, 2)], { keep: [-1] })).toEqual(f32(2));
  expect(infer(ops.mean, [f32('N', 4, 4, 2)], { axes: [1, 2] })).toEqual(f32('N', 2));
  expect(infer(ops.equal, [u8('N', 3), u8(3)])).toEqual({ dtype: 'bool', shape: ['N', 3] });
  expect(infer(ops.matmul, [f32('N', 7, 3), f32(3, 5)])).toEqual(f32('N', 7, 5));
  expect(infer(ops.oneHot, [{ dtype: 'i32', shape: ['N'] }], { depth: 10 })).toEqual(f32('N', 10));
});
