/** Printing and parsing are inverse. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { denseBuffer, DefinitionBuilder } from '../../compiler/loop/builder.ts';
import { affine } from '../../compiler/loop/affine.ts';
import type { DType } from '../../compiler/base/types.ts';
import type { Expr, Kernel } from '../../compiler/loop/ir.ts';
import { parseKernel } from '../../compiler/loop/parse.ts';
import { printKernel } from '../../compiler/loop/print.ts';
import { serial } from '../../compiler/loop/rewrite.ts';
import { typescript } from '../../compiler/program/target.ts';
import { schedule } from '../../compiler/schedule/index.ts';
import { windowKernels } from './kernels.ts';

const b = new DefinitionBuilder();
const axis = { name: 'i', extent: 4 };
const buffers = (['f32', 'i32', 'u32', 'u8', 'bool'] as const).map((dtype) =>
  denseBuffer(`x_${dtype}`, dtype, [4]),
);
const load = (dtype: DType): Expr => ({
  kind: 'load',
  buffer: buffers.find((buffer) => buffer.dtype === dtype)!,
  index: [affine(axis)],
});

/** Random expressions of every kind and type. */
const { expr } = fc.letrec<{ expr: Expr }>((tie) => {
  const x = tie('expr');
  const number = (e: Expr, dtype: DType): Expr => b.cast(e, dtype);
  return {
    expr: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom<DType>('f32', 'i32', 'u32', 'u8', 'bool').map(load),
      fc.double().map((value) => b.literal(value)),
      fc.integer().map((value) => b.literal(value, 'i32')),
      fc.constantFrom(
        b.literal(7, 'u32'),
        b.literal(200, 'u8'),
        b.literal(1, 'bool'),
        b.batch(),
        b.literal(-0),
      ),
      fc.integer({ min: -5, max: 5 }).map((c) => b.value({ constant: c, terms: [{ axis, factor: -2 }] })),
      fc
        .tuple(x, fc.constantFrom('neg', 'abs', 'exp', 'sqrt', 'round', 'isfinite'))
        .map(([e, op]) => b.unary(op as 'neg', number(e, 'f32'))),
      fc
        .tuple(x, x, fc.constantFrom('add', 'sub', 'mul', 'div', 'min', 'max'))
        .map(([e, f, op]) => b.binary(op as 'add', number(e, 'f32'), number(f, 'f32'))),
      fc
        .tuple(x, x, fc.constantFrom('and', 'or', 'xor', 'shl', 'shr', 'rem', 'sub'))
        .map(([e, f, op]) => b.binary(op as 'and', number(e, 'i32'), number(f, 'i32'))),
      fc
        .tuple(x, x, fc.constantFrom('<', '==', '!=', '>='))
        .map(([e, f, op]) => b.compare(op as '<', number(e, 'f32'), number(f, 'f32'))),
      fc.tuple(x, x, x).map(([c, e, f]) => b.select(number(c, 'bool'), number(e, 'f32'), number(f, 'f32'))),
      x.map((e) => b.bitcast(number(e, 'f32'), 'u32')),
      x.map((e): Expr => ({
        ...(load('f32') as Expr & { kind: 'load' }),
        index: [{ clamped: number(e, 'i32') }],
      })),
    ),
  };
});

const storing = (value: Expr): Kernel => {
  const y = denseBuffer('y', 'f32', [4]);
  const store = { kind: 'store', buffer: y, index: [affine(axis)], value: b.cast(value, 'f32') } as const;
  return { name: 'k', kind: 'elementwise', inputs: buffers, outputs: [y], body: [serial(axis, [store])] };
};

describe('printKernel', () => {
  it('parses back to the same structure, for every expression', () => {
    fc.assert(
      fc.property(expr, (value) => {
        const kernel = storing(value);
        expect(parseKernel(printKernel(kernel))).toEqual(kernel);
      }),
      { numRuns: 500 },
    );
  });

  it('parses back to the same structure, for lowered and scheduled kernels', () => {
    fc.assert(
      fc.property(windowKernels, (kernel) => {
        expect(parseKernel(printKernel(kernel))).toEqual(kernel);
        const text = printKernel(schedule(kernel, typescript));
        expect(printKernel(parseKernel(text))).toBe(text);
      }),
      { numRuns: 150 },
    );
  });

  it('reads like the loops it is', () => {
    const text = `kernel conv [contraction](x: f32[N, 6, 2], w: f32[3, 2]) -> (y: f32[N, 4] strides [9] offset 2 stored f16, z: f32[N, 4] stored f16) {
  for n: N in 0..N {
    for i: 4 in 0..4 parallel {
      alloc register acc: f32[]
      acc[] = -0.5
      for k: 3 in max(0, floor((2 * i - 1) / 2))..min(3, -i + 6) {
        for c: 2 in 0..2 unroll {
          acc[] add= x[n, i + k, c] * w[k, c]
        }
      }
      if 0 <= i < 3 and 0 <= 2 * i - 1 < N {
        let big: bool = acc[] > 1e+30
        y[n, i] = (acc[] + 1.0) * (acc[] - (1.0 - f32(index(3 * i)))) / 2.0
        z[n, i] = select(big, inf, acc[])
      }
    }
  }
}
`;
    expect(printKernel(parseKernel(text))).toBe(text);
  });

  it('tells things of one name apart', () => {
    const other = { name: 'i', extent: 2 };
    const x = denseBuffer('i', 'f32', [4, 2]);
    const value: Expr = { kind: 'load', buffer: x, index: [affine(axis), affine(other)] };
    const y = denseBuffer('y', 'f32', [4, 2]);
    const store = { kind: 'store', buffer: y, index: [affine(axis), affine(other)], value } as const;
    const kernel: Kernel = {
      name: 'k',
      kind: 'gather',
      inputs: [x],
      outputs: [y],
      body: [serial(axis, [serial(other, [store])])],
    };
    const text = printKernel(kernel);
    expect(text).toContain('y[i_1, i_2] = i[i_1, i_2]');
    expect(printKernel(parseKernel(text))).toBe(text);
  });

  it('refuses text that is no kernel', () => {
    for (const text of ['', 'kernel', 'kernel k [x]() -> () { y[0] = 1.0 }', 'kernel k [x]() -> () {} ?'])
      expect(() => parseKernel(text)).toThrow();
  });
});
