/** The loops that transform a 3x3 kernel: U = G g Gᵀ, rows first. */
import { addAffine, affine, scaleAffine, subAffine } from '../../../loop/affine.ts';
import type { TensorReader } from '../../../loop/builder.ts';
import { DefinitionBuilder } from '../../../loop/builder.ts';
import type { StoreElement } from '../../../loop/definition.ts';
import type { Affine, Expr, Stmt } from '../../../loop/ir.ts';
import { quotient } from '../../../loop/rewrite.ts';
import { filterBlock } from './blocks.ts';
import { overFilters, overMissing } from './filters.ts';
import type { EachChannel } from './statements.ts';
import { allocate, Block, lanes, load, loop, numbers, scratch, store, zero } from './statements.ts';
import type { Name, Tile } from './tile.ts';
import { squares, transformSquare } from './scalar.ts';
import { kernelTransform, pointsOf, taps } from './tile.ts';

interface WinogradKernel {
  readonly tile: Tile;
  /** [3, 3, channels, filters], or turned. */
  readonly kernel: TensorReader;
  readonly turned: boolean;
  readonly channels: number;
  readonly filters: number;
  readonly store: StoreElement;
  /** Elements that one instruction works on; 1: no vectors. */
  readonly lanes: number;
}

/** Eight filters after the other; zeros in place of those that the last block lacks. */
export function kernelLoops(work: WinogradKernel): readonly Stmt[] {
  const { channels, filters } = work;
  const each = work.lanes === 1 ? oneByOne : inVectors;
  const block = (b: Affine): readonly Stmt[] =>
    loop('c', channels, (c) => [
      ...each(work, b, c),
      ...overMissing(filters, b, (filter) => zeros(work, b, c, filter)),
    ]);
  return loop('block', Math.ceil(filters / filterBlock), block, { parallel: true });
}

const inVectors = (work: WinogradKernel, block: Affine, c: Affine): readonly Stmt[] =>
  overFilters(work.filters, block, (each) => transform(work, block, c, each));

/** Each filter by itself, both passes in one loop. */
function oneByOne(work: WinogradKernel, block: Affine, c: Affine): readonly Stmt[] {
  const { tile, filters } = work;
  const points = pointsOf(tile);
  const g = squares('g', points, 1);
  const left = subAffine(filters, scaleAffine(block, filterBlock));
  const one = (filter: Affine): readonly Stmt[] => [
    allocate(g),
    ...loop('kh', taps, (kh) =>
      loop('kw', taps, (kw) => [store(g, [0, kh, kw, 0], tapOf(work, block, c, [kh, kw, filter]))]),
    ),
    ...transformSquare(g, [taps, points], (d, name) => product(tile, d, name)),
    ...loop('i', points, (i) =>
      loop('j', points, (j) => work.store([block, i, j, c, filter], load(g, [2, i, j, 0]))),
    ),
  ];
  return loop('filter', filterBlock, one, { to: filters % filterBlock === 0 ? [] : [quotient(left)] });
}

function tapOf(
  { kernel, turned }: WinogradKernel,
  block: Affine,
  c: Affine,
  [kh, kw, at]: readonly [Affine, Affine, Affine],
): Expr {
  const filter = addAffine(scaleAffine(block, filterBlock), at);
  return turned
    ? kernel.at([subAffine(taps - 1, kh), subAffine(taps - 1, kw), filter, c])
    : kernel.at([kh, kw, c, filter]);
}

/** G g Gᵀ of one channel and some filters, counted within the block. */
function transform(work: WinogradKernel, block: Affine, c: Affine, each: EachChannel): readonly Stmt[] {
  const { tile, store: put } = work;
  const points = pointsOf(tile);
  const rows = scratch('rows', [points, taps, lanes]);
  return [
    allocate(rows),
    ...loop('kw', taps, (kw) =>
      each(({ at, lane }) => {
        const body = new Block();
        const g = numbers(taps).map((kh) => body.let('g', tapOf(work, block, c, [affine(kh), kw, at])));
        product(tile, g, (value) => body.let('t', value)).forEach((value, i) =>
          body.push(store(rows, [i, kw, lane], value)),
        );
        return body.stmts;
      }),
    ),
    ...loop('i', points, (i) =>
      each(({ at, lane }) => {
        const body = new Block();
        const g = numbers(taps).map((kw) => body.let('g', load(rows, [i, kw, lane])));
        product(tile, g, (value) => body.let('t', value)).forEach((value, j) =>
          body.push(...put([block, i, affine(j), c, at], value)),
        );
        return body.stmts;
      }),
    ),
  ];
}

/** G v. Its rows come in pairs for a place and its negative, between those for zero and infinity. */
function product(tile: Tile, v: readonly Expr[], name: Name): readonly Expr[] {
  const term = (row: number, k: number): Expr =>
    name(mul(v[k] ?? zero, kernelTransform(tile)[row]?.[k] ?? 0));
  const pairs = numbers(tile / 2).flatMap((pair) => {
    const [constant, odd, square] = numbers(taps).map((k) => term(2 * pair + 1, k)) as [Expr, Expr, Expr];
    return [add(add(constant, odd), square), add(sub(constant, odd), square)];
  });
  return [term(0, 0), ...pairs, v[2] ?? zero];
}

const zeros = ({ tile, store: put }: WinogradKernel, block: Affine, c: Affine, at: Affine): readonly Stmt[] =>
  loop('i', pointsOf(tile), (i) => loop('j', pointsOf(tile), (j) => put([block, i, j, c, at], zero)));

const { add, sub, mul } = new DefinitionBuilder();
