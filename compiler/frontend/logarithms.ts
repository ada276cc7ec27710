/** A warning for losses that take logarithms of what is no probability: the first step would be NaN. */
import type { Note } from '../base/diagnostic.ts';
import type { Value } from '../graph/ir.ts';
import { hasTrait } from '../graph/op.ts';
import { reachable } from '../graph/reachable.ts';
import { add, log } from '../ops/index.ts';
import type { Session } from './build.ts';
import { unshaped } from './objective.ts';
import { userPlace } from './report.ts';
import type { Measured } from './train.ts';

export function warnOfLogarithms({ build, labels, outputs, loss }: Measured, session: Session): void {
  if (!loss) return;
  const label = (value: Value): boolean => labels.some((known) => known === value);
  for (const node of reachable([loss])) {
    if (node.kind !== 'node' || node.op !== log) continue;
    const [operand] = node.operands;
    const of = operand && unshaped(operand);
    if (!of || !(label(of) || isLinear(of))) continue;
    const origin = build.origins.get(node);
    if (!origin) continue;
    const output = outputs.find(({ datum }) => datum.kind === 'tensor' && unshaped(datum.value) === of);
    const what = label(of) ? 'the label' : output ? `\`${output.name}\`` : 'numbers';
    const why = label(of) ? 'which is 0 where a class is not the right one' : 'which may be negative';
    const notes: readonly Note[] = [
      label(of) ? truthFirst : of.type.shape.at(-1) === 1 ? sigmoidLast : softmaxLast,
    ];
    const { span } = userPlace(origin.frame, origin.span);
    session.reporter.at(span, 'E0514', `the loss takes the logarithm of ${what}, ${why}`, {
      severity: 'warning',
      notes,
    });
    return;
  }
}

const truthFirst: Note = { message: 'losses take the truth first, then the prediction' };
const softmaxLast: Note = {
  message: '`activation: softmax` in the last layer makes probabilities of its numbers',
};
const sigmoidLast: Note = {
  message: '`activation: sigmoid` in the last layer makes a probability of its number',
};

/** What a convolution or matrix product gives, with or without a bias: any numbers. */
function isLinear(value: Value): boolean {
  if (value.kind !== 'node') return false;
  if (hasTrait(value.op, 'contraction')) return true;
  return value.op === add && value.operands.some((operand) => isLinear(unshaped(operand)));
}
