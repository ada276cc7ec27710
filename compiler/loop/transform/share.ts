import { dtypeOf } from '../builder.ts';
import type { Buffer, Expr, Kernel, Local, Stmt } from '../ir.ts';
import { childrenOf, exprsOf, mapBlocks, mapChildren, visitExpr, visitStmts } from '../rewrite.ts';
import { Keys, stemOf } from './keys.ts';

/**
 * s(e); t(e)  →  let v = e; s(v); t(v)   within a run of statements without a loop.
 *
 * For every expression that reads memory and stands there more than once. What the kernel writes is
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
    result.push(...(readsTwice(run, written) ? new Run(run, written).shared() : run));
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

/** Whether any buffer is read at two places: else nothing that is worth a name is there twice. */
function readsTwice(run: readonly Stmt[], written: ReadonlySet<Buffer>): boolean {
  const read = new Set<Buffer>();
  let twice = false;
  for (const stmt of run)
    for (const expr of exprsOf(stmt))
      visitExpr(expr, (e) => {
        if (e.kind !== 'load' || written.has(e.buffer)) return;
        twice ||= read.has(e.buffer);
        read.add(e.buffer);
      });
  return twice;
}

/** Statements one after another, without loops. */
class Run {
  readonly #stmts: readonly Stmt[];
  readonly #written: ReadonlySet<Buffer>;
  readonly #keys = new Keys();
  readonly #pure = new Map<number, boolean>();
  /** How often each expression would be computed: what is inside a shared one counts once. */
  readonly #counts = new Map<number, number>();
  readonly #locals = new Map<number, Local>();
  readonly #named = new Map<string, number>();
  readonly #result: Stmt[] = [];

  constructor(stmts: readonly Stmt[], written: ReadonlySet<Buffer>) {
    this.#stmts = stmts;
    this.#written = written;
  }

  shared(): readonly Stmt[] {
    for (const stmt of this.#stmts) for (const expr of exprsOf(stmt)) this.#count(expr);
    for (const stmt of this.#stmts) this.#statement(stmt);
    return this.#result;
  }

  #count(expr: Expr): void {
    const key = this.#keys.of(expr);
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    if (count > 1 && this.#isShareable(expr)) return;
    for (const child of childrenOf(expr)) this.#count(child);
  }

  #isShareable(expr: Expr): boolean {
    switch (expr.kind) {
      case 'literal':
      case 'local':
      case 'batch':
      case 'index':
        return false;
      default:
        return this.#isPure(expr);
    }
  }

  #isPure(expr: Expr): boolean {
    const key = this.#keys.of(expr);
    const known = this.#pure.get(key);
    if (known !== undefined) return known;
    const own = expr.kind !== 'load' || !this.#written.has(expr.buffer);
    const pure = own && childrenOf(expr).every((child) => this.#isPure(child));
    this.#pure.set(key, pure);
    return pure;
  }

  #isRepeated(expr: Expr): boolean {
    return (this.#counts.get(this.#keys.of(expr)) ?? 0) > 1 && this.#isShareable(expr);
  }

  #statement(stmt: Stmt): void {
    if (stmt.kind === 'store' || stmt.kind === 'accumulate') {
      this.#result.push({ ...stmt, value: this.#replace(stmt.value) });
    } else if (stmt.kind === 'let') {
      const key = this.#keys.of(stmt.value);
      const first = this.#isRepeated(stmt.value) && !this.#locals.has(key);
      const value = first
        ? mapChildren(stmt.value, (child) => this.#replace(child))
        : this.#replace(stmt.value);
      if (first) this.#locals.set(key, stmt.local);
      this.#result.push({ ...stmt, value });
    } else {
      this.#result.push(stmt);
    }
  }

  #replace(expr: Expr): Expr {
    const key = this.#keys.of(expr);
    const known = this.#locals.get(key);
    if (known !== undefined) return { kind: 'local', local: known };
    const mapped = mapChildren(expr, (child) => this.#replace(child));
    if (!this.#isRepeated(expr)) return mapped;
    const local: Local = { name: this.#nameFor(expr), dtype: dtypeOf(expr) };
    this.#locals.set(key, local);
    this.#result.push({ kind: 'let', local, value: mapped });
    return { kind: 'local', local };
  }

  /** `x0`, `x1` for elements of x. */
  #nameFor(expr: Expr): string {
    const stem = stemOf(expr);
    const count = this.#named.get(stem) ?? 0;
    this.#named.set(stem, count + 1);
    return `${stem}${/\d$/.test(stem) ? '_' : ''}${count}`;
  }
}
