import { invariant } from '../../base/invariant.ts';
import { fixedExtent } from '../../base/types.ts';
import { loadsOf, writesOf } from '../accesses.ts';
import { addAffine, affine, factorOf, isAffine, mentionsAny, scaleAffine } from '../affine.ts';
import type {
  Affine,
  Axis,
  Buffer,
  Expr,
  For,
  Index,
  Kernel,
  Load,
  Quotient,
  Range,
  Stmt,
  Write,
} from '../ir.ts';
import { exprsOf, serial, substituteStmts, visitExpr, visitStmts } from '../rewrite.ts';
import { isWhole, namesBeside } from './find.ts';

/**
 * for a in f..t { for b in 0..B { … x[…, a + i, b, …] … } }  →  for ab in B·f..B·t { … x[…, ab + B·i, …] … }
 *
 * where the elements of every buffer lie in one row along a and b, as the pixels and channels of a row of a window do. All
 * accesses of such a buffer get one index in place of two. The places stay the same elements in the same order; there are
 * fewer loops to begin and to leave.
 */
export function straighten(kernel: Kernel): Kernel {
  const accesses = accessesOf(kernel.body);
  const merged = new Map<Buffer, number>();
  const pairs = new Map<Axis, Pair>();
  for (const pair of pairsOf(kernel.body)) {
    const places = placesOf(pair, accesses, merged);
    if (places === undefined) continue;
    for (const [buffer, at] of places) merged.set(buffer, at);
    pairs.set(pair.outer.axis, pair);
  }
  return pairs.size === 0 ? kernel : merge(kernel, merged, pairs);
}

interface Pair {
  readonly outer: For;
  readonly inner: For;
}

/** Innermost loops that stand alone in another one. */
function pairsOf(body: readonly Stmt[]): readonly Pair[] {
  const pairs: Pair[] = [];
  visitStmts(body, (outer) => {
    if (outer.kind !== 'for' || outer.mode !== 'serial') return;
    const [inner, more] = outer.body;
    if (inner?.kind !== 'for' || inner.mode !== 'serial' || more !== undefined) return;
    if (inner.body.some((stmt) => stmt.kind === 'for' && stmt.mode !== 'vectorize')) return;
    const numbers = outer.axis.extent !== 'N' && inner.axis.extent !== 'N' && isWhole(inner);
    const simple = [...outer.range.from, ...outer.range.to].every((q) => q !== 'N' && q.divisor === 1);
    if (numbers && simple) pairs.push({ outer, inner });
  });
  return pairs;
}

const accessesOf = (body: readonly Stmt[]): readonly (Load | Write)[] => [
  ...writesOf(body),
  ...loadsOf(body),
];

/** The index along `outer` of each buffer that the loops walk through; undefined where something depends on them otherwise. */
function placesOf(
  { outer, inner }: Pair,
  all: readonly (Load | Write)[],
  merged: ReadonlyMap<Buffer, number>,
): ReadonlyMap<Buffer, number> | undefined {
  const axes = [outer.axis, inner.axis];
  const places = new Map<Buffer, number>();
  if (usesOtherwise(inner.body, axes)) return undefined;
  for (const { buffer, index } of accessesOf(inner.body)) {
    const at = index.findIndex((place) => mentionsAny(place, axes));
    if (at < 0) continue;
    const known = places.get(buffer) ?? merged.get(buffer) ?? at;
    if (known !== at || !isRow(buffer, at, inner.axis) || !goesAlong(index, at, outer.axis, inner.axis))
      return undefined;
    places.set(buffer, at);
  }
  const areAffine = ({ buffer, index }: Load | Write): boolean => {
    const at = places.get(buffer);
    return at === undefined || index.slice(at, at + 2).every(isAffine);
  };
  return places.size > 0 && all.every(areAffine) ? places : undefined;
}

const isRow = ({ shape, strides }: Buffer, at: number, { extent }: Axis): boolean =>
  shape[at + 1] === extent &&
  shape[at] !== 'N' &&
  strides[at] === (strides[at + 1] ?? 0) * fixedExtent(extent);

/** Whether one index moves with `outer` as the next one does with `inner`, and no other with either. */
function goesAlong(index: readonly Index[], at: number, outer: Axis, inner: Axis): boolean {
  const factor = factorIn(index[at], outer);
  return (
    factor !== 0 &&
    factor === factorIn(index[at + 1], inner) &&
    index.every(
      (place, i) =>
        (i === at || factorIn(place, outer) === 0) && (i === at + 1 || factorIn(place, inner) === 0),
    )
  );
}

const factorIn = (place: Index | undefined, axis: Axis): number =>
  place && isAffine(place) ? factorOf(place, axis) : 0;

/** Whether a value, a condition or a bound depends on one of the axes. */
function usesOtherwise(body: readonly Stmt[], axes: readonly Axis[]): boolean {
  let used = false;
  visitStmts(body, (stmt) => {
    if (stmt.kind === 'for')
      used ||= [...stmt.range.from, ...stmt.range.to].some(
        (q) => q !== 'N' && mentionsAny(q.numerator, axes),
      );
    if (stmt.kind === 'if') used ||= stmt.conditions.some(({ index }) => mentionsAny(index, axes));
    for (const expr of exprsOf(stmt))
      visitExpr(expr, (e) => {
        if (e.kind === 'index') used ||= mentionsAny(e.index, axes);
      });
  });
  return used;
}

function merge(kernel: Kernel, merged: ReadonlyMap<Buffer, number>, pairs: ReadonlyMap<Axis, Pair>): Kernel {
  const buffers = new Map([...merged].map(([buffer, at]) => [buffer, joined(buffer, at)]));
  const bufferOf = (buffer: Buffer): Buffer => buffers.get(buffer) ?? buffer;
  const indexOf = <T extends Index>(buffer: Buffer, index: readonly T[]): readonly (T | Affine)[] => {
    const at = merged.get(buffer);
    if (at === undefined) return index;
    const [outer, inner] = index.slice(at, at + 2);
    invariant(
      outer && inner && isAffine(outer) && isAffine(inner),
      `${buffer.name} is read at affine places`,
    );
    const place = addAffine(scaleAffine(outer, fixedExtent(buffer.shape[at + 1])), inner);
    return [...index.slice(0, at), place, ...index.slice(at + 2)];
  };
  const unique = namesBeside(kernel);
  const load = (e: Load): Expr =>
    merged.has(e.buffer) ? { ...e, buffer: bufferOf(e.buffer), index: indexOf(e.buffer, e.index) } : e;
  const replaced = (stmt: Stmt): Stmt => {
    switch (stmt.kind) {
      case 'for': {
        const pair = pairs.get(stmt.axis);
        return pair === undefined
          ? { ...stmt, body: stmt.body.map(replaced) }
          : loopOver(stmt, unique, replaced);
      }
      case 'if':
        return { ...stmt, body: stmt.body.map(replaced) };
      case 'alloc':
        return { ...stmt, buffer: bufferOf(stmt.buffer) };
      case 'store':
      case 'accumulate':
        return {
          ...stmt,
          buffer: bufferOf(stmt.buffer),
          index: indexOf(stmt.buffer, stmt.index),
        };
      default:
        return stmt;
    }
  };
  return {
    ...kernel,
    inputs: kernel.inputs.map(bufferOf),
    outputs: kernel.outputs.map(bufferOf),
    body: substituteStmts(kernel.body, { load }).map(replaced),
  };
}

function joined(buffer: Buffer, at: number): Buffer {
  const extent = fixedExtent(buffer.shape[at]) * fixedExtent(buffer.shape[at + 1]);
  return {
    ...buffer,
    shape: [...buffer.shape.slice(0, at), extent, ...buffer.shape.slice(at + 2)],
    strides: [...buffer.strides.slice(0, at), ...buffer.strides.slice(at + 1)],
  };
}

/** The loop over both axes, in place of the outer one. */
function loopOver(outer: For, unique: (wanted: string) => string, replaced: (stmt: Stmt) => Stmt): Stmt {
  const [inner] = outer.body;
  invariant(inner?.kind === 'for', 'a pair is two loops');
  const count = fixedExtent(inner.axis.extent);
  const axis: Axis = {
    name: unique(`${outer.axis.name}_${inner.axis.name}`),
    extent: fixedExtent(outer.axis.extent) * count,
  };
  const scaled = (q: Quotient): Quotient => ({
    numerator: scaleAffine(q.numerator, count),
    divisor: 1,
  });
  const range: Range = {
    from: outer.range.from.map(scaled),
    to: outer.range.to.map((q) => (q === 'N' ? q : scaled(q))),
  };
  const axes = new Map([
    [outer.axis, affine(0)],
    [inner.axis, affine(axis)],
  ]);
  return serial(axis, substituteStmts(inner.body.map(replaced), { axes }), range);
}
