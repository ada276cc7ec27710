/** Which axes a reduction runs over, and how it reads its operand. */
import { invariant } from '../../base/invariant.ts';
import type { Extent } from '../../base/types.ts';
import type { AttributeSpecs, Mismatch } from '../../graph/op.ts';
import { mismatch } from '../../graph/op.ts';
import type { DefinitionBuilder, ExprLike, TensorReader } from '../../loop/builder.ts';
import type { Definition } from '../../loop/definition.ts';
import type { Axis, Combine, Expr } from '../../loop/ir.ts';
import { formatShape, resolveAxis } from './shapes.ts';

/** The attributes of sum, mean, max and min. */
export const reductionAttributes = {
  axes: { type: 'ints', doc: 'the axes to reduce; negative ones count from the last', default: [] },
  keep: { type: 'ints', doc: 'instead of `axes`: the axes not to reduce', default: [] },
  keepdims: { type: 'bool', doc: 'whether reduced axes stay, with an extent of 1', default: false },
} as const satisfies AttributeSpecs;

export interface ReductionAttributes {
  readonly axes: readonly number[];
  readonly keep: readonly number[];
  readonly keepdims: boolean;
}

/** The axes to reduce, ascending; all where neither `axes` nor `keep` names any. */
export function reducedAxes(
  shape: readonly Extent[],
  { axes, keep }: ReductionAttributes,
): readonly number[] | Mismatch {
  if (axes.length > 0 && keep.length > 0) {
    return mismatch('E0414', `both axes and keep are given`, 'axes are reduced, keep names those that stay');
  }
  const named = new Set<number>();
  for (const axis of axes.length > 0 ? axes : keep) {
    const resolved = resolveAxis(axis, shape);
    if (typeof resolved !== 'number') return resolved;
    if (named.has(resolved)) {
      return mismatch('E0414', `axis ${axis} of ${formatShape(shape)} is named twice`, 'name each axis once');
    }
    named.add(resolved);
  }
  return shape.flatMap((_, i) => (named.has(i) === axes.length > 0 ? [i] : []));
}

/** `reducedAxes` where infer has found nothing wrong. */
export function knownAxes(shape: readonly Extent[], attributes: ReductionAttributes): readonly number[] {
  const axes = reducedAxes(shape, attributes);
  invariant(!('mismatch' in axes), `was inferred`);
  return axes;
}

/** The operand's shape with the reduced axes dropped, or kept as 1. */
export function reducedShape(
  shape: readonly Extent[],
  axes: readonly number[],
  keepdims: boolean,
): readonly Extent[] {
  return shape.flatMap((extent, i) => (!axes.includes(i) ? [extent] : keepdims ? [1] : []));
}

export interface ReductionRules {
  readonly combine: Combine;
  readonly init: number;
  readonly body?: (b: DefinitionBuilder, x: Expr) => ExprLike;
  readonly finish?: (b: DefinitionBuilder, reduced: Expr) => ExprLike;
}

/** One reduction of `x` over `axes` into a result of `shape` (with or without the reduced axes). */
export function reduceAxes(
  b: DefinitionBuilder,
  x: TensorReader,
  axes: readonly number[],
  shape: readonly Extent[],
  { combine, init, body = (_, value) => value, finish = (_, value) => value }: ReductionRules,
): Definition {
  const running = new Map<number, Axis>(axes.map((i) => [i, b.axis(`r${i}`, x.shape[i] ?? 1)]));
  const keepdims = shape.length === x.shape.length;
  const place = (result: readonly Axis[]): Axis[] => {
    let next = 0;
    return x.shape.map((_, i) => {
      const reduced = running.get(i);
      const axis = reduced !== undefined && !keepdims ? undefined : result[next++];
      const chosen = reduced ?? axis;
      invariant(chosen !== undefined, 'every axis is kept or reduced');
      return chosen;
    });
  };
  return b.reduce(
    shape,
    (result) => ({ axes: [...running.values()], combine, init, body: body(b, x.at(place(result))) }),
    (reduced) => finish(b, reduced),
  );
}
