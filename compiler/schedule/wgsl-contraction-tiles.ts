/**
 * Tiles for a contraction, and what each is expected to cost.
 *
 * The unit is one multiplication and addition of one thread. A device runs so many threads at once: fewer leave a part of it
 * idle, more take turns. So the cost of a tile is that of one thread, times how often they take turns; and as nobody knows the
 * device, the geometric mean of that over devices of several sizes.
 */
import type { Dimension } from '../loop/bound.ts';
import { dimensions } from '../loop/bound.ts';
import type { ContractionTile } from '../loop/transform/contraction/tile.ts';
import type { ContractionShape, RoleAxis } from './wgsl-contraction-shape.ts';
import { mostGroups, mostShared, mostThreads, mostThreadsAlongZ, subgroup } from './wgsl-limits.ts';

/** Threads that devices run at once: a software adapter, a small GPU, a large one, which needs several in each of its lanes. */
const widths = [16, 1024, 32768] as const;
/** A load of an element, or of four neighbours, from an operand, and from workgroup memory. */
const load = 8;
const sharedLoad = 2;
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
/** Points of the sum that a block of operands in workgroup memory is made for. */
const blockPoints = 32;

/** Of each kind so many are given. */
const kept = 3;

/** Numbers from which a tile is made. */
interface Plan {
  readonly kind: TileKind;
  readonly channels: { readonly each: number; readonly threads: number };
  readonly pixels: { readonly each: number; readonly threads: number };
  /** Threads along rows. */
  readonly rows: number;
  readonly split?: Split;
  readonly block?: PointBlock;
}

/** An axis of the sum among threads. */
interface Split {
  readonly axis: RoleAxis;
  readonly threads: number;
}

/** Points of the sum in one block: `inner` whole axes, of which the only one may be divided into blocks of `size`. */
interface PointBlock {
  readonly inner: number;
  readonly size?: number;
  readonly points: number;
}

/** Operands are read by each thread, or copied into workgroup memory, or several threads share a sum. */
export type TileKind = 'own' | 'shared' | 'split';

export interface Candidate {
  readonly kind: TileKind;
  readonly cost: number;
  readonly tile: ContractionTile;
}

/** The cheapest tiles of each kind, the cheapest of all first. */
export function candidates(shape: ContractionShape): readonly Candidate[] {
  const costs = plansOf(shape)
    .map((plan) => ({ plan, cost: costOf(shape, plan) }))
    .filter(({ cost }) => Number.isFinite(cost))
    .toSorted((a, b) => a.cost - b.cost);
  const ofKind = (kind: TileKind): typeof costs =>
    costs.filter(({ plan }) => plan.kind === kind).slice(0, kept);
  return [...ofKind('own'), ...ofKind('shared'), ...ofKind('split')]
    .toSorted((a, b) => a.cost - b.cost)
    .map(({ plan, cost }) => ({ kind: plan.kind, cost, tile: tileOf(shape, plan) }));
}

function plansOf(shape: ContractionShape): readonly Plan[] {
  const block = blockOf(shape);
  const splits = splitsOf(shape);
  const plans: Plan[] = [];
  for (const channels of channelPlans(shape))
    for (const pixels of pixelPlans(shape)) {
      const both = { channels, pixels };
      const threads = channels.threads * pixels.threads;
      if (threads > mostThreads) continue;
      plans.push({ kind: 'own', ...both, rows: 1 });
      for (const split of splits)
        if (threads * split.threads <= mostThreads) plans.push({ kind: 'split', ...both, rows: 1, split });
      for (const rows of rowPlans(shape, pixels.threads)) {
        if (rows > 1) plans.push({ kind: 'own', ...both, rows });
        if (block !== undefined && shape.sharesChannels) plans.push({ kind: 'shared', ...both, rows, block });
      }
    }
  return plans;
}

const powers = [1, 2, 4, 8, 16, 32, 64] as const;

function channelPlans({ channel, lanes }: ContractionShape): readonly Plan['channels'][] {
  if (lanes) {
    const vectors = channel.count / 4;
    return divisorsOf(vectors).map((threads) => ({ each: 4, threads }));
  }
  const most = (each: number): number => 2 * Math.ceil(channel.count / each);
  return [1, 4]
    .filter((each) => each === 1 || channel.count >= each)
    .flatMap((each) =>
      powers.filter((threads) => threads < most(each)).map((threads) => ({ each, threads })),
    );
}

function pixelPlans({ pixel }: ContractionShape): readonly Plan['pixels'][] {
  if (pixel === undefined) return [{ each: 1, threads: 1 }];
  const count = Math.ceil(pixel.count / pixel.step);
  return [1, 2, 4, 6, 7, 8]
    .filter((each) => each <= count && (pixel.extent !== 'N' || each <= 4))
    .flatMap((each) => {
      const needed = Math.ceil(count / each);
      const some = powers.filter((threads) => threads < needed);
      return [...some, ...(needed <= mostThreadsAlongZ ? [needed] : []), ...divisorsOf(needed)]
        .filter((n, i, all) => all.indexOf(n) === i)
        .map((threads) => ({ each, threads }));
    });
}

/** Rows stand in the dimension of pixels, so that only one of them is divided among threads. */
function rowPlans({ row }: ContractionShape, pixelThreads: number): readonly number[] {
  if (row === undefined || row.extent === 'N' || pixelThreads > 1) return [1];
  const count = Math.ceil(row.count / row.step);
  return [1, 2, 4, 7, 8, 14, 16].filter((rows) => rows <= count);
}

/** An axis among threads; the batch, whose length nobody knows, only where there is no other. */
function splitsOf({ sum }: ContractionShape): readonly Split[] {
  const known = sum.filter(({ extent, count }) => extent !== 'N' && count > 1);
  return (known.length > 0 ? known : sum).flatMap((axis) => {
    const own = axis.extent === 'N' ? [] : divisorsOf(axis.count);
    return [...new Set([...powers.filter((power) => own.length < 4 || axis.count % power === 0), ...own])]
      .filter((threads) => threads > 1 && threads <= Math.min(mostThreadsAlongZ, axis.count))
      .map((threads) => ({ axis, threads }));
  });
}

/** The innermost axes of the sum, or a part of the innermost one. */
function blockOf({ sum }: ContractionShape): PointBlock | undefined {
  const last = sum.at(-1);
  if (last === undefined || last.extent === 'N') return undefined;
  if (last.extent > blockPoints) {
    const size = divisorsOf(last.extent).findLast((n) => n <= blockPoints / 2 && n % 4 === 0);
    return size === undefined ? undefined : { inner: 1, size, points: size };
  }
  let [inner, points] = [0, 1];
  for (const { extent } of sum.toReversed()) {
    if (extent === 'N' || points * extent > blockPoints) break;
    points *= extent;
    inner++;
  }
  return { inner, points };
}

/** Those that can be a number of threads or of points in a block. */
function divisorsOf(n: number): readonly number[] {
  const numbers = Array.from({ length: Math.min(n, mostThreadsAlongZ) }, (_, i) => i + 1);
  return numbers.filter((divisor) => n % divisor === 0);
}

/** Infinity where a limit is passed. */
function costOf(shape: ContractionShape, plan: Plan): number {
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
  if (block === undefined) return shared * load + weights * (turned ? scatteredLoad : load) + fetch;
  const quarter = (is: boolean): number => (is ? 4 : 1);
  const copied =
    along / quarter((pointsInRow && inFours) || pixelsInRow) + across / quarter(lanes || (turned && inFours));
  return (shared + weights) * sharedLoad + (copied / threads) * (load + sharedLoad) + fetch;
}

interface Groups {
  readonly groups: number;
  /** Blocks that a workgroup does one after the other. */
  readonly serial: number;
}

function groupsOf(shape: ContractionShape, plan: Plan): Groups {
  const blocks = blocksOf(shape, plan);
  const bound = dimensionsOf(blocks);
  const isBound = ({ axis }: Blocks): boolean => bound.get(axis) !== undefined;
  const phases =
    (shape.pixel !== undefined && isDivided(plan.pixels) ? shape.pixel.step : 1) *
    (shape.row !== undefined && plan.rows > 1 ? shape.row.step : 1);
  const product = (some: readonly Blocks[]): number => some.reduce((all, { count }) => all * count, 1);
  return {
    groups: product(blocks.filter(isBound)),
    serial: phases * product(blocks.filter((block) => !isBound(block))),
  };
}

interface Blocks {
  readonly axis: RoleAxis;
  readonly count: number;
}

const isDivided = ({ each, threads }: Plan['pixels']): boolean => each * threads > 1;

/** Blocks along each axis of the result, those along channels first. */
function blocksOf(
  { channel, pixel, row, others }: ContractionShape,
  { channels, pixels, rows }: Plan,
): readonly Blocks[] {
  const along = (axis: RoleAxis, size: number): Blocks => {
    const step = size > 1 ? axis.step : 1;
    return { axis, count: Math.ceil(axis.count / step / size) };
  };
  return [
    along(channel, channels.each * channels.threads),
    ...(pixel === undefined ? [] : [along(pixel, pixels.each * pixels.threads)]),
    ...(row === undefined ? [] : [along(row, rows)]),
    ...others.toReversed().map((axis) => along(axis, 1)),
  ].filter(({ axis, count }) => count > 1 || axis.extent === 'N');
}

/**
 * The dimension of workgroups for each of the blocks: the batch has one for itself, the innermost others, too, and what is left
 * is counted together. Undefined: there would be too many.
 */
function dimensionsOf(blocks: readonly Blocks[]): ReadonlyMap<RoleAxis, Dimension | undefined> {
  const batch = blocks.find(({ axis }) => axis.extent === 'N');
  const known = blocks.filter((block) => block !== batch);
  const own: readonly Dimension[] = batch === undefined ? dimensions : ['x', 'y'];
  const result = new Map<RoleAxis, Dimension | undefined>();
  const counts = new Map<Dimension, number>();
  known.forEach(({ axis, count }, i) => {
    const dimension = own[Math.min(i, own.length - 1)] as Dimension;
    const all = (counts.get(dimension) ?? 1) * count;
    if (all <= mostGroups) counts.set(dimension, all);
    result.set(axis, all <= mostGroups ? dimension : undefined);
  });
  if (batch !== undefined) result.set(batch.axis, own.length > known.length ? own[known.length] : 'z');
  return result;
}

function tileOf(shape: ContractionShape, plan: Plan): ContractionTile {
  const { channel, pixel, row, others, lanes, sum } = shape;
  const { kind, channels, pixels, rows, split, block } = plan;
  const bound = dimensionsOf(blocksOf(shape, plan));
  const workgroups = (axis: RoleAxis) => {
    const dimension = bound.get(axis);
    return dimension === undefined ? {} : { workgroups: dimension };
  };
  const columns = kind === 'shared' ? columnsOf(channels.threads, block?.points ?? 1) : channels.threads;
  const deep = kind === 'shared' || rows > 1 ? 'z' : 'y';
  return {
    places: [
      ...others.map((axis) => ({ axis: axis.name, ...workgroups(axis) })),
      ...(row === undefined
        ? []
        : [
            {
              axis: row.name,
              threads: [{ dimension: 'z' as const, count: rows }],
              ...(rows > 1 && row.step > 1 && { step: row.step }),
              ...workgroups(row),
            },
          ]),
      ...(pixel === undefined
        ? []
        : [
            {
              axis: pixel.name,
              each: pixels.each,
              threads: [
                {
                  dimension: deep === 'z' && rows === 1 ? ('z' as const) : ('y' as const),
                  count: pixels.threads,
                },
              ],
              ...(isDivided(pixels) && pixel.step > 1 && { step: pixel.step }),
              ...workgroups(pixel),
            },
          ]),
      {
        axis: channel.name,
        each: channels.each,
        ...(lanes ? { lanes } : channels.each > 1 && { apart: true }),
        threads: [
          { dimension: 'x', count: columns },
          { dimension: 'y', count: channels.threads / columns },
        ],
        ...workgroups(channel),
      },
    ],
    ...(split && {
      sum: [{ axis: split.axis.name, threads: { dimension: 'z' as const, count: split.threads } }],
    }),
    ...(block && {
      shared: true,
      inner: block.inner,
      ...(block.size !== undefined && { sum: [{ axis: sum.at(-1)?.name ?? '', block: block.size }] }),
    }),
  };
}

/** Threads of the innermost dimension, so that those copy a row of points in vectors. */
function columnsOf(threads: number, points: number): number {
  const vectors = Math.max(1, Math.floor(points / 4));
  return divisorsOf(threads).findLast((n) => n <= vectors) ?? 1;
}
