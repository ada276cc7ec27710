/**
 * Rules that keep losses finite where their formulas overflow or cancel, so that no loss has to clip. They run before
 * `differentiate`: the gradients of the stable forms are stable too.
 */
import { divide, exp, log, negative, reshape, sigmoid, softplus, subtract } from '../../ops/index.ts';
import type { Rule } from '../pattern.ts';
import { on, rule } from '../pattern.ts';

export const stabilityRules: readonly Rule[] = [
  // The logarithm of a softmax: with z = x - max(x), neither the exponential nor the logarithm leaves the range of f32.
  rule('log(exp(z) / s) → z - log(s)', on(log, on(divide, on(exp, 'z'), 's')), ({ z, s }, { make }) =>
    make(subtract, z, make(log, s)),
  ),
  rule('log(sigmoid(x)) → -softplus(-x)', on(log, on(sigmoid, 'x')), ({ x }, { make }) =>
    make(negative, make(softplus, make(negative, x))),
  ),
  rule('1 - sigmoid(x) → sigmoid(-x)', on(subtract, 1, on(sigmoid, 'x')), ({ x }, { make }) =>
    make(sigmoid, make(negative, x)),
  ),
  rule('-(-x) → x', on(negative, on(negative, 'x')), ({ x }) => x),
  // A prediction that is reshaped on its way into the loss.
  rule('log(reshape(x)) → reshape(log(x))', on(log, on(reshape, 'x')), ({ x }, { node, make, emit }) => {
    if (x.kind !== 'node' || (x.op !== divide && x.op !== sigmoid && x.op !== reshape)) return undefined;
    return emit(reshape, [make(log, x)], { shape: node.type.shape.filter((extent) => extent !== 'N') });
  }),
  rule(
    '1 - reshape(x) → reshape(1 - x)',
    on(subtract, 1, on(reshape, 'x')),
    ({ x }, { node, make, emit }) => {
      if (x.kind !== 'node' || (x.op !== sigmoid && x.op !== reshape)) return undefined;
      return emit(reshape, [make(subtract, 1, x)], {
        shape: node.type.shape.filter((extent) => extent !== 'N'),
      });
    },
  ),
];
