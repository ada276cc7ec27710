import { expect, test } from 'vitest';
import { InvariantError } from '../../compiler/base/invariant.ts';
import { GraphBuilder } from '../../compiler/graph/builder.ts';
import type { Graph, Node, Parameter } from '../../compiler/graph/ir.ts';
import { verifyGraph } from '../../compiler/graph/verify.ts';
import { add, cast, concatenate, conv2d, leakyRelu, randomUniform, relu } from '../../compiler/ops/index.ts';

const x: Parameter = { kind: 'parameter', role: 'input', name: 'x', type: { dtype: 'f32', shape: ['N', 3] } };
const w: Parameter = { kind: 'parameter', role: 'param', name: 'w', type: { dtype: 'f32', shape: [3] } };

function good(): Graph & { readonly nodes: readonly [Node, Node] } {
  const g = new GraphBuilder();
  const sum = g.emit(add, { a: x, b: w });
  const y = g.emit(relu, { x: sum });
  return {
    name: 'step',
    parameters: [x, w],
    nodes: [sum, y],
    returns: [{ name: 'y', value: y }],
    updates: [{ target: 'w', value: g.filled(0, w.type) }],
  };
}

test('a good graph', () => {
  expect(() => verifyGraph(good())).not.toThrow();
});

function fails(graph: Graph, message: RegExp): void {
  expect(() => verifyGraph(graph)).toThrow(InvariantError);
  expect(() => verifyGraph(graph)).toThrow(message);
  expect(() => verifyGraph(graph)).toThrow(/^graph step: /);
}

/** The graph with its last node replaced. */
function withLast(change: Partial<Node>): Graph {
  const graph = good();
  const last = { ...graph.nodes[1], ...change };
  return { ...graph, nodes: [graph.nodes[0], last], returns: [{ name: 'y', value: last }] };
}

test('values are defined before they are used, once', () => {
  const graph = good();
  const [sum, y] = graph.nodes;
  fails({ ...graph, nodes: [y, sum] }, /%0 = relu: add is not defined before it/);
  fails({ ...graph, nodes: [sum] }, /return y: relu is not defined/);
  fails({ ...graph, nodes: [sum, y, sum] }, /twice/);
  fails({ ...graph, parameters: [x] }, /w is not defined/);
  const foreign: Parameter = { ...x };
  fails({ ...graph, updates: [], returns: [{ name: 'y', value: foreign }] }, /x is not defined/);
});

test('names are unique', () => {
  const graph = good();
  fails({ ...graph, parameters: [x, w, { ...w }] }, /parameter w twice/);
  fails({ ...graph, returns: [...graph.returns, ...graph.returns] }, /return y twice/);
  fails({ ...graph, updates: [...graph.updates, ...graph.updates] }, /update of w twice/);
});

test('updates write params and states of their type', () => {
  const graph = good();
  fails({ ...graph, updates: [{ target: 'x', value: x }] }, /update x: there is no such param or state/);
  fails({ ...graph, updates: [{ target: 'v', value: w }] }, /update v: there is no such/);
  fails({ ...graph, updates: [{ target: 'w', value: x }] }, /it is f32\[3\], the value f32\[N, 3\]/);
});

test('types are what ops infer', () => {
  fails(
    withLast({ type: { dtype: 'f32', shape: ['N', 4] } }),
    /its type is f32\[N, 4\], inferred f32\[N, 3\]/,
  );
  fails(withLast({ type: { dtype: 'i32', shape: ['N', 3] } }), /inferred f32/);
  fails(withLast({ type: { dtype: 'f32', shape: [3, 'N'] } }), /outermost/);
  fails(withLast({ type: { dtype: 'f32', shape: ['N', 0] } }), /positive/);
  const narrow: Parameter = { ...w, name: 'narrow', type: { dtype: 'f32', shape: [2] } };
  const graph = withLast({ op: add, operands: [x, narrow] });
  fails({ ...graph, parameters: [x, w, narrow] }, /cannot pair \[N, 3\] with \[2\]/);
  fails({ ...good(), parameters: [x, { ...w, type: { dtype: 'f32', shape: [3, 'N'] } }] }, /outermost/);
});

test('operands are as many and of the types that the op takes', () => {
  const [sum] = good().nodes;
  fails(withLast({ operands: [] }), /0 operands, it takes 1/);
  fails(withLast({ operands: [x, x] }), /2 operands/);
  const whole = { kind: 'constant', type: { dtype: 'i32', shape: [] }, data: [1] } as const;
  fails(withLast({ operands: [whole] }), /x takes no i32/);
  expect(() =>
    verifyGraph(
      withLast({ op: cast, operands: [whole], attributes: { to: 'f32' }, type: { dtype: 'f32', shape: [] } }),
    ),
  ).not.toThrow();
  const three = withLast({
    op: concatenate,
    operands: [x, x, x],
    attributes: { axis: -1 },
    type: { dtype: 'f32', shape: ['N', 9] },
  });
  expect(() => verifyGraph({ ...three, nodes: [sum, three.nodes[1] as Node] })).not.toThrow();
});

test('constants have one element, or all', () => {
  const constant = (data: number[], shape: (number | 'N')[] = [3]) =>
    withLast({
      operands: [{ kind: 'constant', type: { dtype: 'f32', shape }, data }],
      type: { dtype: 'f32', shape },
    });
  for (const data of [[1], [1, 2, 3]]) expect(() => verifyGraph(constant(data))).not.toThrow();
  fails(constant([]), /has 0 elements/);
  fails(constant([1, 2]), /has 2 elements/);
  fails(constant([1, 2, 3], ['N', 3]), /has 3 elements/);
});

test('attributes are complete and of their type', () => {
  const slope = (attributes: Node['attributes']) => withLast({ op: leakyRelu, attributes });
  expect(() => verifyGraph(slope({ negative_slope: 0.1 }))).not.toThrow();
  fails(slope({}), /attribute negative_slope must be float/);
  fails(slope({ negative_slope: 'steep' }), /must be float/);
  fails(slope({ negative_slope: 0.1, extra: 1 }), /there is no attribute extra/);
  const image: Parameter = { ...x, name: 'image', type: { dtype: 'f32', shape: ['N', 4, 4, 1] } };
  const kernel: Parameter = { ...w, name: 'kernel', type: { dtype: 'f32', shape: [1, 1, 1, 1] } };
  const convolution = (attributes: Node['attributes']): Graph => ({
    ...withLast({ op: conv2d, operands: [image, kernel], attributes, type: image.type }),
    parameters: [x, w, image, kernel],
  });
  expect(() => verifyGraph(convolution({ strides: [1, 1], padding: [0, 0], groups: 1 }))).not.toThrow();
  fails(convolution({ strides: [1], padding: 'valid', groups: 1 }), /strides must be size/);
  fails(convolution({ strides: [1, 1.5], padding: 'valid', groups: 1 }), /strides must be size/);
  fails(convolution({ strides: [1, 1], padding: 'full', groups: 1 }), /padding must be padding/);
});

test('an attribute is not inherited', () => {
  const seed: Parameter = {
    kind: 'parameter',
    role: 'input',
    name: '$seed',
    type: { dtype: 'u32', shape: [] },
  };
  const attributes = Object.create({ stream: 's' }) as Node['attributes'];
  const graph = withLast({
    op: randomUniform,
    operands: [seed, seed],
    attributes,
    type: { dtype: 'f32', shape: [3] },
  });
  fails({ ...graph, parameters: [x, w, seed] }, /attribute stream/);
});
