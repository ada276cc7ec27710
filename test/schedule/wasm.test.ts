/** Schedules for WASM SIMD: the bits of the lowered kernel for every op and many shapes, and the loops they were made for. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Extent } from '../../compiler/base/types.ts';
import type { Parameter } from '../../compiler/graph/ir.ts';
import type { Kernel, Stmt } from '../../compiler/loop/ir.ts';
import { parseKernel } from '../../compiler/loop/parse.ts';
import { printKernel } from '../../compiler/loop/print.ts';
import { visitStmts } from '../../compiler/loop/rewrite.ts';
import { isParallel } from '../../compiler/loop/transform/parallel.ts';
import { verifyKernel } from '../../compiler/loop/verify.ts';
import * as ops from '../../compiler/ops/index.ts';
import { webassembly } from '../../compiler/program/target.ts';
import { applyStep, schedule } from '../../compiler/schedule/index.ts';
import { scheduleForWasm } from '../../compiler/schedule/wasm.ts';
import { bitsOf, kernelOf, windowKernels } from '../loop/kernels.ts';
import { bytesOf } from '../lower/run.ts';
import { sampleKernel } from '../support/sample-kernel.ts';
import { calls, hasKernel } from '../support/samples.ts';

describe.each(calls.filter(({ op }) => hasKernel(op)))('$title', (call) => {
  const { scheduled, interpreted, expected } = sampleKernel(call, webassembly);

  it('keeps every bit and is well formed', () => {
    for (const n of [1, 2, 5]) expect(bytesOf(interpreted(scheduled, n))).toBe(bytesOf(expected(n)));
    verifyKernel(scheduled);
    expect(printKernel(parseKernel(printKernel(scheduled)))).toBe(printKernel(scheduled));
  });
});

const parameter = (name: string, ...shape: readonly Extent[]): Parameter => ({
  kind: 'parameter',
  role: 'input',
  name,
  type: { dtype: 'f32', shape },
});

/** Convolutions and their gradients: [height, width, channels, filters, kernel, stride, padding]. */
type Geometry = readonly [number, number, number, number, number, number, 'same' | 'valid'];
const geometries: readonly Geometry[] = [
  [9, 11, 3, 8, 3, 1, 'same'],
  [7, 7, 4, 12, 3, 1, 'valid'],
  [8, 8, 5, 6, 5, 1, 'same'],
  [9, 10, 2, 10, 3, 2, 'same'],
  [6, 6, 8, 16, 1, 1, 'valid'],
  [3, 3, 4, 4, 3, 1, 'same'],
  [9, 9, 6, 3, 3, 2, 'valid'],
];

function kernelsOf([h, w, ci, co, k, stride, padding]: Geometry): readonly Kernel[] {
  const [x, weights] = [parameter('x', 'N', h, w, ci), parameter('kernel', k, k, ci, co)];
  const attributes = { strides: [stride, stride], padding, groups: 1 };
  const type = ops.conv2d.infer([x.type, weights.type], attributes);
  if (!('shape' in type)) throw new Error('no such convolution');
  const dy = parameter('dy', ...type.shape);
  return [
    kernelOf(ops.conv2d, [x, weights], attributes),
    kernelOf(ops.conv2dInputGradient, [dy, weights], { ...attributes, size: [h, w] }),
    kernelOf(ops.conv2dKernelGradient, [x, dy], { ...attributes, kernel_size: [k, k] }),
  ];
}

const vectorLoops = (kernel: Kernel): number => {
  let count = 0;
  visitStmts(kernel.body, (stmt) => {
    if (stmt.kind === 'for' && stmt.mode === 'vectorize') count++;
  });
  return count;
};

describe('convolutions', () => {
  it.each(geometries)('%ix%i, %i to %i channels, %i/%i %s', (...geometry) => {
    for (const kernel of kernelsOf(geometry)) {
      const scheduled = schedule(kernel, webassembly);
      verifyKernel(scheduled);
      if (Number(kernel.outputs[0]!.shape.at(-1)) >= 4) expect(vectorLoops(scheduled)).toBeGreaterThan(2);
      for (const n of [1, 3]) expect(bitsOf(scheduled, n), kernel.name).toBe(bitsOf(kernel, n));
    }
  });
});

/** A convolution whose channels are all apart. */
const depthwise = (h: number, w: number, c: number, k: number, stride: number, padding: string): Kernel =>
  kernelOf(ops.conv2d, [parameter('x', 'N', h, w, c), parameter('kernel', k, k, 1, c)], {
    strides: [stride, stride],
    padding,
    groups: c,
  });

type Depthwise = Parameters<typeof depthwise>;

describe('depthwise convolutions', () => {
  it.each<Depthwise>([
    [9, 11, 8, 3, 1, 'same'],
    [12, 16, 12, 3, 2, 'same'],
    [7, 9, 6, 3, 2, 'valid'],
    [9, 8, 4, 5, 1, 'same'],
    [5, 6, 9, 2, 1, 'valid'],
  ])('%ix%i, %i channels, %i/%i %s', (...geometry) => {
    const kernel = depthwise(...geometry);
    const scheduled = schedule(kernel, webassembly);
    verifyKernel(scheduled);
    for (const n of [1, 3]) expect(bitsOf(scheduled, n)).toBe(bitsOf(kernel, n));
  });
});

describe('products', () => {
  const sizes = [4, 6, 10, 16, 33] as const;
  it.each(sizes.flatMap((k) => sizes.map((columns) => [k, columns] as const)))(
    'of %i by %i',
    (k, columns) => {
      const a = parameter('a', 'N', k);
      const kernels = [
        kernelOf(ops.matmul, [a, parameter('b', k, columns)], { transpose_b: false }),
        kernelOf(ops.matmul, [a, parameter('b', columns, k)], { transpose_b: true }),
        kernelOf(ops.matmulKernelGradient, [a, parameter('dy', 'N', columns)], {}),
      ];
      for (const kernel of kernels) {
        const scheduled = schedule(kernel, webassembly);
        verifyKernel(scheduled);
        expect(vectorLoops(scheduled)).toBeGreaterThan(2);
        for (const n of [1, 4, 7]) expect(bitsOf(scheduled, n), kernel.name).toBe(bitsOf(kernel, n));
      }
    },
  );
});

/** Names of the loops around the first accumulation into vectors, outermost first, and how many vectors it adds to. */
function innermostTile(kernel: Kernel): { readonly path: readonly string[]; readonly vectors: number } {
  let best = { path: [] as readonly string[], vectors: 0 };
  const walk = (body: readonly Stmt[], path: readonly string[]): void => {
    for (const stmt of body) {
      if (stmt.kind !== 'for') continue;
      const sums = stmt.body.filter(
        (inner) => inner.kind === 'accumulate' && inner.buffer.space === 'register',
      );
      if (stmt.mode === 'vectorize' && sums.length > best.vectors) best = { path, vectors: sums.length };
      walk(stmt.body, [...path, stmt.axis.name]);
    }
  };
  walk(kernel.body, []);
  return best;
}

describe('what schedules make', () => {
  const attributes = { strides: [1, 1], padding: 'same', groups: 1 };
  const [x, weights] = [parameter('x', 'N', 16, 16, 32), parameter('kernel', 3, 3, 32, 64)];

  it('a convolution: tiles of four pixels and two vectors, weights copied once per block of channels, a row of the window in one loop', () => {
    const scheduled = schedule(kernelOf(ops.conv2d, [x, weights], attributes), webassembly);
    const { path, vectors } = innermostTile(scheduled);
    expect(vectors).toBe(8);
    expect(path.map((name) => name.replace(/_.*/, ''))).toEqual(['c', 'n', 'h', 'kh', 'kw']);
    expect(printKernel(scheduled)).toContain('alloc scratch kernel_staged: f32[3, 96, 8]');
    expect(isParallel(scheduled)).toBe(true);
  });

  it('a depthwise convolution: five pixels of one vector, the taps of a row written out, sum by sum', () => {
    const { path, vectors } = innermostTile(schedule(depthwise(12, 12, 32, 3, 1, 'same'), webassembly));
    expect(vectors).toBe(15);
    expect(path.map((name) => name.replace(/_.*/, ''))).toEqual(['n', 'h', 'w', 'c', 'kh']);
  });

  it('gradients of pooling of odd sizes: the channels of each case in vectors', () => {
    const [dy, argmax] = [parameter('dy', 'N', 5, 5, 16), parameter('argmax', 'N', 5, 5, 16)];
    const places: Parameter = { ...argmax, type: { dtype: 'i32', shape: argmax.type.shape } };
    const kernel = kernelOf(ops.maxPool2dGradient, [dy, places], {
      size: [11, 11],
      pool_size: [2, 2],
      strides: [2, 2],
      padding: 'valid',
    });
    expect(vectorLoops(schedule(kernel, webassembly))).toBe(8);
  });

  it('shares for threads where there is one block of channels, whose weights each copies for itself', () => {
    // LeNet-5: 28x28x1, 14x14x6.
    const kernels = [
      ...kernelsOf([28, 28, 1, 6, 5, 1, 'same']),
      ...kernelsOf([14, 14, 6, 16, 5, 1, 'valid']),
    ];
    const stored = kernels.filter(
      ({ name, outputs: [y] }) => !name.includes('kernel_gradient') && Number(y!.shape.at(-1)) > 1,
    );
    expect(stored.length).toBe(3);
    for (const kernel of stored) expect(isParallel(schedule(kernel, webassembly)), kernel.name).toBe(true);
  });

  it('shares pixels rather than three blocks of channels, of which one thread would get two', () => {
    const [narrow, filters] = [parameter('x', 'N', 8, 8, 32), parameter('kernel', 1, 1, 32, 24)];
    const scheduled = schedule(kernelOf(ops.conv2d, [narrow, filters], attributes), webassembly);
    const shared: number[] = [];
    visitStmts(scheduled.body, (stmt) => {
      if (stmt.kind === 'for' && stmt.mode === 'parallel') shared.push(Number(stmt.axis.extent));
    });
    // Two pixels of 16 filters at a time, four of the other eight.
    expect(shared).toEqual([32, 16]);
  });

  it('a weight gradient: a sample after the other, totals kept in the output', () => {
    const dy = parameter('dy', 'N', 16, 16, 64);
    const kernel = kernelOf(ops.conv2dKernelGradient, [x, dy], { ...attributes, kernel_size: [3, 3] });
    const { path, vectors } = innermostTile(schedule(kernel, webassembly));
    expect(path[0]).toBe('n');
    expect(path.slice(-2)).toEqual(['oh', 'ow']);
    expect(vectors).toBe(8);
  });

  it('rows of a batch by four, those left one by one in wide tiles', () => {
    const [a, b] = [parameter('a', 'N', 100), parameter('b', 100, 64)];
    const text = printKernel(schedule(kernelOf(ops.matmul, [a, b], { transpose_b: false }), webassembly));
    expect(text).toContain('floor(N / 4)');
    expect(text).toContain('alloc register acc: f32[4, 2, 4]');
    expect(text).toMatch(/alloc register \w+: f32\[8, 4\]/);
  });

  it('channels that do not fill vectors: overlapping ones where nothing else is in their place', () => {
    const six = kernelOf(ops.conv2d, [x, parameter('kernel', 3, 3, 32, 6)], attributes);
    expect(printKernel(schedule(six, webassembly))).toContain('_each_1 + 2]');
    const added = kernelOf(ops.add, [parameter('x', 'N', 6), parameter('z', 'N', 6)], {});
    expect(printKernel(schedule(added, webassembly))).not.toContain('_lane + 2]');
  });

  it('bytes, and reductions whose order does not matter, in lanes', () => {
    const bytes: Parameter = { ...parameter('x', 'N', 12), type: { dtype: 'u8', shape: ['N', 12] } };
    expect(vectorLoops(schedule(kernelOf(ops.cast, [bytes], { to: 'f32' }), webassembly))).toBe(2);
    const finite = schedule(kernelOf(ops.allFinite, [parameter('x', 300)], {}), webassembly);
    expect(vectorLoops(finite)).toBe(2);
  });
});

describe('steps', () => {
  it('are plain data that give the kernel again', () => {
    fc.assert(
      fc.property(windowKernels, (kernel) => {
        const { steps, kernel: scheduled } = scheduleForWasm(kernel);
        const again = (JSON.parse(JSON.stringify(steps)) as typeof steps).reduce(applyStep, kernel);
        expect(printKernel(again)).toBe(printKernel(scheduled));
      }),
      { numRuns: 50 },
    );
  });

  it('keep every bit of random convolutions, pooling and their gradients', () => {
    fc.assert(
      fc.property(windowKernels, fc.integer({ min: 1, max: 3 }), (kernel, n) => {
        const scheduled = schedule(kernel, webassembly);
        verifyKernel(scheduled);
        expect(bitsOf(scheduled, n)).toBe(bitsOf(kernel, n));
      }),
      { numRuns: 300 },
    );
  });
});
