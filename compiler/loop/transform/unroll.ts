import { invariant } from '../../base/invariant.ts';
import { affine } from '../affine.ts';
import { denseBuffer } from '../builder.ts';
import type { Affine, Axis, Buffer, Expr, Index, Kernel, Local, Stmt } from '../ir.ts';
import { exprsOf, flatMapStmts, substituteStmts, visitExpr, visitStmts } from '../rewrite.ts';
import type { For } from './find.ts';
import { replaceLoops } from './find.ts';

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

function writtenOut(loop: For): readonly Stmt[] {
  const bounds = constantBounds(loop);
  invariant(bounds !== undefined, `the bounds of ${loop.axis.name} are not constant`);
  const copies: Stmt[] = [];
  for (let i = bounds.from; i < bounds.to; i++) copies.push(...copyAt(loop.body, loop.axis, i));
  return copies;
}

/** Bounds of a loop that are the same numbers in every run. */
export function constantBounds({ range }: For): { readonly from: number; readonly to: number } | undefined {
  let [from, to] = [-Infinity, Infinity];
  for (const q of range.from) {
    if (q.numerator.terms.length > 0) return undefined;
    from = Math.max(from, Math.floor(q.numerator.constant / q.divisor));
  }
  for (const q of range.to) {
    if (q === 'N' || q.numerator.terms.length > 0) return undefined;
    to = Math.min(to, Math.floor(q.numerator.constant / q.divisor));
  }
  return { from, to };
}

/** The body with the axis fixed, and its own lets and registers. */
function copyAt(body: readonly Stmt[], axis: Axis, place: Affine | number): readonly Stmt[] {
  const locals = new Map<Local, Expr>();
  const buffers = new Map<Buffer, Buffer>();
  visitStmts(body, (stmt) => {
    if (stmt.kind === 'let') locals.set(stmt.local, { kind: 'local', local: { ...stmt.local } });
    if (stmt.kind === 'alloc') buffers.set(stmt.buffer, { ...stmt.buffer });
  });
  return substituteStmts(body, { axes: new Map([[axis, affine(place)]]), locals, buffers });
}

/** Register arrays whose every index is a constant become one register per element. */
export function scalarize(kernel: Kernel): Kernel {
  let arrays = 0;
  visitStmts(kernel.body, (stmt) => {
    if (stmt.kind === 'alloc' && stmt.buffer.shape.length > 0) arrays++;
  });
  if (arrays === 0) return kernel;
  const dynamic = new Set<Buffer>();
  const note = (buffer: Buffer, index: readonly Index[]): void => {
    if (!index.every(isConstant)) dynamic.add(buffer);
  };
  visitStmts(kernel.body, (stmt) => {
    if (stmt.kind === 'store' || stmt.kind === 'accumulate') note(stmt.buffer, stmt.index);
    for (const expr of exprsOf(stmt))
      visitExpr(expr, (e) => {
        if (e.kind === 'load') note(e.buffer, e.index);
      });
  });
  const scalars = new Map<Buffer, Map<string, Buffer>>();
  const scalarOf = (buffer: Buffer, index: readonly Index[]): Buffer | undefined =>
    scalars.get(buffer)?.get(index.map(constantOf).join('_'));
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
    const steps = Array.from({ length: extent as number }, (_, i) => String(i));
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
  const load = (e: Expr & { readonly kind: 'load' }): Expr => {
    const scalar = scalarOf(e.buffer, e.index);
    return scalar === undefined ? e : { ...e, buffer: scalar, index: [] };
  };
  const written = (s: Stmt): Stmt => {
    if (s.kind === 'for' || s.kind === 'if') return { ...s, body: s.body.map(written) };
    if (s.kind !== 'store' && s.kind !== 'accumulate') return s;
    const scalar = scalarOf(s.buffer, s.index);
    return scalar === undefined ? s : { ...s, buffer: scalar, index: [] };
  };
  return written(substituteStmts([stmt], { load })[0] as Stmt);
}

const isConstant = (place: Index): boolean => !('clamped' in place) && place.terms.length === 0;
const constantOf = (place: Index): number => ('clamped' in place ? NaN : place.constant);
