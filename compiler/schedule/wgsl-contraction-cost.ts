/**
 * What a tile for a contraction is expected to cost.
 *
 * The unit is one multiplication and addition of one thread. A device runs so many threads at once: fewer leave a part of it
 * idle, more take turns. So the cost of a tile is that of one thread, times how often they take turns; and as nobody knows the
 * device, the geometric mean of that over devices of several sizes.
 */
import { groupsOf } from './wgsl-contraction-blocks.ts';
import type { Plan } from './wgsl-contraction-plan.ts';
import type { ContractionShape } from './wgsl-contraction-shape.ts';
import { mostShared, mostThreads, subgroup } from './wgsl-limits.ts';

/** Threads that devices run at once: a software adapter, a small GPU, a large one, which needs several in each of its lanes. */
const widths = [16, 1024, 32768] as const;
/** A load of an element, or of four neighbours, from an operand, and from workgroup memory. */
const load = 8;
const sharedLoad = 2;
/** The first where it comes from the cache next to the threads, of which even small devices have so much. */
const cachedLoad = 4;
const bytesOfCache = 16384;
/** Places and bounds of what is copied from one to the other. */
const copy = 8;
/** A load of which each thread side by side has another row. */
const scatteredLoad = 32;
/** What one element costs that the threads of a workgroup read, whichever and how many of them; memory gives `sector` of them at once. */
const fetched = 4;
const sector = 16;
/** All threads of a workgroup wait for one another. */
const barrier = 40;
/** What each thread does besides. */
const start = 50;

/** Sums in the registers of one thread. */
const mostSums = 32;

/** Infinity where a limit is passed. */
export function costOf(shape: ContractionShape, plan: Plan): number {
  const { channels, pixels, rows, split, block } = plan;
  const threads = channels.threads * pixels.threads * rows * (split?.threads ?? 1);
  const sums = channels.each * pixels.each;
  if (threads > mostThreads || sums > mostSums) return Infinity;
  if (block !== undefined && threads === 1) return Infinity;
  if (memoryOf(shape, plan) > mostShared) return Infinity;
  const { groups, serial } = groupsOf(shape, plan);
  const points = shape.sum.reduce((product, axis) => {
    const parts = split?.axis === axis ? split.threads : 1;
    return product * Math.ceil(axis.count / parts);
  }, 1);
  let own = points * (sums + loadsOf(shape, plan)) + start;
  if (split !== undefined)
    own +=
      barrier + (sums / 4) * sharedLoad + Math.ceil(pixels.each / split.threads) * split.threads * sharedLoad;
  if (block !== undefined) own += (points / block.points) * 2 * barrier;
  const running = groups * Math.ceil(threads / subgroup) * subgroup;
  const turns = widths.reduce((product, width) => product * Math.max(1, running / width), 1);
  return own * serial * turns ** (1 / widths.length);
}

/** Bytes of workgroup memory. */
function memoryOf({ sum, turned, pairs }: ContractionShape, plan: Plan): number {
  const { channels, pixels, rows, split, block } = plan;
  const [across, along] = [channels.each * channels.threads, pixels.each * pixels.threads * rows];
  if (split !== undefined) return split.threads * across * along * 4;
  if (block === undefined) return 0;
  // Rows of points are longer than they are: see `sharedBlock`.
  const row = block.size ?? sum.at(-1)?.count ?? 1;
  const padded = (block.points / row) * (row + (row % 4 === 0 ? 4 : 1));
  const other = pairs ? across * along * padded : across * (turned ? padded : block.points);
  return (along * padded + other) * 4;
}

/** What one thread loads for one point of the sum. */
function loadsOf(shape: ContractionShape, { channels, pixels, rows, split, block }: Plan): number {
  const { lanes, sharesChannels, pointsInRow, pixelsInRow, turned } = shape;
  const last = shape.sum.at(-1);
  const inRow = (last?.count ?? 1) / (split !== undefined && split.axis === last ? split.threads : 1);
  const inFours = inRow % 4 === 0;
  const wide = lanes ? channels.each / 4 : channels.each;
  const weights = turned && inFours ? channels.each / 4 : wide;
  const byRow = pixelsInRow && pixels.each % 4 === 0;
  const shared = sharesChannels
    ? (pointsInRow && inFours) || byRow
      ? pixels.each / 4
      : pixels.each
    : pixels.each * wide;
  const threads = channels.threads * pixels.threads * rows;
  const across = channels.each * channels.threads;
  const along = pixels.each * pixels.threads * rows * (sharesChannels ? 1 : across);
  const fetch =
    ((Math.max(across, turned ? 0 : sector) + Math.max(along, pixelsInRow ? sector : 0)) * fetched) / threads;
  const one = isCached(shape) ? cachedLoad : load;
  if (block === undefined) return shared * one + weights * (turned ? scatteredLoad : one) + fetch;
  const quarter = (is: boolean): number => (is ? 4 : 1);
  const copied =
    along / quarter((pointsInRow && inFours) || pixelsInRow) + across / quarter(lanes || (turned && inFours));
  return (shared + weights) * sharedLoad + (copied / threads) * (one + copy + sharedLoad) + fetch;
}

/** Whether both operands stay in a cache: those of small pictures with few channels do. */
const isCached = ({ elements }: ContractionShape): boolean => 4 * elements <= bytesOfCache;
