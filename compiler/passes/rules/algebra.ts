/** Rules that make a graph smaller without changing a value (but for the sign of zero). */
import type { Node, Value } from '../../graph/ir.ts';
import {
  add,
  broadcastTo,
  cast,
  concatenate,
  divide,
  logicalNot,
  multiply,
  negative,
  power,
  reshape,
  slice,
  square,
  subtract,
  transpose,
  where,
} from '../../ops/index.ts';
import type { Rule } from '../pattern.ts';
import { on, rule } from '../pattern.ts';

const withoutBatch = ({ type }: Value): readonly number[] => type.shape.filter((extent) => extent !== 'N');

export const algebraRules: readonly Rule[] = [
  rule('x + 0 → x', on(add, 'x', 0), ({ x }) => x),
  rule('x - 0 → x', on(subtract, 'x', 0), ({ x }) => x),
  rule('0 - x → -x', on(subtract, 0, 'x'), ({ x }, { make }) =>
    x.type.dtype === 'f32' ? make(negative, x) : undefined,
  ),
  rule('x * 1 → x', on(multiply, 'x', 1), ({ x }) => x),
  rule('x * -1 → -x', on(multiply, 'x', -1), ({ x }, { make }) =>
    x.type.dtype === 'f32' ? make(negative, x) : undefined,
  ),
  rule('x / 1 → x', on(divide, 'x', 1), ({ x }) => x),
  rule('power(x, 1) → x', on(power, 'x', 1), ({ x }) => x),
  rule('power(x, 2) → square(x)', on(power, 'x', 2), ({ x }, { make }) => make(square, x)),
  rule('-(-x) → x', on(negative, on(negative, 'x')), ({ x }) => x),
  rule('-(a - b) → b - a', on(negative, on(subtract, 'a', 'b')), ({ a, b }, { make }) =>
    make(subtract, b, a),
  ),
  rule('a + -b → a - b', on(add, 'a', on(negative, 'b')), ({ a, b }, { make }) => make(subtract, a, b)),
  rule('a - -b → a + b', on(subtract, 'a', on(negative, 'b')), ({ a, b }, { make }) => make(add, a, b)),
  rule('not not x → x', on(logicalNot, on(logicalNot, 'x')), ({ x }) => x),
  rule('where(true, a, b) → a', on(where, 1, 'a', 'b'), ({ a }) => a),
  rule('where(false, a, b) → b', on(where, 0, 'a', 'b'), ({ b }) => b),
  rule('where(c, a, a) → a', on(where, 'c', 'a', 'a'), ({ a }) => a),
  // In the following, a replacement of another type than the node is not used: only what changes nothing goes.
  rule('cast(x) of its own type → x', on(cast, 'x'), ({ x }) => x),
  rule('reshape(x) of its own shape → x', on(reshape, 'x'), ({ x }) => x),
  rule('broadcast_to(x) of its own shape → x', on(broadcastTo, 'x'), ({ x }) => x),
  rule('slice(x) of all of it → x', on(slice, 'x'), ({ x }) => x),
  rule('concatenate([x]) → x', on(concatenate, 'x'), ({ x }) => x),
  rule('reshape(reshape(x)) → reshape(x)', on(reshape, on(reshape, 'x')), ({ x }, { node, emit }) =>
    emit(reshape, [x], { shape: withoutBatch(node) }),
  ),
  rule('transpose(x) in order → x', on(transpose, 'x'), ({ x }, { node }) =>
    permutation(node).every((axis, i) => axis === i) ? x : undefined,
  ),
  rule(
    'transpose(transpose(x)) → transpose(x)',
    on(transpose, on(transpose, 'x')),
    ({ x }, { node, emit }) => {
      const [inner] = node.operands;
      const first = inner?.kind === 'node' ? permutation(inner) : [];
      return emit(transpose, [x], { permutation: permutation(node).map((axis) => first[axis] ?? 0) });
    },
  ),
];

function permutation({ attributes }: Node): readonly number[] {
  const value = attributes['permutation'];
  return Array.isArray(value) ? value : [];
}
