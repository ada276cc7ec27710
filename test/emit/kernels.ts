/** Kernels made by hand, and a way to run them on the interpreter and as functions. */
import { expect } from 'vitest';
import type { DType } from '../../compiler/base/types.ts';
import { affine } from '../../compiler/loop/affine.ts';
import { DefinitionBuilder, denseBuffer, readerOf } from '../../compiler/loop/builder.ts';
import type { Elements } from '../../compiler/loop/interpret.ts';
import { elementsFor, interpret } from '../../compiler/loop/interpret.ts';
import type { Axis, Expr, Kernel } from '../../compiler/loop/ir.ts';
import { serial } from '../../compiler/loop/rewrite.ts';
import { emittedKernel } from '../support/emitted.ts';

export const b = new DefinitionBuilder();

/** Those of a NaN are the same for all of them: which ones a `%` gives depends on how far V8 has optimized it. */
function bitsOf(elements: Elements): number[] {
  const { buffer } =
    elements instanceof Float32Array ? elements.map((x) => (x === x ? x : NaN)) : elements.slice();
  return [...new Uint8Array(buffer)];
}

/** Runs a kernel both ways on copies of `inputs`; gives the outputs, which must have the same bits. */
export function run(kernel: Kernel, inputs: readonly Elements[], n = 1): readonly Elements[] {
  const outputs = () =>
    kernel.outputs.map(({ dtype, shape }) =>
      elementsFor(
        dtype,
        shape.reduce<number>((product, extent) => product * (extent === 'N' ? n : extent), 1),
        'f32',
      ),
    );
  const [expected, actual] = [outputs(), outputs()];
  interpret(kernel, [...inputs, ...expected], { n, precision: 'f32' });
  emittedKernel(kernel)([...inputs, ...actual], n);
  actual.forEach((elements, i) => expect(bitsOf(elements)).toEqual(bitsOf(expected[i]!)));
  return actual;
}

/** y[i] = element(x[i], z[i]) */
export function elementwise(
  dtype: DType,
  result: DType,
  element: (x: Expr, z: Expr) => Expr,
  length: number,
): Kernel {
  const [x, z, y] = [
    denseBuffer('x', dtype, [length]),
    denseBuffer('z', dtype, [length]),
    denseBuffer('y', result, [length]),
  ];
  const i: Axis = { name: 'i', extent: length };
  const value = element(readerOf(x).at([i]), readerOf(z).at([i]));
  return {
    name: 'elementwise',
    kind: 'elementwise',
    inputs: [x, z],
    outputs: [y],
    body: [serial(i, [{ kind: 'store', buffer: y, index: [affine(i)], value }])],
  };
}

export const floats = Float32Array.of(
  0,
  -0,
  1,
  -1,
  0.5,
  1.5,
  2.5,
  -2.5,
  3e9,
  -3e9,
  1e38,
  -1e38,
  1e-45,
  255.5,
  300,
  NaN,
  Infinity,
  -Infinity,
  7.3,
  -7.3,
);
export const ints = Int32Array.of(
  0,
  1,
  -1,
  2,
  -2,
  7,
  -7,
  31,
  32,
  33,
  255,
  256,
  2147483647,
  -2147483648,
  65537,
  -65537,
  123456789,
  -123456789,
  3,
  100,
);
export const samples: Readonly<Record<DType, Elements>> = {
  f32: floats,
  i32: ints,
  u32: Uint32Array.from(ints),
  u8: Uint8Array.from(ints),
  bool: Uint8Array.from(ints, (x) => x & 1),
};
export const length = floats.length;
