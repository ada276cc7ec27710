/**
 * What a convolution costs, in units of one multiplication and addition of a direct convolution that keeps the arithmetic
 * units busy. From shapes only, so that it decides equally for all targets, batches and machines. The constants were fitted to
 * the WASM kernels (see docs/performance.md, and bench/winograd.mjs).
 */
import type { Windows } from '../ops/support/window.ts';
import { blocksOf, filterBlock, isNear } from '../ops/support/winograd/blocks.ts';
import { lanes } from '../ops/support/winograd/statements.ts';
import type { Tile } from '../ops/support/winograd/tile.ts';
import { pointsOf, taps, tiles } from '../ops/support/winograd/tile.ts';

/** Of a 3x3 convolution of stride 1. */
export interface ConvolutionShape {
  readonly windows: Windows;
  readonly channels: number;
  readonly filters: number;
  /** Whether the kernel is transformed in every run, as in training. */
  readonly trained: boolean;
}

/** What each result of a direct convolution takes besides its products. */
const resultCost = 16;
/** The transforms of one tile, per channel and per filter. */
const transformCost: Readonly<Record<Tile, { readonly channel: number; readonly filter: number }>> = {
  2: { channel: 120, filter: 95 },
  4: { channel: 275, filter: 300 },
};
/** Reading one element of the transformed kernel: few products per element wait for the second cache, or for memory. */
const readCost = { near: 3, far: 6 };
/** Making one element of the transformed kernel, which a training step shares among its samples. */
const kernelCost = 15;
/** Samples that are assumed for that. Not the actual number: a batch's size changes no bit of a sample's result. */
const trainingBatch = 32;
/** A form that rounds otherwise is taken only where it is clearly faster. */
const clearly = 0.8;

const paddedFilters = ({ filters }: ConvolutionShape): number =>
  Math.ceil(filters / filterBlock) * filterBlock;

/** Channels are transformed four at a time; those that are left take as long one by one. */
const transformedChannels = ({ channels }: ConvolutionShape): number =>
  (Math.floor(channels / lanes) + (channels % lanes)) * lanes;

export function directCost(shape: ConvolutionShape): number {
  const [h, w] = shape.windows;
  return h.output * w.output * paddedFilters(shape) * (taps * taps * shape.channels + resultCost);
}

export function winogradCost(tile: Tile, shape: ConvolutionShape): number {
  const { windows, channels, trained } = shape;
  const { rows, columns, blockRows, blockColumns } = blocksOf(tile, windows, channels, shape.filters);
  const filters = paddedFilters(shape);
  const count = rows * columns;
  const kernel = pointsOf(tile) ** 2 * channels * filters;
  const { channel, filter } = transformCost[tile];
  const read = isNear(tile, channels, shape.filters) ? readCost.near : readCost.far;
  const perBlock = kernel * Math.max(blockRows * blockColumns, read);
  const products = (perBlock * count) / (blockRows * blockColumns);
  const made = trained ? (kernel * kernelCost) / trainingBatch : 0;
  const transforms = count * (channel * transformedChannels(shape) + filter * filters);
  return products + transforms + made;
}

/**
 * The cheapest tile, if it is clearly cheaper than to multiply directly. With fewer filters than a block has it never is: the
 * rest of the block is computed for nothing, and a direct convolution does without (4 to 4 channels: 0.9 of the time).
 */
export function chooseTile(shape: ConvolutionShape): Tile | undefined {
  if (shape.filters < filterBlock) return undefined;
  const cost = (tile: Tile): number => winogradCost(tile, shape);
  const [best] = tiles.toSorted((a, b) => cost(a) - cost(b));
  return best !== undefined && cost(best) < clearly * directCost(shape) ? best : undefined;
}
