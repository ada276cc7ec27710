/** Loops, pointers, registers, lanes, scratch memory and threads of kernels written by hand: the interpreter's bits. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { emitKernels } from '../../../compiler/emit/wasm/index.ts';
import { parseKernel } from '../../../compiler/loop/parse.ts';
import { verifyKernel } from '../../../compiler/loop/verify.ts';
import { targets } from '../../../compiler/program/target.ts';
import { schedule } from '../../../compiler/schedule/index.ts';
import { windowKernels } from '../../loop/kernels.ts';
import { expectInterpreted } from './run.ts';

/** Kernels as text, with the batches they run with. */
const kernels: Readonly<Record<string, string>> = {
  'a window of a larger buffer': `kernel k [elementwise](x: f32[N, 8]) -> (y: f32[N, 8] strides [20, 2] offset 1) {
    for n: N in 0..N { for i: 8 in 0..8 { y[n, i] = x[n, i] + 1.0 } }
  }`,
  'indices that go down': `kernel k [elementwise](x: f32[7, 5]) -> (y: f32[7, 5]) {
    for i: 7 in 0..7 { for j: 5 in 0..5 { y[i, j] = x[6 - i, 4 - j] } }
  }`,
  'indices below 0 but for the bounds of the loop': `kernel k [elementwise](x: f32[9]) -> (y: f32[9]) {
    for i: 9 in 0..9 {
      alloc register sum: f32[]
      sum[] = 0.0
      for j: 3 in max(0, 1 - i)..min(3, 10 - i) { sum[] add= x[i + j - 1] }
      y[i] = sum[]
    }
  }`,
  'indices below 0 but for a condition': `kernel k [elementwise](x: f32[9]) -> (y: f32[9]) {
    for i: 9 in 0..9 {
      alloc register sum: f32[]
      sum[] = x[i]
      if 0 <= i - 3 < 9 { sum[] add= x[i - 3] }
      if 0 <= i + 2 < 9 { sum[] add= x[i + 2] }
      y[i] = sum[]
    }
  }`,
  'bounds that are quotients': `kernel k [elementwise]() -> (y: f32[7, 7]) {
    for a: 7 in 0..7 { for b: 7 in 0..7 { y[a, b] = 0.0 } }
    for i: 7 in 0..7 {
      for j: 7 in max(0, floor((i - 3) / 2))..min(7, floor((i + 9) / 3)) { y[i, j] = 1.0 }
      for l: 7 in max(0, floor((i - 4) / 4))..min(7, floor(i / 4)) { y[i, l] = 2.0 }
      for m: 7 in max(0, floor((i - 5) / 3))..min(7, floor((i - 2) / 3)) { y[i, m] = 3.0 }
    }
  }`,
  'quotients of numbers below 0': `kernel k [elementwise]() -> (y: f32[7, 5]) {
    for a: 7 in 0..7 { for b: 5 in 0..5 { y[a, b] = 0.0 } }
    for i: 7 in 0..7 {
      for j: 5 in floor((i - 7) / 3)..0 { y[i, j + 3] = 1.0 }
      for l: 5 in floor((i - 7) / 2)..-1 { y[i, l + 4] add= 2.0 }
    }
  }`,
  'memory that a loop or a condition changes behind a read': `kernel k [elementwise](x: f32[3]) -> (y: f32[3], z: f32[4]) {
    alloc scratch s: f32[2]
    y[0] = x[0]
    s[0] = x[1]
    let before: f32 = y[0] + s[0]
    for i: 3 in 0..3 { y[0] add= x[i] }
    for j: 3 in 0..3 { s[0] add= x[j] }
    let between: f32 = y[0] + s[0]
    if 0 <= 0 < N { y[0] mul= 2.0 }
    if 0 <= 0 < N { s[0] mul= 3.0 }
    z[0] = before
    z[1] = between
    z[2] = y[0]
    z[3] = s[0]
    y[1] = 0.0
    y[2] = 0.0
  }`,
  'no iteration at all': `kernel k [elementwise](x: f32[4]) -> (y: f32[4]) {
    for i: 4 in 0..4 {
      y[i] = x[i]
      for j: 4 in i + 4..4 { y[i] = 9.0 }
      for l: 4 in 2..min(2, i) { y[l] = 9.0 }
    }
  }`,
  'loops that begin behind 0': `kernel k [elementwise](x: f32[12]) -> (y: f32[12]) {
    for i: 12 in 0..5 { y[i] = x[i] }
    for j: 12 in 5..12 { y[j] = x[j] * 2.0 }
  }`,
  'loops of one iteration, and written out': `kernel k [elementwise](x: f32[4, 6]) -> (y: f32[4, 6]) {
    for i: 4 in 0..1 { for j: 6 in 5..6 { y[i, j] = x[i, j] } }
    for i2: 4 in 0..4 unroll { for j2: 6 in 0..i2 { y[i2, j2] = x[i2, j2] + f32(index(i2)) } }
  }`,
  'the batch in indices and bounds': `kernel k [elementwise](x: f32[N, 3]) -> (y: f32[N, 3]) {
    for n: N in 0..N { for i: 3 in 0..3 { y[n, i] = x[N - n - 1, i] } }
    for m: N in floor(N / 2)..N { y[m, 1] = 5.0 }
  }`,
  'a computed place': `kernel k [elementwise](x: f32[5, 2], at: i32[6]) -> (y: f32[6]) {
    for i: 6 in 0..6 { y[i] = x[clamp(at[i] - 2i32), 1] }
  }`,
  'a computed place in a batch': `kernel k [elementwise](x: f32[N, 2], at: i32[6]) -> (y: f32[6]) {
    for i: 6 in 0..6 { y[i] = x[clamp(at[i] * 3i32 - 4i32), 1] }
  }`,
  'memory that is read again behind a write': `kernel k [elementwise](x: f32[3]) -> (y: f32[3]) {
    y[0] = x[0]
    y[1] = y[0] + x[1]
    for i: 3 in 0..2 { y[1] add= y[0] * x[i] }
    y[2] = y[1] + y[0]
    if 0 <= 1 < 3 { y[0] = 4.0 }
    y[2] add= y[0]
  }`,
  'registers that a loop indexes': `kernel k [elementwise](x: f32[5]) -> (y: f32[5]) {
    alloc register table: f32[5]
    alloc register bytes: u8[5]
    for i: 5 in 0..5 { table[i] = x[i] * 2.0 bytes[i] = u8(index(i)) }
    for j: 5 in 0..5 { y[j] = table[4 - j] + f32(bytes[j]) }
  }`,
  'registers of all types': `kernel k [elementwise](x: f32[6]) -> (y: f32[6]) {
    for i: 6 in 0..6 {
      alloc register a: i32[2]
      alloc register c: bool[]
      a[0] = i32(x[i] * 10.0)
      a[1] = a[0] * 3i32
      c[] = a[1] < a[0]
      y[i] = select(c[], f32(a[1]), x[i])
    }
  }`,
  'scratch memory, one block behind the other': `kernel k [elementwise](x: f32[6, 4]) -> (y: f32[6, 4]) {
    for i: 6 in 0..6 {
      alloc scratch row: f32[4]
      for j: 4 in 0..4 { row[j] = x[i, j] * 2.0 }
      for l: 4 in 0..4 {
        alloc scratch pair: f32[2]
        alloc scratch whole: i32[3]
        pair[0] = row[l]
        pair[1] = x[i, l]
        whole[2] = i32(pair[0] * 8.0)
        y[i, l] = pair[0] - pair[1] + f32(whole[2])
      }
    }
  }`,
  'lanes, a uniform factor, and a tile': `kernel k [contraction](x: f32[N, 6], w: f32[6, 8]) -> (y: f32[N, 8]) {
    for n: N in 0..N {
      alloc register acc: f32[2, 4]
      for v: 2 in 0..2 unroll { for l: 4 in 0..4 vectorize { acc[v, l] = 0.5 } }
      for i: 6 in 0..6 { for v2: 2 in 0..2 unroll { for l2: 4 in 0..4 vectorize {
        acc[v2, l2] add= x[n, i] * w[i, 4 * v2 + l2] } } }
      for v3: 2 in 0..2 unroll { for l3: 4 in 0..4 vectorize { y[n, 4 * v3 + l3] = max(acc[v3, l3], 0.0) } }
    }
  }`,
  'lanes around a loop, with a register of each': `kernel k [reduction](x: f32[3, 8]) -> (y: f32[8]) {
    for i: 2 in 0..2 { for l: 4 in 0..4 vectorize {
      alloc register sum: f32[]
      sum[] = 0.0
      for j: 3 in 0..3 { sum[] add= x[j, 4 * i + l] }
      let twice: f32 = sum[] * 2.0
      y[4 * i + l] = twice + sum[]
    } }
  }`,
  'lanes that differ in bounds and conditions': `kernel k [elementwise](x: f32[8, 8]) -> (y: f32[8]) {
    for i: 2 in 0..2 { for l: 4 in 0..4 vectorize {
      alloc register sum: f32[]
      sum[] = 0.0
      for j: 8 in l..8 { sum[] add= x[4 * i + l, j] }
      if 0 <= 4 * i + l - 2 < 4 { sum[] mul= 3.0 }
      y[4 * i + l] = sum[]
    } }
  }`,
  'lanes that meet in one sum': `kernel k [reduction](x: f32[8]) -> (y: f32[3]) {
    alloc register sum: f32[]
    sum[] = 0.0
    y[1] = 1.0
    y[2] = 0.0
    for i: 2 in 0..2 { for l: 4 in 0..4 vectorize {
      sum[] add= x[4 * i + l]
      y[1] mul= x[4 * i + l] + 2.0
      y[2] add= x[i]
    } }
    y[0] = sum[]
  }`,
  'lanes that are taken alone': `kernel k [reduction](x: f32[8]) -> (y: f32[6]) {
    alloc register acc: f32[4]
    for l: 4 in 0..4 vectorize { acc[l] = x[l] }
    for l2: 4 in 0..4 vectorize { acc[l2] max= x[l2 + 4] }
    y[0] = max(max(acc[0], acc[1]), max(acc[2], acc[3]))
    acc[2] = 7.0
    acc[3] add= 2.0
    for l3: 4 in 0..4 vectorize { y[l3 + 2] = acc[l3] }
    y[1] = acc[1]
  }`,
  'lanes that are not side by side': `kernel k [elementwise](x: f32[4, 3], u: u8[8, 2]) -> (y: f32[3, 4], z: u8[8]) {
    for i: 3 in 0..3 { for l: 4 in 0..4 vectorize { y[2 - i, 3 - l] = x[l, i] } }
    for l2: 4 in 0..4 vectorize { z[2 * l2 + 1] = u[7 - l2, 1] z[2 * l2] = u[l2 + 2, 0] }
  }`,
  'lanes of one place': `kernel k [elementwise](x: f32[8]) -> (y: f32[2]) {
    alloc register last: f32[]
    for l: 4 in 0..4 vectorize { y[0] = x[l] last[] = x[l + 4] }
    y[1] = last[]
  }`,
  'lanes of bytes and bools': `kernel k [elementwise](u: u8[8], c: bool[8]) -> (y: u8[8], d: bool[8], f: f32[8]) {
    for i: 2 in 0..2 { for l: 4 in 0..4 vectorize {
      let sum: u8 = u[4 * i + l] + u[7 - 4 * i - l]
      let both: bool = and(c[4 * i + l], sum < 100u8)
      y[4 * i + l] = select(both, sum, u[0])
      d[4 * i + l] = or(both, c[i])
      f[4 * i + l] = select(both, f32(u[4 * i + l]), f32(c[4 * i + l]))
    } }
  }`,
  'lanes and computed places': `kernel k [elementwise](x: f32[5], at: i32[8]) -> (y: f32[8]) {
    for i: 2 in 0..2 { for l: 4 in 0..4 vectorize { y[4 * i + l] = x[clamp(at[4 * i + l])] + x[clamp(at[i])] } }
  }`,
  'registers of lanes that a loop indexes': `kernel k [elementwise](x: f32[3, 4]) -> (y: f32[3, 4]) {
    alloc register t: f32[3, 4]
    for i: 3 in 0..3 { for l: 4 in 0..4 vectorize { t[i, l] = x[i, l] + 1.0 } }
    for j: 3 in 0..3 { for l2: 4 in 0..4 vectorize { y[j, l2] = t[2 - j, l2] } }
  }`,
  'a product of lanes in a shift': `kernel k [elementwise](x: i32[8]) -> (y: i32[8], z: u32[8]) {
    for i: 2 in 0..2 { for l: 4 in 0..4 vectorize {
      y[4 * i + l] = shl(x[4 * i + l] * 77i32, i32(index(4 * i + l)))
      z[4 * i + l] = shr(u32(x[4 * i + l]) * 1234567u32, 3u32)
    } }
  }`,
};

test.each(Object.entries(kernels))('%s', (_, text) => {
  const kernel = parseKernel(text);
  for (const n of [1, 2, 5]) expectInterpreted(kernel, n);
});

describe('threads', () => {
  const shared = parseKernel(`kernel k [elementwise](x: f32[N, 5]) -> (y: f32[N, 5], z: f32[7]) {
    for n: N in 0..N parallel {
      alloc scratch row: f32[5]
      for i: 5 in 0..5 { row[i] = x[n, i] * 2.0 }
      for j: 5 in 0..5 { y[n, j] = row[4 - j] }
    }
    for m: 7 in 1..6 parallel { z[m] = 2.0 }
    for o: 7 in 0..1 parallel { z[o] = 3.0 }
    for p: 7 in 6..7 parallel { z[p] = 4.0 }
  }`);
  test.each([1, 2, 3, 8])('%d of them do all of it together', (threads) => {
    verifyKernel(shared);
    for (const n of [1, 2, 7]) expectInterpreted(shared, n, { threads });
  });
  test.each([
    'for n: N in 0..N parallel { for i: 4 in 0..4 {',
    'for i: 4 in 0..4 parallel { for n: N in 0..N {',
  ])('each element is written by one of them, be there few samples or many: %s', (loops) => {
    // Whoever comes second would add once more.
    const kernel = parseKernel(`kernel k [elementwise](x: f32[N, 4]) -> (y: f32[N, 4]) {
        ${loops} y[n, i] add= x[n, i] } }
      }`);
    for (const n of [1, 2, 3, 4, 5, 9])
      for (const threads of [1, 2, 3]) expectInterpreted(kernel, n, { threads });
  });
  test('may not all do what is not shared', () => {
    const kernel = parseKernel(`kernel k [elementwise](x: f32[4]) -> (y: f32[4]) {
      y[0] = 1.0
      for i: 4 in 1..4 parallel { y[i] = x[i] }
    }`);
    expect(() => emitKernels([kernel])).toThrow('every thread would write');
  });
});

describe('what cannot be', () => {
  const emit = (body: string) =>
    emitKernels([parseKernel(`kernel k [elementwise](x: f32[8]) -> (y: f32[8]) { ${body} }`)]);
  test.each([
    ['three lanes', 'for l: 3 in 0..3 vectorize { y[l] = x[l] }', 'has not 4 iterations'],
    [
      'lanes in lanes',
      'for l: 4 in 0..4 vectorize { for m: 4 in 0..4 vectorize { y[l + m] = x[l] } }',
      'in lanes',
    ],
    [
      'unrolling a loop with computed bounds',
      'for i: 8 in 0..8 { for j: 8 in 0..i unroll { y[j] = x[i] } }',
      'not constant',
    ],
    ['loops of a GPU', 'for i: 8 in 0..8 bind(workgroup_x) { y[i] = x[i] }', 'GPU'],
  ])('%s', (_, body, message) => {
    expect(() => emit(body)).toThrow(message);
  });
});

test('scratch memory is counted where it is used at the same time', () => {
  const one = (text: string) =>
    emitKernels([parseKernel(`kernel k [elementwise]() -> (y: f32[1]) { ${text} y[0] = 1.0 }`)])
      .scratchBytes[0];
  expect(one('')).toBe(0);
  expect(one('alloc scratch a: f32[16] alloc scratch b: u8[16]')).toBe(128);
  const block = (name: string) =>
    `for ${name}: 2 in 0..2 { alloc scratch s${name}: f32[17] s${name}[0] = 1.0 }`;
  expect(one(block('i') + block('j'))).toBe(128);
});

test('random windows, scheduled', () => {
  fc.assert(
    fc.property(
      windowKernels,
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 3 }),
      (kernel, n, threads) => {
        expectInterpreted(schedule(kernel, targets.wasm), n, { threads });
      },
    ),
    { numRuns: 60, seed: 5 },
  );
});
