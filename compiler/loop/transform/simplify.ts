import { affine, sameAffine, subAffine } from '../affine.ts';
import { binaryFunction, castFunction, compareFunctions } from '../arithmetic.ts';
import type { Interval } from '../bounds.ts';
import { alwaysHolds, boundsOf, boundsOfQuotient, boundsOfRange, wholeInterval } from '../bounds.ts';
import { dtypeOf } from '../builder.ts';
import type { Affine, Axis, Condition, Expr, For, Kernel, Quotient, Range, Stmt, StmtOf } from '../ir.ts';
import { mapExpr, substituteStmts, withValue } from '../rewrite.ts';

/**
 * Removes what can be decided without running: bounds that another one implies, loops of no or one iteration, conditions
 * that always or never hold, and integer arithmetic on literals. Floating point stays as it is.
 */
export function simplify(kernel: Kernel): Kernel {
  return { ...kernel, body: simplifyBody(kernel.body, new Map()) };
}

type Intervals = ReadonlyMap<Axis, Interval>;

function simplifyBody(body: readonly Stmt[], known: Intervals): readonly Stmt[] {
  return body.flatMap((stmt) => simplifyStmt(stmt, known));
}

function simplifyStmt(stmt: Stmt, known: Intervals): readonly Stmt[] {
  switch (stmt.kind) {
    case 'for':
      return simplifyLoop(stmt, known);
    case 'if':
      return simplifyIf(stmt, known);
    case 'let':
    case 'store':
    case 'accumulate':
      return [withValue(stmt, foldIntegers(stmt.value))];
    case 'alloc':
    case 'barrier':
    case 'all_reduce':
      return [stmt];
    default:
      return stmt satisfies never;
  }
}

function simplifyLoop(loop: For, known: Intervals): readonly Stmt[] {
  const range = simplifyRange(loop.range, known);
  const single = singleIteration(range);
  if (single === 'none') return [];
  if (single !== undefined)
    return simplifyBody(substituteStmts(loop.body, { axes: new Map([[loop.axis, single]]) }), known);
  const inside = new Map(known).set(loop.axis, boundsOfRange(range, intervalIn(known)));
  const body = simplifyBody(loop.body, inside);
  return body.length === 0 ? [] : [{ kind: 'for', axis: loop.axis, range, mode: loop.mode, body }];
}

const intervalIn =
  (known: Intervals) =>
  (axis: Axis): Interval =>
    known.get(axis) ?? wholeInterval(axis);

/** The bounds that matter: a lower one below another everywhere is left out, an upper one above another likewise. */
function simplifyRange(range: Range, known: Intervals): Range {
  const intervalOf = intervalIn(known);
  const from = strongest(range.from.map(divided), (a, b) => {
    return boundsOfQuotient(a, intervalOf).high <= boundsOfQuotient(b, intervalOf).low;
  });
  const to = strongest(
    range.to.map((q) => (q === 'N' ? q : divided(q))),
    (a, b) => {
      if (a === 'N' || b === 'N') return false;
      return boundsOfQuotient(a, intervalOf).low >= boundsOfQuotient(b, intervalOf).high;
    },
  );
  return { from, to };
}

/** Leaves out each bound that another, remaining one implies. */
function strongest<T>(bounds: readonly T[], implied: (bound: T, by: T) => boolean): readonly T[] {
  const kept: T[] = [];
  bounds.forEach((bound, i) => {
    const others = [...kept, ...bounds.slice(i + 1)];
    if (!others.some((other) => implied(bound, other))) kept.push(bound);
  });
  return kept;
}

/** floor((d·a + c) / d) = a + floor(c / d) */
function divided({ numerator, divisor }: Quotient): Quotient {
  if (!numerator.terms.every(({ factor }) => factor % divisor === 0)) return { numerator, divisor };
  return {
    numerator: {
      constant: Math.floor(numerator.constant / divisor),
      terms: numerator.terms.map(({ axis, factor }) => ({ axis, factor: factor / divisor })),
    },
    divisor: 1,
  };
}

/** The only value of the axis, or 'none' where there is none; undefined where neither is certain. */
function singleIteration({ from, to }: Range): Affine | 'none' | undefined {
  for (const low of from)
    for (const high of to) {
      if (high === 'N' || low.divisor !== high.divisor) continue;
      const count = subAffine(high.numerator, low.numerator);
      if (count.terms.length === 0 && count.constant <= 0) return 'none';
    }
  const [low, otherLow] = from;
  const [high, otherHigh] = to;
  if (low === undefined || high === undefined || otherLow !== undefined || otherHigh !== undefined)
    return undefined;
  if (high === 'N' || low.divisor !== 1 || high.divisor !== 1) return undefined;
  return sameAffine(subAffine(high.numerator, low.numerator), affine(1)) ? low.numerator : undefined;
}

function simplifyIf(stmt: StmtOf<'if'>, known: Intervals): readonly Stmt[] {
  const intervalOf = intervalIn(known);
  if (stmt.conditions.some((condition) => neverHolds(condition, known))) return [];
  const conditions = stmt.conditions.filter((condition) => !alwaysHolds(condition, intervalOf));
  const body = simplifyBody(stmt.body, known);
  if (body.length === 0) return [];
  return conditions.length === 0 ? body : [{ ...stmt, conditions, body }];
}

function neverHolds({ index, extent }: Condition, known: Intervals): boolean {
  const { low, high } = boundsOf(index, intervalIn(known));
  return high < 0 || (extent !== 'N' && low >= extent);
}

/** Arithmetic on integer and bool literals. */
function foldIntegers(expr: Expr): Expr {
  return mapExpr(expr, (e): Expr => {
    switch (e.kind) {
      case 'index':
        return e.index.terms.length === 0 ? { kind: 'literal', dtype: 'i32', value: e.index.constant } : e;
      case 'binary':
        if (e.dtype === 'f32' || e.a.kind !== 'literal' || e.b.kind !== 'literal') return e;
        return {
          kind: 'literal',
          dtype: e.dtype,
          value: binaryFunction(e.op, e.dtype, 'f32')(e.a.value, e.b.value),
        };
      case 'compare':
        if (e.a.kind !== 'literal' || e.b.kind !== 'literal' || e.a.dtype === 'f32') return e;
        return { kind: 'literal', dtype: 'bool', value: compareFunctions[e.op](e.a.value, e.b.value) };
      case 'select':
        if (e.condition.kind !== 'literal') return e;
        return e.condition.value !== 0 ? e.a : e.b;
      case 'cast':
        // Small integers are exact in f32; larger ones would round in one precision of the interpreter only.
        if (e.x.kind !== 'literal' || dtypeOf(e.x) === 'f32' || Math.abs(e.x.value) >= 2 ** 24) return e;
        return { kind: 'literal', dtype: e.dtype, value: castFunction(e.x.dtype, e.dtype, 'f32')(e.x.value) };
      case 'literal':
      case 'batch':
      case 'load':
      case 'unary':
      case 'bitcast':
      case 'local':
      case 'reduced':
        return e;
      default:
        return e satisfies never;
    }
  });
}
