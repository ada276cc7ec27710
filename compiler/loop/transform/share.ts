import { dtypeOf } from '../builder.ts';
import type { Buffer, Expr, Kernel, Local, Stmt } from '../ir.ts';
import { exprsOf, mapBlocks, mapChildren, visitExpr, visitStmts } from '../rewrite.ts';
import { Keys } from './keys.ts';

/**
 * s(e); t(e)  →  let v = e; s(v); t(v)   within a run of statements without a loop.
 *
 * For every expression that is not trivial and stands there more than once, loads above all. What the kernel writes is
 * never shared: its value changes. An input that shares memory with an output is read before that is written, because the
 * first of equal loads stands before the store of its own element.
 */
export function share(kernel: Kernel): Kernel {
  const written = new Set<Buffer>();
  visitStmts(kernel.body, (stmt) => {
    if (stmt.kind === 'store' || stmt.kind === 'accumulate') written.add(stmt.buffer);
  });
  return { ...kernel, body: mapBlocks(kernel.body, (block) => shareBlock(block, written)) };
}

function shareBlock(block: readonly Stmt[], written: ReadonlySet<Buffer>): readonly Stmt[] {
  const result: Stmt[] = [];
  let run: Stmt[] = [];
  const flush = (): void => {
    result.push(...shareRun(run, written));
    run = [];
  };
  for (const stmt of block) {
    if (stmt.kind === 'for' || stmt.kind === 'if' || stmt.kind === 'barrier') {
      flush();
      result.push(stmt);
    } else {
      run.push(stmt);
    }
  }
  flush();
  return result;
}

function shareRun(run: readonly Stmt[], written: ReadonlySet<Buffer>): readonly Stmt[] {
  const keys = new Keys();
  const counts = new Map<string, number>();
  for (const stmt of run) for (const expr of exprsOf(stmt)) countTopDown(expr, keys, counts, written);
  const locals = new Map<string, Local>();
  const named = new Map<string, number>();
  const result: Stmt[] = [];
  const replace = (expr: Expr): Expr => {
    const key = keys.of(expr);
    const known = locals.get(key);
    if (known !== undefined) return { kind: 'local', local: known };
    const mapped = mapChildren(expr, replace);
    if ((counts.get(key) ?? 0) < 2 || !isShareable(expr, written)) return mapped;
    const local: Local = { name: nameFor(expr, named), dtype: dtypeOf(expr) };
    locals.set(key, local);
    result.push({ kind: 'let', local, value: mapped });
    return { kind: 'local', local };
  };
  for (const stmt of run) {
    if (stmt.kind === 'let') {
      const key = keys.of(stmt.value);
      const repeated = (counts.get(key) ?? 0) > 1 && isShareable(stmt.value, written) && !locals.has(key);
      const value = repeated ? mapChildren(stmt.value, replace) : replace(stmt.value);
      if (repeated) locals.set(key, stmt.local);
      result.push({ ...stmt, value });
    } else if (stmt.kind === 'store' || stmt.kind === 'accumulate') {
      result.push({ ...stmt, value: replace(stmt.value) });
    } else {
      result.push(stmt);
    }
  }
  return result;
}

/** Counts an expression each time it would be computed: what is inside a shared one counts once. */
function countTopDown(
  expr: Expr,
  keys: Keys,
  counts: Map<string, number>,
  written: ReadonlySet<Buffer>,
): void {
  const key = keys.of(expr);
  const count = (counts.get(key) ?? 0) + 1;
  counts.set(key, count);
  if (count > 1 && isShareable(expr, written)) return;
  mapChildren(expr, (child) => {
    countTopDown(child, keys, counts, written);
    return child;
  });
}

function isShareable(expr: Expr, written: ReadonlySet<Buffer>): boolean {
  if (expr.kind === 'literal' || expr.kind === 'local' || expr.kind === 'batch' || expr.kind === 'index')
    return false;
  let pure = true;
  visitExpr(expr, (e) => {
    if (e.kind === 'load' && written.has(e.buffer)) pure = false;
  });
  return pure;
}

/** `x0`, `x1` for elements of x; the operation's name otherwise. */
function nameFor(expr: Expr, named: Map<string, number>): string {
  const stem =
    expr.kind === 'load' ? expr.buffer.name : expr.kind === 'unary' || expr.kind === 'binary' ? expr.op : 'v';
  const count = named.get(stem) ?? 0;
  named.set(stem, count + 1);
  return `${stem}${/\d$/.test(stem) ? '_' : ''}${count}`;
}
