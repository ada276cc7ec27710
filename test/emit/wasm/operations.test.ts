/** Every operation of the Loop IR on numbers at the edges of their types, as scalars and in lanes: the interpreter's bits. */
import { describe, expect, test } from 'vitest';
import type { DType } from '../../../compiler/base/types.ts';
import { affine } from '../../../compiler/loop/affine.ts';
import { denseBuffer, readerOf } from '../../../compiler/loop/builder.ts';
import type { Elements } from '../../../compiler/loop/interpret.ts';
import type { Affine, Axis, Expr, Kernel } from '../../../compiler/loop/ir.ts';
import { serial, wholeRange } from '../../../compiler/loop/rewrite.ts';
import { b, elementwise, floats, ints, length, samples } from '../kernels.ts';
import { expectInterpreted } from './run.ts';

type Element = (x: Expr, z: Expr) => Expr;

/** y[4 i + lane] = element(x[4 i + lane], z[4 i + lane]) in lanes; of `uniform`, z[i]. */
function inLanes(dtype: DType, result: DType, element: Element, uniform: boolean): Kernel {
  const [x, z, y] = [
    denseBuffer('x', dtype, [length]),
    denseBuffer('z', dtype, [length]),
    denseBuffer('y', result, [length]),
  ];
  const i: Axis = { name: 'i', extent: length / 4 };
  const lane: Axis = { name: 'lane', extent: 4 };
  const place: Affine = {
    constant: 0,
    terms: [
      { axis: i, factor: 4 },
      { axis: lane, factor: 1 },
    ],
  };
  const value = element(readerOf(x).at([place]), readerOf(z).at([uniform ? affine(i) : place]));
  return {
    name: 'lanes',
    kind: 'elementwise',
    inputs: [x, z],
    outputs: [y],
    body: [
      serial(i, [
        {
          kind: 'for',
          axis: lane,
          range: wholeRange(lane),
          mode: 'vectorize',
          body: [{ kind: 'store', buffer: y, index: [place], value }],
        },
      ]),
    ],
  };
}

/** In all ways, on all pairs of neighbours; gives the result of the scalar way. */
function check(
  dtype: DType,
  result: DType,
  element: Element,
  inputs: Elements = samples[dtype],
): readonly Elements[] {
  const kernels = [
    elementwise(dtype, result, element, length),
    inLanes(dtype, result, element, false),
    inLanes(dtype, result, element, true),
    inLanes(dtype, result, (x, z) => element(z, x), true),
  ];
  return [0, 3, 11].flatMap((shift) => {
    const turned = inputs.map((_, i) => inputs[(i + shift) % length]!);
    return kernels.map((kernel) => expectInterpreted(kernel, 1, { inputs: [inputs, turned] })[0]!);
  });
}

const floatOps = ['add', 'sub', 'mul', 'div', 'min', 'max'] as const;
const integerOps = [...floatOps, 'rem', 'and', 'or', 'xor', 'shl', 'shr'] as const;
const boolOps = ['and', 'or', 'xor', 'min', 'max', 'add', 'mul'] as const;
const dtypes = ['f32', 'i32', 'u32', 'u8', 'bool'] as const;

describe.each(dtypes)('%s', (dtype) => {
  test.each(dtype === 'f32' ? floatOps : dtype === 'bool' ? boolOps : integerOps)('%s', (op) => {
    check(dtype, dtype, (x, z) => b.binary(op, x, z));
  });
  test.each(['<', '<=', '>', '>=', '==', '!='] as const)('%s', (op) => {
    check(dtype, 'bool', (x, z) => b.compare(op, x, z));
    check(dtype, dtype, (x, z) => b.select(b.compare(op, x, z), z, x));
  });
  test.each(dtypes)(`to %s`, (to) => {
    check(dtype, to, (x) => b.cast(x, to));
  });
  test('not, isfinite', () => {
    check(dtype, 'bool', (x) => b.unary('not', x));
    check(dtype, 'bool', (x) => b.unary('isfinite', x));
  });
  test.each(['neg', 'abs', 'sign', 'floor', 'ceil', 'round', 'sqrt'] as const)('%s', (op) => {
    if (dtype === 'bool' || (op === 'sqrt' && dtype !== 'f32')) return;
    check(dtype, dtype, (x) => b.unary(op, x));
  });
});

describe('constants', () => {
  test.each([0, -0, 1, -2.5, Infinity, -Infinity, NaN])('min and max of f32 with %d', (limit) => {
    for (const op of ['min', 'max'] as const) {
      check('f32', 'f32', (x) => b.binary(op, x, b.literal(limit)));
      check('f32', 'f32', (x) => b.binary(op, b.literal(limit), x));
    }
  });
  test.each([3, -1, 0, 40])('integers with %d', (value) => {
    for (const op of integerOps) check('i32', 'i32', (x) => b.binary(op, x, b.literal(value, 'i32')));
    for (const op of integerOps) check('u32', 'u32', (x) => b.binary(op, b.literal(value >>> 0, 'u32'), x));
  });
  test('the same bits under another type', () => {
    for (const to of ['f32', 'i32', 'u32'] as const) {
      const numbers = floats.map((value) => (Number.isNaN(value) ? 1 : value));
      check('f32', to, (x) => b.bitcast(x, to), numbers);
      check(
        'i32',
        to,
        (x) => b.bitcast(x, to),
        ints.map((value) => value & 0x3fffffff),
      );
      check(
        'u32',
        to,
        (x) => b.bitcast(x, to),
        samples.u32.map((value) => value & 0x3fffffff),
      );
    }
  });
  test('known answers, so that both cannot be wrong alike', () => {
    for (const result of check('f32', 'f32', (x) => b.unary('round', x)).slice(0, 2))
      expect([...result.subarray(4, 8)]).toEqual([0, 2, 2, -2]);
    for (const result of check('f32', 'u8', (x) => b.cast(x, 'u8')).slice(0, 2))
      expect([...result.subarray(8, 15)]).toEqual([255, 0, 255, 0, 0, 255, 255]);
    for (const result of check('f32', 'f32', (x) => b.max(x, 0)).slice(0, 2))
      expect([Object.is(result[1], 0), result[15], result[17]]).toEqual([true, NaN, 0]);
  });
});

test('sums of products round twice, in lanes too', () => {
  check('f32', 'f32', (x, z) => b.add(b.mul(x, z), b.literal(1 / 3)));
  check('f32', 'f32', (x, z) => b.add(z, b.mul(x, b.literal(1 / 3))));
});
test('index arithmetic and the batch are values', () => {
  const y = denseBuffer('y', 'i32', ['N', 8]);
  const [n, i, lane]: [Axis, Axis, Axis] = [
    { name: 'n', extent: 'N' },
    { name: 'i', extent: 2 },
    { name: 'lane', extent: 4 },
  ];
  const place: Affine = {
    constant: 0,
    terms: [
      { axis: i, factor: 4 },
      { axis: lane, factor: 1 },
    ],
  };
  const index: Affine = {
    constant: 5,
    terms: [
      { axis: n, factor: 100 },
      { axis: i, factor: -7 },
      { axis: lane, factor: 3 },
    ],
  };
  const value = b.binary('mul', b.value(index), b.batch());
  const kernel: Kernel = {
    name: 'k',
    kind: 'elementwise',
    inputs: [],
    outputs: [y],
    body: [
      serial(n, [
        serial(i, [
          {
            kind: 'for',
            axis: lane,
            range: wholeRange(lane),
            mode: 'vectorize',
            body: [{ kind: 'store', buffer: y, index: [affine(n), place], value }],
          },
        ]),
      ]),
    ],
  };
  expect([...expectInterpreted(kernel, 2)[0]!.slice(8, 14)]).toEqual([210, 216, 222, 228, 196, 202]);
});
