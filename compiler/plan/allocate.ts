/**
 * The allocator: offsets for buffers with known lifetimes so that the arena is small. The problem is NP-hard (dynamic
 * storage allocation), but the lower bound, the largest sum live at once, is mostly reached by one of a few orders; where
 * it is, the plan is optimal. Deterministic: the same buffers give the same offsets.
 */
import type { Fit, Interval, Placed } from './fit.ts';
import { placeInOrder } from './fit.ts';
import { loadsOf } from './load.ts';
import { searchPlan } from './search.ts';
import { planInSlabs } from './slabs.ts';

/** Offsets are multiples of this, so that every buffer can be bound on a GPU. */
export const alignment = 256;

export interface MemoryBuffer {
  /** For messages only. */
  readonly name: string;
  readonly bytes: number;
  /** Alive at every integer time from `firstUse` to `lastUse`, both included. */
  readonly firstUse: number;
  readonly lastUse: number;
}

export interface MemoryPlan {
  /** By buffer. */
  readonly offsets: readonly number[];
  /** Size of the arena. */
  readonly bytes: number;
  /** The largest sum of buffer sizes, each rounded up to 256, live at once. `bytes` equal to it is optimal. */
  readonly bound: number;
  /** Places and sections looked at over all attempts: the cost of planning. */
  readonly steps: number;
}

/** Steps that repairing a plan, and then each exact search, may take where the fixed strategies miss the bound. */
const repairSteps = 300_000;
const searchSteps = 500_000;

/** `slab`: a multiple of 256 that is no smaller than any buffer; none lies across a multiple of it. */
export function planMemory(buffers: readonly MemoryBuffer[], slab = Infinity): MemoryPlan {
  const intervals = buffers.map(({ bytes, firstUse, lastUse }): Interval => {
    return { size: Math.ceil(bytes / alignment) * alignment, firstUse, lastUse };
  });
  const { peak: bound, peakDuring } = loadsOf(intervals);
  const orders = ordersOf(intervals, peakDuring);
  const whole = planWhole(intervals, orders, bound);
  if (whole.bytes <= slab) return { ...whole, bound };
  const { forward, breadth, size, area } = orders;
  const inSlabs = planInSlabs(intervals, [forward, breadth, size, area], slab);
  return { ...inSlabs, bound, steps: whole.steps + inSlabs.steps };
}

type Orders = Readonly<Record<'forward' | 'breadth' | 'size' | 'area', readonly number[]>>;

/** In one piece of memory. */
function planWhole(intervals: readonly Interval[], orders: Orders, bound: number): Placed {
  const attempts = [
    { order: orders.forward, fit: 'ends', forward: true },
    { order: orders.forward, fit: 'best', forward: true },
    { order: orders.breadth, fit: 'low', forward: false },
    { order: orders.size, fit: 'low', forward: false },
    { order: orders.area, fit: 'low', forward: false },
    { order: orders.breadth, fit: 'ends', forward: false },
  ] as const;
  let best: Placed = { offsets: intervals.map(() => 0), bytes: Infinity, steps: 0 };
  let steps = 0;
  const attempt = (order: readonly number[], fit: Fit, forward: boolean): Placed => {
    const placed = placeInOrder(intervals, order, bound, fit, forward);
    steps += placed.steps;
    if (placed.bytes < best.bytes) best = placed;
    return placed;
  };
  for (const { order, fit, forward } of attempts) {
    attempt(order, fit, forward);
    if (best.bytes === bound) return { ...best, steps };
  }
  // What stuck out of the bound goes first in the next attempt.
  let order: readonly number[] = orders.breadth;
  const limit = steps + repairSteps;
  for (let round = 0; steps < limit && best.bytes > bound; round++) {
    const { offsets } = attempt(order, round % 2 === 0 ? 'low' : 'ends', false);
    const sticksOut = (i: number): boolean => (offsets[i] ?? 0) + (intervals[i]?.size ?? 0) > bound;
    order = [...order.filter(sticksOut), ...order.filter((i) => !sticksOut(i))];
    steps += order.length;
  }
  for (const preferred of [orders.size, orders.area, orders.forward]) {
    if (best.bytes === bound) break;
    const found = searchPlan(intervals, preferred, bound, searchSteps);
    steps += found.steps;
    if (found.offsets !== undefined) best = { offsets: found.offsets, bytes: bound, steps: found.steps };
  }
  return { ...best, steps };
}

/** Orders to place in; ties fall to the buffer that was given first. */
function ordersOf(intervals: readonly Interval[], peakDuring: (interval: Interval) => number): Orders {
  const by = (...keys: readonly ((interval: Interval) => number)[]): readonly number[] => {
    const ranks = intervals.map((interval) => keys.map((key) => key(interval)));
    return intervals
      .map((_, i) => i)
      .sort((a, b) => {
        for (let k = 0; k < keys.length; k++) {
          const difference = (ranks[a]?.[k] ?? 0) - (ranks[b]?.[k] ?? 0);
          if (difference !== 0) return difference;
        }
        return a - b;
      });
  };
  const start = ({ firstUse }: Interval): number => firstUse;
  const longest = ({ firstUse, lastUse }: Interval): number => firstUse - lastUse;
  const largest = ({ size }: Interval): number => -size;
  return {
    forward: by(start, longest, largest),
    breadth: by((interval) => -peakDuring(interval), largest, longest),
    size: by(largest, longest, start),
    area: by((interval) => largest(interval) * (1 - longest(interval)), largest),
  };
}
