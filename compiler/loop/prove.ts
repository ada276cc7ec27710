/** Proofs that an index stays inside, from the bounds of the loops around it and the conditions that hold there. */
import type { Extent } from '../base/types.ts';
import { addAffine, affine, factorOf, mentions, sameAffine, scaleAffine, subAffine } from './affine.ts';
import { boundsOf, wholeInterval } from './bounds.ts';
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
  const { conditions } = facts;
  if (!provablyNotNegative(index, loops, conditions)) return false;
  if (extent !== 'N') return provablyNotNegative(subAffine(extent - 1, index), loops, conditions);
  const [term, more] = index.terms;
  if (term !== undefined && more === undefined && term.axis.extent === 'N' && term.axis !== batchAxis) {
    if (term.factor === 1 && index.constant <= 0) return true;
  }
  return provablyNotNegative(subAffine(addAffine(batchAxis, -1), index), loops, conditions);
}

/**
 * `loops` innermost first. An axis is replaced by a bound of its loop, which only outer axes are in, or together with others
 * by the bound that a condition sets for them.
 */
function provablyNotNegative(
  value: Affine,
  loops: readonly LoopFact[],
  conditions: readonly Condition[],
): boolean {
  if (boundsGiven(value, intervalsOf(loops, conditions), conditions).low >= 0) return true;
  const given = conditions.some((condition, i) => {
    const rest = withoutCondition(value, condition);
    return rest !== undefined && provablyNotNegative(rest, loops, conditions.toSpliced(i, 1));
  });
  if (given) return true;
  const at = loops.findIndex(({ axis }) => mentions(value, axis));
  const loop = loops[at];
  if (loop === undefined) return false;
  const factor = factorOf(value, loop.axis);
  const bounds = factor > 0 ? loop.range.from : loop.range.to;
  return bounds.some((bound) => {
    if (bound === 'N') return false;
    // A multiple of the value in which the divisor of the bound vanishes: v >= 0 wherever m·v + m - 1 >= 0.
    const times = bound.divisor / greatestCommonDivisor(factor, bound.divisor);
    const multiple = addAffine(scaleAffine(value, times), times - 1);
    const rest = subAffine(multiple, scaleAffine(loop.axis, times * factor));
    const least = factor > 0 ? lowest(bound, times * factor) : highest(bound, -times * factor);
    return provablyNotNegative(addAffine(rest, least), loops.slice(at + 1), conditions);
  });
}

const greatestCommonDivisor = (a: number, b: number): number =>
  b === 0 ? Math.abs(a) : greatestCommonDivisor(b, a % b);

/** How many times the index stands in the value, by the first of its axes; undefined where that is no whole number. */
function timesIn(value: Affine, index: Affine): number | undefined {
  const [first] = index.terms;
  const factor = first === undefined ? 0 : factorOf(value, first.axis);
  return first === undefined || factor === 0 || factor % first.factor !== 0
    ? undefined
    : factor / first.factor;
}

/** A lower bound of the value without the axes of the condition: f · index is at least 0, or f · (extent - 1) for f < 0. */
function withoutCondition(value: Affine, { index, extent }: Condition): Affine | undefined {
  const times = timesIn(value, index);
  if (times === undefined) return undefined;
  const rest = subAffine(value, scaleAffine(index, times));
  if (times > 0) return rest;
  const last = extent === 'N' ? addAffine(batchAxis, -1) : affine(extent - 1);
  return addAffine(rest, scaleAffine(last, times));
}

/** factor · axis is at least this, for a multiple of the divisor: floor(q / d) >= (q - d + 1) / d. */
function lowest({ numerator, divisor }: Quotient, factor: number): Affine {
  return scaleAffine(subAffine(numerator, divisor - 1), factor / divisor);
}

/** -factor · axis is at least this: the axis is at most floor(q / d) - 1 <= q / d - 1. */
function highest({ numerator, divisor }: Quotient, factor: number): Affine {
  return addAffine(scaleAffine(numerator, -factor / divisor), affine(factor));
}

function intervalsOf(loops: readonly LoopFact[], conditions: readonly Condition[]): (axis: Axis) => Interval {
  const known = new Map<Axis, Interval>();
  const intervalOf = (axis: Axis): Interval => known.get(axis) ?? wholeInterval(axis);
  const at = ({ numerator, divisor }: Quotient): Interval => {
    const { low, high } = boundsGiven(numerator, intervalOf, conditions);
    return { low: Math.floor(low / divisor), high: Math.floor(high / divisor) };
  };
  for (const { axis, range } of loops.toReversed()) {
    const low = Math.max(...range.from.map((q) => at(q).low));
    const high = Math.min(...range.to.map((q) => (q === 'N' ? Infinity : at(q).high - 1)));
    known.set(axis, { low, high });
  }
  return intervalOf;
}

/** `boundsOf` where the conditions hold: what stands in one of them is bounded together. */
function boundsGiven(
  value: Affine,
  intervalOf: (axis: Axis) => Interval,
  conditions: readonly Condition[],
): Interval {
  let { low, high } = boundsOf(value, intervalOf);
  for (const { index, extent } of conditions) {
    const times = timesIn(value, index);
    if (times === undefined) continue;
    const rest = boundsOf(subAffine(value, scaleAffine(index, times)), intervalOf);
    const last = times * (extent === 'N' ? Infinity : extent - 1);
    low = Math.max(low, rest.low + Math.min(0, last));
    high = Math.min(high, rest.high + Math.max(0, last));
  }
  return { low, high };
}
