/** Fusion: what joins, what stays apart, and that groups can be launched in order. */
import { describe, expect, it } from 'vitest';
import type { Extent } from '../../compiler/base/types.ts';
import { GraphBuilder } from '../../compiler/graph/builder.ts';
import type { Graph, Node, Parameter, Value } from '../../compiler/graph/ir.ts';
import * as ops from '../../compiler/ops/index.ts';
import { dense, graphOf, groupsOf } from './run.ts';
import { lowerGroup } from '../../compiler/lower/index.ts';
import type { Group } from '../../compiler/lower/index.ts';

const parameter = (name: string, ...shape: readonly Extent[]): Parameter => ({
  kind: 'parameter',
  role: 'param',
  name,
  type: { dtype: 'f32', shape },
});

const namesOf = (groups: readonly Group[]): string[] =>
  groups.map(({ nodes }) => nodes.map(({ op }) => op.name).join(' '));

/** conv + bias + relu of an image. */
function convolution(g: GraphBuilder, x: Value): Node {
  const channels = x.type.shape[3] as number;
  const kernel = parameter('kernel', 3, 3, channels, 4);
  const y = g.emit(ops.conv2d, { x, kernel }, { padding: 'same' });
  return g.emit(ops.relu, { x: g.emit(ops.add, { a: y, b: parameter('bias', 4) }) });
}

/** Every group reads only parameters, constants, views and what earlier groups store; every live node is in one group. */
function expectLaunchable(graph: Graph, groups: readonly Group[]): void {
  const stored = new Set<Value>();
  const placed = new Set<Node>();
  for (const group of groups) {
    for (const input of group.inputs) {
      let owner: Value = input;
      while (owner.kind === 'node' && owner.op.traits.includes('view')) owner = owner.operands[0] as Value;
      if (owner.kind === 'node') expect(stored.has(owner)).toBe(true);
    }
    for (const output of group.outputs) stored.add(output);
    for (const node of group.nodes) {
      expect(placed.has(node)).toBe(false);
      placed.add(node);
    }
  }
  for (const { value } of [...graph.returns, ...graph.updates])
    if (value.kind === 'node' && !value.op.traits.includes('view')) expect(stored.has(value)).toBe(true);
}

describe('groupNodes', () => {
  it('puts convolution, bias and activation into one kernel', () => {
    const g = new GraphBuilder();
    const y = convolution(g, parameter('x', 'N', 8, 8, 3));
    const groups = groupsOf(graphOf(g.nodes, y));
    expect(namesOf(groups)).toEqual(['conv2d add relu']);
    expect(groups[0]?.root.op.name).toBe('conv2d');
    expect(groups[0]?.outputs).toEqual([y]);
    expect(lowerGroup(groups[0]!, dense).kernel.name).toBe('conv2d_add_relu');
  });

  it('adds a residual to the later convolution', () => {
    const g = new GraphBuilder();
    const x = convolution(g, parameter('x', 'N', 8, 8, 3));
    const main = convolution(g, convolution(g, x));
    const y = g.emit(ops.relu, { x: g.emit(ops.add, { a: main, b: x }) });
    const groups = groupsOf(graphOf(g.nodes, y));
    expect(namesOf(groups)).toEqual(['conv2d add relu', 'conv2d add relu', 'conv2d add relu add relu']);
    expectLaunchable(graphOf(g.nodes, y), groups);
  });

  it('does not join a value with the convolution that reads it', () => {
    const g = new GraphBuilder();
    const x = g.emit(ops.relu, { x: parameter('x', 'N', 4, 4, 4) });
    const y = g.emit(ops.add, { a: x, b: convolution(g, x) });
    const groups = groupsOf(graphOf(g.nodes, y));
    expect(namesOf(groups)).toEqual(['relu', 'conv2d add relu add']);
    expectLaunchable(graphOf(g.nodes, y), groups);
  });

  it('does not join a node with a group that it also reads through a view', () => {
    const g = new GraphBuilder();
    const x = g.emit(ops.square, { x: parameter('x', 3, 3) });
    const turned = g.emit(ops.reshape, { x: g.emit(ops.reshape, { x }, { shape: [9] }) }, { shape: [3, 3] });
    const y = g.emit(ops.add, { a: x, b: turned });
    const groups = groupsOf(graphOf(g.nodes, y));
    expect(namesOf(groups)).toEqual(['square', 'add']);
  });

  it('computes softmax in one kernel', () => {
    const g = new GraphBuilder();
    const x = parameter('x', 'N', 10);
    const top = g.emit(ops.max, { x }, { axes: [-1], keepdims: true });
    const e = g.emit(ops.exp, { x: g.emit(ops.subtract, { a: x, b: top }) });
    const y = g.emit(ops.divide, { a: e, b: g.emit(ops.sum, { x: e }, { axes: [-1], keepdims: true }) });
    const [group, ...others] = groupsOf(graphOf(g.nodes, y));
    expect(others).toEqual([]);
    expect(group?.parts && namesOf(group.parts)).toEqual(['max', 'subtract exp', 'sum', 'divide']);
    // What a part reads of every element is stored; what there is one of per row is not.
    expect(group?.outputs).toEqual([e, y]);
  });

  it('reads an elementwise chain inside of the reduction that alone uses it', () => {
    const g = new GraphBuilder();
    const x = parameter('x', 'N', 6, 6, 4);
    const mean = g.emit(ops.mean, { x }, { keep: [-1] });
    const centred = g.emit(ops.subtract, { a: x, b: mean });
    const variance = g.emit(ops.mean, { x: g.emit(ops.square, { x: centred }) }, { keep: [-1] });
    const scale = g.emit(ops.sqrt, { x: g.emit(ops.add, { a: variance, b: g.constant(1e-3) }) });
    const y = g.emit(ops.divide, { a: centred, b: scale });
    const groups = groupsOf(graphOf(g.nodes, y));
    expect(namesOf(groups)).toEqual(['mean', 'subtract', 'square mean add sqrt', 'divide']);
    expectLaunchable(graphOf(g.nodes, y), groups);
  });

  it('computes no operand of smaller shape once per element', () => {
    const g = new GraphBuilder();
    const bias = g.emit(ops.exp, { x: parameter('b', 4) });
    const x = g.emit(ops.add, { a: parameter('x', 'N', 4), b: bias });
    expect(namesOf(groupsOf(graphOf(g.nodes, x)))).toEqual(['exp', 'add']);
  });

  it('stores inner values that are used outside, and merges chains that meet', () => {
    const g = new GraphBuilder();
    const [w, m, v, gradient] = ['w', 'm', 'v', 'gradient'].map((name) => parameter(name, 5, 3)) as [
      Parameter,
      Parameter,
      Parameter,
      Parameter,
    ];
    const scaled = (x: Value, by: number): Node => g.emit(ops.multiply, { a: x, b: g.constant(by) });
    const moment = g.emit(ops.add, { a: scaled(m, 0.9), b: scaled(gradient, 0.1) });
    const squares = g.emit(ops.square, { x: gradient });
    const power = g.emit(ops.add, { a: scaled(v, 0.999), b: scaled(squares, 0.001) });
    const step = g.emit(ops.divide, { a: moment, b: g.emit(ops.sqrt, { x: power }) });
    const weight = g.emit(ops.subtract, { a: w, b: step });
    const graph: Graph = {
      ...graphOf(g.nodes),
      updates: [
        { target: 'w', value: weight },
        { target: 'm', value: moment },
        { target: 'v', value: power },
      ],
    };
    const groups = groupsOf(graph);
    expect(groups.length).toBe(1);
    expect(groups[0]?.outputs).toEqual([moment, power, weight]);
    const { inPlace } = lowerGroup(groups[0]!, dense);
    for (const [output, input] of [
      [moment, m],
      [power, v],
      [weight, w],
    ] as const)
      expect(inPlace).toContainEqual({ output, input });
  });

  it('computes where it is used what only reads a tensor that is stored in any case', () => {
    const g = new GraphBuilder();
    const [x, scale] = [parameter('x', 'N', 8), parameter('scale', 8)];
    const y = g.emit(ops.exp, { x });
    const scaled = g.emit(ops.multiply, { a: y, b: scale });
    const doubled = g.emit(ops.multiply, { a: scaled, b: g.constant(2) });
    const sum = g.emit(ops.sum, { x: y }, { keep: [-1] });
    const z = g.emit(ops.add, { a: doubled, b: sum });
    // y is stored since the sum reads it.
    const groups = groupsOf(graphOf(g.nodes, z));
    expect(namesOf(groups)).toEqual(['exp', 'sum', 'multiply multiply add']);
    expect(groups.map(({ outputs }) => outputs)).toEqual([[y], [sum], [z]]);
    expect(groups.at(-1)?.inputs).toEqual([y, scale, sum]);
    // Returned, it is stored, and then rather where its operand is.
    const returned = groupsOf(graphOf(g.nodes, z, scaled));
    expect(namesOf(returned)[0]).toBe('exp multiply');
  });

  it('stores one value in place of several where all of them have but that one to read', () => {
    const g = new GraphBuilder();
    const x = parameter('x', 'N', 8);
    const y = g.emit(ops.exp, { x });
    const scaled = g.emit(ops.multiply, { a: y, b: parameter('scale', 8) });
    const sum = g.emit(ops.sum, { x: scaled }, { keep: [-1] });
    const z = g.emit(ops.add, { a: scaled, b: sum });
    // Nobody else reads y: it is stored nowhere.
    expect(namesOf(groupsOf(graphOf(g.nodes, z)))).toEqual(['exp multiply', 'sum', 'add']);
  });

  it('keeps what only updates need apart and last', () => {
    const g = new GraphBuilder();
    const [w, gradient] = [parameter('w', 4), parameter('x', 4)];
    const doubled = g.emit(ops.multiply, { a: gradient, b: g.constant(2) });
    const weight = g.emit(ops.subtract, { a: w, b: doubled });
    const after = g.emit(ops.exp, { x: doubled });
    const graph: Graph = { ...graphOf(g.nodes, after), updates: [{ target: 'w', value: weight }] };
    const groups = groupsOf(graph);
    expect(namesOf(groups)).toEqual(['multiply exp', 'subtract']);
    expect(groups.map(({ commit }) => commit)).toEqual([false, true]);
  });

  it('drops what nothing uses and marks concatenations', () => {
    const g = new GraphBuilder();
    const [a, b] = [parameter('a', 'N', 2), parameter('b', 'N', 3)];
    g.emit(ops.exp, { x: a });
    const both = g.emit(ops.concatenate, { xs: [g.emit(ops.relu, { x: a }), b] });
    const y = g.emit(ops.relu, { x: both });
    const groups = groupsOf(graphOf(g.nodes, y));
    expect(groups.map(({ kind }) => kind)).toEqual(['kernel', 'concatenation', 'kernel']);
    expect(namesOf(groups)).toEqual(['relu', 'concatenate', 'relu']);
  });

  it('is near-linear in the number of nodes', () => {
    const readsOf = (layers: number): number => {
      const g = new GraphBuilder();
      let x: Node = convolution(g, parameter('x', 'N', 4, 4, 4));
      for (let i = 0; i < layers; i++) x = g.emit(ops.add, { a: x, b: i % 7 === 0 ? convolution(g, x) : x });
      const graph = graphOf(g.nodes, x);
      let reads = 0;
      for (const node of graph.nodes) {
        const { operands } = node;
        Object.defineProperty(node, 'operands', { get: () => (reads++, operands) });
      }
      expect(groupsOf(graph).length).toBeGreaterThan(layers / 8);
      return reads;
    };
    const [small, large] = [readsOf(1000), readsOf(8000)];
    expect(small).toBeGreaterThan(1000);
    expect(large).toBeLessThan(10 * small);
  });
});
