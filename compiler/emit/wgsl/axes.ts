/** The numbers of a workgroup and of a thread in it, joined where they only ever count one thing together. */
import type { BoundKernel, Dimension } from '../../loop/bound.ts';
import { dimensions } from '../../loop/bound.ts';
import type { Interval } from '../../loop/bounds.ts';
import { boundsOfRange, wholeInterval } from '../../loop/bounds.ts';
import type { Affine, Axis, Expr, Quotient, Stmt } from '../../loop/ir.ts';
import { mapChildren } from '../../loop/rewrite.ts';
import type { Value } from './expression.ts';
import { binary, literal, name } from './expression.ts';

/** A number that every thread knows from the beginning. */
interface Coordinate {
  readonly axis: Axis;
  readonly interval: Interval;
  /** From the names of those that it is joined from. */
  readonly value: (nameOf: (axis: Axis) => string) => Value;
  /** The loop that it comes from; absent where it is joined from several. */
  readonly from?: { readonly level: 'workgroup' | 'thread'; readonly dimension: Dimension };
}

interface Coordinates {
  readonly coordinates: readonly Coordinate[];
  /** The body in terms of these. */
  readonly body: readonly Stmt[];
}

export function coordinatesOf(bound: BoundKernel): Coordinates {
  let coordinates = dimensions.flatMap((dimension) =>
    (['workgroup', 'thread'] as const).flatMap((level): Coordinate[] => {
      const loop = (level === 'workgroup' ? bound.workgroups : bound.threads)[dimension];
      if (loop === undefined) return [];
      const interval = boundsOfRange(loop.range, wholeInterval);
      const value = name(`i32(${level}.${dimension})`, 'i32');
      return [{ axis: loop.axis, interval, value: () => value, from: { level, dimension } }];
    }),
  );
  let { body } = bound;
  for (;;) {
    const joined = joinTwo(coordinates, body, bound);
    if (joined === undefined) return { coordinates, body };
    ({ coordinates, body } = joined);
  }
}

/** let c = r·a + b  where a stands nowhere but in f·(r·a + b); b may stand elsewhere, too. */
function joinTwo(
  coordinates: readonly Coordinate[],
  body: readonly Stmt[],
  bound: BoundKernel,
): { coordinates: Coordinate[]; body: readonly Stmt[] } | undefined {
  const indices = indicesOf(body);
  for (const a of coordinates)
    for (const b of coordinates) {
      const ratio = a === b ? undefined : ratioOf(a.axis, b.axis, indices);
      if (ratio === undefined) continue;
      const axis = { name: commonName(a.axis.name, b.axis.name), extent: b.axis.extent };
      const joined = mapIndices(body, (index) => joinTerms(index, a.axis, b.axis, axis));
      const staysNamed = indicesOf(joined).some(({ terms }) => terms.some((term) => term.axis === b.axis));
      const rest = coordinates.filter((other) => other !== a && (other !== b || staysNamed));
      const interval = {
        low: a.interval.low * ratio + b.interval.low,
        high: a.interval.high * ratio + b.interval.high,
      };
      const value = joinedValue(a, b, ratio, staysNamed, bound);
      return { coordinates: [...rest, { axis, interval, value }], body: joined };
    }
  return undefined;
}

/** By how much the factor of `a` is larger than that of `b`, if that is the same everywhere. */
function ratioOf(a: Axis, b: Axis, indices: readonly Affine[]): number | undefined {
  let ratio: number | undefined;
  for (const { terms } of indices) {
    const [ofA, ofB] = [a, b].map((axis) => terms.find((term) => term.axis === axis)?.factor);
    if (ofA === undefined) continue;
    if (ofB === undefined) return undefined;
    const here = ofA / ofB;
    if (!Number.isInteger(here) || here < 1 || (ratio !== undefined && here !== ratio)) return undefined;
    ratio = here;
  }
  return ratio;
}

/** f·r·a + f·b → f·c */
function joinTerms(index: Affine, a: Axis, b: Axis, joined: Axis): Affine {
  if (!index.terms.some(({ axis }) => axis === a)) return index;
  const terms = index.terms.flatMap((term) => {
    if (term.axis === a) return [];
    return [term.axis === b ? { axis: joined, factor: term.factor } : term];
  });
  return { ...index, terms };
}

/** r·a + b, or the number of the thread among all where it is that. */
function joinedValue(
  a: Coordinate,
  b: Coordinate,
  ratio: number,
  staysNamed: boolean,
  { threads }: BoundKernel,
): Coordinate['value'] {
  const isGlobal =
    !staysNamed &&
    a.from?.level === 'workgroup' &&
    b.from?.level === 'thread' &&
    a.from.dimension === b.from.dimension &&
    threads[b.from.dimension] !== undefined &&
    b.interval.high + 1 === ratio;
  if (isGlobal && b.from) {
    const value = name(`i32(global.${b.from.dimension})`, 'i32');
    return () => value;
  }
  return (nameOf) => {
    const product = ratio === 1 ? a.value(nameOf) : binary('*', a.value(nameOf), literal('i32', ratio));
    return binary('+', product, staysNamed ? name(nameOf(b.axis), 'i32') : b.value(nameOf));
  };
}

/** `w` of `w_group` and `w_thread`. */
function commonName(a: string, b: string): string {
  const [first, second] = [a, b].map((whole) => whole.replace(/_[a-z]+$/, ''));
  return first !== undefined && first === second ? first : b;
}

/** All index arithmetic of a body. */
function indicesOf(body: readonly Stmt[]): readonly Affine[] {
  const indices: Affine[] = [];
  mapIndices(body, (index) => {
    indices.push(index);
    return index;
  });
  return indices;
}

/** The same body with other index arithmetic. */
function mapIndices(body: readonly Stmt[], f: (index: Affine) => Affine): readonly Stmt[] {
  const quotient = (q: Quotient): Quotient => ({ ...q, numerator: f(q.numerator) });
  const value = (expr: Expr): Expr => mapChildren(expr, value, f);
  return body.map((stmt): Stmt => {
    switch (stmt.kind) {
      case 'for': {
        const to = stmt.range.to.map((q) => (q === 'N' ? q : quotient(q)));
        const range = { from: stmt.range.from.map(quotient), to };
        return { ...stmt, range, body: mapIndices(stmt.body, f) };
      }
      case 'if': {
        const conditions = stmt.conditions.map((condition) => ({ ...condition, index: f(condition.index) }));
        return { ...stmt, conditions, body: mapIndices(stmt.body, f) };
      }
      case 'store':
      case 'accumulate':
        return { ...stmt, index: stmt.index.map(f), value: value(stmt.value) };
      case 'let':
        return { ...stmt, value: value(stmt.value) };
      case 'alloc':
      case 'barrier':
      case 'all_reduce':
        return stmt;
      default:
        return stmt satisfies never;
    }
  });
}
