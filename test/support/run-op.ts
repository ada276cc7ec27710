import type { AttributeValue } from '../../compiler/graph/ir.ts';
import type { Op, SampleOperand } from '../../compiler/graph/op.ts';
import type { Tensor } from './evaluate.ts';
import { evaluate } from './evaluate.ts';
import { draw, emitCall } from './samples.ts';

/** The result of one op on given values, with a batch of `n`. */
export function runOp(
  op: Op,
  operands: readonly SampleOperand[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
  n = 1,
): Tensor {
  const { parameters, node } = emitCall({ title: op.name, op, operands, attributes });
  const random = (): number => {
    throw new Error('values are given');
  };
  return evaluate(node, new Map(parameters.map((p, i) => [p, draw(operands[i]!, n, random)] as const)), n);
}

/** 1, 2, … as the values of a shape. */
export function counting(...shape: number[]): SampleOperand {
  return { shape, values: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i + 1) };
}

export const values = (shape: SampleOperand['shape'], ...given: number[]): SampleOperand => ({
  shape,
  values: given,
});
