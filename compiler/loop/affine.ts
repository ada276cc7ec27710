import type { Affine, Axis } from './ir.ts';

/** Anything index arithmetic starts from. */
export type AffineLike = Affine | Axis | number;

export function affine(value: AffineLike): Affine {
  if (typeof value === 'number') return { constant: value, terms: [] };
  if ('terms' in value) return value;
  return { constant: 0, terms: [{ axis: value, factor: 1 }] };
}

/** a + factor · b */
function combine(a: Affine, b: Affine, factor: number): Affine {
  const constant = a.constant + factor * b.constant;
  if (b.terms.length === 0 || factor === 0) return { constant, terms: a.terms };
  const terms = [...a.terms];
  for (const term of b.terms) {
    const at = terms.findIndex(({ axis }) => axis === term.axis);
    const sum = (terms[at]?.factor ?? 0) + factor * term.factor;
    if (at < 0) terms.push({ axis: term.axis, factor: sum });
    else if (sum === 0) terms.splice(at, 1);
    else terms[at] = { axis: term.axis, factor: sum };
  }
  return { constant, terms };
}

export const addAffine = (a: AffineLike, b: AffineLike): Affine => combine(affine(a), affine(b), 1);
export const subAffine = (a: AffineLike, b: AffineLike): Affine => combine(affine(a), affine(b), -1);
export const scaleAffine = (a: AffineLike, factor: number): Affine => combine(affine(0), affine(a), factor);

/** Replaces axes by affine expressions: the heart of fusing and of every schedule step. */
export function substituteAffine(index: Affine, axes: ReadonlyMap<Axis, Affine>): Affine {
  return index.terms.reduce<Affine>(
    (sum, { axis, factor }) => combine(sum, axes.get(axis) ?? affine(axis), factor),
    affine(index.constant),
  );
}

export function sameAffine(a: Affine, b: Affine): boolean {
  const difference = combine(a, b, -1);
  return difference.constant === 0 && difference.terms.length === 0;
}

export function evaluateAffine(index: Affine, value: (axis: Axis) => number): number {
  return index.terms.reduce((sum, { axis, factor }) => sum + factor * value(axis), index.constant);
}
