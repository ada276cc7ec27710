/** The tiles for a contraction that are thought of, as the numbers from which they are made. */
import type { ContractionShape, RoleAxis } from './wgsl-contraction-shape.ts';
import { mostThreads, mostThreadsAlongZ } from './wgsl-limits.ts';

/** Points of the sum that a block of operands in workgroup memory is made for. */
const blockPoints = 32;

/** Operands are read by each thread, or copied into workgroup memory, or several threads share a sum. */
export type TileKind = 'own' | 'shared' | 'split';

export interface Plan {
  readonly kind: TileKind;
  readonly channels: Share;
  readonly pixels: Share;
  /** Threads along rows. */
  readonly rows: number;
  readonly split?: Split;
  readonly block?: PointBlock;
}

/** Sums of each thread along an axis, and threads. */
interface Share {
  readonly each: number;
  readonly threads: number;
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

export function plansOf(shape: ContractionShape): readonly Plan[] {
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

function channelPlans({ channel, lanes }: ContractionShape): readonly Share[] {
  const { count } = channel;
  if (lanes) return divisorsOf(count / 4).map((threads) => ({ each: 4, threads }));
  return sharesOf(count, sizesFor(count, [1, 4], 8));
}

function pixelPlans({ pixel }: ContractionShape): readonly Share[] {
  if (pixel === undefined) return [{ each: 1, threads: 1 }];
  const count = Math.ceil(pixel.count / pixel.step);
  const sizes = sizesFor(count, [1, 2, 4, 6, 7, 8], 8);
  return sharesOf(count, pixel.extent === 'N' ? [1, 2, 4].filter((each) => each <= count) : sizes);
}

/** Rows stand in the dimension of pixels, so that only one of them is divided among threads. */
function rowPlans({ row }: ContractionShape, pixelThreads: number): readonly number[] {
  if (row === undefined || row.extent === 'N' || pixelThreads > 1) return [1];
  return sizesFor(Math.ceil(row.count / row.step), [1, 2, 4, 7, 8, 14, 16], 16);
}

/** The usual numbers, and those that divide an extent evenly: with them no sum is made in vain. */
function sizesFor(extent: number, usual: readonly number[], most: number): readonly number[] {
  const sizes = Array.from({ length: Math.min(extent, most) }, (_, i) => i + 1);
  return sizes.filter((size) => usual.includes(size) || extent % size === 0);
}

/** With each number of sums, powers of two and divisors of what is needed as numbers of threads. */
function sharesOf(extent: number, sizes: readonly number[]): readonly Share[] {
  return sizes.flatMap((each) => {
    const needed = Math.ceil(extent / each);
    const threads = new Set([...powers.filter((power) => power < needed), ...divisorsOf(needed)]);
    return [...threads].map((count) => ({ each, threads: count }));
  });
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
export function divisorsOf(n: number): readonly number[] {
  const numbers = Array.from({ length: Math.min(n, mostThreadsAlongZ) }, (_, i) => i + 1);
  return numbers.filter((divisor) => n % divisor === 0);
}
