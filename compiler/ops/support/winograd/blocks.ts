/** How a Winograd convolution is divided into blocks of tiles. */
import type { Windows } from '../window.ts';
import type { Tile } from './tile.ts';
import { pointsOf } from './tile.ts';

/** Filters whose sums are in registers at once, with those of four tiles; kernels have them side by side. */
export const filterBlock = 8;

/** A transformed kernel with at most so many bytes stays in the second cache. */
const nearBytes = 320 * 1024;
/**
 * Bytes of transformed inputs of a block. Beside a kernel that is near they are few, and stay in the first cache; a kernel
 * that comes from memory is read once for each block, so that blocks are as large as the second cache allows.
 */
const inputBytes = { near: 24 * 1024, far: 320 * 1024 };
/** With fewer blocks threads share the filters; from so many on, an odd one more makes no difference. */
const [fewBlocks, manyBlocks] = [4, 8];

/** Tiles along the two axes of the result, and how many of them make a block. */
export interface Blocks {
  readonly rows: number;
  readonly columns: number;
  /** Divisors of `rows` and `columns`. */
  readonly blockRows: number;
  readonly blockColumns: number;
  /** What threads share. */
  readonly shared: 'rows' | 'columns' | 'filters';
}

/** Whether the transformed kernel stays in the second cache. */
export const isNear = (tile: Tile, channels: number, filters: number): boolean =>
  pointsOf(tile) ** 2 * channels * Math.ceil(filters / filterBlock) * filterBlock * 4 <= nearBytes;

/**
 * The largest blocks of whole rows, or of parts of one row, whose transformed inputs fit into `inputBytes`, of those that
 * threads would share the largest that they can share evenly; where not even one tile fits, one tile.
 */
export function blocksOf(tile: Tile, [h, w]: Windows, channels: number, filters: number): Blocks {
  const [rows, columns] = [Math.ceil(h.output / tile), Math.ceil(w.output / tile)];
  const bytes = isNear(tile, channels, filters) ? inputBytes.near : inputBytes.far;
  const most = Math.max(1, Math.floor(bytes / (pointsOf(tile) ** 2 * channels * 4)));
  const blockColumns = largestDivisor(columns, most);
  const fits = blockColumns < columns ? 1 : Math.floor(most / columns);
  const largest = largestDivisor(rows, fits);
  const blockRows = (rows / largest >= fewBlocks && evenDivisor(rows, fits)) || largest;
  const [down, across] = [rows / blockRows, columns / blockColumns];
  const shared = isEven(down) ? 'rows' : isEven(across) ? 'columns' : 'filters';
  return { rows, columns, blockRows, blockColumns, shared };
}

/** Whether two threads get the same share of so many blocks, or nearly. */
const isEven = (blocks: number): boolean => blocks >= manyBlocks || (blocks >= fewBlocks && blocks % 2 === 0);

/** The largest divisor up to the limit that leaves an even number of blocks. */
function evenDivisor(value: number, limit: number): number | undefined {
  for (let divisor = Math.min(value, limit); divisor > 0; divisor--)
    if (value % divisor === 0 && isEven(value / divisor)) return divisor;
  return undefined;
}

function largestDivisor(value: number, limit: number): number {
  for (let divisor = Math.min(value, limit); divisor > 1; divisor--)
    if (value % divisor === 0) return divisor;
  return 1;
}
