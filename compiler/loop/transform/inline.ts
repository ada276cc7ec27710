import type { Kernel, Local, Stmt } from '../ir.ts';
import {
  bodyOf,
  childrenOf,
  exprsOf,
  mapBlocks,
  substituteExpr,
  visitExpr,
  visitStmts,
  withValue,
} from '../rewrite.ts';
import type { Expr } from '../ir.ts';

/** Expressions stay short enough to read on a line or two. */
const largest = 12;

/**
 * let t = e; …; s(t)  →  …; s(e)   where t is used once, in the same block, and only lets stand between.
 * Pure, so no bit changes; never moves a load behind a store.
 */
export function inlineLets(kernel: Kernel): Kernel {
  let lets = 0;
  visitStmts(kernel.body, ({ kind }) => {
    if (kind === 'let') lets++;
  });
  if (lets === 0) return kernel;
  const uses = countUses(kernel.body);
  if (uses.size === 0) return kernel;
  return { ...kernel, body: mapBlocks(kernel.body, (block) => inlineBlock(block, uses)) };
}

function countUses(body: readonly Stmt[]): ReadonlyMap<Local, number> {
  const uses = new Map<Local, number>();
  visitStmts(body, (stmt) => {
    for (const expr of exprsOf(stmt))
      visitExpr(expr, (e) => {
        if (e.kind === 'local') uses.set(e.local, (uses.get(e.local) ?? 0) + 1);
      });
  });
  return uses;
}

function inlineBlock(block: readonly Stmt[], uses: ReadonlyMap<Local, number>): readonly Stmt[] {
  if (!block.some(({ kind }) => kind === 'let')) return block;
  const result: Stmt[] = [];
  let pending = new Map<Local, Expr>();
  const flush = (): void => {
    for (const [local, value] of pending) result.push({ kind: 'let', local, value });
    pending = new Map();
  };
  const take = (value: Expr): Expr => {
    let size = sizeOf(value);
    const taken = new Map<Local, Expr>();
    visitExpr(value, (e) => {
      const known = e.kind === 'local' ? pending.get(e.local) : undefined;
      if (e.kind !== 'local' || known === undefined || uses.get(e.local) !== 1) return;
      const grown = size + sizeOf(known);
      if (grown > largest && known.kind !== 'load') return;
      size = grown;
      taken.set(e.local, known);
    });
    for (const local of taken.keys()) pending.delete(local);
    return taken.size === 0 ? value : substituteExpr(value, { locals: taken });
  };
  for (const stmt of block) {
    if (stmt.kind === 'let') {
      pending.set(stmt.local, take(stmt.value));
    } else if (stmt.kind === 'store' || stmt.kind === 'accumulate') {
      const value = take(stmt.value);
      flush();
      result.push(withValue(stmt, value));
    } else {
      if (bodyOf(stmt).length > 0 || stmt.kind === 'barrier' || stmt.kind === 'all_reduce') flush();
      result.push(stmt);
    }
  }
  flush();
  return result;
}

function sizeOf(expr: Expr): number {
  return childrenOf(expr).reduce((sum, child) => sum + sizeOf(child), 1);
}
