/** How a Winograd convolution is divided into blocks of tiles. */
import type { Windows } from '../window.ts';
import type { Tile } from './tile.ts';
import { pointsOf } from './tile.ts';

/** Filters whose sums are in registers at once, with those of four tiles; kernels have them side by side. */
export const filterBlock = 8;

/** Bytes of transformed inputs: they stay in the second cache beside the kernel that is streamed through it. */
const inputBytes = 320 * 1024;
/** Blocks from which on threads share them; where there are fewer, they share the filters. */
const manyBlocks = 4;

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

/**
 * The largest blocks of whole rows, or of parts of one row, whose transformed inputs fit into `inputBytes`; where not even
 * one tile fits, one tile.
 */
export function blocksOf(tile: Tile, [h, w]: Windows, channels: number): Blocks {
  const [rows, columns] = [Math.ceil(h.output / tile), Math.ceil(w.output / tile)];
  const most = Math.max(1, Math.floor(inputBytes / (pointsOf(tile) ** 2 * channels * 4)));
  const blockColumns = largestDivisor(columns, most);
  const blockRows = blockColumns < columns ? 1 : largestDivisor(rows, Math.floor(most / columns));
  const [down, across] = [rows / blockRows, columns / blockColumns];
  const shared = down >= manyBlocks ? 'rows' : across >= manyBlocks ? 'columns' : 'filters';
  return { rows, columns, blockRows, blockColumns, shared };
}

function largestDivisor(value: number, limit: number): number {
  for (let divisor = Math.min(value, limit); divisor > 1; divisor--)
    if (value % divisor === 0) return divisor;
  return 1;
}
