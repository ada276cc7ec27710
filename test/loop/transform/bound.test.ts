/** Steps that make kernels for a GPU: on the kernels they are made for, and on random ones. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { elementsFor, interpret } from '../../../compiler/loop/interpret.ts';
import type { Kernel } from '../../../compiler/loop/ir.ts';
import { parseKernel } from '../../../compiler/loop/parse.ts';
import { printKernel } from '../../../compiler/loop/print.ts';
import { bind } from '../../../compiler/loop/transform/bind.ts';
import { cooperate } from '../../../compiler/loop/transform/cooperate.ts';
import { expandAllReduce } from '../../../compiler/loop/transform/expand-all-reduce.ts';
import { loopAxes } from '../../../compiler/loop/transform/find.ts';
import { liftConditions } from '../../../compiler/loop/transform/lift-conditions.ts';
import { mergeChunks } from '../../../compiler/loop/transform/merge-chunks.ts';
import { splitGuarded } from '../../../compiler/loop/transform/split-guarded.ts';
import { problemsOf, verifyKernel } from '../../../compiler/loop/verify.ts';
import { expectSame, windowKernels } from '../kernels.ts';

const text = (kernel: Kernel): string => printKernel(kernel);

/** y[n, j] = scale of row n · x[n, j], with the scales of rows behind. */
const rows = parseKernel(`kernel rows [reduction](x: f32[N, 37]) -> (y: f32[N, 37], z: f32[N]) {
  for n: N in 0..N {
    alloc register top: f32[]
    top[] = -inf
    for i: 37 in 0..37 {
      top[] max= x[n, i]
    }
    alloc register sum: f32[]
    sum[] = 0.0
    for j: 37 in 0..37 {
      sum[] add= x[n, j] + top[]
    }
    for k: 37 in 0..37 {
      y[n, k] = x[n, k] / sum[]
    }
    z[n] = sum[]
  }
}
`);

/** Sums in chunks of four, over the batch as well. */
const sums = parseKernel(`kernel sums [reduction](x: f32[N, 10, 6]) -> (y: f32[6]) {
  for c: 6 in 0..6 {
    alloc register total: f32[]
    total[] = 0.0
    for n: N in 0..N {
      for chunk: 3 in 0..3 {
        alloc register acc: f32[]
        acc[] = 0.0
        for i: 4 in 0..min(4, -4 * chunk + 10) {
          acc[] add= x[n, 4 * chunk + i, c]
        }
        total[] add= acc[]
      }
    }
    y[c] = total[] * 0.5
  }
}
`);

/** The results of a kernel whose elements are small whole numbers, which add up to the same in any order. */
function wholeNumbers(kernel: Kernel, n: number): string {
  verifyKernel(kernel);
  const memory = (shape: readonly (number | 'N')[]): number =>
    shape.reduce<number>((product, extent) => product * (extent === 'N' ? n : extent), 1);
  const inputs = kernel.inputs.map(({ dtype, shape }, k) =>
    elementsFor(dtype, memory(shape), 'f32').map((_, i) => ((i * 7 + k) % 11) - 5),
  );
  const outputs = kernel.outputs.map(({ dtype, shape }) => elementsFor(dtype, memory(shape), 'f32').fill(77));
  interpret(kernel, [...inputs, ...outputs], { n, precision: 'f32', races: true });
  return outputs.join();
}

const expectEqual = (before: Kernel, after: Kernel): void => {
  for (const n of [1, 2, 7]) expect(wholeNumbers(after, n), text(after)).toBe(wholeNumbers(before, n));
};

const names = { block: 'block', inner: 'in' };

describe('steps', () => {
  it('split_guarded: blocks of which the last may reach beyond the end, of the batch too', () => {
    const batch = splitGuarded(rows, 'n', 4, names);
    expect(text(batch)).toContain('for block: N in 0..floor((N + 3) / 4) {');
    expect(text(batch)).toContain('if 0 <= 4 * block + in < N {');
    expectSame(rows, batch, 6);
    const uneven = splitGuarded(sums, 'c', 4, names);
    expect(text(uneven)).toContain('if 0 <= 4 * block + in < 6 {');
    expectSame(sums, uneven);
    const even = splitGuarded(sums, 'c', 3, names);
    expect(text(even)).not.toContain('if');
    expectSame(sums, even);
    expect(() => splitGuarded(sums, 'i', 2, names)).toThrow('only a whole loop');
  });

  it('split_guarded: keeps the bits of random kernels, whose accesses stay provably inside', () => {
    const property = fc.property(
      windowKernels,
      fc.nat(3),
      fc.integer({ min: 1, max: 5 }),
      (kernel, at, size) => {
        const axes = loopAxes(kernel.body).filter(({ name }) => /^(n|h|w|c|i\d)$/.test(name));
        const axis = axes[at % axes.length];
        if (axis !== undefined) expectSame(kernel, splitGuarded(kernel, axis.name, size, names));
      },
    );
    fc.assert(property, { numRuns: 300 });
  });

  it('lift_conditions: out of loops that they do not depend on, and together', () => {
    const both = splitGuarded(splitGuarded(parseKernel(map), 'i', 4, names), 'j', 2, {
      block: 'jb',
      inner: 'ji',
    });
    const lifted = liftConditions(both);
    expectSame(both, lifted);
    expect(text(lifted).match(/if .*/g)).toEqual([
      'if 0 <= 4 * block + in < 6 {',
      'if 0 <= 2 * jb + ji < 5 {',
    ]);
    const bound = liftConditions(bind(bind(both, 'jb', 'thread_x'), 'ji', 'thread_y'));
    expect(text(bound).match(/if .*/g)).toEqual(['if 0 <= 2 * jb + ji < 5 and 0 <= 4 * block + in < 6 {']);
  });

  it('bind: loops of which it is known before how long they are', () => {
    expectSame(rows, bind(rows, 'n', 'workgroup_x'));
    expect(text(bind(rows, 'n', 'workgroup_y'))).toContain('for n: N in 0..N bind(workgroup_y) {');
    expect(() => bind(rows, 'n', 'thread_x')).toThrow(
      'n cannot be bound to thread_x: its end is not a constant',
    );
    expect(() => bind(sums, 'i', 'thread_x')).toThrow('it has several bounds');
    expect(problemsOf(bind(sums, 'n', 'workgroup_x'))).toEqual(['n is bound inside of something else']);
  });

  it('merge_chunks: plain sums', () => {
    const merged = mergeChunks(sums);
    expect(text(merged)).toContain('total[] add= x[n, 4 * chunk + i, c]');
    expect(text(merged)).not.toContain('acc');
    expectEqual(sums, merged);
    // What begins with something else than nothing, or is read, stays.
    for (const [piece, by] of [
      ['acc[] = 0.0', 'acc[] = 1.0'],
      ['total[] add= acc[]', 'total[] add= acc[] * 2.0'],
      ['total[] add= acc[]', 'total[] max= acc[]'],
    ] as const) {
      const other = parseKernel(text(sums).replace(piece, by));
      expect(text(mergeChunks(other))).toBe(text(other));
    }
  });

  it('cooperate: threads share the loops of a row, and know the same of it', () => {
    const bound = bind(rows, 'n', 'workgroup_x');
    for (const threads of [2, 8, 32, 64]) {
      const together = cooperate(bound, { threads, to: 'thread_x', over: ['i', 'j', 'k'] });
      expectEqual(rows, together);
      expect(text(together).match(/all_reduce/g)).toHaveLength(2);
      expectEqual(rows, expandAllReduce(together));
      expect(text(expandAllReduce(together)).match(/barrier/g)).toHaveLength(4);
    }
    // A loop that is not divided, every thread runs for itself.
    expectEqual(rows, cooperate(bound, { threads: 4, to: 'thread_x', over: ['j', 'k'] }));
  });

  it('cooperate: beside threads of neighbouring results', () => {
    const merged = bind(mergeChunks(sums), 'c', 'thread_x');
    for (const over of ['n', 'chunk', 'i'])
      expectEqual(sums, cooperate(merged, { threads: 4, to: 'thread_y', over: [over] }));
    const split = splitGuarded(mergeChunks(sums), 'c', 2, names);
    const groups = bind(bind(split, 'block', 'workgroup_x'), 'in', 'thread_x');
    const together = cooperate(groups, { threads: 8, to: 'thread_y', over: ['n'] });
    expectEqual(sums, together);
    expectEqual(sums, expandAllReduce(together));
    expect(text(expandAllReduce(together))).toContain('alloc workgroup total_parts: f32[8, 2]');
  });

  it('cooperate: not where threads would need more of one another', () => {
    const attempt = (kernel: Kernel, ...over: readonly string[]) => {
      return () => cooperate(bind(kernel, 'n', 'workgroup_x'), { threads: 4, to: 'thread_x', over });
    };
    const changed = (piece: string, by: string): Kernel => {
      expect(text(rows)).toContain(piece);
      return parseKernel(text(rows).replace(piece, by));
    };
    expect(attempt(rows, 'i', 'j')).toThrow('a loop that writes y is not divided');
    expect(attempt(changed('sum[] = 0.0', 'sum[] = 1.0'), 'j', 'k')).toThrow('sum does not begin with 0');
    expect(attempt(changed('sum[] add= x[n, j] + top[]', 'sum[] = x[n, j]'), 'j', 'k')).toThrow(
      'sum is set in a divided loop',
    );
    expect(attempt(changed('z[n] = sum[]', 'z[n] = y[n, 3]'), 'i', 'j', 'k')).toThrow(
      'y is read by another thread than it is stored by',
    );
    const chunks = bind(sums, 'c', 'workgroup_x');
    expect(() => cooperate(chunks, { threads: 4, to: 'thread_x', over: ['i'] })).toThrow(
      'acc does not begin with 0',
    );
    expect(() => cooperate(chunks, { threads: 6, to: 'thread_x', over: ['n'] })).toThrow('no power of two');
  });
});

const map = `kernel map [elementwise](x: f32[6, 5]) -> (y: f32[6, 5]) {
  for i: 6 in 0..6 {
    for j: 5 in 0..5 {
      y[i, j] = x[i, j] * 2.0
    }
  }
}
`;
