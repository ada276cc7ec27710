/**
 * The loops of a Winograd convolution. For a block of tiles the transformed inputs of all channels go into scratch memory;
 * then, for eight filters at a time, the products are summed point by point and transformed back, and what follows the
 * convolution is applied where the results are stored.
 *
 * Loops marked `vectorize` are lanes over channels. The order of every sum is fixed here: over the channels, one after the
 * other, at most 4096 of them.
 */
import type { Extent } from '../../../base/types.ts';
import type { AffineLike } from '../../../loop/affine.ts';
import { addAffine, affine, scaleAffine } from '../../../loop/affine.ts';
import type { TensorReader } from '../../../loop/builder.ts';
import type { StoreElement } from '../../../loop/definition.ts';
import type { Affine, Buffer, Stmt } from '../../../loop/ir.ts';
import type { Windows } from '../window.ts';
import type { Blocks } from './blocks.ts';
import { blocksOf, filterBlock } from './blocks.ts';
import { transformInputs } from './input.ts';
import { storeResults } from './output.ts';
import { sumProducts } from './products.ts';
import { allocate, loop, scratch } from './statements.ts';
import type { Tile } from './tile.ts';
import { pointsOf } from './tile.ts';

export interface WinogradConvolution {
  readonly tile: Tile;
  /** Of stride 1 over x. */
  readonly windows: Windows;
  readonly batch: Extent;
  readonly channels: number;
  readonly filters: number;
  /** [N, height, width, channels] */
  readonly x: TensorReader;
  /** [filters / 8, points, points, channels, 8] */
  readonly kernel: TensorReader;
  readonly store: StoreElement;
}

/** What all parts of the kernel share. */
export interface Work extends WinogradConvolution {
  readonly blocks: Blocks;
  /** Along one axis of a tile. */
  readonly points: number;
  /** Of a block. */
  readonly tiles: number;
  /** Transformed inputs of a block: [points, points, tiles, channels]. */
  readonly v: Buffer;
  /** Sums of products of a block for eight filters: [points, points, tiles, 8]. */
  readonly m: Buffer;
  /** The number of a tile within its block. */
  readonly tileAt: (row: AffineLike, column: AffineLike) => Affine;
}

/** The sample, and a row and column of tiles. */
export interface Place {
  readonly n: Affine;
  readonly row: Affine;
  readonly column: Affine;
}

/** The statements of the kernel, for a target with vectors. */
export function winogradLoops(convolution: WinogradConvolution): readonly Stmt[] {
  const work = workOf(convolution);
  const { rows, columns, blockRows, blockColumns, shared } = work.blocks;
  const block = (n: Affine, i: Affine, j: Affine): readonly Stmt[] =>
    blockLoops(work, { n, row: scaleAffine(i, blockRows), column: scaleAffine(j, blockColumns) });
  return loop('n', work.batch, (n) =>
    loop(
      'block_row',
      rows / blockRows,
      (i) =>
        loop('block_column', columns / blockColumns, (j) => block(n, i, j), {
          parallel: shared === 'columns',
        }),
      { parallel: shared === 'rows' },
    ),
  );
}

function workOf(convolution: WinogradConvolution): Work {
  const { tile, windows, channels, filters } = convolution;
  const blocks = blocksOf(tile, windows, channels, filters);
  const points = pointsOf(tile);
  const tiles = blocks.blockRows * blocks.blockColumns;
  return {
    ...convolution,
    blocks,
    points,
    tiles,
    v: scratch('v', [points, points, tiles, channels]),
    m: scratch('m', [points, points, tiles, filterBlock]),
    tileAt: (row, column) => addAffine(scaleAffine(affine(row), blocks.blockColumns), column),
  };
}

/** Where threads share the filters, each transforms all inputs for itself. */
function blockLoops(work: Work, place: Place): readonly Stmt[] {
  const { blockRows, shared } = work.blocks;
  const back = (block: Affine): readonly Stmt[] => [
    allocate(work.m),
    ...sumProducts(work, block),
    ...storeResults(work, place, block),
  ];
  return [
    allocate(work.v),
    ...loop('row', blockRows, (r) => transformInputs(work, place, r)),
    ...loop('filters', Math.ceil(work.filters / filterBlock), back, { parallel: shared === 'filters' }),
  ];
}
