/** What the verifier finds, and what it can prove. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseKernel } from '../../compiler/loop/parse.ts';
import type { Expr, Kernel } from '../../compiler/loop/ir.ts';
import { affine } from '../../compiler/loop/affine.ts';
import { problemsOf, verifyKernel } from '../../compiler/loop/verify.ts';
import { windowKernels } from './kernels.ts';

/** y[i] = value, over 3 places. */
const storing = (value: string, range = '0..3', place = 'i'): Kernel =>
  parseKernel(`kernel k [elementwise](x: f32[3], u: u8[3]) -> (y: f32[3]) {
  for i: 3 in ${range} {
    y[${place}] = ${value}
  }
}
`);

describe('problemsOf', () => {
  it.each([
    [storing('x[i]'), []],
    [storing('x[i + 1]'), ['index 0 of x may leave 0..3']],
    [storing('x[i + 1]', '0..2'), []],
    [storing('x[i]', '0..3', '2 * i'), ['index 0 of y may leave 0..3']],
    [storing('x[i - 1]', '1..3'), []],
    [storing('u[i]'), ['what is written to y is u8 instead of f32']],
    [storing('f32(u[i]) + select(u[i] == 3u8, x[i], 1.0)'), []],
    [storing('x[0, i]'), ['x has 1 axes, not 2']],
    [storing('x[clamp(i32(x[i]))]'), []],
    [storing('x[clamp(x[i])]'), ['a computed index of x is f32 instead of i32']],
  ] as const)('%#', (kernel, problems) => {
    expect(problemsOf(kernel)).toEqual(problems);
  });

  it('finds operations on two types', () => {
    const kernel = storing('x[i]');
    const [loop] = kernel.body;
    if (loop?.kind !== 'for' || loop.body[0]?.kind !== 'store') throw new Error('one store in one loop');
    const load = (at: 0 | 1): Expr => ({
      kind: 'load',
      buffer: kernel.inputs[at]!,
      index: [affine(loop.axis)],
    });
    const value: Expr = { kind: 'binary', op: 'add', dtype: 'f32', a: load(0), b: load(1) };
    const mixed: Kernel = { ...kernel, body: [{ ...loop, body: [{ ...loop.body[0], value }] }] };
    expect(problemsOf(mixed)).toEqual(['add: f32 meets u8']);
    const free: Kernel = { ...kernel, body: loop.body };
    expect(problemsOf(free)).toContain('axis i is used outside of its loop');
  });

  it('finds what cannot be stored as f16', () => {
    const text = `kernel k [elementwise](x: i32[3] stored f16) -> (y: i32[3]) {
  for i: 3 in 0..3 {
    alloc register r: f32[] stored f16
    y[i] = x[i]
  }
}
`;
    expect(problemsOf(parseKernel(text))).toEqual(['x is no f16', 'r is no f16']);
  });

  it('finds outputs that are not written and inputs that are', () => {
    const kernel = storing('x[i]');
    const turned: Kernel = { ...kernel, inputs: kernel.outputs, outputs: kernel.inputs };
    expect(problemsOf(turned)).toEqual([
      'input y is written',
      'output x is never written',
      'output u is never written',
    ]);
  });

  it('knows conditions and the bounds of other loops', () => {
    const text = (range: string, condition: string): string => `kernel k [window](x: f32[5]) -> (y: f32[5]) {
  for i: 5 in 0..5 {
    y[i] = 0.0
    for k: 3 in ${range} {
      if ${condition} {
        y[i] add= x[i + k - 1]
      }
    }
  }
}
`;
    expect(problemsOf(parseKernel(text('max(0, -i + 1)..min(3, -i + 6)', '0 <= i < 5')))).toEqual([]);
    expect(problemsOf(parseKernel(text('0..3', '0 <= i + k - 1 < 5')))).toEqual([]);
    expect(problemsOf(parseKernel(text('0..3', '0 <= i < 5')))).toEqual(['index 0 of x may leave 0..5']);
    expect(problemsOf(parseKernel(text('max(0, -i)..min(3, -i + 6)', '0 <= i < 5')))).not.toEqual([]);
    expect(problemsOf(parseKernel(text('max(0, -i + 1)..min(3, -i + 7)', '0 <= i < 5')))).not.toEqual([]);
  });

  it('proves every window of every geometry', () => {
    fc.assert(
      fc.property(windowKernels, (kernel) => verifyKernel(kernel)),
      { numRuns: 300 },
    );
  });

  it('throws with all of them', () => {
    expect(() => verifyKernel(storing('x[i + 1] + x[3]'))).toThrow(/kernel k: index 0 of x may leave/);
  });
});
