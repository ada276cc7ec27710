/** Contractions in tiles: every kind of tile gives what the lowered kernel gives, and keeps the limits of every device. */
import { describe, expect, it } from 'vitest';
import type { Extent } from '../../compiler/base/types.ts';
import { elementCount } from '../../compiler/base/types.ts';
import type { Parameter } from '../../compiler/graph/ir.ts';
import { boundKernel } from '../../compiler/loop/bound.ts';
import type { Elements } from '../../compiler/loop/interpret.ts';
import { interpret } from '../../compiler/loop/interpret.ts';
import type { Kernel } from '../../compiler/loop/ir.ts';
import type { AxisTile } from '../../compiler/loop/transform/contraction/places.ts';
import { printKernel } from '../../compiler/loop/print.ts';
import { verifyKernel } from '../../compiler/loop/verify.ts';
import * as ops from '../../compiler/ops/index.ts';
import { webgpu } from '../../compiler/program/target.ts';
import { Scheduling } from '../../compiler/schedule/steps.ts';
import { contractionShape } from '../../compiler/schedule/wgsl-contraction-shape.ts';
import type { TileKind } from '../../compiler/schedule/wgsl-contraction-plan.ts';
import { candidates } from '../../compiler/schedule/wgsl-contraction-tiles.ts';
import { applyTile, scheduleContractionForWgsl } from '../../compiler/schedule/wgsl-contraction.ts';
import { kernelOf } from '../loop/kernels.ts';
import { differenceOf } from '../support/close.ts';
import { sampleKernel } from '../support/sample-kernel.ts';
import { calls, generator, hasKernel } from '../support/samples.ts';

const parameter = (name: string, ...shape: readonly Extent[]): Parameter => ({
  kind: 'parameter',
  role: 'input',
  name,
  type: { dtype: 'f32', shape },
});

/** What a kernel makes of drawn inputs. */
function run(kernel: Kernel, n: number, races: boolean): Elements {
  const random = generator(n);
  const operands = kernel.inputs.map(({ shape }) =>
    Float32Array.from({ length: elementCount(shape, n) }, () => 2 * random() - 1),
  );
  const outputs = kernel.outputs.map(({ shape }) => new Float32Array(elementCount(shape, n)).fill(77));
  interpret(kernel, [...operands, ...outputs], { n, precision: 'f32', races });
  return outputs[0]!;
}

/** Relative to the largest element: sums of terms of both signs may cancel. */
const expectClose = (got: Elements, wanted: Elements, what: string): void =>
  expect(differenceOf(got, wanted, 1e-6), what).toBeLessThan(1e-5);

const limits = { threads: 256, deep: 64, bytes: 16384, groups: 65535 };

function expectWithinLimits(kernel: Kernel): void {
  const { threads, shared, workgroups } = boundKernel(kernel);
  const extents = Object.values(threads).map(({ axis }) => Number(axis.extent));
  expect(extents.reduce((product, extent) => product * extent, 1)).toBeLessThanOrEqual(limits.threads);
  expect(Number(threads.z?.axis.extent ?? 1)).toBeLessThanOrEqual(limits.deep);
  const bytes = shared.reduce((sum, { shape }) => sum + 4 * elementCount(shape, 1), 0);
  expect(bytes).toBeLessThanOrEqual(limits.bytes);
  for (const { axis } of Object.values(workgroups))
    if (axis.extent !== 'N') expect(axis.extent).toBeLessThanOrEqual(limits.groups);
}

/** The kernel in each of the tiles that were thought of, for so many samples. */
function inTiles(
  kernel: Kernel,
  batch?: number,
): readonly { readonly kind: TileKind; readonly kernel: Kernel }[] {
  const start = new Scheduling(kernel);
  start.apply({ step: 'collapse' }, { step: 'simplify' }, { step: 'inline' });
  const shape = contractionShape(start.kernel, batch);
  if (shape === undefined) return [];
  return candidates(shape).map(({ kind, tile }) => {
    const s = new Scheduling(start.kernel);
    expect(applyTile(s, tile), `${kernel.name} ${JSON.stringify(tile)}`).toBe(true);
    return { kind, kernel: s.kernel };
  });
}

const seen = new Map<string, number>();

function check(kernel: Kernel, batches: readonly number[], typical?: number): void {
  const tiles = inTiles(kernel, typical);
  for (const { kind, kernel: tiled } of tiles) {
    seen.set(kind, (seen.get(kind) ?? 0) + 1);
    verifyKernel(tiled);
    expectWithinLimits(tiled);
  }
  for (const n of batches) {
    const wanted = run(kernel, n, false);
    for (const { kernel: tiled } of tiles)
      expectClose(run(tiled, n, n === batches[0]), wanted, printKernel(tiled));
  }
}

const contractions = calls.filter(({ op }) => hasKernel(op) && op.traits.includes('contraction'));

describe.each(contractions.filter(({ op }) => op.loops === undefined))('$title', (call) => {
  it('is the same in every kind of tile', () => {
    check(sampleKernel(call, webgpu).lowered, [1, 5]);
  });

  it('is so in those for one sample', () => {
    check(sampleKernel(call, webgpu).lowered, [1, 5], 1);
  });
});

/** [height, width, channels, filters, kernel, stride, padding, groups] */
type Geometry = readonly [number, number, number, number, number, number, 'same' | 'valid', number];
const geometries: readonly Geometry[] = [
  [9, 11, 3, 8, 3, 1, 'same', 1],
  [7, 7, 4, 12, 3, 1, 'valid', 1],
  [8, 8, 5, 6, 5, 1, 'same', 1],
  [9, 10, 2, 10, 3, 2, 'same', 1],
  [6, 6, 8, 16, 1, 1, 'valid', 1],
  [7, 6, 8, 16, 1, 2, 'valid', 1],
  [9, 9, 6, 3, 3, 2, 'valid', 1],
  [10, 9, 1, 4, 3, 1, 'same', 1],
  [6, 6, 16, 8, 3, 1, 'same', 2],
  [5, 5, 40, 8, 3, 1, 'same', 1],
  [11, 8, 3, 8, 7, 2, 'same', 1],
];

function kernelsOf([h, w, ci, co, k, stride, padding, groups]: Geometry): readonly Kernel[] {
  const [x, weights] = [parameter('x', 'N', h, w, ci), parameter('kernel', k, k, ci / groups, co)];
  const attributes = { strides: [stride, stride], padding, groups };
  const type = ops.conv2d.infer([x.type, weights.type], attributes);
  if (!('shape' in type)) throw new Error('no such convolution');
  const dy = parameter('dy', ...type.shape);
  return [
    kernelOf(ops.conv2d, [x, weights], attributes),
    kernelOf(ops.conv2dInputGradient, [dy, weights], { ...attributes, size: [h, w] }),
    kernelOf(ops.conv2dKernelGradient, [x, dy], { ...attributes, kernel_size: [k, k] }),
  ];
}

describe('convolutions in tiles', () => {
  it.each(geometries)('%ix%i, %i to %i channels, %i/%i %s in %i groups', (...geometry) => {
    for (const kernel of kernelsOf(geometry)) {
      expect(scheduleContractionForWgsl(kernel), kernel.name).toBeDefined();
      check(kernel, [2]);
    }
  });
});

describe('products in tiles', () => {
  it.each([
    [4, 4],
    [33, 10],
    [64, 16],
    [18, 1],
    [4100, 4],
  ])('of %i by %i', (k, columns) => {
    const a = parameter('a', 'N', k);
    check(kernelOf(ops.matmul, [a, parameter('b', k, columns)], { transpose_b: false }), [1, 6]);
    check(kernelOf(ops.matmul, [a, parameter('b', columns, k)], { transpose_b: true }), [1, 6]);
    if (k < 100) check(kernelOf(ops.matmulKernelGradient, [a, parameter('dy', 'N', columns)], {}), [1, 6]);
  });
});

/** The kind of the tile that is taken, and how many workgroups and threads it has for one sample. */
function chosen(kernel: Kernel): readonly [TileKind | undefined, number, number] {
  const s = scheduleContractionForWgsl(kernel);
  if (s === undefined) return [undefined, 0, 0];
  const { threads, workgroups } = boundKernel(s.kernel);
  const step = s.steps.find((each) => each.step === 'tile_contraction');
  const product = (loops: typeof threads): number =>
    Object.values(loops).reduce((all, { axis }) => all * (axis.extent === 'N' ? 1 : axis.extent), 1);
  const parts = step?.sum?.some(({ threads: among }) => among !== undefined) === true;
  const kind = step?.shared === true ? 'shared' : parts ? 'split' : 'own';
  return [kind, product(workgroups), product(threads)];
}

describe('what is taken', () => {
  const large = kernelsOf([56, 56, 64, 64, 3, 1, 'same', 1]) as [Kernel, Kernel, Kernel];
  const dense = kernelOf(ops.matmul, [parameter('a', 'N', 1600), parameter('b', 1600, 128)], {
    transpose_b: false,
  });

  it('is blocks in workgroup memory where every element is used often', () => {
    for (const kernel of large.slice(0, 2)) {
      const [kind, groups, threads] = chosen(kernel);
      expect(kind).toBe('shared');
      expect(groups * threads).toBeGreaterThan(4000);
      expect(threads).toBeGreaterThanOrEqual(64);
    }
    expect(chosen(kernelsOf([224, 224, 3, 64, 7, 2, 'same', 1])[0]!)[0]).toBe('shared');
    expect(chosen(kernelsOf([28, 28, 128, 256, 1, 1, 'same', 1])[0]!)[0]).toBe('shared');
  });

  it('is shared sums where there are few results and long sums', () => {
    for (const kernel of [large[2], dense]) {
      const [kind, groups, threads] = chosen(kernel);
      expect(kind).toBe('split');
      expect(groups * threads).toBeGreaterThan(1000);
    }
  });

  it('is neither where a cache has all that a workgroup reads', () => {
    for (const geometry of [
      [28, 28, 1, 6, 5, 1, 'same', 1],
      [28, 28, 1, 32, 3, 1, 'valid', 1],
    ] as const)
      expect(chosen(kernelsOf(geometry)[0]!)[0]).toBe('own');
  });

  it('makes no sum in vain where numbers are odd', () => {
    for (const [kernel, channels] of [
      [kernelsOf([28, 28, 1, 6, 5, 1, 'same', 1])[0]!, 6],
      [kernelsOf([14, 14, 6, 18, 5, 1, 'valid', 1])[0]!, 18],
    ] as const) {
      const s = scheduleContractionForWgsl(kernel, 64);
      const step = s?.steps.find((each) => each.step === 'tile_contraction');
      const { each = 1, threads = [] } = step?.places.at(-1) ?? {};
      expect(channels % threads.reduce((product, { count }) => product * count, each)).toBe(0);
    }
  });

  it('fits into workgroup memory where weights move with pixels', () => {
    const [, inputGradient] = kernelsOf([227, 227, 3, 64, 3, 2, 'valid', 1]);
    const s = scheduleContractionForWgsl(inputGradient!);
    if (s !== undefined) expectWithinLimits(s.kernel);
    expect(s).toBeDefined();
  });

  it('is neither where channels share nothing', () => {
    expect(chosen(kernelsOf([112, 112, 32, 32, 3, 1, 'same', 32])[0]!)[0]).toBe('own');
  });
});

it('counts blocks along several axes together', () => {
  const [conv, , gradient] = kernelsOf([7, 6, 3, 8, 3, 1, 'same', 1]) as [Kernel, Kernel, Kernel];
  const of = (kernel: Kernel, ...places: readonly AxisTile[]): Kernel => {
    const s = new Scheduling(kernel);
    expect(applyTile(s, { places })).toBe(true);
    return s.kernel;
  };
  const conv3 = of(
    conv,
    { axis: 'n', workgroups: 'y' },
    { axis: 'h', workgroups: 'x', threads: [{ dimension: 'y', count: 2 }] },
    { axis: 'w', workgroups: 'x', each: 4 },
    { axis: 'c', workgroups: 'x', each: 4, lanes: true },
  );
  const gradient4 = of(
    gradient,
    { axis: 'i0', workgroups: 'y' },
    { axis: 'i1', workgroups: 'y' },
    { axis: 'i2', workgroups: 'y', threads: [{ dimension: 'x', count: 2 }] },
    { axis: 'i3', workgroups: 'x', each: 4, lanes: true },
  );
  expect(boundKernel(conv3).workgroups.x?.axis.extent).toBe(4 * 2 * 2);
  expect(boundKernel(gradient4).workgroups.y?.axis.extent).toBe(3 * 3 * 2);
  for (const [kernel, tiled] of [
    [conv, conv3],
    [gradient, gradient4],
  ] as const) {
    verifyKernel(tiled);
    expectClose(run(tiled, 2, true), run(kernel, 2, false), printKernel(tiled));
  }
});

it('has seen every kind of tile', () => {
  expect([...seen.keys()].toSorted()).toEqual(['own', 'shared', 'split']);
});
