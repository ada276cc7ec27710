/** Loops, registers and memory of kernels made by hand: the function gives the bits of the interpreter. */
import { describe, expect, test } from 'vitest';
import type { KernelForm } from '../../compiler/emit/ts/kernel.ts';
import { kernelFunction } from '../../compiler/emit/ts/kernel.ts';
import { NameScope } from '../../compiler/emit/ts/names.ts';
import { printModule } from '../../compiler/emit/ts/tree.ts';
import { affine } from '../../compiler/loop/affine.ts';
import { denseBuffer, readerOf } from '../../compiler/loop/builder.ts';
import type { Elements } from '../../compiler/loop/interpret.ts';
import { interpret } from '../../compiler/loop/interpret.ts';
import type { Affine, Axis, Buffer, Kernel, Stmt } from '../../compiler/loop/ir.ts';
import { quotient, serial } from '../../compiler/loop/rewrite.ts';
import { emittedKernel } from '../support/emitted.ts';
import { b, elementwise, run } from './kernels.ts';

/** acc += x[n, i + k] * w[k] in tiles of two, with unrolled loops, registers and a conditional range. */
function tiled(): Kernel {
  const x = denseBuffer('x', 'f32', ['N', 8]);
  const w = denseBuffer('w', 'f32', [3]);
  const y: Buffer = {
    name: 'y',
    dtype: 'f32',
    shape: ['N', 8],
    strides: [20, 2],
    offset: 1,
    space: 'global',
  };
  const acc = denseBuffer('acc', 'f32', [2], 'register');
  const [n, block, tile, k] = (
    [
      ['n', 'N'],
      ['block', 4],
      ['tile', 2],
      ['k', 3],
    ] as const
  ).map(([name, extent]): Axis => ({ name, extent })) as [Axis, Axis, Axis, Axis];
  const place: Affine = {
    constant: 0,
    terms: [
      { axis: block, factor: 2 },
      { axis: tile, factor: 1 },
    ],
  };
  const unrolled = (body: readonly Stmt[]): Stmt => ({
    kind: 'for',
    axis: tile,
    range: { from: [quotient(0)], to: [quotient(2)] },
    mode: 'unroll',
    body,
  });
  const source: Affine = { constant: -1, terms: [...place.terms, { axis: k, factor: 1 }] };
  const product = b.mul(readerOf(x).at([n, source]), readerOf(w).at([k]));
  return {
    name: 'tiled',
    kind: 'contraction',
    inputs: [x, w],
    outputs: [y],
    body: [
      serial(n, [
        serial(block, [
          { kind: 'alloc', buffer: acc },
          unrolled([{ kind: 'store', buffer: acc, index: [affine(tile)], value: b.literal(0.5) }]),
          serial(k, [
            unrolled([
              {
                kind: 'if',
                conditions: [{ index: source, extent: 8 }],
                body: [
                  { kind: 'accumulate', buffer: acc, index: [affine(tile)], combine: 'add', value: product },
                ],
              },
            ]),
          ]),
          unrolled([
            { kind: 'store', buffer: y, index: [affine(n), place], value: readerOf(acc).at([tile]) },
          ]),
        ]),
      ]),
    ],
  };
}

describe('loops', () => {
  test('tiles in registers, conditions, strided windows', () => {
    for (const n of [1, 2, 5]) {
      const kernel = tiled();
      const x = Float32Array.from({ length: 8 * n }, (_, i) => Math.sin(i));
      const w = Float32Array.of(0.3, -1.1, 0.7);
      const [expected, actual] = [new Float32Array(20 * n), new Float32Array(20 * n)];
      interpret(kernel, [x, w, expected], { n, precision: 'f32' });
      emittedKernel(kernel)([x, w, actual], n);
      expect(actual).toEqual(expected);
      expect(actual.some((value) => value !== 0)).toBe(true);
    }
  });
  test('constant places in registers are variables; index bases are computed once per loop where they are used twice', () => {
    const text = printModule([kernelFunction(tiled(), 'tiled', new NameScope())], 'ts');
    expect(text).toMatchInlineSnapshot(`
      "/** tiled: x f32[N, 8], w f32[3] → y f32[N, 8] */
      function tiled(x: Float32Array, w: Float32Array, y: Float32Array, N: number): void {
        for (let n = 0; n < N; n++) {
          for (let block = 0; block < 4; block++) {
            const i_block = block * 2;
            const x_block = n * 8 + block * 2;
            const y_block = n * 20 + block * 4;
            let acc0 = 0.5;
            let acc1 = 0.5;
            for (let k = 0; k < 3; k++) {
              const i_k = i_block + k;
              const x_k = x_block + k;
              const i = i_k - 1;
              if (i >= 0) {
                acc0 = f(acc0 + f(x[x_k - 1] * w[k]));
              }
              if (i_k < 8) {
                acc1 = f(acc1 + f(x[x_k] * w[k]));
              }
            }
            y[y_block + 1] = acc0;
            y[y_block + 3] = acc1;
          }
        }
      }
      "
    `);
  });
  test('registers that a loop indexes are an array', () => {
    const y = denseBuffer('y', 'f32', [3]);
    const table = denseBuffer('table', 'f32', [3], 'register');
    const [i, j]: [Axis, Axis] = [
      { name: 'i', extent: 3 },
      { name: 'j', extent: 3 },
    ];
    const kernel: Kernel = {
      name: 'k',
      kind: 'gather',
      inputs: [],
      outputs: [y],
      body: [
        { kind: 'alloc', buffer: table },
        serial(i, [{ kind: 'store', buffer: table, index: [affine(i)], value: b.cast(b.value(i), 'f32') }]),
        serial(j, [{ kind: 'store', buffer: y, index: [affine(j)], value: readerOf(table).at([j]) }]),
      ],
    };
    expect([...run(kernel, [])[0]!]).toEqual([0, 1, 2]);
  });
  test('a computed place is clamped into its axis', () => {
    const [x, at, y] = [
      denseBuffer('x', 'f32', [5, 2]),
      denseBuffer('at', 'i32', [6]),
      denseBuffer('y', 'f32', [6]),
    ];
    const i: Axis = { name: 'i', extent: 6 };
    const value = readerOf(x).at([{ clamped: readerOf(at).at([i]) }, 1]);
    const kernel: Kernel = {
      name: 'k',
      kind: 'gather',
      inputs: [x, at],
      outputs: [y],
      body: [serial(i, [{ kind: 'store', buffer: y, index: [affine(i)], value }])],
    };
    const [result] = run(kernel, [
      Float32Array.from({ length: 10 }, (_, k) => k),
      Int32Array.of(-3, 0, 2, 4, 5, 99),
    ]);
    expect([...result!]).toEqual([1, 1, 5, 9, 9, 9]);
  });
  test('an element is read again after memory changed', () => {
    const [x, y] = [denseBuffer('x', 'f32', [1]), denseBuffer('y', 'f32', [2])];
    const read = readerOf(x).at([0]);
    const kernel: Kernel = {
      name: 'k',
      kind: 'elementwise',
      inputs: [x],
      outputs: [y],
      body: [
        { kind: 'store', buffer: y, index: [affine(0)], value: b.add(read, 1) },
        { kind: 'store', buffer: y, index: [affine(1)], value: b.add(read, 1) },
      ],
    };
    // y shares its memory with x.
    const memory = Float32Array.of(1, 0);
    emittedKernel(kernel)([memory.subarray(0, 1), memory], 1);
    expect([...memory]).toEqual([2, 3]);
  });
  test('bounds are quotients, rounded down', () => {
    const y = denseBuffer('y', 'f32', [7, 7]);
    const [i, j]: [Axis, Axis] = [
      { name: 'i', extent: 7 },
      { name: 'j', extent: 7 },
    ];
    const half: Affine = { constant: -3, terms: [{ axis: i, factor: 1 }] };
    const kernel: Kernel = {
      name: 'k',
      kind: 'gather',
      inputs: [],
      outputs: [y],
      body: [
        serial(i, [
          serial(j, [{ kind: 'store', buffer: y, index: [affine(i), affine(j)], value: b.literal(1) }], {
            from: [quotient(0), quotient(half, 2)],
            to: [quotient(7), quotient({ constant: 9, terms: [{ axis: i, factor: 1 }] }, 3)],
          }),
        ]),
      ],
    };
    expect([...run(kernel, [])[0]!].slice(0, 7)).toEqual([1, 1, 1, 0, 0, 0, 0]);
  });
});

describe('forms of a function', () => {
  type Call = (...args: readonly (Elements | number)[]) => void;
  const build = (kernel: Kernel, form: KernelForm): Call => {
    const text = printModule([kernelFunction(kernel, 'k', new NameScope(), form)], 'js');
    return (new Function(`const f = Math.fround;\n${text}\nreturn k;`) as () => Call)();
  };
  const x = Float32Array.from({ length: 40 }, (_, i) => Math.cos(i));
  const w = Float32Array.of(0.3, -1.1, 0.7);

  test('in parts it gives what it gives as a whole', () => {
    const [whole, parts] = [new Float32Array(100), new Float32Array(100)];
    build(tiled(), 'whole')(x, w, whole, 5);
    const run = build(tiled(), { outer: 'N' });
    for (const [start, end] of [
      [0, 1],
      [1, 2],
      [2, 5],
    ] as const)
      run(x, w, parts, 5, start, end);
    expect(parts).toEqual(whole);
  });
  test('in parts of two loops, wherever they begin and end, it writes those parts and nothing else', () => {
    const whole = new Float32Array(100);
    build(tiled(), 'whole')(x, w, whole, 5);
    const run = build(tiled(), { outer: 'N', inner: 4 });
    // Where an iteration of the inner loop begins to write: rows of 20, of which 4 places for each of 4 blocks.
    const place = (part: number): number => Math.floor(part / 4) * 20 + (part % 4) * 4;
    const bounds = [0, 1, 3, 4, 6, 15, 16, 20];
    for (const [i, end] of bounds.slice(1).entries()) {
      const start = bounds[i]!;
      const written = new Float32Array(100);
      run(x, w, written, 5, start, end);
      expect(written).toEqual(whole.map((value, at) => (at >= place(start) && at < place(end) ? value : 0)));
    }
  });
  test('what stands before the last loop runs with the first part only', () => {
    const y = denseBuffer('y', 'f32', [1]);
    const i: Axis = { name: 'i', extent: 4 };
    const kernel: Kernel = {
      name: 'k',
      kind: 'reduction',
      inputs: [],
      outputs: [y],
      body: [
        { kind: 'store', buffer: y, index: [affine(0)], value: b.literal(10) },
        serial(i, [
          { kind: 'accumulate', buffer: y, index: [affine(0)], combine: 'add', value: b.literal(1) },
        ]),
      ],
    };
    const result = new Float32Array(1);
    const run = build(kernel, { outer: 'N' });
    run(result, 1, 0, 3);
    run(result, 1, 3, 4);
    expect(result[0]).toBe(14);
  });
  test('kernels that differ in their size only are one function', () => {
    const kernelOf = (size: number): Kernel =>
      elementwise('f32', 'f32', (p, q) => b.add(b.mul(p, q), 1), size);
    const text = (size: number): string =>
      printModule([kernelFunction(kernelOf(size), 'k', new NameScope(), 'sized')], 'js');
    expect(text(3).split('\n').slice(1)).toEqual(text(20).split('\n').slice(1));
    const result = new Float32Array(3);
    build(kernelOf(20), 'sized')(x, x, result, 3, 1);
    expect(result).toEqual(x.subarray(0, 3).map((value) => Math.fround(Math.fround(value * value) + 1)));
  });
});
