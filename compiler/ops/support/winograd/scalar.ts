/**
 * The same sums for a target without vectors, in fewer and shorter loops: one tile after the other. Both dimensions of a
 * transform are passes of one loop, each of which transforms the columns of a square and leaves them as rows.
 */
import { addAffine, affine, scaleAffine, subAffine } from '../../../loop/affine.ts';
import type { Affine, Buffer, Expr, Stmt } from '../../../loop/ir.ts';
import { quotient } from '../../../loop/rewrite.ts';
import { filterBlock } from './blocks.ts';
import type { WinogradConvolution } from './loops.ts';
import { allocate, Block, load, loop, numbers, registers, scratch, store, zero } from './statements.ts';
import type { Name } from './tile.ts';
import { inputTransform, outputTransform, pointsOf } from './tile.ts';

/** Filters whose sums are in registers at once. */
const together = 4;

/** Three squares of points, each with a value per channel: what is transformed, after one pass and after both. */
export const squares = (name: string, points: number, channels: number): Buffer =>
  scratch(name, [3, points, points, channels]);

/** Transforms the square 0 into the square 2. `sizes`: points of a column before, of a row after the transform. */
export function transformSquare(
  buffer: Buffer,
  [before, after]: readonly [number, number],
  transform: (d: readonly Expr[], name: Name) => readonly Expr[],
): readonly Stmt[] {
  const columns = (pass: Affine): Affine => addAffine(before, scaleAffine(pass, after - before));
  const column = (pass: Affine, a: Affine, c: Affine): readonly Stmt[] => {
    const body = new Block();
    const d = numbers(before).map((k) => body.let('d', load(buffer, [pass, k, a, c])));
    const row = transform(d, (value) => body.let('t', value));
    row.forEach((value, i) => body.push(store(buffer, [addAffine(pass, 1), a, i, c], value)));
    return body.stmts;
  };
  return loop('pass', 2, (pass) =>
    loop('a', Math.max(before, after), (a) => loop('c', Number(buffer.shape[3]), (c) => column(pass, a, c)), {
      to: before === after ? [] : [quotient(columns(pass))],
    }),
  );
}

/** A tile of the result. */
interface Place {
  readonly n: Affine;
  readonly row: Affine;
  readonly column: Affine;
}

export function scalarLoops(convolution: WinogradConvolution): readonly Stmt[] {
  const { tile, windows, batch, channels, filters } = convolution;
  const points = pointsOf(tile);
  const [rows, columns] = windows.map(({ output }) => Math.ceil(output / tile)) as [number, number];
  const v = squares('v', points, channels);
  const m = squares('m', points, filterBlock);
  const back = (place: Place, block: Affine): readonly Stmt[] => [
    allocate(m),
    ...sumProducts(convolution, v, m, block),
    ...transformSquare(m, [points, tile], (d, name) => outputTransform(tile, d, name)),
    ...storeTile(convolution, m, place, block),
  ];
  const at = (place: Place): readonly Stmt[] => [
    allocate(v),
    ...readTile(convolution, v, place),
    ...transformSquare(v, [points, points], (d, name) => inputTransform(tile, d, name)),
    ...loop('block', Math.ceil(filters / filterBlock), (block) => back(place, block)),
  ];
  return loop('n', batch, (n) =>
    loop('row', rows, (row) => loop('column', columns, (column) => at({ n, row, column })), {
      parallel: true,
    }),
  );
}

/** v[0, h, w, c]: the pixels that a tile needs; zeros where there are none. */
function readTile(
  { tile, windows, channels, x }: WinogradConvolution,
  v: Buffer,
  { n, row, column }: Place,
): readonly Stmt[] {
  const points = pointsOf(tile);
  const [down, across] = windows;
  const isInside = windows.every(({ input, output, before }) => {
    return before === 0 && Math.ceil(output / tile) * tile + points - tile <= input;
  });
  const pixel = (i: Affine, j: Affine): readonly Stmt[] => {
    const h = subAffine(addAffine(scaleAffine(row, tile), i), down.before);
    const w = subAffine(addAffine(scaleAffine(column, tile), j), across.before);
    const conditions = [
      { index: h, extent: down.input },
      { index: w, extent: across.input },
    ];
    return loop('c', channels, (c) => {
      const put = (value: Expr): Stmt => store(v, [0, i, j, c], value);
      const read = put(x.at([n, h, w, c]));
      return isInside ? [read] : [put(zero), { kind: 'if', conditions, body: [read] }];
    });
  };
  return loop('i', points, (i) => loop('j', points, (j) => pixel(i, j)));
}

/** m[0, i, j, f] = Σ v[2, i, j, c] · kernel[block, i, j, c, f] over c, in order. */
function sumProducts(
  { tile, channels, kernel }: WinogradConvolution,
  v: Buffer,
  m: Buffer,
  block: Affine,
): readonly Stmt[] {
  const acc = registers('acc', [together]);
  const point = (i: Affine, j: Affine, first: Affine): readonly Stmt[] => [
    allocate(acc),
    ...numbers(together).map((f) => store(acc, [f], zero)),
    ...loop('c', channels, (c) =>
      numbers(together).map((f): Stmt => {
        const b = kernel.at([block, i, j, c, addAffine(first, f)]);
        const value: Expr = { kind: 'binary', op: 'mul', dtype: 'f32', a: load(v, [2, i, j, c]), b };
        return { kind: 'accumulate', buffer: acc, index: [affine(f)], combine: 'add', value };
      }),
    ),
    ...numbers(together).map((f) => store(m, [0, i, j, addAffine(first, f)], load(acc, [f]))),
  ];
  const points = pointsOf(tile);
  return loop('i', points, (i) =>
    loop('j', points, (j) =>
      loop('part', filterBlock / together, (part) => point(i, j, scaleAffine(part, together))),
    ),
  );
}

function storeTile(
  { tile, windows, filters, store: put }: WinogradConvolution,
  m: Buffer,
  { n, row, column }: Place,
  block: Affine,
): readonly Stmt[] {
  const [down, across] = windows;
  /** A loop over a part of an axis, as far as there is something left. */
  const part = (
    name: string,
    [size, all]: readonly [number, number],
    at: Affine,
    body: (i: Affine) => readonly Stmt[],
  ): readonly Stmt[] => {
    const left = subAffine(all, scaleAffine(at, size));
    return loop(name, size, body, { to: all % size === 0 ? [] : [quotient(left)] });
  };
  return part('h', [tile, down.output], row, (h) =>
    part('w', [tile, across.output], column, (w) =>
      part('filter', [filterBlock, filters], block, (f) => {
        const [y, x] = [addAffine(scaleAffine(row, tile), h), addAffine(scaleAffine(column, tile), w)];
        return put([n, y, x, addAffine(scaleAffine(block, filterBlock), f)], load(m, [2, h, w, f]));
      }),
    ),
  );
}
