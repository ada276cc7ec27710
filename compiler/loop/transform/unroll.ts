import { fixedExtent } from '../../base/types.ts';
import { loadsOf, writesOf } from '../accesses.ts';
import { affine, constantOf } from '../affine.ts';
import { denseBuffer } from '../builder.ts';
import type { Buffer, Expr, For, Index, Kernel, Load, Stmt } from '../ir.ts';
import { flatMapStmts, substituteStmts, visitStmts } from '../rewrite.ts';
import { copyOf } from './copy.ts';
import { replaceLoops } from './find.ts';
import { requires } from './step-error.ts';

/** for a in from..to { S }  →  S[a := from]; …; S[a := to-1]   for constant bounds; lets and registers get new identities. */
export function unroll(kernel: Kernel, axis: string): Kernel {
  return replaceLoops(kernel, axis, writtenOut);
}

/** Writes out every loop whose mode is `unroll`. */
export function unrollMarked(kernel: Kernel): Kernel {
  const body = flatMapStmts(kernel.body, (stmt) =>
    stmt.kind === 'for' && stmt.mode === 'unroll' ? writtenOut(stmt) : [stmt],
  );
  return { ...kernel, body };
}

/** The iterations of a loop with constant bounds. */
export function writtenOut(loop: For): readonly Stmt[] {
  const bounds = constantBounds(loop);
  requires(bounds !== undefined, `the bounds of ${loop.axis.name} are not constant`);
  const copies: Stmt[] = [];
  for (let i = bounds.from; i < bounds.to; i++)
    copies.push(...copyOf(loop.body, { axis: loop.axis, place: affine(i) }));
  return copies;
}

/** Bounds of a loop that are the same numbers in every run. */
export function constantBounds({ range }: For): { readonly from: number; readonly to: number } | undefined {
  let [from, to] = [-Infinity, Infinity];
  for (const q of range.from) {
    const bound = constantOf(q);
    if (bound === undefined) return undefined;
    from = Math.max(from, bound);
  }
  for (const q of range.to) {
    const bound = q === 'N' ? undefined : constantOf(q);
    if (bound === undefined) return undefined;
    to = Math.min(to, bound);
  }
  return { from, to };
}

/** Register arrays whose every index is a constant become one register per element. */
export function scalarize(kernel: Kernel): Kernel {
  let arrays = 0;
  visitStmts(kernel.body, (stmt) => {
    if (stmt.kind === 'alloc' && stmt.buffer.shape.length > 0) arrays++;
  });
  if (arrays === 0) return kernel;
  const dynamic = new Set<Buffer>();
  for (const { buffer, index } of [...writesOf(kernel.body), ...loadsOf(kernel.body)])
    if (!index.every(isConstant)) dynamic.add(buffer);
  const scalars = new Map<Buffer, Map<string, Buffer>>();
  const scalarOf = (buffer: Buffer, index: readonly Index[]): Buffer | undefined =>
    scalars.get(buffer)?.get(index.map((place) => ('clamped' in place ? NaN : place.constant)).join('_'));
  const body = mapAllocs(kernel.body, (buffer) => {
    if (buffer.space !== 'register' || buffer.shape.length === 0 || dynamic.has(buffer)) return [buffer];
    // Copies of a body (of a peeled or split loop) may declare the same buffer: it stays one buffer in both.
    const elements = scalars.get(buffer) ?? elementsOf(buffer);
    scalars.set(buffer, elements);
    return [...elements.values()];
  });
  return { ...kernel, body: body.map((stmt) => scalarized(stmt, scalarOf)) };
}

function mapAllocs(body: readonly Stmt[], f: (buffer: Buffer) => readonly Buffer[]): readonly Stmt[] {
  return flatMapStmts(body, (stmt) =>
    stmt.kind === 'alloc' ? f(stmt.buffer).map((buffer): Stmt => ({ kind: 'alloc', buffer })) : [stmt],
  );
}

function elementsOf({ name, dtype, shape, space }: Buffer): Map<string, Buffer> {
  let places: readonly string[] = [''];
  for (const extent of shape) {
    const steps = Array.from({ length: fixedExtent(extent) }, (_, i) => String(i));
    places = places.flatMap((place) => steps.map((i) => (place === '' ? i : `${place}_${i}`)));
  }
  const separator = /\d$/.test(name) ? '_' : '';
  return new Map(
    places.map((place) => [place, denseBuffer(`${name}${separator}${place}`, dtype, [], space)]),
  );
}

function scalarized(
  stmt: Stmt,
  scalarOf: (buffer: Buffer, index: readonly Index[]) => Buffer | undefined,
): Stmt {
  const load = (e: Load): Expr => {
    const scalar = scalarOf(e.buffer, e.index);
    return scalar === undefined ? e : { ...e, buffer: scalar, index: [] };
  };
  const written = (s: Stmt): Stmt => {
    if (s.kind === 'for' || s.kind === 'if') return { ...s, body: s.body.map(written) };
    if (s.kind !== 'store' && s.kind !== 'accumulate') return s;
    const scalar = scalarOf(s.buffer, s.index);
    return scalar === undefined ? s : { ...s, buffer: scalar, index: [] };
  };
  return written(substituteStmts([stmt], { load })[0]!);
}

const isConstant = (place: Index): boolean => !('clamped' in place) && place.terms.length === 0;
