/** Steps that many gradients share. */
import type { Extent, TensorType } from '../../base/types.ts';
import { sameShape } from '../../base/types.ts';
import type { GraphBuilder } from '../../graph/builder.ts';
import type { Value } from '../../graph/ir.ts';
import { sum } from '../reduction/sum.ts';
import { broadcastTo } from '../structure/broadcast_to.ts';
import { reshape } from '../structure/reshape.ts';
import { hasBatch, withoutBatch } from './shapes.ts';

/** The same elements under `shape` (which has N exactly where the value has); itself where nothing changes. */
export function reshaped(g: GraphBuilder, value: Value, shape: readonly Extent[]): Value {
  if (sameShape(value.type.shape, shape)) return value;
  return g.emit(reshape, { x: value }, { shape: withoutBatch(shape) });
}

/** The value spread over `shape` by broadcasting; itself where nothing changes. */
export function spread(g: GraphBuilder, value: Value, shape: readonly Extent[]): Value {
  if (sameShape(value.type.shape, shape)) return value;
  return g.emit(broadcastTo, { x: value }, { shape: withoutBatch(shape), batch: hasBatch(shape) });
}

/** The gradient of an operand that broadcasting had repeated: summed over the axes it was repeated along. */
export function unbroadcast(g: GraphBuilder, gradient: Value, type: TensorType): Value {
  const from = gradient.type.shape;
  if (sameShape(from, type.shape)) return gradient;
  const missing = from.length - type.shape.length;
  const repeated = from.flatMap((extent, i) =>
    i < missing || type.shape[i - missing] !== extent ? [i] : [],
  );
  if (repeated.length === 0) return reshaped(g, gradient, type.shape);
  const keepdims = missing === 0;
  return reshaped(g, g.emit(sum, { x: gradient }, { axes: repeated, keepdims }), type.shape);
}
