import { affine, sameAffine } from '../affine.ts';
import type { Affine, Axis, Buffer, Expr, Index, Kernel, Stmt } from '../ir.ts';
import { axesOfRange, bodyOf, exprsOf, serial, substituteStmts, visitExpr, visitStmts } from '../rewrite.ts';
import type { For } from './find.ts';
import { isWhole, namesBeside } from './find.ts';

/**
 * for a in A { for b in B { … x[…, a, b, …] … } }  →  for a in A·B { … x[…, a, …] … }
 *
 * where every buffer is only ever indexed with a and b side by side and its elements lie in one row along both, and
 * nothing else depends on them. The buffers get the joined axis in place of two; axes of one element are left out. No
 * index is taken apart: the places stay the same elements in the same order.
 */
export function collapse(kernel: Kernel): Kernel {
  let current = squeeze(kernel);
  for (let pair = findPair(current); pair !== undefined; pair = findPair(current))
    current = join(current, pair);
  return current;
}

interface Access {
  readonly buffer: Buffer;
  readonly index: readonly Index[];
}

interface Pair {
  readonly outer: For;
  readonly inner: For;
  /** Where the pair stands in the indices of a buffer; buffers without it are not in here. */
  readonly places: ReadonlyMap<Buffer, number>;
}

function accessesOf(kernel: Kernel): readonly Access[] {
  const accesses: Access[] = [];
  visitStmts(kernel.body, (stmt) => {
    if (stmt.kind === 'store' || stmt.kind === 'accumulate') accesses.push(stmt);
    for (const expr of exprsOf(stmt))
      visitExpr(expr, (e) => {
        if (e.kind === 'load') accesses.push(e);
      });
  });
  return accesses;
}

/** Leaves out axes of one element, which are always read at 0. */
function squeeze(kernel: Kernel): Kernel {
  if (![...kernel.inputs, ...kernel.outputs].some(({ shape }) => shape.includes(1))) return kernel;
  return reshapeBuffers(kernel, (buffer) => {
    const kept = buffer.shape.flatMap((extent, i) => (extent === 1 ? [] : [i]));
    if (kept.length === buffer.shape.length) return undefined;
    return {
      buffer: {
        ...buffer,
        shape: kept.map((i) => buffer.shape[i] as number | 'N'),
        strides: kept.map((i) => buffer.strides[i] as number),
      },
      index: <T>(index: readonly T[]) => kept.map((i) => index[i] as T),
    };
  });
}

function findPair(kernel: Kernel): Pair | undefined {
  let accesses: readonly Access[] | undefined;
  let pair: Pair | undefined;
  visitStmts(kernel.body, (stmt) => {
    if (pair !== undefined || stmt.kind !== 'for') return;
    const [inner, more] = stmt.body;
    if (inner?.kind !== 'for' || more !== undefined || stmt.mode !== inner.mode) return;
    if (!isWhole(stmt) || !isWhole(inner) || stmt.axis.extent === 'N' || inner.axis.extent === 'N') return;
    accesses ??= accessesOf(kernel);
    const places = placesOf(kernel, stmt.axis, inner.axis, accesses);
    if (places !== undefined) pair = { outer: stmt, inner, places };
  });
  return pair;
}

/** Where both axes stand in each buffer, if they stand side by side in all accesses of it and nowhere else. */
function placesOf(
  kernel: Kernel,
  outer: Axis,
  inner: Axis,
  accesses: readonly Access[],
): ReadonlyMap<Buffer, number> | undefined {
  if (isUsedOutsideOfIndices(kernel.body, outer, inner)) return undefined;
  const places = new Map<Buffer, number>();
  for (const { buffer, index } of accesses) {
    const at = index.findIndex((place) => isAxis(place, outer));
    const alone = index.every((place, i) =>
      i === at ? true : at >= 0 && i === at + 1 ? isAxis(place, inner) : !mentions(place, outer, inner),
    );
    const known = places.get(buffer);
    if (!alone || (known !== undefined && known !== at) || !isRow(buffer, at, outer, inner)) return undefined;
    places.set(buffer, at);
  }
  return new Map([...places].filter(([, at]) => at >= 0));
}

function isRow({ shape, strides }: Buffer, at: number, outer: Axis, inner: Axis): boolean {
  if (at < 0) return true;
  const extent = inner.extent as number;
  return (
    shape[at] === outer.extent && shape[at + 1] === extent && strides[at] === (strides[at + 1] ?? 0) * extent
  );
}

function isUsedOutsideOfIndices(body: readonly Stmt[], ...axes: readonly Axis[]): boolean {
  let used = false;
  visitStmts(body, (stmt) => {
    if (stmt.kind === 'for') used ||= axes.some((axis) => axesOfRange(stmt.range).has(axis));
    if (stmt.kind === 'if') used ||= stmt.conditions.some(({ index }) => mentions(index, ...axes));
    for (const expr of exprsOf(stmt))
      visitExpr(expr, (e) => {
        if (e.kind === 'index') used ||= mentions(e.index, ...axes);
      });
  });
  return used;
}

const isAxis = (place: Index, axis: Axis): boolean =>
  !('clamped' in place) && sameAffine(place, affine(axis));

const mentions = (place: Index, ...axes: readonly Axis[]): boolean =>
  !('clamped' in place) && place.terms.some(({ axis }) => axes.includes(axis));

function join(kernel: Kernel, { outer, inner, places }: Pair): Kernel {
  const extent = (outer.axis.extent as number) * (inner.axis.extent as number);
  const joined: Axis = { name: namesBeside(kernel)(`${outer.axis.name}${inner.axis.name}`), extent };
  const reshaped = reshapeBuffers(kernel, (buffer) => {
    const at = places.get(buffer);
    if (at === undefined) return undefined;
    const without = <T>(items: readonly T[]): readonly T[] => items.filter((_, i) => i !== at);
    return {
      buffer: {
        ...buffer,
        shape: without(buffer.shape).map((e, i) => (i === at ? extent : e)),
        strides: without(buffer.strides),
      },
      index: without,
    };
  });
  const body = replaceNest(reshaped.body, outer.axis, inner.axis, (loop) => [
    serial(
      joined,
      substituteStmts(bodyOf(loop.body[0] as Stmt), { axes: new Map([[inner.axis, affine(joined)]]) }),
    ),
  ]);
  return { ...reshaped, body };
}

function replaceNest(
  body: readonly Stmt[],
  outer: Axis,
  inner: Axis,
  f: (loop: For) => readonly Stmt[],
): readonly Stmt[] {
  return body.flatMap((stmt): readonly Stmt[] => {
    if (stmt.kind === 'for' && stmt.axis === outer) return f(stmt);
    return stmt.kind === 'for' || stmt.kind === 'if'
      ? [{ ...stmt, body: replaceNest(stmt.body, outer, inner, f) }]
      : [stmt];
  });
}

interface Reshaped {
  readonly buffer: Buffer;
  readonly index: <T>(index: readonly T[]) => readonly T[];
}

/** The kernel with other shapes for some buffers and the same places under other indices. */
function reshapeBuffers(kernel: Kernel, reshape: (buffer: Buffer) => Reshaped | undefined): Kernel {
  const known = new Map<Buffer, Reshaped | undefined>();
  const lookup = (buffer: Buffer): Reshaped | undefined => {
    if (!known.has(buffer)) known.set(buffer, reshape(buffer));
    return known.get(buffer);
  };
  const load = (e: Expr & { readonly kind: 'load' }): Expr => {
    const found = lookup(e.buffer);
    return found === undefined ? e : { ...e, buffer: found.buffer, index: found.index(e.index) };
  };
  const written = (stmt: Stmt): Stmt => {
    if (stmt.kind === 'for' || stmt.kind === 'if') return { ...stmt, body: stmt.body.map(written) };
    if (stmt.kind === 'alloc') return { ...stmt, buffer: lookup(stmt.buffer)?.buffer ?? stmt.buffer };
    if (stmt.kind !== 'store' && stmt.kind !== 'accumulate') return stmt;
    const found = lookup(stmt.buffer);
    const index: readonly Affine[] = found?.index(stmt.index) ?? stmt.index;
    return { ...stmt, buffer: found?.buffer ?? stmt.buffer, index };
  };
  const buffer = (b: Buffer): Buffer => lookup(b)?.buffer ?? b;
  return {
    ...kernel,
    inputs: kernel.inputs.map(buffer),
    outputs: kernel.outputs.map(buffer),
    body: substituteStmts(kernel.body, { load }).map(written),
  };
}
