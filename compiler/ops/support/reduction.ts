/** Which axes a reduction runs over, and how it reads its operand. */
import { invariant } from '../../base/invariant.ts';
import type { DType, Extent } from '../../base/types.ts';
import type { GraphBuilder } from '../../graph/builder.ts';
import type { Value } from '../../graph/ir.ts';
import type { AttributeSpecs, Mismatch } from '../../graph/op.ts';
import { defineOp, mismatch, tensor } from '../../graph/op.ts';
import type { DefinitionBuilder, ExprLike, TensorReader } from '../../loop/builder.ts';
import type { Definition } from '../../loop/definition.ts';
import type { Axis, Combine, Expr } from '../../loop/ir.ts';
import { failed, formatShape, resolveAxis } from './shapes.ts';

/** The attributes of sum, mean, max and min. */
const reductionAttributes = {
  axes: { type: 'ints', doc: 'the axes to reduce; negative ones count from the last', default: [] },
  keep: { type: 'ints', doc: 'instead of `axes`: the axes not to reduce', default: [] },
  keepdims: { type: 'bool', doc: 'whether reduced axes stay, with an extent of 1', default: false },
} as const satisfies AttributeSpecs;

interface ReductionAttributes {
  readonly axes: readonly number[];
  readonly keep: readonly number[];
  readonly keepdims: boolean;
}

/** The axes to reduce, ascending; all where neither `axes` nor `keep` names any. */
function reducedAxes(
  shape: readonly Extent[],
  { axes, keep }: ReductionAttributes,
): readonly number[] | Mismatch {
  if (axes.length > 0 && keep.length > 0) {
    return mismatch('E0414', 'both axes and keep are given', 'axes are reduced, keep names those that stay');
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
function knownAxes(shape: readonly Extent[], attributes: ReductionAttributes): readonly number[] {
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

interface ReductionRules {
  readonly combine: Combine;
  readonly init: number;
  /** The element from the combined value; default: that value. */
  readonly finish?: (reduced: Expr) => ExprLike;
}

/** Sum, mean, max and min: ops that combine the elements of `x` over axes. */
interface ReductionOpRules {
  readonly name: string;
  readonly doc: string;
  readonly dtypes: readonly DType[];
  /** `extents`: those of the reduced axes. */
  readonly rules: (b: DefinitionBuilder, dtype: DType, extents: readonly Extent[]) => ReductionRules;
  readonly gradient: (g: GraphBuilder, x: Value, axes: readonly number[], y: Value, dy: Value) => Value;
  /** The same bits by way of sums of each sample; undefined where that does not pay. */
  readonly bySample?: (
    g: GraphBuilder,
    x: Value,
    axes: readonly number[],
    keepdims: boolean,
  ) => Value | undefined;
}

export function reductionOp({ name, doc, dtypes, rules, gradient, bySample }: ReductionOpRules) {
  return defineOp({
    name,
    doc,
    operands: { x: tensor('any shape', dtypes) },
    attributes: reductionAttributes,
    traits: ['reduction'],
    infer: ({ x }, attributes) => {
      const axes = reducedAxes(x.shape, attributes);
      return failed(axes)
        ? axes
        : { dtype: x.dtype, shape: reducedShape(x.shape, axes, attributes.keepdims) };
    },
    gradient: (g, { x }, attributes, y, dy) => ({
      x: gradient(g, x, knownAxes(x.type.shape, attributes), y, dy),
    }),
    lower: (b, { x }, attributes, type) => {
      const axes = knownAxes(x.shape, attributes);
      const extents = axes.flatMap((axis) => x.shape[axis] ?? []);
      return reduceAxes(b, x, axes, type.shape, rules(b, x.dtype, extents));
    },
    divided: (g, { x }, attributes, limits) =>
      limits.bySample
        ? bySample?.(g, x, knownAxes(x.type.shape, attributes), attributes.keepdims)
        : undefined,
    samples: [
      { operands: { x: { shape: [2, 3, 4] } } },
      { operands: { x: { shape: ['N', 3] } }, attributes: { axes: [-1] } },
      { operands: { x: { shape: ['N', 2, 3] } }, attributes: { axes: [-1], keepdims: true } },
      { operands: { x: { shape: ['N', 2, 3, 2] } }, attributes: { keep: [-1] } },
      { operands: { x: { shape: ['N', 2, 3] } }, attributes: { axes: [0, 1], keepdims: true } },
      { operands: { x: { shape: ['N', 3, 2, 2] } }, attributes: { axes: [1, 2] } },
      { operands: { x: { shape: [2, 3, 2] } }, attributes: { axes: [0, 2] } },
      { operands: { x: { shape: ['N', 3] } }, attributes: { keep: [0, 1] } },
      { operands: { x: { shape: ['N'] } } },
      { operands: { x: { shape: [] } } },
      ...dtypes
        .filter((dtype) => dtype !== 'f32')
        .map((dtype) => ({
          operands: { x: { shape: ['N', 3], dtype } as const },
          attributes: { axes: [1] },
        })),
    ],
  });
}

/** One reduction of `x` over `axes` into a result of `shape` (with or without the reduced axes). */
function reduceAxes(
  b: DefinitionBuilder,
  x: TensorReader,
  axes: readonly number[],
  shape: readonly Extent[],
  { combine, init, finish = (reduced) => reduced }: ReductionRules,
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
    (result) => ({ axes: [...running.values()], combine, init, body: x.at(place(result)) }),
    finish,
  );
}
