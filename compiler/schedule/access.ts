/** What a schedule must know of the memory that a nest reads and writes. */
import { evaluateAffine } from '../loop/affine.ts';
import type { Affine, Axis, Buffer, Expr, Index, Quotient, Range, Stmt } from '../loop/ir.ts';
import { bodyOf, exprsOf, visitExpr, visitStmts } from '../loop/rewrite.ts';
import type { For } from '../loop/transform/find.ts';
import { constantBounds } from '../loop/transform/unroll.ts';
import type { Nest } from './nest.ts';

export type Load = Expr & { readonly kind: 'load' };

/** By how many elements a place moves with the axis; NaN where it is computed. */
export function strideAlong(buffer: Buffer, index: readonly Index[], axis: Axis): number {
  return index.reduce((sum, place, i) => {
    if ('clamped' in place) return NaN;
    return sum + (place.terms.find((term) => term.axis === axis)?.factor ?? 0) * (buffer.strides[i] ?? 0);
  }, 0);
}

export function loadsOf(body: readonly Stmt[]): readonly Load[] {
  const loads: Load[] = [];
  visitStmts(body, (stmt) => {
    for (const expr of exprsOf(stmt))
      visitExpr(expr, (e) => {
        if (e.kind === 'load') loads.push(e);
      });
  });
  return loads;
}

type Write = Stmt & { readonly kind: 'store' | 'accumulate' };

export function writesOf(body: readonly Stmt[]): readonly Write[] {
  const writes: Write[] = [];
  visitStmts(body, (stmt) => {
    if (stmt.kind === 'store' || stmt.kind === 'accumulate') writes.push(stmt);
  });
  return writes;
}

/** Whether every write to an output moves by one element along the axis. */
export function isContiguous(body: readonly Stmt[], axis: Axis): boolean {
  return writesOf(body).every(
    ({ buffer, index }) => buffer.space !== 'global' || strideAlong(buffer, index, axis) === 1,
  );
}

/** The places of an axis for which the bounds of all loops inside are the same numbers. */
interface Middle {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

/**
 * The longest stretch of the axis on which the bounds that depend on it do not change: where windows lie inside.
 * undefined where a bound depends on another axis as well.
 */
export function middleOf({ inner }: Nest, axis: Axis): Middle | undefined {
  const bounds: ((at: number) => number)[] = [];
  for (const { range } of inner)
    for (const [side, extreme] of sidesOf(range)) {
      const quotients = side.filter((q): q is Quotient => q !== 'N');
      if (!quotients.some((q) => mentions(q.numerator, axis))) continue;
      if (quotients.some(({ numerator }) => numerator.terms.some((term) => term.axis !== axis)))
        return undefined;
      bounds.push((at) => extreme(...quotients.map((q) => Math.floor(valueAt(q.numerator, at) / q.divisor))));
    }
  const keys = Array.from({ length: Number(axis.extent) }, (_, at) => bounds.map((f) => f(at)).join());
  let best: Middle = { from: 0, to: 0 };
  for (let from = 0, to = 0; from < keys.length; from = to) {
    while (to < keys.length && keys[to] === keys[from]) to++;
    if (to - from > best.to - best.from) best = { from, to };
  }
  return best;
}

/** The places that a loop runs over wherever the axis is; undefined where its bounds depend on others, too. */
export function commonRange({ range }: For, axis: Axis): Middle | undefined {
  const quotients = [...range.from, ...range.to].filter((q): q is Quotient => q !== 'N');
  if (quotients.some(({ numerator }) => numerator.terms.some((term) => term.axis !== axis))) return undefined;
  const places = Array.from({ length: Number(axis.extent) }, (_, at) => at);
  const [from, to] = sidesOf(range).map(([bounds, extreme]) =>
    places.map((at) =>
      extreme(
        ...bounds.map((q) => (q === 'N' ? Infinity : Math.floor(valueAt(q.numerator, at) / q.divisor))),
      ),
    ),
  );
  return from === undefined || to === undefined
    ? undefined
    : { from: Math.max(...from), to: Math.min(...to) };
}

type Side = readonly [bounds: readonly (Quotient | 'N')[], extreme: (...values: readonly number[]) => number];
const sidesOf = ({ from, to }: Range): readonly Side[] => [
  [from, Math.max],
  [to, Math.min],
];

const mentions = ({ terms }: Affine, axis: Axis): boolean => terms.some((term) => term.axis === axis);
/** Of an index that depends on one axis only. */
const valueAt = (index: Affine, at: number): number => evaluateAffine(index, () => at);

/** Iterations of a loop; `unknown` where they are not the same in every run. */
export function iterations(loop: For, unknown: number): number {
  const bounds = constantBounds(loop);
  return bounds === undefined ? unknown : Math.max(bounds.to - bounds.from, 0);
}

/** Whether the iterations of a loop may run in any order: each writes elements, registers and scratch of its own. */
export function isIndependent(loop: For): boolean {
  const own = new Set<Buffer>();
  visitStmts(loop.body, (stmt) => {
    if (stmt.kind === 'alloc') own.add(stmt.buffer);
  });
  return writesOf(loop.body).every(({ buffer, index }) =>
    buffer.space === 'global' ? strideAlong(buffer, index, loop.axis) !== 0 : own.has(buffer),
  );
}

/** Statements that run at least once per iteration of all loops around them, as a measure of work. */
export function workOf(stmt: Stmt): number {
  const inside = bodyOf(stmt).reduce((sum, child) => sum + workOf(child), 0);
  if (stmt.kind !== 'for') return 1 + inside;
  return inside * (stmt.mode === 'vectorize' ? 1 : iterations(stmt, 4));
}
