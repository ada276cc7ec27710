/** Lowering: fused kernels give the bits of single ones, and reductions run in the documented order. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Extent } from '../../compiler/base/types.ts';
import { GraphBuilder } from '../../compiler/graph/builder.ts';
import type { Graph, Node, Parameter, Value } from '../../compiler/graph/ir.ts';
import { hasTrait } from '../../compiler/graph/op.ts';
import type { Elements } from '../../compiler/loop/interpret.ts';
import { interpret } from '../../compiler/loop/interpret.ts';
import type { Kernel, Stmt } from '../../compiler/loop/ir.ts';
import { visitStmts } from '../../compiler/loop/rewrite.ts';
import { verifyKernel } from '../../compiler/loop/verify.ts';
import type { Group } from '../../compiler/lower/index.ts';
import { isLiteral, lowering, lowerGroup } from '../../compiler/lower/index.ts';
import * as ops from '../../compiler/ops/index.ts';
import { parameter, randomGraph } from './random-graph.ts';
import { bytesOf, dense, drawn, graphOf, groupsOf, runGroups } from './run.ts';

/** Each node its own kernel: what fusing must not differ from. */
function apart(graph: Graph): readonly Group[] {
  return graph.nodes
    .filter((node) => !hasTrait(node.op, 'view'))
    .map((node) => ({
      kind: 'kernel',
      nodes: [node],
      root: node,
      inputs: [...new Set(node.operands)].filter((operand) => !isLiteral(operand)),
      outputs: [node],
      commit: false,
    }));
}

function expectSameBits(graph: Graph, parameters: readonly Parameter[], n: number): void {
  const known = new Map<Value, Elements>(parameters.map((p, i) => [p, drawn(p, n, i + 1)]));
  const single = runGroups(apart(graph), known, { n });
  const fused = runGroups(groupsOf(graph), known, { n, transform: verified });
  for (const { value } of graph.returns)
    expect(bytesOf(fused.get(value) as Elements)).toBe(bytesOf(single.get(value) as Elements));
}

function verified(kernel: Kernel): Kernel {
  verifyKernel(kernel);
  return kernel;
}

describe('fused kernels', () => {
  it('give the bits of single ones on random graphs', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(1000), { minLength: 20, maxLength: 60 }),
        fc.integer({ min: 1, max: 3 }),
        (choices, n) => {
          const { graph, parameters } = randomGraph(choices);
          expectSameBits(graph, parameters, n);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('have no branch for padding: conditions become loop bounds', () => {
    const g = new GraphBuilder();
    const [x, kernel] = [parameter('x', 'N', 7, 9, 2), parameter('kernel', 3, 4, 2, 3)];
    const y = g.emit(ops.conv2d, { x, kernel }, { padding: 'same', strides: [2, 1] });
    const dx = g.emit(
      ops.conv2dInputGradient,
      { dy: y, kernel },
      { padding: 'same', strides: [2, 1], size: [7, 9] },
    );
    for (const group of groupsOf(graphOf(g.nodes, dx))) {
      const kinds = new Set<Stmt['kind']>();
      visitStmts(lowerGroup(group, dense).kernel.body, ({ kind }) => kinds.add(kind));
      expect(kinds.has('if')).toBe(false);
    }
  });

  it('take bias, activation and residual of a convolution in groups along', () => {
    const g = new GraphBuilder();
    const [x, kernel, b, skip] = [
      parameter('x', 'N', 4, 3, 4),
      parameter('kernel', 3, 3, 2, 6),
      parameter('b', 6),
      parameter('skip', 'N', 4, 3, 6),
    ];
    const y = g.emit(ops.conv2d, { x, kernel }, { padding: 'same', groups: 2 });
    const shifted = g.emit(ops.add, { a: y, b });
    const sum = g.emit(ops.add, { a: g.emit(ops.relu6, { x: shifted }), b: skip });
    const graph = graphOf(g.nodes, sum, shifted);
    const [group, more] = groupsOf(graph);
    expect(more).toBeUndefined();
    expectSameBits(graph, [x, kernel, b, skip], 2);
    // The residual is read where the sum is written: both may be one memory.
    expect(lowerGroup(group as Group, dense).inPlace).toContainEqual({ output: sum, input: skip });
  });

  it('write into a strided window', () => {
    const g = new GraphBuilder();
    const x = parameter('x', 'N', 2);
    const y = g.emit(ops.square, { x });
    const [group] = groupsOf(graphOf(g.nodes, y));
    const layoutOf = (value: Value) =>
      value === y ? { shape: ['N', 2] as const, strides: [5, 1], offset: 3 } : dense(value);
    const { kernel } = lowerGroup(group as Group, layoutOf);
    const whole = new Float32Array(10).fill(-1);
    interpret(kernel, [Float32Array.of(1, 2, 3, 4), whole], { n: 2, precision: 'f32' });
    expect([...whole]).toEqual([-1, -1, -1, 1, 4, -1, -1, -1, 9, 16]);
  });

  it('keep literals of one value out of their inputs', () => {
    const g = new GraphBuilder();
    const y = g.emit(ops.multiply, {
      a: parameter('x', 'N', 2),
      b: g.filled(0.5, { dtype: 'f32', shape: [2] }),
    });
    const [group] = groupsOf(graphOf(g.nodes, y));
    expect(lowerGroup(group as Group, dense).kernel.inputs.length).toBe(1);
  });
});

describe('the order of sums', () => {
  const f = Math.fround;
  const total = (values: Iterable<number>): number => {
    let sum = 0;
    for (const value of values) sum = f(sum + value);
    return sum;
  };
  /** Sums of chunks, summed. */
  const chunked = (values: Float32Array, size: number): number =>
    total(
      Array.from({ length: Math.ceil(values.length / size) }, (_, i) =>
        total(values.subarray(i * size, (i + 1) * size)),
      ),
    );

  function summed(shape: readonly Extent[], n: number): { x: Float32Array; sum: number } {
    const g = new GraphBuilder();
    const p = parameter('x', ...shape);
    const y = g.emit(ops.sum, { x: p });
    const x = drawn(p, n, 7) as Float32Array;
    const memory = runGroups(groupsOf(graphOf(g.nodes, y)), new Map([[p, x]]), { n });
    return { x, sum: memory.get(y)?.[0] as number };
  }

  it.each([
    [[4096], 1, 4096],
    // Divided at the largest divisor from 1024 to 4096.
    [[10000], 1, 2500],
    // 8191 is prime: a whole chunk of 4096 and a rest.
    [[8191], 1, 4096],
    // The innermost axes that fit.
    [[9, 70, 50], 1, 3500],
    // The batch is never inside a chunk with other axes …
    [['N', 11, 11], 5, 121],
    [['N', 70, 70], 2, 70],
  ] as const)('%j in chunks of the static axes', (shape, n, size) => {
    const { x, sum } = summed(shape, n);
    expect(sum).toBe(chunked(x, size));
    expect(sum).not.toBe(chunked(x, x.length === size ? 1000 : x.length));
  });

  it('is sequential over the batch alone', () => {
    const { x, sum } = summed(['N'], 5000);
    expect(sum).toBe(total(x));
  });

  it('loses little over a million terms', () => {
    const { x, sum } = summed([1_000_000], 1);
    const exact = x.reduce((a, b) => a + b, 0);
    const size = x.reduce((a, b) => a + Math.abs(b), 0);
    expect(Math.abs(sum - exact) / size).toBeLessThan(1e-7);
  });
});

describe('lowering', () => {
  const layers = (g: GraphBuilder, x: Value, scales: readonly number[]): Node[] =>
    scales.map((scale, i) => {
      const y = g.emit(ops.matmul, { a: x, b: parameter(`w${i}`, 4, 4) });
      return g.emit(ops.multiply, {
        a: g.emit(ops.add, { a: y, b: parameter(`b${i}`, 4) }),
        b: g.constant(scale),
      });
    });

  it('gives groups of one structure one kernel, bound to their own values', () => {
    const g = new GraphBuilder();
    const results = layers(g, parameter('x', 'N', 4), [0.5, 0.5, 2, -0, 0]);
    const groups = groupsOf(graphOf(g.nodes, ...results));
    const lower = lowering(4);
    const lowered = groups.map((group) => lower(group, dense));
    expect(new Set(lowered.map(({ kernel }) => kernel)).size).toBe(4);
    expect(lowered[0]?.kernel).toBe(lowered[1]?.kernel);
    groups.forEach((group, i) => {
      const { inputs, outputs, inPlace } = lowerGroup(group, dense);
      expect(lowered[i]).toMatchObject({ inputs, outputs, inPlace });
    });
  });

  it('tells layouts apart', () => {
    const g = new GraphBuilder();
    const [group] = groupsOf(graphOf(g.nodes, g.emit(ops.relu, { x: parameter('x', 'N', 4) })));
    const lower = lowering(4);
    const elsewhere = lower(group as Group, (value) => ({ ...dense(value), offset: 4 }));
    expect(lower(group as Group, dense).kernel).not.toBe(elsewhere.kernel);
  });
});
