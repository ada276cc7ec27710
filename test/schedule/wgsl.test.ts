/** Schedules for a GPU: every op as its bound kernel on the interpreter, thread by thread. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Extent } from '../../compiler/base/types.ts';
import { elementCount } from '../../compiler/base/types.ts';
import { GraphBuilder } from '../../compiler/graph/builder.ts';
import type { Node, Parameter, Value } from '../../compiler/graph/ir.ts';
import { boundKernel } from '../../compiler/loop/bound.ts';
import type { Elements } from '../../compiler/loop/interpret.ts';
import { elementsFor, interpret } from '../../compiler/loop/interpret.ts';
import type { Kernel, Stmt } from '../../compiler/loop/ir.ts';
import { parseKernel } from '../../compiler/loop/parse.ts';
import { printKernel } from '../../compiler/loop/print.ts';
import { visitStmts } from '../../compiler/loop/rewrite.ts';
import { expandAllReduce } from '../../compiler/loop/transform/expand-all-reduce.ts';
import { constantBounds } from '../../compiler/loop/transform/unroll.ts';
import { verifyKernel } from '../../compiler/loop/verify.ts';
import { groupNodes, lowerGroup } from '../../compiler/lower/index.ts';
import * as ops from '../../compiler/ops/index.ts';
import { webgpu } from '../../compiler/program/target.ts';
import { describeSchedule } from '../../compiler/schedule/describe.ts';
import { scheduling } from '../../compiler/schedule/index.ts';
import { windowKernels } from '../loop/kernels.ts';
import { bytesOf, dense, graphOf } from '../lower/run.ts';
import { lowerMath } from '../support/lower-math.ts';
import { sampleKernel } from '../support/sample-kernel.ts';
import { calls, generator, hasKernel } from '../support/samples.ts';

const relative = 1e-5;

/** Operands drawn from a seed, and places for the results. */
function operandsOf({ inputs, outputs }: Kernel, n: number): { inputs: Elements[]; outputs: Elements[] } {
  const random = generator(n);
  const memory = ({ dtype, shape }: Kernel['inputs'][number]): Elements =>
    elementsFor(dtype, elementCount(shape, n), 'f32');
  return {
    inputs: inputs.map((buffer) =>
      memory(buffer).map(() => (buffer.dtype === 'f32' ? random() * 2 - 1 : Math.floor(random() * 4))),
    ),
    outputs: outputs.map((buffer) => memory(buffer).fill(77)),
  };
}

function run(kernel: Kernel, inputs: readonly Elements[], outputs: readonly Elements[], n: number): void {
  interpret(lowerMath(kernel), [...inputs, ...outputs], { n, precision: 'f32', races: true });
}

function expectClose(got: Elements, wanted: Elements): void {
  let magnitude = 0;
  for (const x of wanted) if (Number.isFinite(x)) magnitude = Math.max(magnitude, Math.abs(x));
  got.forEach((x, i) => {
    const want = wanted[i] ?? NaN;
    if (Object.is(x, want) || x === want) return;
    expect(Math.abs(x - want)).toBeLessThanOrEqual(relative * Math.max(Math.abs(want), magnitude / 10));
  });
}

const sums = new Set(['cooperate', 'merge_chunks', 'tile_contraction']);

/** Checks a scheduled kernel: its form, what devices can do, and its results. Gives what it was. */
function check(lowered: Kernel, batches: readonly number[]): Kernel {
  const { kernel, steps } = scheduling(lowered, webgpu);
  verifyKernel(kernel);
  expectWithinLimits(kernel);
  expect(printKernel(parseKernel(printKernel(kernel)))).toBe(printKernel(kernel));
  for (const n of batches) {
    const { inputs, outputs } = operandsOf(lowered, n);
    const wanted = outputs.map((output) => output.slice());
    run(lowered, inputs, wanted, n);
    const expanded = expandAllReduce(kernel);
    for (const form of expanded === kernel ? [kernel] : [kernel, expanded]) {
      outputs.forEach((output) => output.fill(77));
      run(form, inputs, outputs, n);
      outputs.forEach((output, i) => expectClose(output, wanted[i]!));
    }
    if (!steps.some(({ step }) => sums.has(step))) expect(outputs.map(bytesOf)).toEqual(wanted.map(bytesOf));
  }
  return kernel;
}

const mostBatch = 1024;

/** https://www.w3.org/TR/webgpu/#limits */
function expectWithinLimits(kernel: Kernel): void {
  const { workgroups, threads, shared } = boundKernel(expandAllReduce(kernel));
  const product = (counts: readonly number[]): number => counts.reduce((a, b) => a * b, 1);
  const counts = Object.entries(threads).map(([dimension, loop]) => {
    const { to } = constantBounds(loop)!;
    expect(to).toBeLessThanOrEqual(dimension === 'z' ? 64 : 256);
    return to;
  });
  expect(product(counts)).toBeLessThanOrEqual(256);
  for (const loop of Object.values(workgroups))
    expect(constantBounds(loop)?.to ?? mostBatch).toBeLessThanOrEqual(65535);
  const bytes = shared.reduce((sum, { shape }) => sum + 4 * elementCount(shape, 1), 0);
  expect(bytes).toBeLessThanOrEqual(16384);
}

describe.each(calls.filter(({ op }) => hasKernel(op)))('$title', (call) => {
  const sample = sampleKernel(call, webgpu);
  const { steps } = scheduling(sample.lowered, webgpu);

  it('gives the same', () => {
    for (const n of [1, 2, 3]) {
      const got = sample.result(n);
      run(sample.scheduled, sample.inputs(n), [got], n);
      const wanted = sample.expected(n);
      if (steps.some(({ step }) => sums.has(step))) expectClose(got, wanted);
      else expect(bytesOf(got)).toBe(bytesOf(wanted));
    }
  });

  it('is well formed and within the limits', () => {
    verifyKernel(sample.scheduled);
    expectWithinLimits(sample.scheduled);
    expect(printKernel(parseKernel(printKernel(sample.scheduled)))).toBe(printKernel(sample.scheduled));
  });
});

const parameter = (name: string, shape: readonly Extent[], dtype: 'f32' | 'i32' = 'f32'): Parameter => ({
  kind: 'parameter',
  role: 'input',
  name,
  type: { dtype, shape },
});

/** The only kernel of what `make` makes. */
function loweredOf(make: (g: GraphBuilder) => Node): Kernel {
  const g = new GraphBuilder();
  const result = make(g);
  const [group, ...others] = groupNodes(graphOf(g.nodes, result), webgpu);
  expect(others).toEqual([]);
  return lowerGroup(group!, dense, webgpu.lanes).kernel;
}

/** What stands in a kernel for any device: numbers of threads by dimension, barriers, loops in lanes. */
function formOf(kernel: Kernel): {
  readonly threads: string;
  readonly barriers: number;
  readonly lanes: number;
} {
  const { threads } = boundKernel(kernel);
  const count = (is: (stmt: Stmt) => boolean): number => {
    let found = 0;
    visitStmts(expandAllReduce(kernel).body, (stmt) => (found += is(stmt) ? 1 : 0));
    return found;
  };
  return {
    threads: (['x', 'y', 'z'] as const).flatMap((d) => threads[d]?.axis.extent ?? []).join('x'),
    barriers: count(({ kind }) => kind === 'barrier'),
    lanes: count((stmt) => stmt.kind === 'for' && stmt.mode === 'vectorize'),
  };
}

describe('maps', () => {
  const relu = (...shape: readonly Extent[]): Kernel =>
    loweredOf((g) => g.emit(ops.relu, { x: parameter('x', shape) }));

  it.each<[readonly Extent[], string, number]>([
    [['N', 13, 13, 32], '64', 1],
    [['N', 10], '10x6', 0],
    [['N', 12], '3x21', 1],
    [['N', 1], '64', 0],
    [['N'], '64', 0],
    [[], '', 0],
    [[7], '7', 0],
    [[1000], '64', 1],
    [[99], '64', 0],
  ])('over %j: %s threads', (shape, threads, lanes) => {
    const kernel = check(relu(...shape), [1, 3, 70]);
    expect(formOf(kernel)).toEqual({ threads, barriers: 0, lanes });
  });

  it('have a second dimension of workgroups where one is too short', () => {
    const kernel = scheduling(relu(64 * 70_001), webgpu).kernel;
    verifyKernel(kernel);
    expectWithinLimits(kernel);
    const counts = Object.values(boundKernel(kernel).workgroups).map((loop) => constantBounds(loop)!.to);
    expect(counts).toEqual([17501]);
    const odd = scheduling(relu(64 * 70_000 + 1), webgpu).kernel;
    verifyKernel(odd);
    const both = Object.values(boundKernel(odd).workgroups).map((loop) => constantBounds(loop)!.to);
    expect(both.toSorted((a, b) => a - b)).toEqual([2, 35001]);
  });

  it('of five axes leave one to each thread', () => {
    const x = parameter('x', ['N', 3, 4, 5, 6]);
    const kernel = check(
      loweredOf((g) => g.emit(ops.transpose, { x }, { permutation: [0, 2, 4, 1, 3] })),
      [1, 2],
    );
    expect(Object.keys(boundKernel(kernel).workgroups)).not.toContain('w');
  });
});

describe('windows', () => {
  const pool = (...shape: readonly Extent[]): Kernel =>
    loweredOf((g) =>
      g.emit(
        ops.maxPool2d,
        { x: parameter('x', shape) },
        { pool_size: [2, 2], strides: [2, 2], padding: 'valid' },
      ),
    );

  it('have a thread for four channels where there are many, else for one', () => {
    expect(formOf(check(pool('N', 32, 32, 32), [1]))).toMatchObject({ threads: '8x8', lanes: 3 });
    expect(formOf(check(pool('N', 14, 14, 6), [2]))).toEqual({ threads: '6x7x2', barriers: 0, lanes: 0 });
  });

  it('of which each channel has its own, and their gradients, share nothing but sums', () => {
    const [x, kernel] = [parameter('x', ['N', 8, 8, 24]), parameter('kernel', [3, 3, 1, 24])];
    const attributes = { strides: [1, 1], padding: 'same', groups: 24 } as const;
    const dy = parameter('dy', ['N', 8, 8, 24]);
    const gradient = { ...attributes, kernel_size: [3, 3] };
    const kernels = [
      loweredOf((g) => g.emit(ops.conv2d, { x, kernel }, attributes)),
      loweredOf((g) => g.emit(ops.conv2dInputGradient, { dy, kernel }, { ...attributes, size: [8, 8] })),
      loweredOf((g) => g.emit(ops.conv2dKernelGradient, { x, dy }, gradient)),
    ].map((lowered) => formOf(check(lowered, [2])));
    expect(kernels.map(({ threads, barriers }) => [threads, barriers])).toEqual([
      ['24x4', 0],
      ['24x4', 0],
      ['3x32', 2],
    ]);
  });

  it('of random convolutions, pooling and their gradients give the same', () => {
    fc.assert(
      fc.property(windowKernels, fc.integer({ min: 1, max: 3 }), (kernel, n) => void check(kernel, [n])),
      { numRuns: 100 },
    );
  });
});

describe('reductions', () => {
  const sum = (shape: readonly Extent[], axes: readonly number[]): Kernel =>
    loweredOf((g) => g.emit(ops.sum, { x: parameter('x', shape) }, { axes }));

  it.each<[readonly Extent[], readonly number[], string]>([
    [['N', 8, 8, 16], [0, 1, 2], '64'],
    [['N', 64], [0], '16x16'],
    [['N', 10], [0], '10x16'],
    [['N', 3, 70], [0, 2], '128'],
    [['N', 300], [], '256'],
    [['N'], [], '32'],
    [[10_001], [], '256'],
    [['N', 7, 7, 128], [1, 2], '16x8'],
    [['N', 500], [1], '64'],
    [['N', 5000], [1], '256'],
  ])('of %j over %j: %s threads together', (shape, axes, threads) => {
    const kernel = check(sum(shape, axes), [1, 5, 40]);
    expect(formOf(kernel)).toEqual({ threads, barriers: 2, lanes: 0 });
  });

  it('may be stored over what is added to them', () => {
    const [x, r] = [parameter('x', ['N', 100]), parameter('r', ['N'])];
    const kernel = loweredOf((g) => g.emit(ops.add, { a: g.emit(ops.sum, { x }, { axes: [1] }), b: r }));
    const { kernel: scheduled } = scheduling(kernel, webgpu);
    const { inputs, outputs } = operandsOf(kernel, 3);
    run(scheduled, inputs, outputs, 3);
    const there = inputs[kernel.inputs.findIndex(({ shape }) => shape.length === 1)]!;
    run(scheduled, inputs, [there], 3);
    expect(bytesOf(there)).toBe(bytesOf(outputs[0]!));
  });

  it('to many results, or of few elements, are left to one thread each', () => {
    for (const [shape, axes] of [
      [['N', 10], [1]],
      [
        ['N', 7, 7, 5000],
        [1, 2],
      ],
      [[30], []],
    ] as const)
      expect(formOf(check(sum(shape, axes), [2])).barriers).toBe(0);
  });

  it('of booleans, maxima and several operands', () => {
    const x = parameter('x', ['N', 100]);
    const kernels = [
      loweredOf((g) => g.emit(ops.max, { x }, { axes: [1] })),
      loweredOf((g) => g.emit(ops.mean, { x }, { axes: [0] })),
      loweredOf((g) => g.emit(ops.allFinite, { xs: [x, parameter('b', [33]), parameter('c', [4, 5])] })),
    ];
    for (const kernel of kernels) expect(formOf(check(kernel, [1, 3])).barriers).toBe(2);
  });
});

describe('rows', () => {
  const last = { axes: [-1], keepdims: true };
  function softmax(g: GraphBuilder, x: Value): Node {
    const e = g.emit(ops.exp, { x: g.emit(ops.subtract, { a: x, b: g.emit(ops.max, { x }, last) }) });
    return g.emit(ops.divide, { a: e, b: g.emit(ops.sum, { x: e }, last) });
  }
  const kernelOf = (...shape: readonly Extent[]): Kernel =>
    loweredOf((g) => softmax(g, parameter('x', shape)));

  it.each<[readonly Extent[], string, number]>([
    [['N', 10], '64', 0],
    [['N', 32], '64', 0],
    [['N', 33], '32', 4],
    [['N', 1000], '128', 4],
    [['N', 2000], '256', 4],
    [['N', 2, 3, 40], '32', 4],
  ])('of %j: %s threads, %i barriers', (shape, threads, barriers) => {
    const kernel = check(kernelOf(...shape), [1, 3]);
    expect(formOf(kernel)).toEqual({ threads, barriers, lanes: 0 });
  });
});

describe('what is said of schedules', () => {
  const said = (kernel: Kernel): string => {
    const { steps, kernel: scheduled } = scheduling(kernel, webgpu);
    return describeSchedule(steps, scheduled);
  };
  const x = parameter('x', ['N', 12, 12, 64]);

  it('names threads, lanes and what is shared', () => {
    expect(said(loweredOf((g) => g.emit(ops.relu, { x })))).toBe('64 hwc threads, 4 hwc at a time');
    expect(said(loweredOf((g) => g.emit(ops.sum, { x }, { axes: [1, 2] })))).toBe(
      '4 i1 threads, 32 of each share loops over r1r2',
    );
    expect(said(loweredOf((g) => g.emit(ops.sum, { x })))).toBe('256 threads share loops over r1r2r3');
    expect(said(loweredOf((g) => g.emit(ops.relu, { x: parameter('a', []) })))).toBe('one by one');
  });
});
