import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GraphBuilder } from '../../compiler/graph/builder.ts';
import type { AttributeValue, Constant, Graph, Parameter, Value } from '../../compiler/graph/ir.ts';
import type { AttributeSpec } from '../../compiler/graph/op.ts';
import { largeConstants, printGraph, printNumber } from '../../compiler/graph/print.ts';
import { add, conv2d, leakyRelu, matmul, multiply, relu } from '../../compiler/ops/index.ts';
import { calls, emitCall } from '../support/samples.ts';

const parameter = (role: Parameter['role'], name: string, shape: Parameter['type']['shape']): Parameter => ({
  kind: 'parameter',
  role,
  name,
  type: { dtype: 'f32', shape },
});

function graphOf(
  g: GraphBuilder,
  parameters: readonly Parameter[],
  y: Value,
  updates: Graph['updates'] = [],
): Graph {
  return { name: 'infer', parameters, nodes: g.nodes, returns: [{ name: 'y', value: y }], updates };
}

function example(): Graph {
  const g = new GraphBuilder();
  const image = parameter('input', 'image', ['N', 4, 4, 1]);
  const kernel = parameter('param', 'conv2d.kernel', [3, 3, 1, 2]);
  const slot = parameter('state', 'momentum@conv2d.kernel', [3, 3, 1, 2]);
  g.location = { file: 'digits.cnn', line: 6, column: 5, scope: 'conv2d' };
  const features = g.emit(conv2d, { x: image, kernel }, { padding: 'same' });
  g.location = { file: 'my models/a.cnn', line: 7, column: 1 };
  const biased = g.emit(add, {
    a: features,
    b: { kind: 'constant', type: { dtype: 'f32', shape: [2] }, data: [0.5, -1e-7] },
  });
  g.location = undefined;
  const y = g.emit(relu, { x: biased });
  const velocity = g.emit(multiply, { a: slot, b: g.constant(0.9) });
  return graphOf(g, [image, kernel, slot], y, [
    { target: 'momentum@conv2d.kernel', value: velocity },
    { target: 'conv2d.kernel', value: g.filled(0, kernel.type) },
  ]);
}

test('the printed form', () => {
  expect(printGraph(example())).toBe(`graph infer(
  input image: f32[N, 4, 4, 1],
  param conv2d.kernel: f32[3, 3, 1, 2],
  state momentum@conv2d.kernel: f32[3, 3, 1, 2]
) {
  %0: f32[N, 4, 4, 2] = conv2d(image, conv2d.kernel, strides: [1, 1], padding: same, groups: 1) @ digits.cnn:6:5 in conv2d
  %1: f32[2] = const(0.5, -1e-7)
  %2: f32[N, 4, 4, 2] = add(%0, %1) @ "my models/a.cnn":7:1
  %3: f32[N, 4, 4, 2] = relu(%2)
  %4: f32[] = const(0.9)
  %5: f32[3, 3, 1, 2] = multiply(momentum@conv2d.kernel, %4)
  %6: f32[3, 3, 1, 2] = const(0)
  update momentum@conv2d.kernel = %5
  update conv2d.kernel = %6
  return y: %3
}
`);
});

test('equal graphs print equally, whether they share a constant or have two, filled or spelled out', () => {
  const build = (first: Constant, second: Constant): string => {
    const g = new GraphBuilder();
    const x = parameter('input', 'x', ['N', 3]);
    const y = g.emit(multiply, { a: g.emit(add, { a: x, b: first }), b: second });
    return printGraph(graphOf(g, [x], y));
  };
  const constant = (...data: number[]): Constant => ({
    kind: 'constant',
    type: { dtype: 'f32', shape: [3] },
    data,
  });
  const one = constant(2);
  expect(build(one, one)).toBe(build(constant(2), constant(2, 2, 2)));
  expect(build(one, one)).not.toBe(build(one, constant(2, 2, 3)));
  expect(build(constant(0), one)).not.toBe(build(constant(-0), one));
});

test('large constants print as a hash of their contents', () => {
  const build = (last: number): Graph => {
    const g = new GraphBuilder();
    const x = parameter('input', 'x', ['N', 100]);
    const data = Array.from({ length: 100 }, (_, i) => (i === 99 ? last : i));
    return graphOf(
      g,
      [x],
      g.emit(add, { a: x, b: { kind: 'constant', type: { dtype: 'f32', shape: [100] }, data } }),
    );
  };
  expect(printGraph(build(1))).toMatch(/%0: f32\[100\] = const\(hash: "[0-9a-f]{16}"\)/);
  expect(printGraph(build(1))).toBe(printGraph(build(1)));
  expect(printGraph(build(1))).not.toBe(printGraph(build(2)));
  const [[hash, constant]] = [...largeConstants(build(1))] as [[string, Constant]];
  expect(printGraph(build(1))).toContain(hash);
  expect(constant.data[99]).toBe(1);
});

test('numbers read back as they were', () => {
  const read = (text: string): number => Number(text.replace('inf', 'Infinity').replace('nan', 'NaN'));
  fc.assert(fc.property(fc.double(), (x) => Object.is(read(printNumber(x)), x)));
  expect(printNumber(-0)).toBe('-0');
});

const print = (call: (typeof calls)[number]): string => {
  const { g, parameters, node } = emitCall(call);
  return printGraph(graphOf(g, parameters, node));
};

test.each(calls)('$title prints deterministically, with all its attributes', (call) => {
  expect(print(call)).toBe(print(call));
  for (const name of Object.keys(call.op.attributes)) expect(print(call)).toContain(`${name}: `);
});

/** Other values of each type of attribute: as the text differs, so do they, whatever `infer` would say. */
const valuesOf: Readonly<Record<AttributeSpec['type'], fc.Arbitrary<AttributeValue>>> = {
  int: fc.integer(),
  float: fc.double({ noNaN: true }),
  bool: fc.boolean(),
  string: fc.string(),
  size: fc.tuple(fc.nat(9), fc.nat(9)),
  ints: fc.array(fc.integer()),
  dtype: fc.constantFrom('f32', 'i32', 'u8'),
  padding: fc.oneof(fc.constantFrom('valid', 'same'), fc.tuple(fc.nat(9), fc.nat(9))),
};
const same = (a: AttributeValue, b: AttributeValue): boolean =>
  typeof a === 'object' && typeof b === 'object'
    ? a.length === b.length && a.every((x, i) => Object.is(x, b[i]))
    : Object.is(a, b);

test.each(calls.filter(({ op, title }) => Object.keys(op.attributes).length > 0 && title.endsWith('#0')))(
  '$title: other attributes, other text',
  (call) => {
    const { g, parameters, node } = emitCall(call);
    const printed = (name: string, value: AttributeValue): string =>
      printGraph({
        ...graphOf(g, parameters, node),
        nodes: [{ ...node, attributes: { ...node.attributes, [name]: value } }],
        returns: [],
      });
    for (const [name, { type }] of Object.entries(call.op.attributes)) {
      const arbitrary = valuesOf[type];
      fc.assert(
        fc.property(arbitrary, arbitrary, (a, b) => (printed(name, a) === printed(name, b)) === same(a, b)),
        { numRuns: 30 },
      );
    }
  },
);

test('operands keep their order', () => {
  const x = parameter('input', 'x', [3, 3]);
  const y = parameter('input', 'y', [3, 3]);
  const text = (a: Parameter, b: Parameter): string => {
    const g = new GraphBuilder();
    return printGraph(graphOf(g, [x, y], g.emit(matmul, { a, b })));
  };
  expect(text(x, y)).not.toBe(text(y, x));
});

test('a graph of ten thousand nodes prints in no time', () => {
  const g = new GraphBuilder();
  const x = parameter('input', 'x', ['N', 3]);
  let y: Value = x;
  for (let i = 0; i < 10_000; i++) y = g.emit(leakyRelu, { x: y }, { negative_slope: i });
  expect(printGraph(graphOf(g, [x], y)).split('\n').length).toBe(10_000 + 6);
});
