/** From a fused definition to loops: plain, in the order that fixes the bits; schedules take it from here. */
import type { Trait } from '../base/trait.ts';
import { invariant } from '../base/invariant.ts';
import { identityOf } from '../loop/arithmetic.ts';
import { dtypeOf, register } from '../loop/builder.ts';
import type { Affine, Axis, Buffer, Combine, Condition, Expr, Kernel, Stmt } from '../loop/ir.ts';
import { loopsOver, mapExpr, substituteCondition, substituteExpr } from '../loop/rewrite.ts';
import { inlineLets } from '../loop/transform/inline.ts';
import type { FusedDefinition, FusedPoints, FusedReduction } from './fuse.ts';
import { orderOf } from './order.ts';
import { conditionalLoops } from './ranges.ts';

/**
 * for axes { acc = init; for reduction { acc = combine(acc, body) }; y[axes] = element(acc) }
 *
 * All loads of an iteration stand before its first store, so that an output may share memory with an input that is read
 * at the place of the store only.
 */
export function nestOf(fused: FusedDefinition, name: string, kind: Trait): Kernel {
  return inlineLets({
    name,
    kind,
    inputs: fused.inputs.map(({ buffer }) => buffer),
    outputs: fused.outputs.map(({ buffer }) => buffer),
    body: loopsOver(fused.axes, iterationOf(fused)),
  });
}

/** What is done at one place of `fused.axes`. */
export function iterationOf(fused: FusedDefinition): readonly Stmt[] {
  const reduction = fused.reduce === undefined ? undefined : reductionStmts(fused.reduce, fused);
  const finished = (expr: Expr): Expr =>
    mapExpr(expr, (e) => (e.kind === 'reduced' ? loadScalar(reduction?.result as Buffer) : e));
  const stores = fused.outputs.map(({ buffer, element }): Stmt => {
    return { kind: 'store', buffer, index: fused.index, value: finished(element) };
  });
  const lets = fused.lets.map(({ local, value }): Stmt => ({ kind: 'let', local, value: finished(value) }));
  return [...(reduction?.stmts ?? []), ...lets, ...stores];
}

/** acc per chunk, then total = combine(total, acc); a single chunk needs no total. */
function reductionStmts(
  { init, combine, points: [first, ...more] }: FusedReduction,
  { names }: FusedDefinition,
): { readonly stmts: readonly Stmt[]; readonly result: Buffer } {
  invariant(first !== undefined, 'a reduction has points');
  const dtype = dtypeOf(first.body);
  const order = orderOf({ axes: first.axes, combine }, dtype);
  const acc = register(names.unique('acc'), dtype);
  const where = [...conditionsOf(first, order.axes), ...order.where];
  if (order.outer.length === 0) {
    const loops = conditionalLoops(order.inner, where, pointOf(first, acc, combine, order.axes));
    const others = more.flatMap((points) =>
      conditionalLoops(points.axes, points.where, pointOf(points, acc, combine)),
    );
    return { stmts: [...declare(acc, init), ...loops, ...others], result: acc };
  }
  invariant(more.length === 0, `the order of ${combine} matters`);
  const identity = identityOf(combine, dtype);
  invariant(identity !== undefined, `${combine} of ${dtype} has no parts`);
  const total = register(names.unique('total'), dtype);
  const inChunk = where.filter(({ index }) => index.terms.some(({ axis }) => order.inner.includes(axis)));
  const chunk: readonly Stmt[] = [
    ...declare(acc, identity),
    ...conditionalLoops(order.inner, inChunk, pointOf(first, acc, combine, order.axes)),
    accumulate(total, combine, loadScalar(acc)),
  ];
  const ofChunks = where.filter((condition) => !inChunk.includes(condition));
  const loops = conditionalLoops(order.outer, ofChunks, chunk);
  return { stmts: [...declare(total, init), ...loops], result: total };
}

const unchanged: ReadonlyMap<Axis, Affine> = new Map();

/** What is done at one point. */
function pointOf(
  { lets, body }: FusedPoints,
  acc: Buffer,
  combine: Combine,
  axes = unchanged,
): readonly Stmt[] {
  return [
    ...lets.map(({ local, value }): Stmt => ({ kind: 'let', local, value: substituteExpr(value, { axes }) })),
    accumulate(acc, combine, substituteExpr(body, { axes })),
  ];
}

const conditionsOf = ({ where }: FusedPoints, axes: ReadonlyMap<Axis, Affine>): readonly Condition[] =>
  where.map((condition) => substituteCondition(condition, { axes }));

/** What a register without axes holds. */
export const loadScalar = (buffer: Buffer): Expr => ({ kind: 'load', buffer, index: [] });

const accumulate = (buffer: Buffer, combine: Combine, value: Expr): Stmt => ({
  kind: 'accumulate',
  buffer,
  index: [],
  combine,
  value,
});

function declare(buffer: Buffer, init: number): readonly Stmt[] {
  return [
    { kind: 'alloc', buffer },
    { kind: 'store', buffer, index: [], value: { kind: 'literal', dtype: buffer.dtype, value: init } },
  ];
}
