import type { Affine, Axis, Index, Quotient } from './ir.ts';

/** Anything index arithmetic starts from. */
export type AffineLike = Affine | Axis | number;

export function affine(value: AffineLike): Affine {
  if (typeof value === 'number') return { constant: value, terms: [] };
  if ('terms' in value) return value;
  return { constant: 0, terms: [{ axis: value, factor: 1 }] };
}

type Term = Affine['terms'][number];

/** terms += factor · term */
function addTerm(terms: Term[], { axis, factor }: Term, times: number): void {
  for (let at = 0; at < terms.length; at++) {
    const there = terms[at]!;
    if (there.axis !== axis) continue;
    const sum = there.factor + times * factor;
    if (sum === 0) terms.splice(at, 1);
    else terms[at] = { axis, factor: sum };
    return;
  }
  terms.push({ axis, factor: times * factor });
}

/** a + factor · b */
function combine(a: Affine, b: Affine, factor: number): Affine {
  const constant = a.constant + factor * b.constant;
  if (b.terms.length === 0 || factor === 0) return { constant, terms: a.terms };
  const terms = [...a.terms];
  for (const term of b.terms) addTerm(terms, term, factor);
  return { constant, terms };
}

export const addAffine = (a: AffineLike, b: AffineLike): Affine => combine(affine(a), affine(b), 1);
export const subAffine = (a: AffineLike, b: AffineLike): Affine => combine(affine(a), affine(b), -1);
export const scaleAffine = (a: AffineLike, factor: number): Affine => combine(affine(0), affine(a), factor);

/** Whether a place is affine, not computed. */
export const isAffine = (place: Index): place is Affine => !('clamped' in place);

/** Replaces axes by affine expressions: the heart of fusing and of every schedule step. */
export function substituteAffine(index: Affine, axes: ReadonlyMap<Axis, Affine>): Affine {
  let { constant } = index;
  const terms: Term[] = [];
  for (const term of index.terms) {
    const by = axes.get(term.axis);
    if (by === undefined) {
      addTerm(terms, term, 1);
    } else {
      constant += term.factor * by.constant;
      for (const other of by.terms) addTerm(terms, other, term.factor);
    }
  }
  return { constant, terms };
}

export function sameAffine(a: Affine, b: Affine): boolean {
  if (a.constant !== b.constant || a.terms.length !== b.terms.length) return false;
  return a.terms.every(({ axis, factor }) =>
    b.terms.some((other) => other.axis === axis && other.factor === factor),
  );
}

/** How many times the axis stands in an index; 0 where it does not. */
export const factorOf = ({ terms }: Affine, axis: Axis): number =>
  terms.find((term) => term.axis === axis)?.factor ?? 0;

/** Whether an index moves with the axis. */
export const mentions = ({ terms }: Affine, axis: Axis): boolean => terms.some((term) => term.axis === axis);

/** Whether a place that is affine moves with one of the axes. */
export const mentionsAny = (place: Index, axes: readonly Axis[]): boolean =>
  isAffine(place) && axes.some((axis) => mentions(place, axis));

/** The value of a quotient without axes; undefined where it has some. */
export const constantOf = ({ numerator: { constant, terms }, divisor }: Quotient): number | undefined =>
  terms.length === 0 ? Math.floor(constant / divisor) : undefined;

export function evaluateAffine(index: Affine, value: (axis: Axis) => number): number {
  return index.terms.reduce((sum, { axis, factor }) => sum + factor * value(axis), index.constant);
}

export const evaluateQuotient = ({ numerator, divisor }: Quotient, value: (axis: Axis) => number): number =>
  Math.floor(evaluateAffine(numerator, value) / divisor);
