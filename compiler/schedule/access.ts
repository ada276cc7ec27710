/** What a schedule must know of the memory that a nest reads and writes. */
import { allocatedIn, strideAlong, writesOf } from '../loop/accesses.ts';
import { evaluateQuotient, mentions } from '../loop/affine.ts';
import type { Axis, For, Quotient, Range, Stmt } from '../loop/ir.ts';
import { bodyOf } from '../loop/rewrite.ts';
import { constantBounds } from '../loop/transform/unroll.ts';
import type { Nest } from './nest.ts';

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
      bounds.push((at) => extreme(...quotients.map((q) => evaluateQuotient(q, () => at))));
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
    places.map((at) => extreme(...bounds.map((q) => (q === 'N' ? Infinity : evaluateQuotient(q, () => at))))),
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

/** Iterations of a loop; `unknown` where they are not the same in every run. */
export function iterations(loop: For, unknown: number): number {
  const bounds = constantBounds(loop);
  return bounds === undefined ? unknown : Math.max(bounds.to - bounds.from, 0);
}

/** Whether the iterations of a loop may run in any order: each writes elements, registers and scratch of its own. */
export function isIndependent(loop: For): boolean {
  const own = new Set(allocatedIn(loop.body));
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
