/** How much is live when. */
import { lowerBound } from '../base/lower-bound.ts';
import type { Interval } from './fit.ts';

interface Loads {
  /** The largest sum live at once. */
  readonly peak: number;
  /** The largest sum live at once while this interval is. */
  readonly peakDuring: (interval: Interval) => number;
}

/** Sums at the times when something is born (nothing grows in between), and a table of maxima over powers of two of them. */
export function loadsOf(intervals: readonly Interval[]): Loads {
  const times = [...new Set(intervals.map(({ firstUse }) => firstUse))].sort((a, b) => a - b);
  const change = new Array<number>(times.length + 1).fill(0);
  for (const { size, firstUse, lastUse } of intervals) {
    change[position(times, firstUse)]! += size;
    change[position(times, lastUse + 1)]! -= size;
  }
  let live = 0;
  let level = times.map((_, i) => (live += change[i] ?? 0));
  const peak = level.reduce((a, b) => Math.max(a, b), 0);
  const maxima: number[][] = [];
  for (let width = 1; level.length > 0; width *= 2) {
    maxima.push(level);
    const narrower = level;
    level = narrower
      .slice(0, Math.max(0, narrower.length - width))
      .map((value, i) => Math.max(value, narrower[i + width] ?? 0));
  }
  return {
    peak,
    peakDuring: ({ firstUse, lastUse }) => {
      const from = position(times, firstUse);
      const to = position(times, lastUse + 1);
      const power = 31 - Math.clz32(to - from);
      const row = maxima[power] ?? [];
      return Math.max(row[from] ?? 0, row[to - 2 ** power] ?? 0);
    },
  };
}

/** The first position in `times` that is not before `time`. */
const position = (times: readonly number[], time: number): number =>
  lowerBound(times.length, (i) => times[i]! < time);
