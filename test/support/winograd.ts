/**
 * Winograd convolution by its formulas in f64, U = G g Gᵀ and Y = Aᵀ [ U ⊙ (Bᵀ d B) ] A tile by tile, with matrices made here: the product of
 * two polynomials through their values at 0, ±1, infinity or 0, ±5/8, ±3/2, infinity, turned around (a convolution is the
 * transpose of such a product). No blocks, no order of sums.
 */
import { invariant } from '../../compiler/base/invariant.ts';
import type { Node } from '../../compiler/graph/ir.ts';
import type { Tensor } from './evaluate.ts';
import { tensorOf } from './evaluate.ts';

type Matrix = readonly (readonly number[])[];

/** Values at the places, the last one at infinity, of polynomials with so many coefficients. */
const valuesAt = (places: readonly number[], terms: number): Matrix => [
  ...places.map((place) => Array.from({ length: terms }, (_, k) => place ** k)),
  Array.from({ length: terms }, (_, k) => (k === terms - 1 ? 1 : 0)),
];

/** Coefficients, lowest first, of the product of (x - root). */
const polynomial = (roots: readonly number[]): readonly number[] =>
  roots.reduce<readonly number[]>(
    (p, root) => Array.from({ length: p.length + 1 }, (_, k) => (p[k - 1] ?? 0) - root * (p[k] ?? 0)),
    [1],
  );

const placesOf: Readonly<Record<number, readonly number[]>> = {
  4: [0, 1, -1],
  6: [0, 0.625, -0.625, 1.5, -1.5],
};

/** winograd_kernel: [filters / 8, points, points, channels, 8]. */
export function winogradKernel({ type, attributes }: Node, [g]: readonly Tensor[], n: number): Tensor {
  invariant(g !== undefined, 'a kernel');
  const [blocks = 0, points = 0, , channels = 0] = type.shape.map(Number);
  const turned = attributes['turned'] === true;
  const [, , inputs = 0, outputs = 0] = g.shape;
  const places = placesOf[points] ?? [];
  const distances = places.map((place) =>
    places.reduce((product, other) => (other === place ? product : product * (place - other)), 1),
  );
  const values = valuesAt(places, 3).map((row, i) => row.map((value) => value / (distances[i] ?? 1)));
  const tap = (kh: number, kw: number, c: number, f: number): number => {
    if (f >= (turned ? inputs : outputs)) return 0;
    const place = turned ? ((2 - kh) * 3 + 2 - kw) * inputs + f : (kh * 3 + kw) * inputs + c;
    return g.data[place * outputs + (turned ? c : f)] as number;
  };
  const result: number[] = [];
  for (let b = 0; b < blocks; b++)
    for (let i = 0; i < points; i++)
      for (let j = 0; j < points; j++)
        for (let c = 0; c < channels; c++)
          for (let f = 8 * b; f < 8 * b + 8; f++) {
            let sum = 0;
            for (let kh = 0; kh < 3; kh++)
              for (let kw = 0; kw < 3; kw++) sum += at(values, i, kh) * at(values, j, kw) * tap(kh, kw, c, f);
            result.push(sum);
          }
  return tensorOf(type, n, result);
}

/** winograd_conv2d. */
export function winograd({ type, attributes }: Node, [x, kernel]: readonly Tensor[], n: number): Tensor {
  invariant(x !== undefined && kernel !== undefined, 'an image and a kernel');
  const [count = 0, height = 0, width = 0, channels = 0] = x.shape;
  const [, points = 0] = kernel.shape;
  const places = placesOf[points] ?? [];
  const tile = points - 2;
  const back = valuesAt(places, tile);
  const input: Matrix = [
    ...places.map((place) => [...polynomial(places.filter((other) => other !== place)), 0]),
    polynomial(places),
  ];
  const [, rows = 0, columns = 0, filters = 0] = type.shape.map(Number);
  const [top, left] = edges(attributes['padding']);
  const pixel = (i: number, h: number, w: number, c: number): number =>
    h < 0 || w < 0 || h >= height || w >= width
      ? 0
      : (x.data[((i * height + h) * width + w) * channels + c] as number);
  const weight = (i: number, j: number, c: number, f: number): number => {
    const place = ((Math.floor(f / 8) * points + i) * points + j) * channels + c;
    return kernel.data[place * 8 + (f % 8)] as number;
  };
  const all = Array.from({ length: points }, (_, i) => i);
  const result = new Array<number>(count * rows * columns * filters).fill(0);
  const tileAt = (i: number, h: number, w: number, f: number): void => {
    const sums = all.map((p) =>
      all.map((q) => {
        let sum = 0;
        for (let c = 0; c < channels; c++) {
          let v = 0;
          for (const k of all)
            for (const l of all)
              v += at(input, p, k) * at(input, q, l) * pixel(i, h - top + k, w - left + l, c);
          sum += v * weight(p, q, c, f);
        }
        return sum;
      }),
    );
    for (let y = 0; y < tile && h + y < rows; y++)
      for (let z = 0; z < tile && w + z < columns; z++) {
        let value = 0;
        for (const p of all) for (const q of all) value += at(back, p, y) * at(back, q, z) * at(sums, p, q);
        result[((i * rows + h + y) * columns + w + z) * filters + f] = value;
      }
  };
  for (let i = 0; i < count; i++)
    for (let h = 0; h < rows; h += tile)
      for (let w = 0; w < columns; w += tile) for (let f = 0; f < filters; f++) tileAt(i, h, w, f);
  return tensorOf(type, n, result);
}

const at = (matrix: Matrix, row: number, column: number): number => matrix[row]?.[column] ?? 0;

function edges(padding: unknown): readonly [number, number] {
  if (padding === 'same') return [1, 1];
  if (padding === 'valid') return [0, 0];
  const [top, left] = padding as readonly [number, number];
  return [top, left];
}
