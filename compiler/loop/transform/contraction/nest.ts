/** The parts of a contraction as lowering makes it: loops over a result around one sum of products. */
import { addAffine, affine, sameAffine, scaleAffine, subAffine } from '../../affine.ts';
import { boundsOf } from '../../bounds.ts';
import type { Affine, Axis, Buffer, Condition, Expr, For, Load, Quotient, Range, Stmt } from '../../ir.ts';
import { bodyOf, visitExpr } from '../../rewrite.ts';
import { isWhole } from '../find.ts';

/** One of the two operands of the product: an expression around one element of a buffer. */
export interface Factor {
  readonly value: Expr;
  readonly load: Load;
}

export interface ContractionNest {
  /** Whole loops over the axes of the result, outermost first. */
  readonly outer: readonly For[];
  /** Loops of the sum, outermost first. */
  readonly reduction: readonly For[];
  /** Further conditions on a point of the sum. */
  readonly conditions: readonly Condition[];
  readonly factors: readonly [Factor, Factor];
  /** The register that holds the finished sum. */
  readonly sum: Buffer;
  /** What is done with it. */
  readonly epilogue: readonly Stmt[];
}

/** undefined where a kernel is something else: not one sum, or not of products of two elements. */
export function contractionNest(body: readonly Stmt[]): ContractionNest | undefined {
  const outer: For[] = [];
  let inside = body;
  for (;;) {
    const [only, more] = inside;
    if (only?.kind !== 'for' || more !== undefined || !isWhole(only)) break;
    outer.push(only);
    inside = only.body;
  }
  const [alloc, init, loops, ...epilogue] = inside;
  if (alloc?.kind !== 'alloc' || !isZero(init, alloc.buffer) || loops === undefined) return undefined;
  if (epilogue.some(({ kind }) => kind !== 'let' && kind !== 'store')) return undefined;
  const reduction: For[] = [];
  const conditions: Condition[] = [];
  const product = productIn([loops], alloc.buffer, reduction, conditions);
  const factors = product === undefined ? undefined : factorsOf(product);
  if (factors === undefined || reduction.length === 0) return undefined;
  return { outer, reduction, conditions, factors, sum: alloc.buffer, epilogue };
}

function isZero(stmt: Stmt | undefined, buffer: Buffer): boolean {
  const value = stmt?.kind === 'store' && stmt.buffer === buffer ? stmt.value : undefined;
  return value?.kind === 'literal' && value.value === 0 && buffer.dtype === 'f32';
}

/** What is summed into `sum`, through loops, conditions and sums of chunks. */
function productIn(
  body: readonly Stmt[],
  sum: Buffer,
  loops: For[],
  conditions: Condition[],
): Expr | undefined {
  const [first, second, third, last, more] = body;
  if (first === undefined || more !== undefined) return undefined;
  if (second === undefined) {
    if (first.kind === 'for') loops.push(first);
    else if (first.kind === 'if') conditions.push(...first.conditions);
    else return addedTo(first, sum);
    return productIn(bodyOf(first), sum, loops, conditions);
  }
  if (first.kind !== 'alloc' || !isZero(second, first.buffer) || third === undefined || last === undefined)
    return undefined;
  const added = addedTo(last, sum);
  if (added?.kind !== 'load' || added.buffer !== first.buffer) return undefined;
  return productIn([third], first.buffer, loops, conditions);
}

function addedTo(stmt: Stmt, sum: Buffer): Expr | undefined {
  return stmt.kind === 'accumulate' && stmt.buffer === sum && stmt.combine === 'add' ? stmt.value : undefined;
}

function factorsOf(product: Expr): readonly [Factor, Factor] | undefined {
  if (product.kind !== 'binary' || product.op !== 'mul') return undefined;
  const [a, b] = [factorOf(product.a), factorOf(product.b)];
  return a === undefined || b === undefined ? undefined : [a, b];
}

/** A value made of one element of an operand. */
function factorOf(value: Expr): Factor | undefined {
  const loads: Load[] = [];
  let others = false;
  visitExpr(value, (e) => {
    if (e.kind === 'load') loads.push(e);
    others ||= e.kind === 'local' || e.kind === 'index' || e.kind === 'batch';
  });
  const [load, more] = loads;
  if (load === undefined || more !== undefined || others || load.buffer.space !== 'global') return undefined;
  return load.index.some((place) => 'clamped' in place) ? undefined : { value, load };
}

/** The affine places of a factor's load. */
export const placesOf = ({ load }: Factor): readonly Affine[] =>
  load.index.filter((place): place is Affine => !('clamped' in place));

/** Bounds of a loop that belong together: where 0 <= index < extent holds. `index` moves by `divisor` with the axis. */
export interface Bound {
  readonly from?: Quotient;
  readonly to?: Quotient | 'N';
  readonly condition: Condition;
}

/** The bounds of a loop in pairs; `known` are places that conditions should be about where possible. */
export function boundsOfLoop(axis: Axis, { from, to }: Range, known: readonly Affine[]): readonly Bound[] {
  const left = [...from];
  const pairs = to.map((end): Bound => {
    if (end === 'N') {
      const at = left.findIndex(({ numerator }) => numerator.terms.length === 0);
      const [start] = left.splice(at, 1);
      return { ...(start && { from: start }), to: end, condition: { index: affine(axis), extent: 'N' } };
    }
    const at = left.findIndex(
      (start) =>
        start.divisor === end.divisor && subAffine(end.numerator, start.numerator).terms.length === 0,
    );
    if (at < 0) return { to: end, condition: oneSided(below(axis, end)) };
    const [start] = left.splice(at, 1) as [Quotient];
    const extent = subAffine(end.numerator, start.numerator).constant;
    const index = above(axis, start);
    const mirrored = subAffine(extent - 1, index);
    const isKnown = known.some((place) => sameAffine(place, mirrored));
    return { from: start, to: end, condition: { index: isKnown ? mirrored : index, extent } };
  });
  return [
    ...pairs,
    ...left.map((start): Bound => ({ from: start, condition: oneSided(above(axis, start)) })),
  ];
}

/** floor(q / d) <= a, as something that is not negative: d·a + d - 1 - q */
const above = (axis: Axis, { numerator, divisor }: Quotient): Affine =>
  addAffine(subAffine(scaleAffine(axis, divisor), numerator), divisor - 1);

/** a < floor(q / d): q - d·(a + 1) */
const below = (axis: Axis, { numerator, divisor }: Quotient): Affine =>
  subAffine(numerator, addAffine(scaleAffine(axis, divisor), divisor));

function oneSided(index: Affine): Condition {
  const { high } = boundsOf(index);
  return { index, extent: Number.isFinite(high) ? Math.max(high + 1, 1) : 0x3fffffff };
}
