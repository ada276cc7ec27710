/** Walking and replacing: the one place that knows the children of every expression and statement. */
import { invariant } from '../base/invariant.ts';
import { affine, substituteAffine } from './affine.ts';
import type {
  Affine,
  Axis,
  Buffer,
  Condition,
  Expr,
  For,
  Index,
  Load,
  Local,
  Quotient,
  Range,
  Stmt,
  StmtOf,
} from './ir.ts';

/**
 * The same expression with `f` applied to each direct child expression, and `index` to each index arithmetic; the object
 * itself where nothing changes.
 */
export function mapChildren(expr: Expr, f: (child: Expr) => Expr, index: (a: Affine) => Affine = same): Expr {
  switch (expr.kind) {
    case 'literal':
    case 'batch':
    case 'local':
    case 'reduced':
      return expr;
    case 'index': {
      const mapped = index(expr.index);
      return mapped === expr.index ? expr : { kind: 'index', index: mapped };
    }
    case 'load': {
      const mapped = mapArray(expr.index, (place): Index => {
        if (!('clamped' in place)) return index(place);
        const clamped = f(place.clamped);
        return clamped === place.clamped ? place : { clamped };
      });
      return mapped === expr.index ? expr : { kind: 'load', buffer: expr.buffer, index: mapped };
    }
    case 'unary': {
      const x = f(expr.x);
      return x === expr.x ? expr : { kind: 'unary', op: expr.op, dtype: expr.dtype, x };
    }
    case 'cast': {
      const x = f(expr.x);
      return x === expr.x ? expr : { kind: 'cast', dtype: expr.dtype, x };
    }
    case 'bitcast': {
      const x = f(expr.x);
      return x === expr.x ? expr : { kind: 'bitcast', dtype: expr.dtype, x };
    }
    case 'binary': {
      const a = f(expr.a);
      const b = f(expr.b);
      return a === expr.a && b === expr.b ? expr : { kind: 'binary', op: expr.op, dtype: expr.dtype, a, b };
    }
    case 'compare': {
      const a = f(expr.a);
      const b = f(expr.b);
      return a === expr.a && b === expr.b ? expr : { kind: 'compare', op: expr.op, a, b };
    }
    case 'select': {
      const condition = f(expr.condition);
      const a = f(expr.a);
      const b = f(expr.b);
      const unchanged = condition === expr.condition && a === expr.a && b === expr.b;
      return unchanged ? expr : { kind: 'select', dtype: expr.dtype, condition, a, b };
    }
    default:
      return expr satisfies never;
  }
}

const same = <T>(x: T): T => x;

/** `items.map(f)`, or `items` itself where f changes none. */
function mapArray<T>(items: readonly T[], f: (item: T) => T): readonly T[] {
  let mapped: T[] | undefined;
  for (let i = 0; i < items.length; i++) {
    const item = items[i]!;
    const now = f(item);
    if (mapped === undefined && now !== item) mapped = items.slice(0, i);
    mapped?.push(now);
  }
  return mapped ?? items;
}

/** The direct child expressions, in order of evaluation. */
export function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'literal':
    case 'index':
    case 'batch':
    case 'local':
    case 'reduced':
      return [];
    case 'load':
      return expr.index.flatMap((place) => ('clamped' in place ? [place.clamped] : []));
    case 'unary':
    case 'cast':
    case 'bitcast':
      return [expr.x];
    case 'binary':
    case 'compare':
      return [expr.a, expr.b];
    case 'select':
      return [expr.condition, expr.a, expr.b];
    default:
      return expr satisfies never;
  }
}

/** Bottom-up: children first, then `f` on the result. */
export function mapExpr(expr: Expr, f: (e: Expr) => Expr): Expr {
  return f(mapChildren(expr, (child) => mapExpr(child, f)));
}

/** Every subexpression, children before parents. Without an array of children for each: nothing runs as often in a compile. */
export function visitExpr(expr: Expr, visit: (e: Expr) => void): void {
  switch (expr.kind) {
    case 'load':
      for (const place of expr.index) if ('clamped' in place) visitExpr(place.clamped, visit);
      break;
    case 'unary':
    case 'cast':
    case 'bitcast':
      visitExpr(expr.x, visit);
      break;
    case 'select':
      visitExpr(expr.condition, visit);
      visitExpr(expr.a, visit);
      visitExpr(expr.b, visit);
      break;
    case 'binary':
    case 'compare':
      visitExpr(expr.a, visit);
      visitExpr(expr.b, visit);
      break;
    case 'literal':
    case 'index':
    case 'batch':
    case 'local':
    case 'reduced':
      break;
    default:
      expr satisfies never;
  }
  visit(expr);
}

/** The expressions that stand directly in a statement (not those of its body). */
export function exprsOf(stmt: Stmt): readonly Expr[] {
  switch (stmt.kind) {
    case 'let':
    case 'store':
    case 'accumulate':
      return [stmt.value];
    case 'for':
    case 'if':
    case 'alloc':
    case 'barrier':
    case 'all_reduce':
      return [];
    default:
      return stmt satisfies never;
  }
}

export function bodyOf(stmt: Stmt): readonly Stmt[] {
  return stmt.kind === 'for' || stmt.kind === 'if' ? stmt.body : [];
}

/** Every statement, outer before inner. */
export function visitStmts(body: readonly Stmt[], visit: (stmt: Stmt) => void): void {
  for (const stmt of body) {
    visit(stmt);
    if (stmt.kind === 'for' || stmt.kind === 'if') visitStmts(stmt.body, visit);
  }
}

/** The same loop or condition around another body; the object itself where that is the one it has. */
export function withBody<S extends StmtOf<'for' | 'if'>>(stmt: S, body: readonly Stmt[]): S;
export function withBody(stmt: StmtOf<'for' | 'if'>, body: readonly Stmt[]): Stmt {
  if (body === stmt.body) return stmt;
  if (stmt.kind === 'if') return { kind: 'if', conditions: stmt.conditions, body };
  return { kind: 'for', axis: stmt.axis, range: stmt.range, mode: stmt.mode, body };
}

/** The same statement with another value; the object itself where that is the one it has. */
export function withValue(stmt: StmtOf<'let' | 'store' | 'accumulate'>, value: Expr): Stmt {
  if (value === stmt.value) return stmt;
  switch (stmt.kind) {
    case 'let':
      return { kind: 'let', local: stmt.local, value };
    case 'store':
      return { kind: 'store', buffer: stmt.buffer, index: stmt.index, value };
    case 'accumulate':
      return { kind: 'accumulate', buffer: stmt.buffer, index: stmt.index, combine: stmt.combine, value };
    default:
      return stmt satisfies never;
  }
}

/** Replaces every block of a body, inner blocks first. */
export function mapBlocks(
  body: readonly Stmt[],
  f: (block: readonly Stmt[]) => readonly Stmt[],
): readonly Stmt[] {
  return f(
    body.map((stmt) =>
      stmt.kind === 'for' || stmt.kind === 'if' ? withBody(stmt, mapBlocks(stmt.body, f)) : stmt,
    ),
  );
}

/** Replaces each statement by any number of them, inner ones first. */
export function flatMapStmts(body: readonly Stmt[], f: (stmt: Stmt) => readonly Stmt[]): readonly Stmt[] {
  return mapBlocks(body, (block) => block.flatMap(f));
}

/** What to put in place of axes, buffers and locals. What a map does not hold stays. */
interface Substitution {
  readonly axes?: ReadonlyMap<Axis, Affine>;
  readonly buffers?: ReadonlyMap<Buffer, Buffer>;
  readonly locals?: ReadonlyMap<Local, Expr>;
  /** Called with every load after its indices have been replaced. */
  readonly load?: (load: Load) => Expr;
}

export function substituteExpr(expr: Expr, s: Substitution): Expr {
  const replaced = mapChildren(
    expr,
    (child) => substituteExpr(child, s),
    (index) => substituteIndex(index, s),
  );
  if (replaced.kind === 'local') return s.locals?.get(replaced.local) ?? replaced;
  if (replaced.kind !== 'load') return replaced;
  const buffer = s.buffers?.get(replaced.buffer);
  const load = buffer === undefined ? replaced : { ...replaced, buffer };
  return s.load === undefined ? load : s.load(load);
}

export function substituteIndex(index: Affine, s: Substitution): Affine {
  if (s.axes === undefined) return index;
  for (const { axis } of index.terms) if (s.axes.has(axis)) return substituteAffine(index, s.axes);
  return index;
}

export function substituteCondition(condition: Condition, s: Substitution): Condition {
  return { ...condition, index: substituteIndex(condition.index, s) };
}

export function substituteRange(range: Range, s: Substitution): Range {
  const replaced = (q: Quotient): Quotient => {
    const numerator = substituteIndex(q.numerator, s);
    return numerator === q.numerator ? q : { ...q, numerator };
  };
  const from = mapArray(range.from, replaced);
  const to = mapArray(range.to, (q) => (q === 'N' ? q : replaced(q)));
  return from === range.from && to === range.to ? range : { from, to };
}

/** Replaces inside a body. A loop over a replaced axis is renamed when the replacement is another axis. */
export function substituteStmts(body: readonly Stmt[], s: Substitution): readonly Stmt[] {
  return body.map((stmt): Stmt => {
    switch (stmt.kind) {
      case 'for':
        return {
          kind: 'for',
          axis: renamedAxis(stmt.axis, s),
          range: substituteRange(stmt.range, s),
          mode: stmt.mode,
          body: substituteStmts(stmt.body, s),
        };
      case 'if':
        return {
          ...stmt,
          conditions: stmt.conditions.map((condition) => substituteCondition(condition, s)),
          body: substituteStmts(stmt.body, s),
        };
      case 'let':
        return { kind: 'let', local: renamedLocal(stmt.local, s), value: substituteExpr(stmt.value, s) };
      case 'store':
        return {
          kind: 'store',
          buffer: s.buffers?.get(stmt.buffer) ?? stmt.buffer,
          index: mapArray(stmt.index, (place) => substituteIndex(place, s)),
          value: substituteExpr(stmt.value, s),
        };
      case 'accumulate':
        return {
          kind: 'accumulate',
          buffer: s.buffers?.get(stmt.buffer) ?? stmt.buffer,
          index: mapArray(stmt.index, (place) => substituteIndex(place, s)),
          combine: stmt.combine,
          value: substituteExpr(stmt.value, s),
        };
      case 'alloc':
        return { ...stmt, buffer: s.buffers?.get(stmt.buffer) ?? stmt.buffer };
      case 'all_reduce': {
        const buffer = s.buffers?.get(stmt.buffer) ?? stmt.buffer;
        return { ...stmt, buffer, axis: renamedAxis(stmt.axis, s) };
      }
      case 'barrier':
        return stmt;
      default:
        return stmt satisfies never;
    }
  });
}

function renamedAxis(axis: Axis, s: Substitution): Axis {
  const replacement = s.axes?.get(axis);
  if (replacement === undefined) return axis;
  const [term] = replacement.terms;
  invariant(
    term !== undefined && replacement.terms.length === 1 && term.factor === 1 && replacement.constant === 0,
    `the loop over ${axis.name} cannot run over an expression`,
  );
  return term.axis;
}

function renamedLocal(local: Local, s: Substitution): Local {
  const replacement = s.locals?.get(local);
  if (replacement === undefined) return local;
  invariant(replacement.kind === 'local', `the let of ${local.name} stays while its uses are replaced`);
  return replacement.local;
}

/** The axes that the bounds of a loop depend on. */
export function axesOfRange(range: Range): ReadonlySet<Axis> {
  const quotients = [...range.from, ...range.to.filter((q) => q !== 'N')];
  return new Set(quotients.flatMap((q) => q.numerator.terms.map(({ axis }) => axis)));
}

/** 0 … extent-1. */
export function wholeRange(axis: Axis): Range {
  return {
    from: [quotient(0)],
    to: [axis.extent === 'N' ? 'N' : quotient(axis.extent)],
  };
}

export const quotient = (numerator: Affine | number, divisor = 1): Quotient => ({
  numerator: typeof numerator === 'number' ? affine(numerator) : numerator,
  divisor,
});

/** A loop that runs one iteration after the other, over the whole axis unless `range` says else. */
export function serial(axis: Axis, body: readonly Stmt[], range: Range = wholeRange(axis)): For {
  return { kind: 'for', axis, range, mode: 'serial', body };
}

/** The statements where all conditions hold; just the statements where there are none. */
export const guarded = (conditions: readonly Condition[], body: readonly Stmt[]): readonly Stmt[] =>
  conditions.length === 0 ? body : [{ kind: 'if', conditions, body }];

/** Whole loops over the axes, outermost first, around `body`. */
export const loopsOver = (axes: readonly Axis[], body: readonly Stmt[]): readonly Stmt[] =>
  axes.reduceRight<readonly Stmt[]>((inner, axis) => [serial(axis, inner)], body);
