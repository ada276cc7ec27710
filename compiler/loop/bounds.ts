/** Interval arithmetic on indices: what can be proved without running a loop. */
import type { Extent } from '../base/types.ts';
import { batchAxis } from './ir.ts';
import type { Affine, Axis, Condition, Quotient, Range } from './ir.ts';

/** Inclusive; `high` is Infinity where only N bounds it. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

export type IntervalOf = (axis: Axis) => Interval;

/** 0 … extent-1; the batch is at least 1. */
export const wholeInterval: IntervalOf = (axis) => ({
  low: axis === batchAxis ? 1 : 0,
  high: axis.extent === 'N' ? Infinity : axis.extent - 1,
});

export function boundsOf({ constant, terms }: Affine, intervalOf: IntervalOf = wholeInterval): Interval {
  let low = constant;
  let high = constant;
  for (const { axis, factor } of terms) {
    const interval = intervalOf(axis);
    low += factor * (factor > 0 ? interval.low : interval.high);
    high += factor * (factor > 0 ? interval.high : interval.low);
  }
  return { low, high };
}

/** Whether 0 <= index < extent for every value of the axes. */
export function alwaysInside(index: Affine, extent: Extent, intervalOf: IntervalOf = wholeInterval): boolean {
  const { low, high } = boundsOf(index, intervalOf);
  if (low < 0) return false;
  return extent === 'N' ? isBatchIndex(index, high) : high < extent;
}

/** Below N: an axis over N itself, possibly minus something. */
function isBatchIndex({ constant, terms }: Affine, high: number): boolean {
  const [term, more] = terms;
  if (term === undefined) return false;
  if (high !== Infinity) return false;
  return (
    more === undefined &&
    term.axis !== batchAxis &&
    term.axis.extent === 'N' &&
    term.factor === 1 &&
    constant <= 0
  );
}

export const alwaysHolds = (condition: Condition, intervalOf: IntervalOf = wholeInterval): boolean =>
  alwaysInside(condition.index, condition.extent, intervalOf);

export function boundsOfQuotient({ numerator, divisor }: Quotient, intervalOf: IntervalOf): Interval {
  const { low, high } = boundsOf(numerator, intervalOf);
  return { low: Math.floor(low / divisor), high: Math.floor(high / divisor) };
}

/** What the axis of a loop with this range can be. Empty ranges give low > high. */
export function boundsOfRange(range: Range, intervalOf: IntervalOf): Interval {
  const from = range.from.map((q) => boundsOfQuotient(q, intervalOf).low);
  const to = range.to.map((q) => (q === 'N' ? Infinity : boundsOfQuotient(q, intervalOf).high - 1));
  return { low: Math.max(...from), high: Math.min(...to) };
}
