import { dtypeOf } from '../builder.ts';
import type { Axis, Buffer, Expr, Kernel, Local, Stmt } from '../ir.ts';
import { axesOfExpr, mapChildren, visitExpr, visitStmts } from '../rewrite.ts';
import type { For } from './find.ts';
import { isWhole } from './find.ts';
import { Keys } from './keys.ts';
import { constantBounds } from './unroll.ts';

/**
 * for a { s(e) }  →  let v = e; for a { s(v) }   where e does not depend on a.
 *
 * Moves loads and what is computed of them out of loops that surely run, as far out as they can go; never out of an `if`,
 * never a load of what the kernel writes. Arithmetic on literals and locals alone stays.
 */
export function hoist(kernel: Kernel): Kernel {
  const written = new Set<Buffer>();
  visitStmts(kernel.body, (stmt) => {
    if (stmt.kind === 'store' || stmt.kind === 'accumulate') written.add(stmt.buffer);
  });
  const names = new Map<string, number>();
  return { ...kernel, body: hoistBody(kernel.body, { written, names }) };
}

interface Context {
  readonly written: ReadonlySet<Buffer>;
  readonly names: Map<string, number>;
}

/** Inner loops first, so that what leaves an inner loop can leave the next one as well. */
function hoistBody(body: readonly Stmt[], context: Context): readonly Stmt[] {
  return body.flatMap((stmt): readonly Stmt[] => {
    if (stmt.kind === 'if') return [{ ...stmt, body: hoistBody(stmt.body, context) }];
    if (stmt.kind !== 'for') return [stmt];
    const loop: For = { ...stmt, body: hoistBody(stmt.body, context) };
    return surelyRuns(loop) ? hoistFrom(loop, context) : [loop];
  });
}

function surelyRuns(loop: For): boolean {
  if (isWhole(loop)) return true;
  const bounds = constantBounds(loop);
  return bounds !== undefined && bounds.from < bounds.to;
}

function hoistFrom(loop: For, context: Context): readonly Stmt[] {
  const inside = new Set<Local>();
  const inner = new Set<Axis>([loop.axis]);
  visitStmts(loop.body, (stmt) => {
    if (stmt.kind === 'let') inside.add(stmt.local);
    if (stmt.kind === 'for') inner.add(stmt.axis);
  });
  const keys = new Keys();
  const hoisted = new Map<string, { local: Local; value: Expr }>();
  const moved: Stmt[] = [];
  const replace = (expr: Expr): Expr => {
    if (!isInvariant(expr, inner, inside, context.written)) return mapChildren(expr, replace);
    const key = keys.of(expr);
    const known = hoisted.get(key);
    if (known !== undefined) return { kind: 'local', local: known.local };
    const local = { name: nameFor(expr, context.names), dtype: dtypeOf(expr) };
    hoisted.set(key, { local, value: expr });
    moved.push({ kind: 'let', local, value: expr });
    return { kind: 'local', local };
  };
  const kept: Stmt[] = [];
  for (const stmt of loop.body) {
    if (stmt.kind === 'let' && isInvariant(stmt.value, inner, inside, context.written)) {
      inside.delete(stmt.local);
      moved.push(stmt);
    } else if (stmt.kind === 'let' || stmt.kind === 'store' || stmt.kind === 'accumulate') {
      kept.push({ ...stmt, value: replace(stmt.value) });
    } else {
      kept.push(stmt);
    }
  }
  return [...moved, { ...loop, body: kept }];
}

/** Worth moving (it loads, or a local of it was moved) and the same in every iteration. */
function isInvariant(
  expr: Expr,
  axes: ReadonlySet<Axis>,
  inside: ReadonlySet<Local>,
  written: ReadonlySet<Buffer>,
): boolean {
  if (expr.kind === 'local') return false;
  for (const axis of axesOfExpr(expr)) if (axes.has(axis)) return false;
  let [stays, loads] = [true, false];
  visitExpr(expr, (e) => {
    if (e.kind === 'local' && inside.has(e.local)) stays = false;
    if (e.kind === 'load' && written.has(e.buffer)) stays = false;
    if (e.kind === 'load' || e.kind === 'local') loads = true;
  });
  return stays && loads;
}

function nameFor(expr: Expr, names: Map<string, number>): string {
  const stem =
    expr.kind === 'load' ? expr.buffer.name : expr.kind === 'unary' || expr.kind === 'binary' ? expr.op : 'v';
  const name = `${stem}_of`;
  const count = names.get(name) ?? 0;
  names.set(name, count + 1);
  return count === 0 ? name : `${name}${count}`;
}
