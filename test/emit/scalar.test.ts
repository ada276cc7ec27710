/** Scalar operations at the edges of their types: the function gives the bits of the interpreter. */
import { describe, expect, test } from 'vitest';
import type { DType } from '../../compiler/base/types.ts';
import { kernelFunction } from '../../compiler/emit/ts/kernel.ts';
import { NameScope } from '../../compiler/emit/ts/names.ts';
import { printModule } from '../../compiler/emit/ts/tree.ts';
import { affine } from '../../compiler/loop/affine.ts';
import { denseBuffer, readerOf } from '../../compiler/loop/builder.ts';
import type { Elements } from '../../compiler/loop/interpret.ts';
import type { Axis, Expr, Kernel } from '../../compiler/loop/ir.ts';
import { serial } from '../../compiler/loop/rewrite.ts';
import { emittedKernel } from '../support/emitted.ts';
import { b, elementwise, floats, ints, length, run, samples } from './kernels.ts';

describe('scalar operations on numbers at the edges', () => {
  const numeric = ['f32', 'i32', 'u32', 'u8'] as const;
  const pairs = (dtype: DType): [Elements, Elements][] =>
    [0, 3, 11].map((shift) => {
      const turned = samples[dtype].slice();
      turned.forEach((_, i) => (turned[i] = samples[dtype][(i + shift) % length]!));
      return [samples[dtype], turned];
    });

  for (const dtype of [...numeric, 'bool'] as const) {
    const floatOps = ['add', 'sub', 'mul', 'div', 'min', 'max', 'rem'] as const;
    const intOps = [...floatOps, 'and', 'or', 'xor', 'shl', 'shr'] as const;
    const binaryOps =
      dtype === 'f32' ? floatOps : dtype === 'bool' ? (['and', 'or', 'xor', 'min', 'max'] as const) : intOps;
    test.each(binaryOps)(`%s of ${dtype}`, (op) => {
      for (const [x, z] of pairs(dtype))
        run(
          elementwise(dtype, dtype, (p, q) => b.binary(op, p, q), length),
          [x, z],
        );
    });
    test.each(['<', '<=', '>', '>=', '==', '!='] as const)(`%s of ${dtype}`, (op) => {
      const kernel = elementwise(dtype, 'bool', (p, q) => b.compare(op, p, q), length);
      for (const [x, z] of pairs(dtype)) run(kernel, [x, z]);
    });
    test.each(['f32', 'i32', 'u32', 'u8', 'bool'] as const)(`${dtype} to %s`, (to) => {
      run(
        elementwise(dtype, to, (p) => b.cast(p, to), length),
        [samples[dtype], samples[dtype]],
      );
    });
  }
  test.each(['neg', 'abs', 'sqrt', 'floor', 'ceil', 'round', 'sign'] as const)('%s of f32', (op) => {
    run(
      elementwise('f32', 'f32', (p) => b.unary(op, p), length),
      [floats, floats],
    );
  });
  test.each(['neg', 'abs'] as const)('%s of i32', (op) => {
    run(
      elementwise('i32', 'i32', (p) => b.unary(op, p), length),
      [ints, ints],
    );
  });
  test('isfinite and not', () => {
    run(
      elementwise('f32', 'bool', (p) => b.unary('isfinite', p), length),
      [floats, floats],
    );
    run(
      elementwise('bool', 'bool', (p) => b.unary('not', p), length),
      [samples.bool, samples.bool],
    );
  });
  test('the same bits under another type', () => {
    for (const from of ['f32', 'i32', 'u32'] as const) {
      for (const to of ['f32', 'i32', 'u32'] as const) {
        // NaN payloads aside.
        const x =
          from === 'f32'
            ? floats.map((value) => (Number.isNaN(value) ? 1 : value))
            : samples[from].map((v) => v & 0x3fffffff);
        run(
          elementwise(from, to, (p) => b.bitcast(p, to), length),
          [x, x],
        );
      }
    }
  });
  test('known answers, so that both cannot be wrong alike', () => {
    const [rounded] = run(
      elementwise('f32', 'f32', (p) => b.unary('round', p), length),
      [floats, floats],
    );
    expect([...rounded!.subarray(4, 8)]).toEqual([0, 2, 2, -2]);
    const [saturated] = run(
      elementwise('f32', 'i32', (p) => b.cast(p, 'i32'), length),
      [floats, floats],
    );
    expect([...saturated!.subarray(8, 10), ...saturated!.subarray(15, 18)]).toEqual([
      2147483647, -2147483648, 0, 2147483647, -2147483648,
    ]);
    const [smallest] = run(
      elementwise('f32', 'f32', (p, q) => b.min(p, q), length),
      [floats, floats.toReversed()],
    );
    expect(Object.is(smallest![0], -7.300000190734863)).toBe(true);
    const [zero] = run(
      elementwise('f32', 'f32', (p) => b.max(p, b.literal(-0)), length),
      [floats, floats],
    );
    expect(Object.is(zero![1], -0) && Object.is(zero![0], 0)).toBe(true);
  });
});

describe('selection', () => {
  test('does not read the branch that is not taken', () => {
    const x = denseBuffer('x', 'f32', [4]);
    const y = denseBuffer('y', 'f32', [6]);
    const i: Axis = { name: 'i', extent: 6 };
    const inside = b.compare('<', b.value(i), 4);
    const value = b.select(inside, b.mul(readerOf(x).at([i]), 2), -1);
    const kernel: Kernel = {
      name: 'k',
      kind: 'gather',
      inputs: [x],
      outputs: [y],
      body: [serial(i, [{ kind: 'store', buffer: y, index: [affine(i)], value }])],
    };
    const result = new Float32Array(6);
    const reads: string[] = [];
    const watched = new Proxy(Float32Array.of(1, 2, 3, 4), {
      get: (target, key) => (reads.push(String(key)), Reflect.get(target, key)),
    });
    emittedKernel(kernel)([watched, result], 1);
    expect([...result]).toEqual([2, 4, 6, 8, -1, -1]);
    expect(reads).toEqual(['0', '1', '2', '3']);
  });
  test('of long branches becomes a statement, with the same meaning', () => {
    const long = (x: Expr, z: Expr): Expr => {
      let sum = x;
      for (let k = 1; k < 12; k++) sum = b.add(b.mul(sum, b.literal(k / 7)), b.sub(z, k));
      return sum;
    };
    const kernel = elementwise(
      'f32',
      'f32',
      (x, z) => b.select(b.compare('<', x, z), long(x, z), b.select(b.compare('<', x, 0), long(z, x), x)),
      length,
    );
    run(kernel, [floats, floats.toReversed()]);
    const text = printModule([kernelFunction(kernel, 'k', new NameScope())], 'ts');
    expect(text).toContain('} else {');
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(110);
  });
});
