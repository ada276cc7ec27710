/** Gradients of every sample of every op against central differences, in f64. */
import { expect, test } from 'vitest';
import { invariant } from '../../compiler/base/invariant.ts';
import type { Node, Parameter, Value } from '../../compiler/graph/ir.ts';
import { hasTrait } from '../../compiler/graph/op.ts';
import { verifyGraph } from '../../compiler/graph/verify.ts';
import { ops } from '../../compiler/ops/index.ts';
import type { Tensor } from '../support/evaluate.ts';
import { evaluate } from '../support/evaluate.ts';
import { calls, draw, emitCall, generator } from '../support/samples.ts';

const BATCH = 2;
const STEP = 1e-5;

test('only gradients themselves, pseudo ops, translate and what passes choose later cannot be differentiated', () => {
  const none = [...ops.values()].filter((op) => op.gradient === 'none');
  for (const op of none) {
    const fine = op.name.endsWith('_gradient') || hasTrait(op, 'pseudo') || op.name === 'translate';
    expect(fine || /^winograd_|^mean_of_sums$/.test(op.name), op.name).toBe(true);
  }
});

const differentiable = calls.filter(({ op }) => op.gradient !== 'none' && op.name !== 'stop_gradient');

test.each(differentiable)('$title: gradient = central differences', (call) => {
  const { g, parameters, node } = emitCall(call);
  if (node.type.dtype !== 'f32') return;
  invariant(call.op.gradient !== 'none', 'filtered');
  const dy: Parameter = { kind: 'parameter', role: 'input', name: 'dy', type: node.type };
  const gradients = call.op.gradient(g, parameters, node.attributes, node, dy);
  verifyGraph({ name: 'call', parameters: [...parameters, dy], nodes: g.nodes, returns: [], updates: [] });
  const random = generator(7);
  const inputs = call.operands.map((operand) => draw(operand, BATCH, random));
  const weights = draw({ shape: node.type.shape }, BATCH, random);
  const known = new Map<Value, Tensor>([
    ...parameters.map((p, i) => [p, inputs[i] as Tensor] as const),
    [dy, weights],
  ]);
  parameters.forEach((parameter, i) => {
    if (parameter.type.dtype !== 'f32') return;
    const expected = differences(node, parameters, inputs, i, weights);
    const gradient = gradients[i];
    const got =
      gradient === undefined ? expected.map(() => 0) : evaluate(gradient, new Map(known), BATCH).data;
    if (gradient !== undefined) expect(gradient.type).toEqual(parameter.type);
    expect(got.length).toBe(expected.length);
    // NaN: not differentiable there, as a negative number raised to what is only nearly whole.
    const errors = expected.flatMap((e, k) =>
      Number.isNaN(e) ? [] : [Math.abs(e - (got[k] as number)) / (1 + Math.abs(e))],
    );
    const worst = Math.max(0, ...errors);
    expect(worst, `operand ${i}`).toBeLessThan(1e-6);
  });
});

/** d sum(y * weights) / d operand i, element by element. */
function differences(
  node: Node,
  parameters: readonly Parameter[],
  inputs: readonly Tensor[],
  i: number,
  weights: Tensor,
): number[] {
  const input = inputs[i] as Tensor;
  const loss = (k: number, change: number): number => {
    const data = input.data.map((x, j) => (j === k ? x + change : x));
    const known = new Map<Value, Tensor>(parameters.map((p, j) => [p, inputs[j] as Tensor]));
    known.set(parameters[i] as Parameter, { ...input, data });
    const y = evaluate(node, known, BATCH);
    return y.data.reduce((sum, value, j) => sum + value * (weights.data[j] as number), 0);
  };
  return input.data.map((_, k) => (loss(k, STEP) - loss(k, -STEP)) / (2 * STEP));
}

test('stop_gradient has none', () => {
  const call = calls.find(({ op }) => op.name === 'stop_gradient');
  invariant(call !== undefined && call.op.gradient !== 'none', 'stop_gradient has a rule');
  const { g, parameters, node } = emitCall(call);
  expect(call.op.gradient(g, parameters, {}, node, node)).toEqual([undefined]);
});
