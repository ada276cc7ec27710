/** Every sample of every op: its kernel on the Loop IR's interpreter gives what the definition says, evaluated directly. */
import { expect, test } from 'vitest';
import type { Value } from '../../compiler/graph/ir.ts';
import { denseStrides } from '../../compiler/loop/builder.ts';
import { elementsFor, interpret } from '../../compiler/loop/interpret.ts';
import { groupNodes, lowerGroup } from '../../compiler/lower/index.ts';
import { targets } from '../../compiler/program/target.ts';
import type { Tensor } from '../support/evaluate.ts';
import { evaluate } from '../support/evaluate.ts';
import { calls, draw, emitCall, generator, hasKernel } from '../support/samples.ts';

const dense = ({ type: { shape } }: Value) => ({ shape, strides: denseStrides(shape), offset: 0 });

test.each(calls.filter(({ op }) => hasKernel(op)))('$title', (call) => {
  const { parameters, node } = emitCall(call);
  const graph = {
    name: 'call',
    parameters,
    nodes: [node],
    returns: [{ name: 'y', value: node }],
    updates: [],
  };
  const groups = groupNodes(graph, targets.ts);
  expect(groups.length).toBe(1);
  const { kernel, inputs } = lowerGroup(groups[0]!, dense);
  for (const n of [1, 3]) {
    const random = generator(n);
    const known = new Map<Value, Tensor>(
      parameters.map((p, i) => [p, draw(call.operands[i]!, n, random)] as const),
    );
    const operands = inputs.map((value) => {
      const { dtype, data } = known.get(value)!;
      const elements = elementsFor(dtype, data.length, 'f64');
      elements.set(data);
      return elements;
    });
    const expected = evaluate(node, known, n);
    const result = elementsFor(node.type.dtype, expected.data.length, 'f64');
    interpret(kernel, [...operands, result], { n, precision: 'f64' });
    expect(result.length).toBe(expected.data.length);
    expected.data.forEach((e, i) => expect(result[i]).toBeCloseTo(e, 10));
  }
});
