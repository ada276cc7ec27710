/** Every schedule step keeps every bit: on the kernel it is made for, and in random sequences on random kernels. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { affine, addAffine } from '../../../compiler/loop/affine.ts';
import { DefinitionBuilder, denseBuffer } from '../../../compiler/loop/builder.ts';
import type { Buffer, Expr, Kernel, Stmt } from '../../../compiler/loop/ir.ts';
import { parseKernel } from '../../../compiler/loop/parse.ts';
import { printKernel } from '../../../compiler/loop/print.ts';
import { serial, visitStmts } from '../../../compiler/loop/rewrite.ts';
import { collapse } from '../../../compiler/loop/transform/collapse.ts';
import { loopAxes } from '../../../compiler/loop/transform/find.ts';
import { hoist } from '../../../compiler/loop/transform/hoist.ts';
import { inlineLets } from '../../../compiler/loop/transform/inline.ts';
import { jam } from '../../../compiler/loop/transform/jam.ts';
import { reorder } from '../../../compiler/loop/transform/reorder.ts';
import { share } from '../../../compiler/loop/transform/share.ts';
import { simplify } from '../../../compiler/loop/transform/simplify.ts';
import { peel, split } from '../../../compiler/loop/transform/split.ts';
import { scalarize, unroll, unrollMarked } from '../../../compiler/loop/transform/unroll.ts';
import type { Step } from '../../../compiler/schedule/index.ts';
import { applyStep } from '../../../compiler/schedule/index.ts';
import { bitsOf, expectSame, windowKernels } from '../kernels.ts';

/** A matrix product with bias: y[i, j] = sum over k of a[i, k] b[k, j] + c[j]. */
const matrix =
  parseKernel(`kernel matmul_add [contraction](a: f32[N, 5], b: f32[5, 7], c: f32[7]) -> (y: f32[N, 7]) {
  for n: N in 0..N {
    for j: 7 in 0..7 {
      alloc register acc: f32[]
      acc[] = 0.0
      for k: 5 in 0..5 {
        acc[] add= a[n, k] * b[k, j]
      }
      y[n, j] = acc[] + c[j]
    }
  }
}
`);

const text = (kernel: Kernel): string => printKernel(kernel);
const tiled = (kernel: Kernel, size: number): Kernel =>
  split(kernel, 'j', size, { block: 'jb', inner: 'jt', rest: 'jr' });

describe('steps', () => {
  it('split: blocks and a rest', () => {
    const after = tiled(matrix, 3);
    expectSame(matrix, after);
    expect(text(after)).toContain('b[k, 3 * jb + jt]');
    expect(text(after)).toContain('b[k, jr + 6]');
    expectSame(matrix, tiled(matrix, 7));
    expectSame(matrix, tiled(matrix, 9));
  });

  it('peel: two loops', () => {
    const after = peel(matrix, 'j', 2);
    expectSame(matrix, after);
    expect(loopAxes(after.body).map(({ extent }) => extent)).toEqual(['N', 2, 5, 5]);
  });

  it('reorder: another order of the same loops', () => {
    const after = reorder(matrix, ['j', 'n']);
    expectSame(matrix, after);
    expect(loopAxes(after.body).map(({ name }) => name)).toEqual(['j', 'n', 'k']);
    expect(() => reorder(matrix, ['j', 'k'])).toThrow(/not nested directly/);
  });

  it('jam and unroll: registers per element, one load for all of them', () => {
    const k = loopAxes(matrix.body).find(({ name }) => name === 'k')!;
    const jammed = jam(tiled(matrix, 3), 'jt', { through: new Set([k]), mode: 'unroll' });
    expectSame(matrix, jammed);
    const after = simplify(share(scalarize(unrollMarked(jammed))));
    expectSame(matrix, after);
    expect(text(after)).toContain('alloc register acc2: f32[]');
    expect(text(after)).toMatch(/let a0: f32 = a\[n, k\]\n\s*acc0\[\] add= a0 \* b\[k, 3 \* jb\]/);
  });

  it('scalarize: a register array that two copies of a body declare', () => {
    const pair = parseKernel(`kernel pair [contraction](x: f32[4]) -> (y: f32[4]) {
  for i: 4 in 0..4 {
    alloc register acc: f32[2]
    acc[0] = x[i]
    acc[1] = acc[0] * 2.0
    y[i] = acc[1]
  }
}
`);
    const copied: Kernel = { ...pair, body: [...pair.body, ...pair.body] };
    expectSame(pair, scalarize(copied));
  });

  it('jam: keeps a loop apart whose bounds depend on the axis', () => {
    const triangle = parseKernel(`kernel triangle [contraction](x: f32[4, 4]) -> (y: f32[4]) {
  for i: 4 in 0..4 {
    alloc register acc: f32[]
    acc[] = 0.0
    for k: 4 in 0..i + 1 {
      acc[] add= x[i, k]
    }
    y[i] = acc[]
  }
}
`);
    const k = loopAxes(triangle.body)[1]!;
    expectSame(triangle, jam(triangle, 'i', { through: new Set([k]), mode: 'serial' }));
  });

  it('unroll: one copy per iteration, with its own lets', () => {
    const after = unroll(matrix, 'k');
    expectSame(matrix, after);
    expect(text(after).match(/acc\[\] add=/g)?.length).toBe(5);
    expect(() => unroll(matrix, 'n')).toThrow(/not constant/);
  });

  it('simplify: bounds that another implies, single iterations, conditions that hold', () => {
    const kernel = parseKernel(`kernel k [window](x: f32[6]) -> (y: f32[3]) {
  for i: 3 in 0..3 {
    y[i] = 0.0
    for k: 6 in max(0, floor((2 * i + 1) / 2))..min(6, i + 1) {
      if 0 <= k < 6 and 0 <= k - i < 1 {
        y[i] add= x[k]
      }
    }
  }
}
`);
    const after = simplify(kernel);
    expectSame(kernel, after);
    expect(text(after)).toContain('y[i] add= x[i]');
    expect(text(after)).not.toMatch(/if|for k/);
  });

  it('collapse: joins loops that walk all buffers in one row, and no others', () => {
    const copy =
      parseKernel(`kernel k [elementwise](x: f32[N, 2, 3, 1, 4], s: f32[4]) -> (y: f32[N, 2, 3, 1, 4]) {
  for n: N in 0..N {
    for h: 2 in 0..2 {
      for w: 3 in 0..3 {
        for c: 4 in 0..4 {
          y[n, h, w, 0, c] = x[n, h, w, 0, c] * s[c]
        }
      }
    }
  }
}
`);
    const after = collapse(copy);
    expect(bitsOf(after, 2)).toBe(bitsOf(copy, 2));
    expect(text(after)).toContain('y[n, hw, c] = x[n, hw, c] * s[c]');
    expect(text(after)).toContain('x: f32[N, 6, 4]');
    const strided: Kernel = parseKernel(text(copy).replace('4]) ->', '4] strides [48, 24, 8, 4, 1]) ->'));
    expect(loopAxes(collapse(strided).body).length).toBe(3);
  });

  it('hoist: loads that stay the same leave the loops', () => {
    const kernel = parseKernel(`kernel k [elementwise](x: f32[N, 3], s: f32[], t: f32[]) -> (y: f32[N, 3]) {
  for n: N in 0..N {
    for c: 3 in 0..3 {
      y[n, c] = x[n, c] * (s[] + t[])
    }
  }
}
`);
    const after = hoist(kernel);
    expectSame(kernel, after);
    expect(after.body.map(({ kind }) => kind)).toEqual(['let', 'for']);
  });

  it('hoist: leaves what a loop may not reach, or writes, where it is', () => {
    const kernel = parseKernel(`kernel k [elementwise](x: f32[2], s: f32[]) -> (y: f32[2]) {
  for a: 2 in 0..2 {
    y[a] = 1.0
    for b: 2 in a + 1..2 {
      y[a] = y[a] + s[]
    }
  }
}
`);
    const after = hoist(kernel);
    expectSame(kernel, after);
    expect(text(after)).toBe(text(kernel));
  });
});

describe('lets', () => {
  const b = new DefinitionBuilder();
  const axis = { name: 'i', extent: 8 };
  const [x, y, z] = ['x', 'y', 'z'].map((name) => denseBuffer(name, 'f32', [8])) as [Buffer, Buffer, Buffer];
  const at = (buffer: Buffer): Expr => ({ kind: 'load', buffer, index: [affine(axis)] });
  const store = (buffer: Buffer, value: Expr): Stmt => ({
    kind: 'store',
    buffer,
    index: [affine(axis)],
    value,
  });
  const kernel = (body: readonly Stmt[]): Kernel => ({
    name: 'k',
    kind: 'elementwise',
    inputs: [x],
    outputs: [y, z],
    body: [serial(axis, body)],
  });

  it('share: a repeated expression is computed once, before the first store', () => {
    const e = b.add(b.mul(at(x), at(x)), 1);
    const before = kernel([store(y, e), store(z, b.mul(e, 2))]);
    const after = share(before);
    expectSame(before, after);
    expect(text(after).match(/x\[i\]/g)?.length).toBe(1);
    expect(text(after).match(/\*/g)?.length).toBe(2);
  });

  it('share: what is written is read anew', () => {
    const before = kernel([store(y, at(x)), store(z, at(y)), store(y, b.add(at(y), 1)), store(z, at(y))]);
    const after = share(before);
    expectSame(before, after);
    expect(text(after)).toBe(text(before));
  });

  it('inline: a let used once goes into its use, but never behind a store', () => {
    const [one, two] = [
      { name: 'one', dtype: 'f32' as const },
      { name: 'two', dtype: 'f32' as const },
    ];
    const before = kernel([
      { kind: 'let', local: one, value: b.mul(at(x), 2) },
      { kind: 'let', local: two, value: b.add(at(x), 1) },
      store(y, { kind: 'local', local: one }),
      store(z, { kind: 'local', local: two }),
    ]);
    const after = inlineLets(before);
    expectSame(before, after);
    expect(text(after)).toContain('y[i] = x[i] * 2.0');
    // x may share memory with y, so its element is read before y is written.
    expect(text(after)).toMatch(/let two[^]*y\[i\] =[^]*z\[i\] = two/);
  });
});

describe('random sequences of steps', () => {
  /** Steps that fit the kernel as it stands; `pick` chooses among what there is. */
  function randomStep(kernel: Kernel, pick: (limit: number) => number): Step | undefined {
    const loops: (Stmt & { kind: 'for' })[] = [];
    visitStmts(kernel.body, (stmt) => {
      if (stmt.kind === 'for') loops.push(stmt);
    });
    const loop = loops[pick(Math.max(loops.length, 1))];
    if (loop === undefined) return undefined;
    const axis = loop.axis.name;
    const extent = typeof loop.axis.extent === 'number' ? loop.axis.extent : 0;
    const all = loops.map((other) => other.axis.name);
    const steps: readonly Step[] = [
      { step: 'split', axis, size: 1 + pick(4), block: `${axis}b`, inner: `${axis}i`, rest: `${axis}r` },
      { step: 'peel', axis, at: 1 + pick(Math.max(extent - 1, 1)) },
      { step: 'unroll', axis },
      { step: 'collapse' },
      { step: 'simplify' },
      { step: 'share' },
      { step: 'hoist' },
      { step: 'inline' },
      { step: 'unroll_marked' },
    ];
    const nested = loop.body[0];
    if (
      nested?.kind === 'for' &&
      isResult(kernel, axis) &&
      isResult(kernel, nested.axis.name) &&
      pick(2) === 0
    )
      return { step: 'reorder', axes: [nested.axis.name, axis] };
    if (isResult(kernel, axis) && pick(2) === 0)
      return {
        step: 'jam',
        axis,
        through: all.filter((name) => name !== axis),
        mode: pick(2) === 0 ? 'serial' : 'unroll',
      };
    return steps[pick(steps.length)];
  }

  /** Whether the loops over the axis run over elements of the result: those around all accumulators. */
  function isResult(kernel: Kernel, name: string): boolean {
    let result = true;
    visitStmts(kernel.body, (stmt) => {
      if (stmt.kind === 'for' && stmt.axis.name === name) result &&= storesWith(stmt.body, name);
    });
    return result;
  }

  const storesWith = (body: readonly Stmt[], name: string): boolean => {
    let [found, allocates] = [false, false];
    visitStmts(body, (stmt) => {
      allocates ||= stmt.kind === 'alloc';
      if (stmt.kind === 'store' && stmt.buffer.space === 'global')
        found ||= stmt.index.some(({ terms }) => terms.some((term) => term.axis.name === name));
    });
    return found && allocates;
  };

  it('keep every bit of convolutions, pooling and their gradients', () => {
    const applied = new Map<Step['step'], number>();
    fc.assert(
      fc.property(
        windowKernels,
        fc.array(fc.nat(1000), { minLength: 12, maxLength: 40 }),
        fc.integer({ min: 1, max: 3 }),
        (kernel, choices, n) => {
          let at = 0;
          const pick = (limit: number): number => (choices[at++ % choices.length] as number) % limit;
          const expected = bitsOf(kernel, n);
          let current = kernel;
          for (let i = 0; i < 6; i++) {
            const step = randomStep(current, pick);
            if (step === undefined) break;
            let after: Kernel;
            try {
              after = applyStep(current, step);
            } catch (error) {
              // Steps refuse what they are not made for; they never do it wrongly.
              expect((error as Error).name).toBe('InvariantError');
              continue;
            }
            applied.set(step.step, (applied.get(step.step) ?? 0) + 1);
            if (text(after).length < 20000) current = after;
            expect(bitsOf(current, n), `${JSON.stringify(step)}\n${text(current)}`).toBe(expected);
          }
        },
      ),
      { numRuns: 120 },
    );
    for (const kind of ['split', 'peel', 'unroll', 'reorder', 'jam', 'share', 'hoist', 'simplify'] as const)
      expect(applied.get(kind) ?? 0, kind).toBeGreaterThan(5);
  });
});

describe('affine', () => {
  it('keeps sums in normal form', () => {
    const a = { name: 'a', extent: 3 };
    expect(addAffine(a, { constant: 1, terms: [{ axis: a, factor: -1 }] })).toEqual(affine(1));
  });
});
