/** Proofs that an index stays inside, from the bounds of the loops around it and the conditions that hold there. */
import type { Extent } from '../base/types.ts';
import { addAffine, affine, sameAffine, scaleAffine, subAffine } from './affine.ts';
import { boundsOf, boundsOfRange, wholeInterval } from './bounds.ts';
import type { Interval } from './bounds.ts';
import { batchAxis } from './ir.ts';
import type { Affine, Axis, Condition, Quotient, Range } from './ir.ts';

export interface LoopFact {
  readonly axis: Axis;
  readonly range: Range;
}

/** What is known at one place of a kernel: the loops around it, outermost first, and the conditions of `if`s. */
export interface Facts {
  readonly loops: readonly LoopFact[];
  readonly conditions: readonly Condition[];
}

/** Whether 0 <= index < extent is certain. False does not mean that it fails. */
export function provablyInside(index: Affine, extent: Extent, facts: Facts): boolean {
  const given = facts.conditions.some(
    (condition) => condition.extent === extent && sameAffine(condition.index, index),
  );
  if (given) return true;
  const loops = facts.loops.toReversed();
  if (!provablyNotNegative(index, loops)) return false;
  if (extent !== 'N') return provablyNotNegative(subAffine(extent - 1, index), loops);
  const [term, more] = index.terms;
  if (term !== undefined && more === undefined && term.axis.extent === 'N' && term.axis !== batchAxis) {
    if (term.factor === 1 && index.constant <= 0) return true;
  }
  return provablyNotNegative(subAffine(addAffine(batchAxis, -1), index), loops);
}

/** `loops` innermost first. An axis is replaced by a bound of its loop, which only outer axes are in. */
function provablyNotNegative(value: Affine, loops: readonly LoopFact[]): boolean {
  if (boundsOf(value, intervalsOf(loops)).low >= 0) return true;
  const at = loops.findIndex(({ axis }) => value.terms.some((term) => term.axis === axis));
  const loop = loops[at];
  if (loop === undefined) return false;
  const factor = value.terms.find((term) => term.axis === loop.axis)?.factor ?? 0;
  const rest = subAffine(value, scaleAffine(loop.axis, factor));
  const bounds =
    factor > 0
      ? loop.range.from.map((q) => lowest(q, factor))
      : loop.range.to.map((q) => (q === 'N' ? undefined : highest(q, -factor)));
  return bounds.some(
    (bound) => bound !== undefined && provablyNotNegative(addAffine(rest, bound), loops.slice(at + 1)),
  );
}

/** factor · axis is at least this: floor(q / d) >= (q - d + 1) / d. */
function lowest({ numerator, divisor }: Quotient, factor: number): Affine | undefined {
  if (factor % divisor !== 0) return undefined;
  return scaleAffine(subAffine(numerator, divisor - 1), factor / divisor);
}

/** -factor · axis is at least this: the axis is at most floor(q / d) - 1 <= q / d - 1. */
function highest({ numerator, divisor }: Quotient, factor: number): Affine | undefined {
  if (factor % divisor !== 0) return undefined;
  return addAffine(scaleAffine(numerator, -factor / divisor), affine(factor));
}

function intervalsOf(loops: readonly LoopFact[]): (axis: Axis) => Interval {
  const known = new Map<Axis, Interval>();
  const intervalOf = (axis: Axis): Interval => known.get(axis) ?? wholeInterval(axis);
  for (const { axis, range } of loops.toReversed()) known.set(axis, boundsOfRange(range, intervalOf));
  return intervalOf;
}
