/** exp, log and tanh as f32 arithmetic, against double precision over all kinds of numbers. */
import { describe, expect, it } from 'vitest';
import { affine } from '../../compiler/loop/affine.ts';
import { DefinitionBuilder, denseBuffer } from '../../compiler/loop/builder.ts';
import { interpret } from '../../compiler/loop/interpret.ts';
import type { Kernel } from '../../compiler/loop/ir.ts';
import { serial, visitExpr, visitStmts, exprsOf } from '../../compiler/loop/rewrite.ts';
import { lowerMath } from '../support/lower-math.ts';
import { verifyKernel } from '../../compiler/loop/verify.ts';
import { generator } from '../support/samples.ts';

type Name = 'exp' | 'log' | 'tanh';
const b = new DefinitionBuilder();

function kernelFor(op: Name, count: number): Kernel {
  const axis = { name: 'i', extent: count };
  const [x, y] = [denseBuffer('x', 'f32', [count]), denseBuffer('y', 'f32', [count])];
  const value = b.unary(op, { kind: 'load', buffer: x, index: [affine(axis)] });
  const body = [serial(axis, [{ kind: 'store', buffer: y, index: [affine(axis)], value }])];
  return { name: op, kind: 'elementwise', inputs: [x], outputs: [y], body };
}

function apply(op: Name, xs: Float32Array): Float32Array {
  const kernel = lowerMath(kernelFor(op, xs.length));
  verifyKernel(kernel);
  const ys = new Float32Array(xs.length);
  interpret(kernel, [xs, ys], { n: 1, precision: 'f32' });
  return ys;
}

/** The distance of neighbouring f32 numbers around x. */
function ulp(x: number): number {
  return 2 ** Math.max(Math.floor(Math.log2(Math.abs(x))) - 23, -149);
}

/** Random bits of every magnitude, and many numbers where the function is not trivial. */
function points(range: number): Float32Array {
  const random = generator(3);
  const xs = new Float32Array(60000);
  const bits = new Uint32Array(xs.buffer);
  for (let i = 0; i < xs.length; i++)
    if (i % 3 === 0) bits[i] = random() * 2 ** 32;
    else xs[i] = (random() * 2 - 1) * range;
  return xs;
}

describe.each([
  ['exp', 105, 2],
  ['log', 4, 2],
  ['tanh', 10, 4],
] as const)('%s', (op, range, limit) => {
  it(`is within ${limit} ulp`, () => {
    const xs = points(range);
    const ys = apply(op, xs);
    let worst = 0;
    xs.forEach((x, i) => {
      const exact = Math[op](x);
      const y = ys[i] as number;
      if (Number.isNaN(exact)) return expect(y).toBeNaN();
      if (Object.is(Math.fround(exact), y)) return;
      expect(Number.isFinite(y), `${op}(${x}) = ${y}`).toBe(true);
      worst = Math.max(worst, Math.abs(y - exact) / ulp(exact));
    });
    expect(worst).toBeLessThanOrEqual(limit);
    expect(worst).toBeGreaterThan(0.5);
  });

  it('leaves no call of it behind', () => {
    visitStmts(lowerMath(kernelFor(op, 1)).body, (stmt) => {
      for (const expr of exprsOf(stmt))
        visitExpr(expr, (e) =>
          expect(e.kind === 'unary' && ['exp', 'log', 'tanh'].includes(e.op)).toBe(false),
        );
    });
  });
});

describe('special values', () => {
  it.each([
    [
      'exp',
      [0, -0, Infinity, -Infinity, 88.72283, 88.7229, -104],
      [1, 1, Infinity, 0, 3.402798519021476e38, Infinity, 0],
    ],
    ['log', [0, -0, 1, Infinity, -1], [-Infinity, -Infinity, 0, Infinity, NaN]],
    ['tanh', [0, -0, Infinity, -Infinity, 20, -20], [0, -0, 1, -1, 1, -1]],
  ] as const)('of %s', (op, xs, expected) => {
    expect([...apply(op, Float32Array.from([...xs, NaN]))]).toEqual([...expected, NaN]);
  });

  it('denormal arguments and results count', () => {
    expect(apply('exp', Float32Array.of(-95))[0]).toBeCloseTo(Math.exp(-95), 44);
    expect(apply('log', Float32Array.of(1e-40))[0]).toBeCloseTo(Math.log(Math.fround(1e-40)), 5);
    expect(apply('tanh', Float32Array.of(1e-40))[0]).toBe(Math.fround(1e-40));
  });
});
