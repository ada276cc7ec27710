/** A contraction for a GPU: tiles of sums in the registers of each thread, blocks of operands in workgroup memory. */
import { addAffine, affine, scaleAffine, subAffine } from '../../affine.ts';
import type { Dimension } from '../../bound.ts';
import { dimensions } from '../../bound.ts';
import type { Axis, Buffer, For, Kernel, Range, Stmt } from '../../ir.ts';
import { loopsOver, quotient, serial, wholeRange } from '../../rewrite.ts';
import type { Binding } from '../bind.ts';
import { requires } from '../step-error.ts';
import type { Context, ContractionTile } from './context.ts';
import { contextOf, forSums, sumAt } from './context.ts';
import { combinations } from './held.ts';
import { contractionNest } from './nest.ts';
import { ownResults, partResults } from './results.ts';
import { ownSum, sharedSum } from './sums.ts';

export type { ContractionTile } from './context.ts';

/**
 * for places { s = 0; for points { s += a[…] * b[…] }; y[…] = f(s) }
 *   →  for blocks bind(workgroup) { for threads bind(thread) {
 *        alloc s[tile]; s = 0
 *        for points { r = a[…]; q = b[…]; s[tile] += r[…] * q[…] }
 *        y[…] = f(s[tile])
 *      } }
 *
 * With `shared`, the operands of each block of points are copied into workgroup memory first, with zeros where a point takes
 * no part. Where threads share a sum, they add up their parts behind the loops. Blocks along several axes may be counted
 * together, in one dimension of workgroups. The order of the sum changes.
 */
export function tileContraction(kernel: Kernel, tile: ContractionTile): Kernel {
  const nest = contractionNest(kernel.body);
  requires(nest !== undefined, `${kernel.name} is not one sum of products`);
  const context = contextOf(kernel, nest, tile);
  const { sums, points } = context;
  const start: readonly Stmt[] = [
    { kind: 'alloc', buffer: sums },
    ...forSums(context, combinations(context.elements), (at, lane) => [
      {
        kind: 'store',
        buffer: sums,
        index: sumAt(context, at, lane),
        value: { kind: 'literal', dtype: 'f32', value: 0 },
      },
    ]),
  ];
  if (tile.shared === true) {
    const { stmts, memory } = sharedSum(context);
    return bound(kernel, context, [...start, ...stmts, ...ownResults(context)], memory);
  }
  const sum = ownSum(context);
  if (points.parts === undefined)
    return bound(kernel, context, [...start, ...sum, ...ownResults(context)], []);
  const { stmts, memory } = partResults(context, points.parts.axis);
  // What the block before left there has to be read first.
  const again: readonly Stmt[] = isRepeated(context) ? [{ kind: 'barrier' }] : [];
  return bound(kernel, context, [...start, ...sum, ...again, ...stmts], [memory]);
}

/** Whether a workgroup does several blocks, one after the other. */
const isRepeated = ({ places }: Context): boolean =>
  places.some(
    ({ phase, block, tile }) => phase !== undefined || (block !== undefined && tile.workgroups === undefined),
  );

/** Loops over blocks and threads, and over blocks that follow one another, around what each thread does. */
function bound(
  kernel: Kernel,
  { places, threads, unique }: Context,
  body: readonly Stmt[],
  memory: readonly Buffer[],
): Kernel {
  const blocks = places.flatMap(({ block, tile: { workgroups } }) =>
    block === undefined ? [] : [{ ...block, dimension: workgroups }],
  );
  const phases = places.flatMap(({ phase }) => phase ?? []);
  let inside = loopsOver(phases, body);
  for (const { axis, range, dimension } of blocks.toReversed())
    if (dimension === undefined) inside = [serial(axis, inside, range)];
  const groups: { readonly dimension: Dimension; readonly axis: Axis; readonly range: Range }[] = [];
  for (const dimension of dimensions) {
    const along = blocks.filter((block) => block.dimension === dimension);
    const [only, more] = along;
    if (only === undefined) continue;
    if (more === undefined) {
      groups.push({ ...only, dimension });
      continue;
    }
    const axis = joined(
      along.map((block) => block.axis),
      unique,
    );
    groups.push({ dimension, axis, range: wholeRange(axis) });
    inside = parted(
      axis,
      along.map((block) => block.axis),
      inside,
    );
  }
  for (const { axis, dimension } of threads) inside = [boundTo(serial(axis, inside), `thread_${dimension}`)];
  inside = [...memory.map((buffer): Stmt => ({ kind: 'alloc', buffer })), ...inside];
  for (const { dimension, axis, range } of groups)
    inside = [boundTo(serial(axis, inside, range), `workgroup_${dimension}`)];
  return { ...kernel, body: inside };
}

/** One axis that counts several. */
function joined(axes: readonly Axis[], unique: (name: string) => string): Axis {
  const extent = axes.reduce((product, axis) => product * Number(axis.extent), 1);
  requires(Number.isInteger(extent), 'a batch is counted alone');
  return { name: unique(axes.map(({ name }) => name).join('_')), extent };
}

/** The numbers of axes from the one that counts them all: loops of one iteration each. */
function parted(all: Axis, axes: readonly Axis[], body: readonly Stmt[]): readonly Stmt[] {
  let rest = affine(all);
  const loops = axes.map((axis, i) => {
    const inner = axes.slice(i + 1).reduce((product, { extent }) => product * Number(extent), 1);
    const range = { from: [quotient(rest, inner)], to: [quotient(addAffine(rest, inner), inner)] };
    rest = subAffine(rest, scaleAffine(axis, inner));
    return { axis, range };
  });
  return loops.reduceRight<readonly Stmt[]>((inside, { axis, range }) => [serial(axis, inside, range)], body);
}

const boundTo = (loop: For, bind: Binding): For => ({ ...loop, mode: { bind } });
