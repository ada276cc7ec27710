/** What all WASM schedules share: how extents are divided among vectors and tiles. */
import { sameType } from '../base/types.ts';
import { loadsOf, strideAlong, writesOf } from '../loop/accesses.ts';
import type { Axis, Kernel, Stmt } from '../loop/ir.ts';
import { findLoop, loopAxes } from '../loop/transform/find.ts';
import type { Part } from '../loop/transform/partition.ts';
import { lanes } from '../loop/transform/vectorize.ts';
import { Keys } from '../loop/transform/keys.ts';
import type { Nest } from './nest.ts';
import type { Scheduling } from './steps.ts';

/** Vectors in a block of channels: with four pixels, eight accumulators. */
export const widest = 2;

/**
 * Vectors that sums and what they are made of may be. The registers are as many, of which a product and V8 take one each; but not
 * all vectors are there at once.
 */
const registers = 16;

/**
 * How many places a tile of one vector has where all channels are apart: so many that their sums, the elements that a row of
 * their windows covers, and the weights of that row are in registers at once. undefined: fewer than a window is wide.
 */
export function placesOfWindow({ inner }: Nest, pixel: Axis): number | undefined {
  const row = inner.at(-1)?.axis;
  const load = loadsOf(inner).find(({ buffer, index }) => strideAlong(buffer, index, pixel) !== 0);
  if (row === undefined || row.extent === 'N' || load === undefined) return undefined;
  const step = strideAlong(load.buffer, load.index, pixel) / strideAlong(load.buffer, load.index, row);
  if (!Number.isInteger(step) || step < 1) return undefined;
  const places = Math.floor((registers + step - 2 * row.extent) / (1 + step));
  return places < row.extent ? undefined : places;
}

/** Whether all that a body in vectors adds up, and what it loads for that, has registers at the same time. */
export function fitsRegisters(body: readonly Stmt[]): boolean {
  const keys = new Keys();
  const places = [...loadsOf(body), ...writesOf(body)].map(({ buffer, index }) =>
    keys.of({ kind: 'load', buffer, index }),
  );
  return new Set(places).size <= registers;
}

/** A loop over a part of the lane axis: `extent` elements in blocks of `vectors` vectors (0: no vectors, element by element). */
export interface LanePart extends Part {
  readonly vectors: number;
  /** Where vectors overlap inside of the part: by how much each begins behind the one before. */
  readonly stride?: number;
}

/**
 * Divides `extent` elements in a row into blocks of vectors. What is left behind whole blocks is done by a block that
 * overlaps the one before, if `overlapping` is allowed, else one element at a time.
 */
export function laneParts(extent: number, vectors: number, overlapping: boolean): readonly LanePart[] {
  if (extent > lanes && extent < 2 * lanes && overlapping && vectors > 1)
    return [{ start: 0, extent, suffix: '_x', vectors: 2, stride: extent - lanes }];
  if (extent >= lanes && extent < vectors * lanes)
    return laneParts(extent, Math.floor(extent / lanes), overlapping);
  const block = vectors * lanes;
  const whole = Math.floor(extent / block) * block;
  const rest = extent - whole;
  const main: readonly LanePart[] = whole === 0 ? [] : [{ start: 0, extent: whole, suffix: '_v', vectors }];
  if (rest === 0) return main;
  const needed = Math.ceil(rest / lanes);
  if (rest % lanes === 0) return [...main, { start: whole, extent: rest, suffix: '_x', vectors: needed }];
  if (overlapping && extent >= needed * lanes)
    return [
      ...main,
      { start: extent - needed * lanes, extent: needed * lanes, suffix: '_x', vectors: needed },
    ];
  const filled = Math.floor(rest / lanes);
  return [
    ...main,
    ...(filled === 0
      ? []
      : [{ start: whole, extent: filled * lanes, suffix: '_x', vectors: filled } satisfies LanePart]),
    { start: whole + filled * lanes, extent: rest % lanes, suffix: '_t', vectors: 0 },
  ];
}

/** Divides an extent into as few tiles as there must be, all of nearly the same size. */
export function balanced(extent: number, largest: number): readonly (Part & { readonly size: number })[] {
  const tiles = Math.ceil(extent / largest);
  const small = Math.floor(extent / tiles);
  const big = extent % tiles;
  const parts = [
    { start: 0, extent: big * (small + 1), suffix: '_p', size: small + 1 },
    { start: big * (small + 1), extent: (tiles - big) * small, suffix: '_q', size: small },
  ];
  return parts.filter((part) => part.extent > 0);
}

/** Applies `partition` unless the axis stays whole; gives the names of the loops over the parts. */
export function divide(s: Scheduling, axis: string, parts: readonly Part[]): readonly string[] {
  const plain = parts.map(({ start, extent, suffix }) => ({ start, extent, suffix }));
  if (plain.length === 1) return [axis];
  s.apply({ step: 'partition', axis, parts: plain });
  return plain.map(({ suffix }) => axis + suffix);
}

/** Names of all loops inside of the first loop over the axis. */
export function loopsInside(kernel: Kernel, axis: string): readonly string[] {
  return loopAxes(findLoop(kernel, axis).body).map(({ name }) => name);
}

export const extentOf = (kernel: Kernel, axis: string): number => Number(findLoop(kernel, axis).axis.extent);

/**
 * Whether elements may be computed twice: each is stored, not added to, and no input might share memory with what has been
 * stored before.
 */
export function mayRepeat({ inputs, outputs, body }: Kernel): boolean {
  const adds = writesOf(body).some(({ kind, buffer }) => kind === 'accumulate' && buffer.space === 'global');
  const reads = loadsOf(body).some(({ buffer }) => outputs.includes(buffer));
  if (adds || reads) return false;
  return !outputs.some((output) => inputs.some((input) => sameType(input, output)));
}
