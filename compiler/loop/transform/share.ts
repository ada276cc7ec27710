import { loadsOf, writesOf } from '../accesses.ts';
import { dtypeOf } from '../builder.ts';
import type { Buffer, Expr, Kernel, Local, Stmt } from '../ir.ts';
import { childrenOf, exprsOf, mapChildren, withValue } from '../rewrite.ts';
import { Keys, stemOf } from './keys.ts';

/**
 * s(e); t(e)  →  let v = e; s(v); t(v)   within a run of statements without a loop.
 *
 * For every expression that reads memory and stands there more than once. What the kernel writes is never shared: its value
 * changes (scratch changes only where it is written). An input that shares memory with an output is read before that is written,
 * because the first of equal loads stands before the store of its own element.
 */
export function share(kernel: Kernel): Kernel {
  const written = writtenIn(kernel.body);
  return { ...kernel, body: shareBlock(kernel.body, written, false) };
}

const writtenIn = (body: readonly Stmt[]): ReadonlySet<Buffer> =>
  new Set(writesOf(body).map(({ buffer }) => buffer));

/** In `lanes` single elements stay where they are: to load one and spread it over the lanes is one instruction. */
function shareBlock(block: readonly Stmt[], written: ReadonlySet<Buffer>, lanes: boolean): readonly Stmt[] {
  const result: Stmt[] = [];
  let run: Stmt[] = [];
  const flush = (): void => {
    // Scratch is nobody else's memory: it changes only where the run itself writes.
    const here = writtenIn(run);
    const changing = new Set([...written].filter((b) => b.space !== 'scratch' || here.has(b)));
    result.push(...(readsTwice(run, changing) ? new Run(run, changing, lanes).shared() : run));
    run = [];
  };
  for (const stmt of block) {
    const waits = stmt.kind === 'barrier' || stmt.kind === 'all_reduce';
    if (stmt.kind === 'for' || stmt.kind === 'if' || waits) {
      flush();
      if (waits) result.push(stmt);
      else
        result.push({
          ...stmt,
          body: shareBlock(stmt.body, written, lanes || (stmt.kind === 'for' && stmt.mode === 'vectorize')),
        });
    } else {
      run.push(stmt);
    }
  }
  flush();
  return result;
}

/** Whether any buffer is read at two places: else nothing that is worth a name is there twice. */
function readsTwice(run: readonly Stmt[], written: ReadonlySet<Buffer>): boolean {
  const read = loadsOf(run)
    .map(({ buffer }) => buffer)
    .filter((buffer) => !written.has(buffer));
  return new Set(read).size < read.length;
}

/** Statements one after another, without loops. */
class Run {
  readonly #stmts: readonly Stmt[];
  readonly #written: ReadonlySet<Buffer>;
  readonly #lanes: boolean;
  readonly #keys = new Keys();
  readonly #pure = new Map<number, boolean>();
  /** How often each expression would be computed: what is inside a shared one counts once. */
  readonly #counts = new Map<number, number>();
  readonly #locals = new Map<number, Local>();
  readonly #named = new Map<string, number>();
  readonly #result: Stmt[] = [];

  constructor(stmts: readonly Stmt[], written: ReadonlySet<Buffer>, lanes: boolean) {
    this.#lanes = lanes;
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
      case 'load':
        return !this.#lanes && this.#isPure(expr);
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
      this.#result.push(withValue(stmt, this.#replace(stmt.value)));
    } else if (stmt.kind === 'let') {
      const key = this.#keys.of(stmt.value);
      const first = this.#isRepeated(stmt.value) && !this.#locals.has(key);
      const value = first
        ? mapChildren(stmt.value, (child) => this.#replace(child))
        : this.#replace(stmt.value);
      if (first) this.#locals.set(key, stmt.local);
      this.#result.push(withValue(stmt, value));
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
