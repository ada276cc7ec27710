/** What a body reads, writes and declares. */
import { factorOf } from './affine.ts';
import type { Axis, Buffer, Expr, Index, Load, Stmt, Write } from './ir.ts';
import { exprsOf, visitExpr, visitStmts } from './rewrite.ts';

/** The loads in an expression. */
export function loadsIn(expr: Expr): readonly Load[] {
  const loads: Load[] = [];
  visitExpr(expr, (e) => {
    if (e.kind === 'load') loads.push(e);
  });
  return loads;
}

/** All loads of a body, in order of evaluation. */
export function loadsOf(body: readonly Stmt[]): readonly Load[] {
  const loads: Load[] = [];
  const note = (e: Expr): void => {
    if (e.kind === 'load') loads.push(e);
  };
  visitStmts(body, (stmt) => {
    for (const expr of exprsOf(stmt)) visitExpr(expr, note);
  });
  return loads;
}

/** All stores and accumulations of a body. */
export function writesOf(body: readonly Stmt[]): readonly Write[] {
  const writes: Write[] = [];
  visitStmts(body, (stmt) => {
    if (stmt.kind === 'store' || stmt.kind === 'accumulate') writes.push(stmt);
  });
  return writes;
}

/** The buffers that a body declares, in order. */
export function allocatedIn(body: readonly Stmt[]): readonly Buffer[] {
  const buffers: Buffer[] = [];
  visitStmts(body, (stmt) => {
    if (stmt.kind === 'alloc') buffers.push(stmt.buffer);
  });
  return buffers;
}

/** The scratch buffers among them. */
export const scratchOf = (body: readonly Stmt[]): readonly Buffer[] =>
  allocatedIn(body).filter(({ space }) => space === 'scratch');

/** By how many elements a place moves with the axis; NaN where it is computed. */
export function strideAlong({ strides }: Buffer, index: readonly Index[], axis: Axis): number {
  return index.reduce((sum, place, i) => {
    if ('clamped' in place) return NaN;
    return sum + factorOf(place, axis) * (strides[i] ?? 0);
  }, 0);
}
