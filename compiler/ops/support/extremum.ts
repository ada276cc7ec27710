import type { GraphBuilder } from '../../graph/builder.ts';
import type { Value } from '../../graph/ir.ts';
import { divide } from '../binary/divide.ts';
import { equal } from '../binary/equal.ts';
import { multiply } from '../binary/multiply.ts';
import { sum } from '../reduction/sum.ts';
import { cast } from '../unary/cast.ts';
import { reshaped } from './gradients.ts';
import { reducedShape } from './reduction.ts';

/** The gradient of max and min: dy at the elements equal to the result, divided by how many they are. */
export function extremumGradient(
  g: GraphBuilder,
  x: Value,
  axes: readonly number[],
  y: Value,
  dy: Value,
): Value {
  const kept = reducedShape(x.type.shape, axes, true);
  const chosen = g.emit(equal, { a: x, b: reshaped(g, y, kept) });
  const ones = g.emit(cast, { x: chosen }, { to: 'f32' });
  const share = g.emit(divide, {
    a: reshaped(g, dy, kept),
    b: axes.length === 0 ? ones : g.emit(sum, { x: ones }, { axes, keepdims: true }),
  });
  return g.emit(multiply, { a: ones, b: share });
}
