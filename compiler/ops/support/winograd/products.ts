/** The middle of a Winograd convolution: a matrix product per point. */
import { addAffine, affine, scaleAffine } from '../../../loop/affine.ts';
import type { Affine, Buffer, Expr, Stmt } from '../../../loop/ir.ts';
import { filterBlock } from './blocks.ts';
import type { Work } from './loops.ts';
import {
  allocate,
  Block,
  inLanes,
  lanes,
  load,
  loop,
  numbers,
  registers,
  store,
  zero,
} from './statements.ts';

/** Tiles whose sums are in registers at once, with those of eight filters. */
const tileBlock = 4;
const halves = numbers(filterBlock / lanes);

type Point = readonly [i: Affine, j: Affine];

/** m[i, j, tile, f] = Σ v[i, j, tile, c] · kernel[block, i, j, c, f] over c, in order. */
export function sumProducts(work: Work, block: Affine): readonly Stmt[] {
  const [full, rest] = [Math.floor(work.tiles / tileBlock), work.tiles % tileBlock];
  const products = (point: Point): readonly Stmt[] => [
    ...(full > 0
      ? loop('tiles', full, (t) => sums(work, block, point, tileBlock, scaleAffine(t, tileBlock)))
      : []),
    ...(rest > 0 ? sums(work, block, point, rest, affine(full * tileBlock)) : []),
  ];
  return loop('i', work.points, (i) => loop('j', work.points, (j) => products([i, j])));
}

/** The sums of `count` tiles from `first` on. */
function sums(work: Work, block: Affine, point: Point, count: number, first: Affine): readonly Stmt[] {
  const acc = registers('acc', [count, halves.length, lanes]);
  const each = (f: (t: number, half: number, lane: Affine) => Stmt): readonly Stmt[] =>
    inLanes(0)(({ lane }) => numbers(count).flatMap((t) => halves.map((half) => f(t, half, lane))));
  return [
    allocate(acc),
    ...each((t, half, lane) => store(acc, [t, half, lane], zero)),
    ...loop('c', work.channels, (c) => step(work, acc, block, point, c, first)),
    ...each((t, half, lane) =>
      store(
        work.m,
        [...point, addAffine(first, t), addAffine(lane, half * lanes)],
        load(acc, [t, half, lane]),
      ),
    ),
  ];
}

/** One channel of the sums. */
function step(
  work: Work,
  acc: Buffer,
  block: Affine,
  point: Point,
  c: Affine,
  first: Affine,
): readonly Stmt[] {
  return inLanes(0)(({ lane }) => {
    const body = new Block();
    const weights = halves.map((half) =>
      body.let('u', work.kernel.at([block, ...point, c, addAffine(lane, half * lanes)])),
    );
    for (const t of numbers(Number(acc.shape[0]))) {
      const x = load(work.v, [...point, addAffine(first, t), c]);
      weights.forEach((weight, half) => {
        const value: Expr = { kind: 'binary', op: 'mul', dtype: 'f32', a: x, b: weight };
        const index = [affine(t), affine(half), lane];
        body.push({ kind: 'accumulate', buffer: acc, index, combine: 'add', value });
      });
    }
    return body.stmts;
  });
}
