/**
 * The mathematics of Winograd convolution F(m×m, 3×3): a tile of m×m results comes from (m+2)×(m+2) inputs by that many
 * products per pair of channels, in place of 9·m².
 *
 *     Y = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A
 *
 * Each matrix evaluates or interpolates a polynomial at the places 0, ±a, ±b and infinity (m = 4) or 0, ±1 and infinity
 * (m = 2). Integers, the usual places for m = 4, lose a factor of eight over a direct sum in f32; a = 5/8 and b = 3/2 lose
 * a factor of two (see docs/performance.md). All their powers up to the fourth are f32 numbers.
 */
import { invariant } from '../../../base/invariant.ts';
import type { Expr } from '../../../loop/ir.ts';
import { DefinitionBuilder } from '../../../loop/builder.ts';

/** Rows and columns of results that one tile computes. */
export type Tile = 2 | 4;
export const tiles: readonly Tile[] = [2, 4];
/** The size of the kernels there are transforms for. */
export const taps = 3;

/** Sums over channels are one chunk each; longer ones would lose more to rounding than other sums do. */
export const mostChannels = 4096;

/** Rows and columns of inputs that a tile reads, and of products that it sums. */
export const pointsOf = (tile: Tile): number => tile + taps - 1;

/** The tile with so many points along one axis. */
export const tileOf = (points: number): Tile | undefined => tiles.find((tile) => pointsOf(tile) === points);

/**
 * The expected rounding error of a result in f32: root mean square, relative to that of the results, for normally
 * distributed data. Fitted to what 16 to 256 channels gave; test/lower/winograd.test.ts measures it.
 */
export function expectedError(tile: Tile, channels: number): number {
  return tile === 2 ? 5e-8 + 2.7e-8 * Math.sqrt(channels) : 2.4e-7 + 7.3e-8 * Math.sqrt(channels);
}

const [a, b] = [5 / 8, 3 / 2];
const [aa, bb] = [a * a, b * b];

/** G, row-major: the kernel's polynomial at each place, over the product of the place's distances to the others. */
export function kernelTransform(tile: Tile): readonly (readonly [number, number, number])[] {
  const places = tile === 2 ? [0, 1, -1] : [0, a, -a, b, -b];
  const rows = places.map((place): readonly [number, number, number] => {
    const scale = places.reduce(
      (product, other) => (other === place ? product : product * (place - other)),
      1,
    );
    return [1 / scale, place / scale, (place * place) / scale];
  });
  return [...rows, [0, 0, 1]];
}

const { add, sub, mul } = new DefinitionBuilder();

/** Names a value that is used more than once. */
export type Name = (value: Expr) => Expr;

/** Bᵀ d for one row or column of inputs; every result is one expression over `name`d values. */
export function inputTransform(tile: Tile, d: readonly Expr[], name: Name): readonly Expr[] {
  const at = (i: number): Expr => present(d, i);
  if (tile === 2) return [sub(at(2), at(0)), add(at(2), at(1)), sub(at(2), at(1)), sub(at(3), at(1))];
  const pair = (place: number, other: number): readonly Expr[] => {
    const even = name(sub(at(4), mul(at(2), other)));
    const odd = name(mul(sub(at(3), mul(at(1), other)), place));
    return [add(even, odd), sub(even, odd)];
  };
  return [
    add(sub(at(4), mul(at(2), aa + bb)), mul(at(0), aa * bb)),
    ...pair(a, bb),
    ...pair(b, aa),
    add(sub(at(5), mul(at(3), aa + bb)), mul(at(1), aa * bb)),
  ];
}

/** Aᵀ m for one row or column of sums of products. */
export function outputTransform(tile: Tile, m: readonly Expr[], name: Name): readonly Expr[] {
  const at = (i: number): Expr => present(m, i);
  if (tile === 2) return [add(at(0), add(at(1), at(2))), add(sub(at(1), at(2)), at(3))];
  const [evenA, oddA] = [name(add(at(1), at(2))), name(sub(at(1), at(2)))];
  const [evenB, oddB] = [name(add(at(3), at(4))), name(sub(at(3), at(4)))];
  return [
    add(at(0), add(evenA, evenB)),
    add(mul(oddA, a), mul(oddB, b)),
    add(mul(evenA, aa), mul(evenB, bb)),
    add(add(mul(oddA, a * aa), mul(oddB, b * bb)), at(5)),
  ];
}

function present(values: readonly Expr[], i: number): Expr {
  const value = values[i];
  invariant(value !== undefined, 'a transform takes one value per point');
  return value;
}
