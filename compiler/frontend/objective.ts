/** What of an output is differentiated by the inputs, to show what it hangs on. */
import { sameShape } from '../base/types.ts';
import type { GraphBuilder } from '../graph/builder.ts';
import type { Node, Value } from '../graph/ir.ts';
import {
  abs,
  divide,
  exp,
  indexOf,
  log,
  max,
  multiply,
  oneHot,
  reshape,
  sigmoid,
  stopGradient,
  subtract,
  sum,
} from '../ops/index.ts';

/**
 * One number. Of probabilities the logarithm of the odds of the most probable class, log(p / (1 - p)): its gradient is that of
 * log(p), divided by 1 - p, so that a model which is sure (p = 1 in f32) still shows why. Of other numbers with class names the
 * largest, of all else the sum.
 */
export function objectiveOf(g: GraphBuilder, output: Value, hasClasses: boolean): Value {
  const exponents = softmaxExponents(output);
  if (exponents !== undefined) return total(g, softmaxOdds(g, exponents));
  const logit = sigmoidOperand(output);
  if (logit !== undefined) return total(g, sigmoidOdds(g, logit));
  return total(g, hasClasses ? g.emit(max, { x: output }, { axes: [-1] }) : output);
}

const total = (g: GraphBuilder, x: Value): Value => g.emit(sum, { x });

/** A value before it was reshaped. */
export function unshaped(value: Value): Value {
  let inner = value;
  while (inner.kind === 'node' && inner.op === reshape) inner = inner.operands[0] ?? inner;
  return inner;
}

const isNode = (value: Value | undefined, op: Node['op']): value is Node =>
  value?.kind === 'node' && value.op === op;

/** The z of exp(z) / sum(exp(z)) over the last axis. */
function softmaxExponents(output: Value): Value | undefined {
  const quotient = unshaped(output);
  if (!isNode(quotient, divide)) return undefined;
  const [numerator, denominator] = quotient.operands;
  if (!isNode(numerator, exp) || !isNode(denominator, sum)) return undefined;
  if (denominator.operands[0] !== numerator) return undefined;
  const kept = [...numerator.type.shape.slice(0, -1), 1];
  return sameShape(denominator.type.shape, kept) ? numerator.operands[0] : undefined;
}

function sigmoidOperand(output: Value): Value | undefined {
  const value = unshaped(output);
  return isNode(value, sigmoid) ? value.operands[0] : undefined;
}

/** Makes what is chosen smaller than anything else, and its exponential 0. */
const far = 1e30;

/** z of the largest - log(sum of exp(z) of the others), without leaving the range of f32. */
function softmaxOdds(g: GraphBuilder, z: Value): Value {
  const last = { axes: [-1], keepdims: true };
  const depth = Number(z.type.shape.at(-1));
  const largest = g.emit(indexOf, { x: z, value: g.emit(max, { x: z }, last) });
  const chosen = g.emit(oneHot, { x: largest }, { depth });
  const others = g.emit(subtract, {
    a: z,
    b: g.emit(multiply, { a: chosen, b: g.constant(far) }),
  });
  const second = g.emit(stopGradient, { x: g.emit(max, { x: others }, last) });
  const shifted = g.emit(subtract, { a: others, b: second });
  const rest = g.emit(log, { x: g.emit(sum, { x: g.emit(exp, { x: shifted }) }, last) });
  const mine = g.emit(sum, { x: g.emit(multiply, { a: z, b: chosen }) }, last);
  return g.emit(subtract, { a: mine, b: rest });
}

/** Of one probability that of the side it is on; of several the largest. */
function sigmoidOdds(g: GraphBuilder, x: Value): Value {
  const single = x.type.shape.length < 2 || x.type.shape.at(-1) === 1;
  return single ? g.emit(abs, { x }) : g.emit(max, { x }, { axes: [-1] });
}
