/** What is done with finished sums: each thread stores its own, or threads add up their parts first. */
import { addAffine, affine, scaleAffine } from '../../affine.ts';
import { denseBuffer } from '../../builder.ts';
import type { Affine, Axis, Buffer, Condition, Expr, Local, Stmt } from '../../ir.ts';
import { guarded, serial, substituteCondition, substituteStmts, visitStmts } from '../../rewrite.ts';
import { lanes } from '../vectorize.ts';
import type { Context } from './context.ts';
import { forSums, sumAt, varies } from './context.ts';
import { combinations, constants } from './held.ts';

type Places = ReadonlyMap<Axis, Affine>;
type SumOf = (lane: Axis | undefined) => Expr;

/** y[…] = f(sums[…]), for each sum of a thread whose place exists. */
export function ownResults(context: Context): readonly Stmt[] {
  const each = combinations(context.elements);
  const store = (at: (typeof each)[number], lane: Axis | undefined): readonly Stmt[] =>
    stored(context, constants(at), () => loadOf(context.sums, sumAt(context, at, lane)), lane);
  const { common, own } = conditionsOf(context);
  if (own.length === 0) return guarded(common, forSums(context, each, store));
  const body = each.flatMap((at) => {
    const axes = constants(at);
    const conditions = own.map((condition) => substituteCondition(condition, { axes }));
    return guarded(conditions, forSums(context, [at], store));
  });
  return guarded(common, body);
}

/**
 * parts[part, …] = sums[…]; barrier; for e in elements of this thread { s = 0; for all parts { s += parts[…] }; y[…] = f(s) }
 *
 * Threads that made parts of the same sums divide these among themselves, along the longest axis.
 */
export function partResults(
  context: Context,
  part: Axis,
): { readonly stmts: readonly Stmt[]; readonly memory: Buffer } {
  const { elements, lane, sums, unique } = context;
  // Threads side by side use places side by side.
  const others = context.threads
    .map(({ axis }) => axis)
    .filter((axis) => axis !== part)
    .toReversed();
  const memory = denseBuffer(
    unique('parts'),
    'f32',
    [
      ...elements.map(({ extent }) => extent),
      part.extent,
      ...others.map(({ extent }) => extent),
      ...(lane === undefined ? [] : [lanes]),
    ],
    'workgroup',
  );
  const place = (at: Places, of: Axis, over: Axis | undefined): readonly Affine[] => [
    ...elements.map((axis) => at.get(axis) ?? affine(0)),
    affine(of),
    ...others.map(affine),
    ...(over === undefined ? [] : [affine(over)]),
  ];
  const put = forSums(context, combinations(elements), (at, over) => [
    {
      kind: 'store',
      buffer: memory,
      index: place(constants(at), part, over),
      value: loadOf(sums, sumAt(context, at, over)),
    },
  ]);
  const along = elements.toSorted((a, b) => Number(b.extent) - Number(a.extent))[0];
  const body = shareOf(along, part, unique, (axes) => {
    const written = elements.filter((axis) => axis !== along);
    return combinations(written).flatMap((at) => {
      const all = new Map([...axes, ...constants(at)]);
      return addedUp(context, part, memory, all, (of, over) => place(all, of, over));
    });
  });
  return { stmts: [...put, { kind: 'barrier' }, ...body], memory };
}

/** The places along an axis that one of the threads along `part` takes. */
function shareOf(
  along: Axis | undefined,
  part: Axis,
  unique: (name: string) => string,
  make: (axes: Places) => readonly Stmt[],
): readonly Stmt[] {
  const [count, parts] = [Number(along?.extent ?? 1), Number(part.extent)];
  const passes = Math.ceil(count / parts);
  const loop: Axis = { name: unique(along?.name ?? part.name), extent: passes };
  const at = passes === 1 ? affine(part) : addAffine(scaleAffine(loop, parts), part);
  const stmts = make(new Map(along === undefined ? [] : [[along, at]]));
  const body = passes * parts === count ? stmts : guarded([{ index: at, extent: count }], stmts);
  return passes === 1 ? body : [serial(loop, body)];
}

/** alloc s; s = 0; for all parts { s += parts[…] }; y[…] = f(s) */
function addedUp(
  context: Context,
  part: Axis,
  memory: Buffer,
  axes: Places,
  place: (of: Axis, lane: Axis | undefined) => readonly Affine[],
): readonly Stmt[] {
  const { nest, lane, unique } = context;
  const total = denseBuffer(unique(nest.sum.name), 'f32', lane === undefined ? [] : [lanes], 'register');
  const at = (over: Axis | undefined): readonly Affine[] => (over === undefined ? [] : [affine(over)]);
  const one = combinations([]);
  const of: Axis = { ...part, name: unique(part.name) };
  const { common, own } = conditionsOf(context);
  const conditions = own.map((condition) => substituteCondition(condition, { axes }));
  return [
    { kind: 'alloc', buffer: total },
    ...forSums(context, one, (_, over) => [
      { kind: 'store', buffer: total, index: at(over), value: { kind: 'literal', dtype: 'f32', value: 0 } },
    ]),
    serial(
      of,
      forSums(context, one, (_, over) => [
        {
          kind: 'accumulate',
          buffer: total,
          index: at(over),
          combine: 'add',
          value: loadOf(memory, place(of, over)),
        },
      ]),
    ),
    ...guarded(
      [...common, ...conditions],
      forSums(context, one, (_, over) => stored(context, axes, () => loadOf(total, at(over)), over)),
    ),
  ];
}

function conditionsOf(context: Context): {
  readonly common: readonly Condition[];
  readonly own: readonly Condition[];
} {
  const all = context.places.flatMap(({ condition }) => condition ?? []);
  const own = all.filter((condition) => varies(context, condition));
  return { common: all.filter((condition) => !own.includes(condition)), own };
}

/** The statements behind the sum, for one place. */
function stored(
  { nest, points, lane }: Context,
  at: Places,
  sumOf: SumOf,
  over: Axis | undefined,
): readonly Stmt[] {
  const { epilogue, sum } = nest;
  const locals = new Map<Local, Expr>();
  visitStmts(epilogue, (stmt) => {
    if (stmt.kind === 'let') locals.set(stmt.local, { kind: 'local', local: { ...stmt.local } });
  });
  const axes = new Map(at);
  if (lane !== undefined && over !== undefined) axes.set(lane, affine(over));
  const placed = substituteStmts(epilogue, { axes: points.axes, locals });
  const there = substituteStmts(placed, { axes });
  return substituteStmts(there, {
    load: (e) => (e.buffer === sum ? (sumOf(over) as typeof e) : e),
  });
}

const loadOf = (buffer: Buffer, index: readonly Affine[]): Expr => ({ kind: 'load', buffer, index });
