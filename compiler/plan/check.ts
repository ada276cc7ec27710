/**
 * The proof that a plan is sound, written without a look at the allocator: a sweep over time that keeps the live buffers
 * sorted by address and compares neighbours. Runs in every compile.
 */
import { InvariantError, invariant } from '../base/invariant.ts';

interface PlacedInterval {
  readonly name: string;
  readonly bytes: number;
  /** Alive at every integer time from `firstUse` to `lastUse`, both included. */
  readonly firstUse: number;
  readonly lastUse: number;
}

interface Live extends PlacedInterval {
  readonly start: number;
  readonly end: number;
}

/**
 * Throws an `InvariantError` that names the buffers unless every offset is a multiple of 256 inside an arena of `arena`
 * bytes, no buffer has bytes on both sides of a multiple of `slab`, and no two buffers that are alive at the same time share
 * a byte.
 */
export function checkPlan(
  buffers: readonly PlacedInterval[],
  offsets: readonly number[],
  arena: number,
  slab = Infinity,
): void {
  invariant(buffers.length === offsets.length, 'plan: one offset per buffer');
  const placed = buffers.map((buffer, i): Live => {
    const start = offsets[i];
    invariant(start !== undefined && Number.isInteger(start), `plan: ${buffer.name} has no offset`);
    const end = start + buffer.bytes;
    invariant(
      start >= 0 && start % 256 === 0 && end <= arena,
      `plan: ${buffer.name} at ${start}…${end} of ${arena}`,
    );
    invariant(
      buffer.bytes === 0 || slab === Infinity || start % slab <= slab - buffer.bytes,
      `plan: ${buffer.name} at ${start}…${end} lies in two slabs of ${slab}`,
    );
    invariant(buffer.firstUse <= buffer.lastUse, `plan: ${buffer.name} dies before it is born`);
    return { ...buffer, start, end };
  });
  // At one time, births come before deaths: both ends of a lifetime are included.
  const events = placed
    .filter((buffer) => buffer.bytes > 0)
    .flatMap((buffer) => [
      { time: buffer.firstUse, death: 0, buffer },
      { time: buffer.lastUse, death: 1, buffer },
    ])
    .sort((a, b) => a.time - b.time || a.death - b.death);
  const live: Live[] = [];
  for (const { death, buffer } of events) {
    const place = insertionPoint(live, buffer.start);
    if (death === 1) {
      invariant(live[place] === buffer, `plan: lost track of ${buffer.name}`);
      live.splice(place, 1);
      continue;
    }
    const before = live[place - 1];
    const after = live[place];
    if (before !== undefined && before.end > buffer.start) overlap(before, buffer);
    if (after !== undefined && after.start < buffer.end) overlap(after, buffer);
    live.splice(place, 0, buffer);
  }
}

/** The first position whose buffer starts at `start` or later. */
function insertionPoint(live: readonly Live[], start: number): number {
  let low = 0;
  let high = live.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (live[middle]!.start < start) low = middle + 1;
    else high = middle;
  }
  return low;
}

function overlap(a: Live, b: Live): never {
  const show = (x: Live): string =>
    `${x.name} (bytes ${x.start}…${x.end}, launches ${x.firstUse}…${x.lastUse})`;
  throw new InvariantError(`plan: ${show(a)} and ${show(b)} share memory`);
}
