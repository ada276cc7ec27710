import { affine } from '../../loop/affine.ts';
import type { Affine, Axis, Buffer, Expr, Local, Range, Stmt } from '../../loop/ir.ts';
import { substituteStmts, visitStmts } from '../../loop/rewrite.ts';

/** for i in 0…2 unroll { S(i) } → S(0) S(1); loops of one iteration too. Each copy has its own locals and buffers. */
export function unroll(body: readonly Stmt[]): readonly Stmt[] {
  return body.flatMap((stmt): readonly Stmt[] => {
    if (stmt.kind === 'if') return [{ ...stmt, body: unroll(stmt.body) }];
    if (stmt.kind !== 'for') return [stmt];
    const bounds = constantBounds(stmt.range);
    if (bounds === undefined || (stmt.mode !== 'unroll' && bounds.to - bounds.from > 1)) {
      return [{ ...stmt, body: unroll(stmt.body) }];
    }
    const copies: Stmt[] = [];
    for (let i = bounds.from; i < bounds.to; i++) copies.push(...unroll(copyOf(stmt.body, stmt.axis, i)));
    return copies;
  });
}

function constantBounds({ from, to }: Range): { from: number; to: number } | undefined {
  const constant = (q: { numerator: Affine; divisor: number } | 'N'): number =>
    q === 'N' || q.numerator.terms.length > 0 ? NaN : Math.floor(q.numerator.constant / q.divisor);
  const first = Math.max(...from.map(constant));
  const end = Math.min(...to.map(constant));
  return Number.isNaN(first) || Number.isNaN(end) ? undefined : { from: first, to: end };
}

function copyOf(body: readonly Stmt[], axis: Axis, value: number): readonly Stmt[] {
  const locals = new Map<Local, Expr>();
  const buffers = new Map<Buffer, Buffer>();
  const axes = new Map([[axis, affine(value)]]);
  visitStmts(body, (stmt) => {
    if (stmt.kind === 'let') locals.set(stmt.local, { kind: 'local', local: { ...stmt.local } });
    if (stmt.kind === 'alloc') buffers.set(stmt.buffer, { ...stmt.buffer });
    if (stmt.kind === 'for') axes.set(stmt.axis, affine({ ...stmt.axis }));
  });
  return substituteStmts(body, { axes, locals, buffers });
}
