/** Steps that prepare loops for vectors, threads and caches: the same bits, and what they refuse. */
import { describe, expect, it } from 'vitest';
import type { Kernel } from '../../../compiler/loop/ir.ts';
import { parseKernel } from '../../../compiler/loop/parse.ts';
import { printKernel } from '../../../compiler/loop/print.ts';
import { isParallel } from '../../../compiler/loop/transform/parallel.ts';
import { problemsOf } from '../../../compiler/loop/verify.ts';
import type { Step } from '../../../compiler/schedule/index.ts';
import { bitsOf } from '../kernels.ts';
import { apply, loopsOf, same } from './support.ts';

const product = parseKernel(`kernel k [contraction](a: f32[N, 5], b: f32[5, 8]) -> (y: f32[N, 8]) {
  for n: N in 0..N {
    for c: 8 in 0..8 {
      alloc register acc: f32[]
      acc[] = 0.0
      for k: 5 in 0..5 {
        acc[] add= a[n, k] * b[k, c]
      }
      y[n, c] = max(acc[], 0.0)
    }
  }
}
`);

/** A padded convolution along one axis. */
const padded = parseKernel(`kernel k [contraction](x: f32[7, 3], w: f32[3, 3, 4]) -> (y: f32[7, 4]) {
  for i: 7 in 0..7 {
    for c: 4 in 0..4 {
      alloc register acc: f32[]
      acc[] = 0.0
      for k: 3 in max(0, -i + 1)..min(3, -i + 8) {
        for ci: 3 in 0..3 {
          acc[] add= x[i + k - 1, ci] * w[k, ci, c]
        }
      }
      y[i, c] = acc[]
    }
  }
}
`);

const copy = parseKernel(`kernel k [elementwise](x: f32[10]) -> (y: f32[10]) {
  for i: 10 in 0..10 {
    y[i] = x[i] + 1.0
  }
}
`);

describe('partition and overlap', () => {
  it('give each part loops of its own', () => {
    const parts = [
      { start: 0, extent: 1, suffix: '_a' },
      { start: 1, extent: 5, suffix: '_m' },
      { start: 6, extent: 1, suffix: '_z' },
    ];
    const after = same(padded, { step: 'partition', axis: 'i', parts }, { step: 'simplify' });
    expect(loopsOf(after)).toEqual(['c_a', 'k_a', 'ci_a', 'i_m', 'c_m', 'k_m', 'ci_m', 'c_z', 'k_z', 'ci_z']);
    expect(printKernel(after)).toContain('for k_m: 3 in 0..3');
  });

  it('may compute elements twice, but leaves none out', () => {
    const overlapping = [
      { start: 0, extent: 8, suffix: '_v' },
      { start: 6, extent: 4, suffix: '_x' },
    ];
    same(copy, { step: 'partition', axis: 'i', parts: overlapping });
    same(copy, { step: 'overlap', axis: 'i', size: 4, stride: 3, block: 'ib', inner: 'ii' });
    const gap = [
      { start: 0, extent: 4, suffix: '_v' },
      { start: 6, extent: 4, suffix: '_x' },
    ];
    expect(() => apply(copy, { step: 'partition', axis: 'i', parts: gap })).toThrow('do not cover');
    expect(() =>
      apply(copy, { step: 'overlap', axis: 'i', size: 4, stride: 4, block: 'ib', inner: 'ii' }),
    ).toThrow('do not end with');
  });
});

describe('split_batch', () => {
  const names = { block: 'nb', inner: 'ni', rest: 'nr', suffix: '_r' };

  it('makes blocks of samples, and a rest of the others', () => {
    const after = same(product, { step: 'split_batch', axis: 'n', size: 4, ...names });
    expect(printKernel(after)).toContain('for nb: N in 0..floor(N / 4)');
    expect(printKernel(after)).toMatch(/for nr: 4 in 0\.\.N - 4 \* nbs/);
  });

  it('is proved to stay inside of the batch, and only because it does', () => {
    const after = apply(product, { step: 'split_batch', axis: 'n', size: 4, ...names });
    const beyond = parseKernel(printKernel(after).replace('floor(N / 4)', 'floor((N + 3) / 4)'));
    expect(problemsOf(beyond).join()).toContain('may leave 0..N');
  });
});

describe('clip and shift', () => {
  it('clip: the middle of a loop has constant bounds', () => {
    const swapped = parseKernel(`kernel k [contraction](x: f32[9], d: f32[9]) -> (y: f32[3]) {
  for t: 3 in 0..3 {
    alloc register acc: f32[]
    acc[] = 0.0
    for i: 9 in max(0, -t + 1)..min(9, -t + 10) {
      acc[] add= x[i + t - 1] * d[i]
    }
    y[t] = acc[]
  }
}
`);
    const after = same(swapped, { step: 'clip', axis: 'i', from: 1, to: 8 }, { step: 'simplify' });
    expect(printKernel(after)).toContain('for i: 9 in 1..8');
    expect(loopsOf(after)).toEqual(['t', 'i_first', 'i', 'i_last']);
  });

  it('shift: a window that moves with an outer loop stands still', () => {
    const moving = parseKernel(`kernel k [contraction](x: f32[9]) -> (y: f32[7]) {
  for b: 7 in 0..7 {
    alloc register acc: f32[]
    acc[] = 0.0
    for a: 9 in b..b + 3 {
      acc[] add= x[a]
    }
    y[b] = acc[]
  }
}
`);
    const after = same(moving, { step: 'shift', axis: 'a', along: 'b' });
    expect(printKernel(after)).toContain('for a_shifted: 3 in 0..3');
    expect(printKernel(after)).toContain('x[b + a_shifted]');
    expect(() => apply(padded, { step: 'shift', axis: 'ci', along: 'i' })).toThrow('do not move');
  });
});

describe('stage', () => {
  const outside: Step = { step: 'reorder', axes: ['c', 'n'] };

  it('copies what a block of channels reads, in another order', () => {
    const split = { step: 'split', axis: 'c', size: 4, block: 'cb', inner: 'ci', rest: 'cr' } as const;
    const after = same(
      product,
      outside,
      split,
      { step: 'reorder', axes: ['n', 'ci'] },
      { step: 'stage', buffer: 'b', at: 'cb', order: [1, 0], names: ['bc', 'bk'] },
    );
    expect(printKernel(after)).toContain('alloc scratch b_staged: f32[4, 5]');
    expect(printKernel(after)).toContain('b_staged[bc, bk] = b[bk, 4 * cb + bc]');
    expect(printKernel(after)).toContain('b_staged[ci, k]');
  });

  it('copies a box around windows, cut off at the edges of the operand', () => {
    const whole = parseKernel(
      printKernel(padded).replace('for i: 7 in 0..7 {', 'for z: 1 in 0..1 { for i: 7 in 0..7 {') + '}',
    );
    const after = same(whole, { step: 'stage', buffer: 'x', at: 'z', order: [1, 0], names: ['xc', 'xi'] });
    expect(printKernel(after)).toContain('alloc scratch x_staged: f32[3, 7]');
  });

  it('refuses what has no size, or is read beyond an edge', () => {
    expect(() => apply(product, { step: 'stage', buffer: 'a', at: 'n', order: [0, 1], names: [] })).toThrow(
      'along the axes 1',
    );
    expect(() =>
      apply(product, outside, { step: 'stage', buffer: 'a', at: 'c', order: [0, 1], names: [] }),
    ).toThrow('a batch is not staged');
    expect(() => apply(padded, { step: 'stage', buffer: 'x', at: 'i', order: [0, 1], names: [] })).toThrow(
      'an edge is not staged',
    );
  });
});

describe('vectorize', () => {
  const four = (body: string): Kernel =>
    parseKernel(`kernel k [elementwise](x: f32[8], s: i32[4]) -> (y: f32[8]) {
  alloc register r: f32[]
  alloc register q: f32[4]
  alloc scratch t: f32[8]
  for l: 4 in 0..4 {
    ${body}
  }
}
`);
  const vectorize: Step = { step: 'vectorize', axis: 'l' };

  it.each([
    ['y[l] = x[l + 4] * x[2]'],
    ['y[2 * l] = x[7 - l]'.replace('7 - l', '-l + 7')],
    ['q[l] = x[l] let v: f32 = q[l] y[l] = v'],
    ['t[l] = x[l] y[l] = t[l]'],
    ['for u: 2 in 0..2 unroll { y[4 * u + l] = x[4 * u + l] }'],
  ])('takes %s', (body) => {
    expect(printKernel(apply(four(body), vectorize))).toContain('vectorize');
  });

  it.each([
    ['y[0] = x[l]', 'all lanes write one element'],
    ['r[] add= x[l]', 'shared by the lanes'],
    ['y[l] = x[l] y[l + 4] = y[-l + 3]', 'another lane may write'],
    ['y[l] = x[clamp(s[l])]', 'read at a computed place'],
    ['if 0 <= l < 2 { y[l] = x[l] }', 'differ in what they do'],
    ['for u: 2 in 0..2 { y[4 * u + l] = x[l] }', 'the loop over u is inside'],
    ['alloc register p: f32[] p[] = x[l] y[l] = p[]', 'there is alloc inside'],
    ['y[l] = f32(rem(s[l], 3i32))', 'no vector form'],
  ])('refuses %s', (body, reason) => {
    expect(() => apply(four(body), vectorize)).toThrow(reason);
  });

  it('is checked by verify, too', () => {
    const text = printKernel(four('r[] add= x[l]')).replace('0..4 {', '0..4 vectorize {');
    expect(problemsOf(parseKernel(text)).join()).toContain('l cannot be vectorized');
    expect(() => apply(copy, { step: 'vectorize', axis: 'i' })).toThrow('it has not 4 iterations');
  });

  it('jam: lanes go inside of the reduction, registers become vectors', () => {
    const after = same(
      product,
      { step: 'split', axis: 'c', size: 4, block: 'cb', inner: 'ci', rest: 'cr' },
      { step: 'jam', axis: 'ci', through: ['k'], mode: 'vectorize' },
    );
    expect(printKernel(after)).toContain('alloc register acc: f32[4]');
    expect(loopsOf(after)).toEqual(['n', 'cb', 'ci_each', 'k', 'ci_each_1', 'ci_each_2']);
  });

  it('jam: a straight body with a register, too', () => {
    const straight = parseKernel(`kernel k [window](x: f32[4]) -> (y: f32[4]) {
  for l: 4 in 0..4 {
    alloc register acc: f32[]
    acc[] = 0.0
    acc[] add= x[l]
    y[l] = acc[]
  }
}
`);
    const after = same(straight, { step: 'jam', axis: 'l', through: [], mode: 'vectorize' });
    expect(after.body.map(({ kind }) => kind)).toEqual(['alloc', 'for']);
  });
});

describe('spread', () => {
  const reduce = (dtype: 'bool' | 'f32' | 'i32', combine: string, init: string, extent: number): Kernel =>
    parseKernel(`kernel k [reduction](x: ${dtype}[${extent}]) -> (y: ${dtype}[]) {
  alloc register acc: ${dtype}[]
  acc[] = ${init}
  for r: ${extent} in 0..${extent} {
    acc[] ${combine}= x[r]
  }
  y[] = acc[]
}
`);
  it.each([
    ['bool', 'and', 'true', 9],
    ['bool', 'or', 'false', 8],
    ['f32', 'max', '-inf', 11],
    ['i32', 'min', '9i32', 7],
    ['i32', 'max', '-9i32', 6],
  ] as const)('%s %s in four lanes', (dtype, combine, init, extent) => {
    const kernel = reduce(dtype, combine, init, extent);
    const after = same(kernel, { step: 'spread', axis: 'r' });
    expect(printKernel(after)).toContain('vectorize');
  });

  it('refuses sums, whose order matters', () => {
    expect(() => apply(reduce('f32', 'add', '0.0', 8), { step: 'spread', axis: 'r' })).toThrow(
      'the order of add matters',
    );
  });
});

describe('start_inside and parallel', () => {
  const sum = parseKernel(`kernel k [reduction](x: f32[N, 6, 3]) -> (y: f32[3]) {
  for c: 3 in 0..3 {
    alloc register total: f32[]
    total[] = 0.0
    for n: N in 0..N {
      alloc register acc: f32[]
      acc[] = 0.0
      for r: 6 in 0..6 {
        acc[] add= x[n, r, c]
      }
      total[] add= acc[]
    }
    y[c] = total[]
  }
}
`);
  const stream: readonly Step[] = [
    { step: 'start_inside', axis: 'n' },
    { step: 'jam', axis: 'c', through: ['n'], mode: 'serial' },
    { step: 'keep_in_output', array: 'total' },
  ];

  it('totals start in the first iteration, inside of the loops that follow', () => {
    const after = same(sum, ...stream, { step: 'simplify' });
    expect(after.body.length).toBe(1);
    expect(printKernel(after)).toContain('if 0 <= n < 1');
  });

  it('threads share a kernel only if all that others see is written in parallel', () => {
    const after = apply(sum, ...stream, { step: 'parallel', axis: 'c' });
    expect(isParallel(after)).toBe(true);
    const text = printKernel(after);
    const outside = parseKernel(text.replace('for n: N in 0..N {', 'y[0] = 0.0\n for n: N in 0..N {'));
    expect(isParallel(outside)).toBe(false);
    expect(isParallel(sum)).toBe(false);
    expect(() => apply(after, { step: 'parallel', axis: 'n' })).toThrow('parallel loop already');
    const nested = parseKernel(text.replace('0..N {', '0..N parallel {'));
    expect(problemsOf(nested).join()).toContain('parallel loops are nested');
  });
});

describe('lanes and other steps', () => {
  const lanes = parseKernel(`kernel k [elementwise](x: f32[3, 8], s: f32[]) -> (y: f32[3, 8], z: f32[3, 8]) {
  for i: 3 in 0..3 {
    for b: 2 in 0..2 {
      for l: 4 in 0..4 vectorize {
        y[i, 4 * b + l] = x[i, 4 * b + l] * (s[] + 1.0)
        z[i, 4 * b + l] = x[i, 4 * b + l] + x[i, 0]
      }
    }
  }
}
`);

  it('hoist: what no loop changes leaves lanes together with the loop around', () => {
    const after = same(lanes, { step: 'hoist' });
    expect(after.body.map(({ kind }) => kind)).toEqual(['let', 'for']);
    expect(printKernel(after)).toMatch(/let \w+: f32 = x\[i, 0\]\n\s+for b/);
  });

  it('share: single elements stay in lanes, what is made of them is shared', () => {
    const after = same(lanes, { step: 'share' });
    expect(printKernel(after)).not.toContain('let');
    const twice = parseKernel(printKernel(lanes).replace('+ x[i, 0]', '* (s[] + 1.0)'));
    expect(printKernel(same(twice, { step: 'share' }))).toContain('let mul0');
  });

  it('share: scratch is read again only after it has changed', () => {
    const scratch = parseKernel(`kernel k [elementwise](x: f32[2]) -> (y: f32[2]) {
  alloc scratch t: f32[1]
  t[0] = x[0]
  for i: 2 in 0..2 {
    y[i] = t[0] * t[0]
  }
}
`);
    expect(printKernel(same(scratch, { step: 'share' })).match(/t\[0\]/g)?.length).toBe(2);
    const changed = parseKernel(printKernel(scratch).replace('y[i] =', 't[0] add= 1.0\n    y[i] ='));
    expect(printKernel(same(changed, { step: 'share' }))).toBe(printKernel(changed));
  });

  it('bits differ where a step would be wrong', () => {
    // What the other cases compare is able to differ.
    expect(bitsOf(parseKernel(printKernel(copy).replace('1.0', '2.0')), 1)).not.toBe(bitsOf(copy, 1));
  });
});
