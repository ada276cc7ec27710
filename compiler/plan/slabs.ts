/**
 * Memory that comes in slabs of one size, one behind the other: nothing lies across the end of one. Where a plan needs more
 * than one slab, buffers are placed anew, each at the lowest place where it fits.
 */
import type { Interval, Placed } from './fit.ts';

/** The first place from `at` on where so many bytes do not cross the end of a slab. */
export function withinSlab(at: number, bytes: number, slab: number): number {
  if (at + bytes <= (Math.floor(at / slab) + 1) * slab) return at;
  return Math.ceil(at / slab) * slab;
}

/** The smaller of two is better, the earlier one of equals. `orders`: to place in. */
export function planInSlabs(
  intervals: readonly Interval[],
  orders: readonly (readonly number[])[],
  slab: number,
): Placed {
  let best: Placed = { offsets: [], bytes: Infinity, steps: 0 };
  let steps = 0;
  for (const order of orders) {
    const placed = placeLow(intervals, order, slab);
    steps += placed.steps;
    if (placed.bytes < best.bytes) best = placed;
  }
  return { ...best, steps };
}

function placeLow(intervals: readonly Interval[], order: readonly number[], slab: number): Placed {
  const offsets = new Array<number>(intervals.length).fill(0);
  const placed: number[] = [];
  let bytes = 0;
  let steps = 0;
  for (const buffer of order) {
    const { size, firstUse, lastUse } = intervals[buffer]!;
    if (size === 0) continue;
    let at = 0;
    steps += placed.length;
    // By offset: the place moves up over whatever is alive at the same time.
    for (const other of placed) {
      const { size: taken, firstUse: from, lastUse: to } = intervals[other]!;
      const start = offsets[other]!;
      if (to < firstUse || from > lastUse) continue;
      if (withinSlab(at, size, slab) + size <= start) break;
      at = Math.max(at, start + taken);
    }
    const offset = withinSlab(at, size, slab);
    offsets[buffer] = offset;
    bytes = Math.max(bytes, offset + size);
    const place = placed.findIndex((other) => offsets[other]! > offset);
    placed.splice(place < 0 ? placed.length : place, 0, buffer);
  }
  return { offsets, bytes, steps };
}
