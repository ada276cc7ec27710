/** Row-wise groups: what joins, and that the bits are those of the parts one after the other, on every CPU target. */
import { describe, expect, it } from 'vitest';
import type { Extent } from '../../compiler/base/types.ts';
import { GraphBuilder } from '../../compiler/graph/builder.ts';
import type { Node, Parameter, Value } from '../../compiler/graph/ir.ts';
import type { Group } from '../../compiler/lower/index.ts';
import { groupNodes, lowerGroup } from '../../compiler/lower/index.ts';
import type { Kernel } from '../../compiler/loop/ir.ts';
import { verifyKernel } from '../../compiler/loop/verify.ts';
import * as ops from '../../compiler/ops/index.ts';
import { targets } from '../../compiler/program/target.ts';
import { schedule } from '../../compiler/schedule/index.ts';
import { parameter } from './random-graph.ts';
import { bytesOf, dense, drawn, graphOf, groupsOf, runGroups } from './run.ts';

const last = { axes: [-1], keepdims: true };

function softmax(g: GraphBuilder, x: Value): Node {
  const top = g.emit(ops.max, { x }, last);
  const e = g.emit(ops.exp, { x: g.emit(ops.subtract, { a: x, b: top }) });
  return g.emit(ops.divide, { a: e, b: g.emit(ops.sum, { x: e }, last) });
}

function logSoftmax(g: GraphBuilder, x: Value): Node {
  const shifted = g.emit(ops.subtract, { a: x, b: g.emit(ops.max, { x }, last) });
  const sum = g.emit(ops.sum, { x: g.emit(ops.exp, { x: shifted }) }, last);
  return g.emit(ops.subtract, { a: shifted, b: g.emit(ops.log, { x: sum }) });
}

/** (x - mean) / sqrt(variance + epsilon) of each row. */
function layerNormalization(g: GraphBuilder, x: Value): Node {
  const centred = g.emit(ops.subtract, { a: x, b: g.emit(ops.mean, { x }, last) });
  const variance = g.emit(ops.mean, { x: g.emit(ops.square, { x: centred }) }, last);
  return g.emit(ops.divide, {
    a: centred,
    b: g.emit(ops.sqrt, { x: g.emit(ops.add, { a: variance, b: g.constant(1e-3) }) }),
  });
}

/** Cross-entropy of truths t: -sum(t * log_softmax(x)), and its gradient softmax(x) - t. */
const crossEntropy = (g: GraphBuilder, x: Value): Node => {
  const products = g.emit(ops.multiply, { a: parameter('t', ...x.type.shape), b: logSoftmax(g, x) });
  return g.emit(ops.negative, { x: g.emit(ops.sum, { x: products }, { axes: [-1] }) });
};

const models = { softmax, logSoftmax, layerNormalization, crossEntropy };
const shapes: readonly (readonly Extent[])[] = [['N', 10], ['N', 3, 2, 8], [5, 7], ['N', 1, 5000]]; // prettier-ignore
const cases = Object.entries(models).flatMap(([name, model]) =>
  shapes.map((shape) => [`${name} of [${shape.join(', ')}]`, model, shape] as const),
);

describe.each(cases)('%s', (_, model, shape) => {
  const g = new GraphBuilder();
  const x = parameter('x', ...shape);
  const y = model(g, x);
  const [group, ...others] = groupsOf(graphOf(g.nodes, y));
  const parts = group?.parts ?? [];
  const inputs = (group?.inputs ?? []).filter((value) => value.kind === 'parameter');

  it('is one kernel', () => {
    expect(others).toEqual([]);
    expect(parts.length).toBeGreaterThan(2);
    expect(new Set(parts.flatMap(({ nodes }) => nodes))).toEqual(new Set(group!.nodes));
    verifyKernel(lowerGroup(group!, dense).kernel);
  });
  // A GPU adds in another order when it divides a row among threads: test/schedule/wgsl.test.ts.
  it.each([targets.ts, targets.wasm])('has the bits of its parts, scheduled for $name', (target) => {
    const n = 3;
    const known = new Map(inputs.map((value, i) => [value, drawn(value, n, i + 1)] as const));
    const apart = runGroups(parts, known, { n }).get(y)!;
    const plain = runGroups([group!], known, { n }).get(y)!;
    const scheduled = { n, transform: (kernel: Parameters<typeof schedule>[0]) => schedule(kernel, target) };
    expect(bytesOf(plain)).toBe(bytesOf(apart));
    // Where the target has its own sequence for exp and log, so have the parts.
    const [one, many] = [[group!], parts].map((groups) => runGroups(groups, known, scheduled).get(y)!);
    expect(bytesOf(one!)).toBe(bytesOf(many!));
  });
});

describe('sums of channels', () => {
  const channels = { keep: [-1] };
  const on = (target: (typeof targets)['wgsl'], ...results: readonly Value[]): readonly Group[] => {
    const g = new Set<Node>();
    const visit = (value: Value): void => {
      if (value.kind !== 'node' || g.has(value)) return;
      value.operands.forEach(visit);
      g.add(value);
    };
    results.forEach(visit);
    return groupNodes(graphOf([...g], ...results), target);
  };

  /** What the gradients of a normalization need of one tensor: Σ dy, Σ x·dy and a number made of both. */
  function sums(shape: readonly Extent[]): readonly Value[] {
    const g = new GraphBuilder();
    const [x, dy] = [parameter('x', ...shape), parameter('dy', ...shape)];
    const sum = g.emit(ops.sum, { x: dy }, channels);
    const products = g.emit(ops.sum, { x: g.emit(ops.multiply, { a: x, b: dy }) }, channels);
    return [sum, products, g.emit(ops.subtract, { a: products, b: g.emit(ops.square, { x: sum }) })];
  }

  it.each<[readonly Extent[]]>([[['N', 9, 7, 5]], [['N', 300]], [[40, 3]]])(
    'of %j are one kernel where threads share memory, and have the bits of its parts',
    (shape) => {
      const results = sums(shape);
      const [group, ...others] = on(targets.wgsl, ...results);
      expect(others).toEqual([]);
      expect(group!.parts).toHaveLength(2);
      expect(on(targets.wasm, ...results)).toHaveLength(2);
      const known = new Map(group!.inputs.map((value, i) => [value, drawn(value as Parameter, 3, i + 1)]));
      const [one, many] = [[group!], group!.parts!].map((groups) => runGroups(groups, known, { n: 3 }));
      for (const value of results) expect(bytesOf(one!.get(value)!)).toBe(bytesOf(many!.get(value)!));
      const transform = (kernel: Kernel) => schedule(kernel, targets.wgsl);
      const bound = runGroups([group!], known, { n: 3, transform });
      for (const value of results)
        bound.get(value)!.forEach((element, i) => {
          expect(Math.abs(element - (one!.get(value)![i] ?? NaN))).toBeLessThan(1e-4);
        });
    },
  );

  it('stay apart where a tensor lies between, and where they are of other tensors', () => {
    const g = new GraphBuilder();
    const x = parameter('x', 'N', 6, 4);
    const centred = g.emit(ops.subtract, { a: x, b: g.emit(ops.mean, { x }, channels) });
    const variance = g.emit(ops.mean, { x: g.emit(ops.square, { x: centred }) }, channels);
    expect(on(targets.wgsl, centred, variance)).toHaveLength(3);
    const apart = [x, parameter('y', 'N', 6, 4)].map((each) => g.emit(ops.sum, { x: each }, channels));
    expect(on(targets.wgsl, ...apart)).toHaveLength(2);
  });

  it('stay apart where one kernel had too many buffers', () => {
    const g = new GraphBuilder();
    const dy = parameter('dy', 'N', 4);
    const results = Array.from({ length: 5 }, (_, i) => {
      return g.emit(ops.sum, { x: g.emit(ops.multiply, { a: dy, b: parameter(`x${i}`, 'N', 4) }) }, channels);
    });
    const groups = on(targets.wgsl, ...results);
    expect(groups.map(({ inputs, outputs }) => inputs.length + outputs.length)).toEqual([7, 5]);
  });

  it('take in what fits after something did not', () => {
    const g = new GraphBuilder();
    const x = Array.from({ length: 5 }, (_, i) => parameter(`x${i}`, 'N', 4));
    const sumOf = (a: Value, b: Value) => g.emit(ops.sum, { x: g.emit(ops.multiply, { a, b }) }, channels);
    const pairs = [[0, 1], [0, 2], [0, 3], [0, 4], [1, 2]] as const; // prettier-ignore
    const groups = on(targets.wgsl, ...pairs.map(([a, b]) => sumOf(x[a]!, x[b]!)));
    expect(groups.map(({ inputs, outputs }) => inputs.length + outputs.length)).toEqual([8, 3]);
  });

  it('stay apart where only updates need one of them: those run last', () => {
    const [sum, products] = sums(['N', 4]) as readonly [Node, Node, Node];
    const nodes = [sum, products.operands[0] as Node, products];
    const graph = { ...graphOf(nodes, sum), updates: [{ target: 'w', value: products }] };
    const groups = groupNodes(graph, targets.wgsl);
    expect(groups.map(({ commit }) => commit)).toEqual([false, true]);
  });
});

describe('rows stay apart', () => {
  const partsOf = (
    make: (g: GraphBuilder) => readonly Value[],
  ): readonly (readonly Group[] | undefined)[] => {
    const g = new GraphBuilder();
    const results = make(g);
    return groupsOf(graphOf(g.nodes, ...results)).map(({ parts }) => parts);
  };
  const none = (parts: readonly (readonly Group[] | undefined)[]): boolean =>
    parts.length > 1 && parts.every((list) => list === undefined);

  it('where another axis is reduced, though the shapes are the same', () => {
    const parts = partsOf((g) => {
      const x = parameter('x', 3, 3);
      return [g.emit(ops.subtract, { a: x, b: g.emit(ops.sum, { x }, { axes: [0] }) })];
    });
    expect(none(parts)).toBe(true);
  });
  it('where the numbers of rows are taken for a row', () => {
    const parts = partsOf((g) => {
      const x = parameter('x', 3, 3);
      return [g.emit(ops.subtract, { a: x, b: g.emit(ops.sum, { x }, { axes: [-1] }) })];
    });
    expect(none(parts)).toBe(true);
  });
  it('where a view lies between', () => {
    const parts = partsOf((g) => {
      const x = parameter('x', 4, 3);
      const sum = g.emit(ops.sum, { x }, { axes: [-1] });
      return [g.emit(ops.subtract, { a: x, b: g.emit(ops.reshape, { x: sum }, { shape: [4, 1] }) })];
    });
    expect(none(parts)).toBe(true);
  });
  it('where something between reads the one and makes what the other reads', () => {
    const g = new GraphBuilder();
    const x = parameter('x', 'N', 4);
    const top = g.emit(ops.max, { x }, last);
    const between = g.emit(ops.sum, { x: top }, { axes: [0], keepdims: true });
    const y = g.emit(ops.divide, { a: g.emit(ops.subtract, { a: x, b: top }), b: between });
    const groups = groupsOf(graphOf(g.nodes, y));
    const made = new Set<Value>();
    for (const { inputs, outputs } of groups) {
      for (const input of inputs) if (input.kind === 'node') expect(made.has(input)).toBe(true);
      for (const output of outputs) made.add(output);
    }
    expect(groups.map(({ parts }) => parts)).toEqual([undefined, undefined, undefined]);
  });
});
