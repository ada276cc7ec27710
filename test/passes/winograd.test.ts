import { describe, expect, it } from 'vitest';
import { compile } from '../../compiler/compile.ts';
import type { Attributes, Graph } from '../../compiler/graph/ir.ts';
import * as ops from '../../compiler/ops/index.ts';
import { windowsOver } from '../../compiler/ops/support/window.ts';
import { hoist, pipeline } from '../../compiler/passes/index.ts';
import type { ConvolutionShape } from '../../compiler/passes/winograd-cost.ts';
import { chooseTile, directCost, winogradCost } from '../../compiler/passes/winograd-cost.ts';
import { winograd, winogradLayers } from '../../compiler/passes/winograd.ts';
import { targets } from '../../compiler/program/target.ts';
import { difference, f32, numbersFor, opNames, results, run, Sketch } from './support.ts';

interface Shape {
  readonly size?: number;
  readonly channels?: number;
  readonly filters?: number;
  readonly kernel?: number;
  readonly attributes?: Attributes;
}

function convolution({ size = 18, channels = 8, filters = 8, kernel = 3, attributes = {} }: Shape): Graph {
  const s = new Sketch();
  const x = s.input('x', f32('N', size, size, channels));
  const w = s.param('w', f32(kernel, kernel, channels / Number(attributes['groups'] ?? 1), filters));
  return s.returning({ y: s.on(ops.conv2d, [x, w], attributes) }).graph();
}

describe('winograd', () => {
  it.each([
    ['valid', {}],
    ['same', { padding: 'same' }],
    ['zeros on the sides', { padding: [2, 0] }],
  ] as const)('keeps what a convolution computes: %s', (_, attributes) => {
    const graph = convolution({ channels: 5, filters: 9, attributes });
    const after = run(winograd, graph);
    expect(opNames(after)).toEqual(['winograd_kernel', 'winograd_conv2d']);
    const numbers = numbersFor(graph, 2);
    expect(difference(results(graph, numbers, 2), results(after, numbers, 2))).toBeLessThan(1e-12);
  });

  it.each([
    ['a kernel of 5x5', { kernel: 5, attributes: { padding: 'same' } }],
    ['one of 1x1', { kernel: 1, attributes: { padding: 'same' } }],
    ['strides', { attributes: { strides: [2, 2] } }],
    ['one stride of two', { attributes: { strides: [1, 2] } }],
    ['groups', { attributes: { groups: 2 } }],
    ['one result', { size: 3 }],
    ['one channel', { channels: 1 }],
  ] as const)('leaves a convolution with %s', (_, shape) => {
    const graph = convolution(shape);
    expect(winograd.run(graph, targets.ts)).toBe(graph);
  });

  it('decides equally for all targets that run its kernels', () => {
    for (const size of [4, 8, 18]) {
      const graph = convolution({ size });
      const [first, ...others] = Object.values(targets)
        .filter((target) => target.winograd)
        .map((target) => winograd.run(graph, target));
      expect(others).not.toEqual([]);
      for (const other of others) expect(opNames(other)).toEqual(opNames(first!));
      expect(winograd.run(graph, targets.wgsl)).toBe(graph);
    }
  });

  it('is prepared once: the transformed kernel depends on the weights alone', () => {
    const after = run(winograd, convolution({}));
    const { prepare, graphs } = hoist([after, after]);
    expect(opNames(prepare!)).toEqual(['winograd_kernel']);
    expect(prepare!.updates).toHaveLength(1);
    for (const graph of graphs) expect(opNames(graph)).toEqual(['winograd_conv2d']);
  });

  it.each([
    ['valid', 'valid', 14, 14],
    ['same', 'same', 16, 16],
    ['zeros on the sides', [1, 2], 16, 18],
  ] as const)('takes gradients of inputs too, with the kernel turned: %s', (_, padding, rows, columns) => {
    const s = new Sketch();
    const dy = s.input('dy', f32('N', rows, columns, 9));
    const w = s.param('w', f32(3, 3, 8, 9));
    const dx = s.on(ops.conv2dInputGradient, [dy, w], { size: [16, 16], padding });
    const graph = s.returning({ dx }).updating({ w }).graph();
    const after = run(winograd, graph);
    expect(opNames(after)).toEqual(['winograd_kernel', 'winograd_conv2d']);
    const numbers = numbersFor(graph, 2);
    expect(difference(results(graph, numbers, 2), results(after, numbers, 2))).toBeLessThan(1e-12);
  });

  it('leaves gradients of inputs that were padded by more than the kernel reaches', () => {
    const s = new Sketch();
    const dy = s.input('dy', f32('N', 20, 20, 8));
    const w = s.param('w', f32(3, 3, 8, 8));
    const dx = s.on(ops.conv2dInputGradient, [dy, w], { size: [16, 16], padding: [3, 3] });
    const graph = s.returning({ dx }).graph();
    expect(winograd.run(graph, targets.ts)).toBe(graph);
  });

  it('tells which convolutions it chose, and what error to expect', () => {
    const [layer, more] = winogradLayers(run(winograd, convolution({ size: 18, channels: 16, filters: 24 })));
    expect(more).toBeUndefined();
    expect(layer).toMatchObject({ tile: 4, size: [16, 16], channels: 16, filters: 24 });
    expect(layer!.error).toBeGreaterThan(1e-7);
    expect(layer!.error).toBeLessThan(1e-6);
  });
});

const shaped = (size: number, channels: number, filters: number, trained = false): ConvolutionShape => ({
  windows: windowsOver([size, size], [3, 3], [1, 1], 'same'),
  channels,
  filters,
  trained,
});

describe('the cost model', () => {
  it('grows with every extent', () => {
    const sizes = [4, 8, 16, 32, 64];
    const channels = [4, 16, 64, 256];
    for (const cost of [
      directCost,
      (s: ConvolutionShape) => winogradCost(2, s),
      (s: ConvolutionShape) => winogradCost(4, s),
    ])
      for (const a of channels)
        for (const b of channels) {
          const bySize = sizes.map((size) => cost(shaped(size, a, b)));
          expect(bySize).toEqual(bySize.toSorted((x, y) => x - y));
          expect(new Set(bySize).size).toBe(sizes.length);
        }
    for (const tile of [2, 4] as const) {
      const byChannels = channels.map((c) => winogradCost(tile, shaped(16, c, 32)));
      expect(byChannels).toEqual(byChannels.toSorted((x, y) => x - y));
      const byFilters = channels.map((c) => winogradCost(tile, shaped(16, 32, c)));
      expect(byFilters).toEqual(byFilters.toSorted((x, y) => x - y));
    }
  });

  it('counts the transform of kernels in training', () => {
    expect(winogradCost(4, shaped(8, 64, 64, true))).toBeGreaterThan(winogradCost(4, shaped(8, 64, 64)));
  });

  it('chooses what was measured to be fastest', () => {
    for (const [size, channels, filters] of [
      [56, 64, 64],
      [28, 128, 128],
      [14, 256, 256],
      [7, 512, 512],
      [32, 16, 16],
      [16, 32, 32],
      [8, 64, 64],
      [13, 32, 64],
      [55, 16, 64],
    ] as const)
      expect([size, chooseTile(shaped(size, channels, filters))]).toEqual([size, 4]);
    expect(chooseTile(shaped(6, 32, 32))).toBe(2);
    expect(chooseTile(shaped(1, 64, 64))).toBeUndefined();
    expect(chooseTile(shaped(28, 1, 8))).toBeUndefined();
    expect(chooseTile(shaped(8, 4, 4))).toBeUndefined();
  });
});

const model = `model Net {
  input image: f32[18, 18, 8]
  image -> Conv2D(8, 3x3, activation: relu) -> Conv2D(8, 5x5) -> output y
}`;
const source = { entry: 'net.cnn', read: (path: string) => (path === 'net.cnn' ? model : undefined) };

describe('compile', () => {
  it('reports the layers, unless told to compute everything directly', () => {
    const layers = compile(source).report?.winograd;
    expect(layers).toHaveLength(1);
    expect(layers?.[0]).toMatchObject({ routine: 'infer', line: 3, tile: 4, channels: 8, filters: 8 });
    const direct = compile(source, { winograd: false });
    expect(direct.report?.winograd).toEqual([]);
    expect(direct.files[0]?.content).not.toContain('winograd');
    const named = compile(source, { winograd: false, passes: pipeline.map(({ name }) => name) });
    expect(named.report?.winograd).toEqual([]);
  });

  it('plans scratch memory of TypeScript kernels beside what is live', () => {
    const [ts, wasm] = (['ts', 'wasm'] as const).map((kernels) => compile(source, { kernels }).report);
    const planned = (report: typeof ts): number =>
      report?.routines.find(({ name }) => name === 'infer')?.planned ?? 0;
    expect(planned(ts)).toBeGreaterThan(planned(wasm));
  });
});
