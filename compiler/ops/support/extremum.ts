import type { DType } from '../../base/types.ts';
import type { GraphBuilder } from '../../graph/builder.ts';
import type { Value } from '../../graph/ir.ts';
import { divide } from '../binary/divide.ts';
import { equal } from '../binary/equal.ts';
import { multiply } from '../binary/multiply.ts';
import { sum } from '../reduction/sum.ts';
import { cast } from '../unary/cast.ts';
import { reshaped } from './gradients.ts';
import { reducedShape } from './reduction.ts';

/** What every element of a type is at least: where a maximum starts. */
export function lowest(dtype: DType): number {
  switch (dtype) {
    case 'f32':
      return -Infinity;
    case 'i32':
      return -(2 ** 31);
    case 'u32':
    case 'u8':
    case 'bool':
      return 0;
    default:
      return dtype satisfies never;
  }
}

/** What every element of a type is at most: where a minimum starts. */
export function highest(dtype: DType): number {
  switch (dtype) {
    case 'f32':
      return Infinity;
    case 'i32':
      return 2 ** 31 - 1;
    case 'u32':
      return 2 ** 32 - 1;
    case 'u8':
      return 255;
    case 'bool':
      return 1;
    default:
      return dtype satisfies never;
  }
}

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
