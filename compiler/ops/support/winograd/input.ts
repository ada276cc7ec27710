/** The first part of a Winograd convolution: pixels to transformed inputs. */
import { addAffine, affine, scaleAffine, subAffine } from '../../../loop/affine.ts';
import type { Affine, Buffer, Expr, Range, Stmt } from '../../../loop/ir.ts';
import { quotient } from '../../../loop/rewrite.ts';
import type { Window } from '../window.ts';
import type { Place, Work } from './loops.ts';
import {
  allocate,
  Block,
  lanes,
  load,
  loop,
  numbers,
  overChannels,
  registers,
  scratch,
  store,
  zero,
} from './statements.ts';
import { inputTransform } from './tile.ts';

/** Channels of a row of pixels that are transformed together: 64 bytes, a line of the cache. */
const channelGroup = 16;

/** v[i, j, tile, channel] for the `r`-th row of tiles of a block that begins at `place`. */
export function transformInputs(work: Work, place: Place, r: Affine): readonly Stmt[] {
  const groups = Math.floor(work.channels / channelGroup);
  const rest = work.channels % channelGroup;
  const group = (count: number, first: Affine): readonly Stmt[] => {
    const width = work.tile * (work.blocks.blockColumns - 1) + work.points;
    const strip = scratch('strip', [work.points, width, count]);
    return [
      allocate(strip),
      ...transformColumns(work, { ...place, row: addAffine(place.row, r) }, strip, first),
      ...loop('tile', work.blocks.blockColumns, (t) =>
        loop('i', work.points, (i) => transformRow(work, strip, i, t, work.tileAt(r, t), first)),
      ),
    ];
  };
  return [
    ...(groups > 0 ? loop('group', groups, (g) => group(channelGroup, scaleAffine(g, channelGroup))) : []),
    ...(rest > 0 ? group(rest, affine(groups * channelGroup)) : []),
  ];
}

const countOf = (strip: Buffer): number => Number(strip.shape[2]);

/** strip[…, w, c] = Bᵀ of the column of pixels at w; zeros where there are none. */
function transformColumns(work: Work, place: Place, strip: Buffer, first: Affine): readonly Stmt[] {
  const [, across] = work.windows;
  const width = Number(strip.shape[1]);
  const start = subAffine(scaleAffine(place.column, work.tile), across.before);
  const from = [quotient(scaleAffine(start, -1))];
  const to = [quotient(subAffine(across.input, start))];
  const missing = missingPoints(work, across);
  const zeros = (range: Partial<Range>): readonly Stmt[] =>
    loop('w', width, (w) => loop('i', work.points, (i) => clear(strip, i, w)), range);
  return [
    ...(missing.before ? zeros({ to: from }) : []),
    ...loop('w', width, (w) => transformColumn(work, place, strip, [addAffine(start, w), w, first]), {
      from: missing.before ? from : [],
      to: missing.after ? to : [],
    }),
    ...(missing.after ? zeros({ from: to }) : []),
  ];
}

const clear = (strip: Buffer, i: Affine, w: Affine): readonly Stmt[] =>
  overChannels(countOf(strip), (each) => each(({ at }) => [store(strip, [i, w, at], zero)]));

function transformColumn(
  work: Work,
  { n, row }: Place,
  strip: Buffer,
  [pixel, w, first]: readonly [Affine, Affine, Affine],
): readonly Stmt[] {
  const [down] = work.windows;
  const missing = missingPoints(work, down).points;
  const edge = registers('edge', [missing.length, lanes]);
  const rowAt = (k: number): Affine => addAffine(scaleAffine(row, work.tile), k - down.before);
  const read = (k: number, at: Affine): Expr => work.x.at([n, rowAt(k), pixel, addAffine(first, at)]);
  return overChannels(countOf(strip), (each) => [
    ...(missing.length === 0 ? [] : [allocate(edge)]),
    ...missing.flatMap((k, e): readonly Stmt[] => [
      ...each(({ lane }) => [store(edge, [e, lane], zero)]),
      {
        kind: 'if',
        conditions: [{ index: rowAt(k), extent: down.input }],
        body: each(({ at, lane }) => [store(edge, [e, lane], read(k, at))]),
      },
    ]),
    ...each(({ at, lane }) => {
      const block = new Block();
      const d = numbers(work.points).map((k) => {
        const e = missing.indexOf(k);
        return block.let('d', e < 0 ? read(k, at) : load(edge, [e, lane]));
      });
      inputTransform(work.tile, d, (value) => block.let('t', value)).forEach((value, i) =>
        block.push(store(strip, [i, w, at], value)),
      );
      return block.stmts;
    }),
  ]);
}

/** The points of a tile that lie outside of the input for some tile along this axis. */
function missingPoints(
  { tile, points }: Work,
  { output, before, input }: Window,
): { readonly points: readonly number[]; readonly before: boolean; readonly after: boolean } {
  const starts = numbers(Math.ceil(output / tile)).map((t) => t * tile - before);
  const places = starts.flatMap((start) => numbers(points).map((k) => start + k));
  return {
    points: numbers(points).filter((k) => starts.some((start) => start + k < 0 || start + k >= input)),
    before: places.some((place) => place < 0),
    after: places.some((place) => place >= input),
  };
}

/** v[i, …, tile, channel] = Bᵀ of the row i of the strip at its tile t. */
function transformRow(
  work: Work,
  strip: Buffer,
  i: Affine,
  t: Affine,
  tile: Affine,
  first: Affine,
): readonly Stmt[] {
  return overChannels(countOf(strip), (each) =>
    each(({ at }) => {
      const block = new Block();
      const d = numbers(work.points).map((k) =>
        block.let('d', load(strip, [i, addAffine(scaleAffine(t, work.tile), k), at])),
      );
      inputTransform(work.tile, d, (value) => block.let('t', value)).forEach((value, j) =>
        block.push(store(work.v, [i, j, tile, addAffine(first, at)], value)),
      );
      return block.stmts;
    }),
  );
}
