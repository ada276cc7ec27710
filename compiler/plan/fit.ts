/** Placing buffers one after another, each into a gap that the ones before it leave. */
import { lowerBound } from '../base/lower-bound.ts';

/** A buffer to place; `size` is a multiple of the alignment. Alive at times `firstUse` to `lastUse`, both included. */
export interface Interval {
  readonly size: number;
  readonly firstUse: number;
  readonly lastUse: number;
}

/**
 * Which of the gaps below the capacity. `low`: the lowest. `best`: the smallest. `ends`: the very bottom, else the very top,
 * else the smallest; in a chain, where only neighbours live together, this alternates and is optimal.
 */
export type Fit = 'low' | 'best' | 'ends';

export interface Placed {
  /** By buffer. */
  readonly offsets: readonly number[];
  /** The end of the highest buffer. */
  readonly bytes: number;
  /** How many placed buffers were looked at: what the running time is proportional to. */
  readonly steps: number;
}

/**
 * Places buffers in the given order. A buffer that fits nowhere below `capacity` goes above everything it meets. In
 * `forward` orders (by first use) buffers that are dead are forgotten, which makes the work proportional to what is live.
 */
export function placeInOrder(
  intervals: readonly Interval[],
  order: readonly number[],
  capacity: number,
  fit: Fit,
  forward: boolean,
): Placed {
  const offsets = new Array<number>(intervals.length).fill(0);
  let placed: number[] = []; // by offset
  let firstDeath = Infinity; // among them
  let bytes = 0;
  let steps = 0;
  for (const buffer of order) {
    const interval = intervals[buffer]!;
    if (interval.size === 0) continue;
    if (forward && firstDeath < interval.firstUse) {
      placed = placed.filter((other) => intervals[other]!.lastUse >= interval.firstUse);
      firstDeath = placed.reduce((time, other) => Math.min(time, intervals[other]!.lastUse), Infinity);
    }
    steps += placed.length;
    const offset = findGap(intervals, offsets, placed, interval, capacity, fit);
    offsets[buffer] = offset;
    bytes = Math.max(bytes, offset + interval.size);
    firstDeath = Math.min(firstDeath, interval.lastUse);
    const isBelow = (i: number): boolean => offsets[placed[i] as number]! < offset;
    placed.splice(lowerBound(placed.length, isBelow), 0, buffer);
  }
  return { offsets, bytes, steps };
}

function findGap(
  intervals: readonly Interval[],
  offsets: readonly number[],
  placed: readonly number[],
  { size, firstUse, lastUse }: Interval,
  capacity: number,
  fit: Fit,
): number {
  let end = 0; // of what has been passed
  let found = -1;
  let smallest = Infinity;
  for (const other of placed) {
    const interval = intervals[other]!;
    if (interval.lastUse < firstUse || interval.firstUse > lastUse) continue;
    const start = offsets[other]!;
    const gap = Math.min(start, capacity) - end;
    if (gap >= size && gap < smallest) {
      if (fit === 'low' || (fit === 'ends' && end === 0)) return end;
      found = end;
      smallest = gap;
    }
    end = Math.max(end, start + interval.size);
  }
  const gap = capacity - end;
  if (gap < size) return found >= 0 ? found : end;
  if (fit === 'ends') return end === 0 ? 0 : capacity - size;
  return gap < smallest ? end : found;
}
