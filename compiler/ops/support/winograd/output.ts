/** The last part of a Winograd convolution: sums of products to results. */
import { addAffine, scaleAffine, subAffine } from '../../../loop/affine.ts';
import type { Affine, Expr, Stmt } from '../../../loop/ir.ts';
import { quotient } from '../../../loop/rewrite.ts';
import { filterBlock } from './blocks.ts';
import { overFilters } from './filters.ts';
import type { Place, Work } from './loops.ts';
import type { EachChannel } from './statements.ts';
import { allocate, Block, lanes, load, loop, numbers, registers, scratch, store } from './statements.ts';
import { outputTransform } from './tile.ts';

/** The results of all tiles of a block for eight filters, or as many as there are. */
export function storeResults(work: Work, place: Place, block: Affine): readonly Stmt[] {
  const tile = (r: Affine, t: Affine): readonly Stmt[] => {
    const at: Place = { n: place.n, row: addAffine(place.row, r), column: addAffine(place.column, t) };
    return overFilters(work.filters, block, (each) => storeTile(work, at, work.tileAt(r, t), block, each));
  };
  return loop('row', work.blocks.blockRows, (r) => loop('tile', work.blocks.blockColumns, (t) => tile(r, t)));
}

/** One tile for some filters, counted within the block: columns first, then rows. */
function storeTile(
  work: Work,
  place: Place,
  tile: Affine,
  block: Affine,
  each: EachChannel,
): readonly Stmt[] {
  const [down] = work.windows;
  const columns = scratch('columns', [work.tile, work.points, lanes]);
  const rows = quotient(subAffine(down.output, scaleAffine(place.row, work.tile)));
  const column = (j: Affine): readonly Stmt[] =>
    each(({ at, lane }) => {
      const body = new Block();
      const m = numbers(work.points).map((i) => body.let('p', load(work.m, [i, j, tile, at])));
      outputTransform(work.tile, m, (value) => body.let('s', value)).forEach((value, y) =>
        body.push(store(columns, [y, j, lane], value)),
      );
      return body.stmts;
    });
  return [
    allocate(columns),
    ...loop('j', work.points, column),
    ...loop(
      'y',
      work.tile,
      (y) => storeRow(work, place, [y, block], (j, lane) => load(columns, [y, j, lane]), each),
      {
        to: down.output % work.tile === 0 ? [] : [rows],
      },
    ),
  ];
}

/** A row of results, without those beyond the last column. */
function storeRow(
  work: Work,
  { n, row, column }: Place,
  [y, block]: readonly [Affine, Affine],
  read: (j: number, lane: Affine) => Expr,
  each: EachChannel,
): readonly Stmt[] {
  const { tile, points } = work;
  const [, across] = work.windows;
  const first = scaleAffine(column, tile);
  const put = (s: number, at: Affine, value: Expr): readonly Stmt[] => {
    const filter = addAffine(scaleAffine(block, filterBlock), at);
    return work.store([n, addAffine(scaleAffine(row, tile), y), addAffine(first, s), filter], value);
  };
  // The last tile has fewer columns: what it may lack waits in registers.
  const sure = across.output % tile === 0 ? tile : across.output % tile;
  const waiting = registers('waiting', [tile - sure, lanes]);
  return [
    ...(sure < tile ? [allocate(waiting)] : []),
    ...each(({ at, lane }) => {
      const body = new Block();
      const m = numbers(points).map((j) => body.let('p', read(j, lane)));
      outputTransform(tile, m, (value) => body.let('s', value)).forEach((value, s) =>
        body.push(...(s < sure ? put(s, at, value) : [store(waiting, [s - sure, lane], value)])),
      );
      return body.stmts;
    }),
    ...numbers(tile - sure).map((s): Stmt => ({
      kind: 'if',
      conditions: [{ index: addAffine(first, sure + s), extent: across.output }],
      body: each(({ at, lane }) => put(sure + s, at, load(waiting, [s, lane]))),
    })),
  ];
}
