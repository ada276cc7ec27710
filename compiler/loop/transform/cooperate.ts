/** Several threads do together what one iteration of the bound loops does: loops inside are divided among them. */
import { identityOf } from '../arithmetic.ts';
import { allocatedIn, loadsOf, strideAlong, writesOf } from '../accesses.ts';
import { addAffine, affine, scaleAffine, subAffine } from '../affine.ts';
import type { Axis, Buffer, Combine, For, Kernel, Load, Quotient, Stmt, StmtOf, Write } from '../ir.ts';
import { batchAxis } from '../ir.ts';
import { quotient, serial, substituteStmts } from '../rewrite.ts';
import type { Binding } from '../bound.ts';
import { namesBeside } from './find.ts';
import { requires, StepError } from './step-error.ts';

export interface Cooperation {
  /** How many threads, a power of two. */
  readonly threads: number;
  readonly to: Binding;
  /** The loops that are divided among them. */
  readonly over: readonly string[];
}

/**
 * for a bind { alloc r; r = 0; for k in K { r op= f(k) }; for c in C { y[a, c] = g(r, c) }; z[a] = r }  →
 *
 * for a bind { for t in T bind {
 *   alloc r; r = 0; for k in ⌈(K - t)/T⌉ { r op= f(T·k + t) }
 *   all_reduce op r over t
 *   for c in ⌈(C - t)/T⌉ { y[a, T·c + t] = g(r, T·c + t) }; if t < 1 { z[a] = r }
 * } }
 *
 * Changes the order in which is added: each thread has every T-th point. What stands in no divided loop, each thread does for
 * itself; only the first one stores it.
 */
export function cooperate(kernel: Kernel, cooperation: Cooperation): Kernel {
  const { threads } = cooperation;
  requires(threads > 1 && Number.isInteger(Math.log2(threads)), `${threads} threads are no power of two`);
  return { ...kernel, body: new Cooperating(kernel, cooperation).bound(kernel.body) };
}

class Cooperating {
  readonly #cooperation: Cooperation;
  readonly #thread: Axis;
  readonly #name: (wanted: string) => string;
  readonly #outputs: ReadonlySet<Buffer>;
  /** What registers begin with, as long as nothing else was put into them. */
  readonly #begun = new Map<Buffer, number>();
  /** Registers that hold a thread's part only. */
  readonly #parts = new Map<Buffer, Combine>();

  constructor(kernel: Kernel, cooperation: Cooperation) {
    this.#cooperation = cooperation;
    this.#name = namesBeside(kernel);
    this.#thread = { name: this.#name('t'), extent: cooperation.threads };
    this.#outputs = new Set(kernel.outputs);
  }

  /** Down through the bound loops. */
  bound(body: readonly Stmt[]): readonly Stmt[] {
    const [only, more] = body;
    if (only?.kind === 'for' && more === undefined && typeof only.mode === 'object')
      return [{ ...only, body: this.bound(only.body) }];
    const divided = this.#block(body);
    this.#checkOutputs(divided);
    return [{ ...serial(this.#thread, divided), mode: { bind: this.#cooperation.to } }];
  }

  #block(body: readonly Stmt[]): readonly Stmt[] {
    // What comes last is for the first thread alone: it may store where others would still read.
    const last = body.findLastIndex((stmt) => stmt.kind !== 'let' && !isOutput(stmt));
    const result: Stmt[] = [];
    for (const stmt of body.slice(0, last + 1)) {
      result.push(...this.#joined(readsOf([stmt])));
      result.push(isOutput(stmt) ? this.#byFirst([stmt]) : this.#statement(stmt));
    }
    const end = body.slice(last + 1);
    if (end.length > 0) result.push(...this.#joined(readsOf(end)), this.#byFirst(end));
    return result;
  }

  #statement(stmt: Stmt): Stmt {
    switch (stmt.kind) {
      case 'let':
      case 'alloc':
        return stmt;
      case 'store':
        if (stmt.value.kind === 'literal') this.#begun.set(stmt.buffer, stmt.value.value);
        else this.#begun.delete(stmt.buffer);
        return stmt;
      case 'accumulate':
        requires(stmt.buffer.space === 'register', `${stmt.buffer.name} is accumulated outside of registers`);
        this.#begun.delete(stmt.buffer);
        return stmt;
      case 'for':
      case 'if':
        return this.#loop(stmt);
      case 'barrier':
      case 'all_reduce':
        throw new StepError('there is a barrier already');
      default:
        return stmt satisfies never;
    }
  }

  /** What only the first thread does. */
  #byFirst(body: readonly Stmt[]): Stmt {
    return { kind: 'if', conditions: [{ index: affine(this.#thread), extent: 1 }], body };
  }

  /** A loop that is divided, or that has such loops inside; or one that every thread runs for itself. */
  #loop(stmt: StmtOf<'for' | 'if'>): Stmt {
    const divided = this.#divided(stmt);
    if (divided !== undefined) return divided;
    for (const { buffer } of writesOf([stmt])) {
      requires(buffer.space !== 'global', `a loop that writes ${buffer.name} is not divided`);
      this.#begun.delete(buffer);
    }
    return stmt;
  }

  #accumulated(buffer: Buffer, combine: Combine): void {
    const { name, shape } = buffer;
    const before = this.#parts.get(buffer);
    requires(shape.length === 0, `${name} is an array`);
    requires(before === undefined || before === combine, `${name} is accumulated in two ways`);
    // Of a sum or product, each thread would count again what it begins with.
    const countsOnce = combine !== 'add' && combine !== 'mul';
    const identity = identityOf(combine, buffer.dtype);
    const fits = countsOnce ? this.#begun.has(buffer) : this.#begun.get(buffer) === identity;
    requires(fits, `${name} does not begin with ${identity}`);
    this.#parts.set(buffer, combine);
  }

  /** The statement with the loops that are named divided among the threads; undefined where there is none. */
  #divided(stmt: Stmt): Stmt | undefined {
    if (stmt.kind !== 'for' && stmt.kind !== 'if') return undefined;
    if (stmt.kind === 'for' && this.#cooperation.over.includes(stmt.axis.name)) {
      this.#inParts(stmt);
      return this.#stepping(stmt);
    }
    const body = stmt.body.map((child) => this.#divided(child) ?? child);
    const others = body.filter((child, i) => child === stmt.body[i]);
    if (others.length === body.length) return undefined;
    const written = others.flatMap((child) => writesOf([child]))[0];
    requires(written === undefined, `${written?.buffer.name} is written beside a divided loop`);
    return { ...stmt, body };
  }

  /** What a divided loop accumulates is a thread's part only. */
  #inParts(loop: For): void {
    const own = new Set(allocatedIn(loop.body));
    for (const stmt of writesOf([loop])) {
      if (stmt.buffer.space === 'global' || own.has(stmt.buffer)) continue;
      requires(stmt.kind === 'accumulate', `${stmt.buffer.name} is set in a divided loop`);
      this.#accumulated(stmt.buffer, stmt.combine);
    }
  }

  #stepping(loop: For): Stmt {
    const { threads } = this.#cooperation;
    const { axis, range, body } = loop;
    const extent = axis.extent === 'N' ? 'N' : Math.ceil(axis.extent / threads);
    const step: Axis = { name: this.#name(`${axis.name}_step`), extent };
    const place = addAffine(scaleAffine(step, threads), this.#thread);
    const from = range.from.map((q) => this.#ceiling(q));
    const to = range.to.map((q) => this.#ceiling(q === 'N' ? quotient(affine(batchAxis)) : q));
    return serial(step, substituteStmts(body, { axes: new Map([[axis, place]]) }), { from, to });
  }

  /** ⌈(⌊n/d⌋ - t)/T⌉ = ⌊(n + d·(T - 1 - t))/(d·T)⌋; without t where it makes no difference. */
  #ceiling({ numerator, divisor }: Quotient): Quotient {
    const { threads } = this.#cooperation;
    const value = Math.floor(numerator.constant / divisor);
    if (numerator.terms.length === 0 && value % threads === 0) return quotient(value / threads);
    const rest = scaleAffine(subAffine(threads - 1, this.#thread), divisor);
    return { numerator: addAffine(numerator, rest), divisor: divisor * threads };
  }

  /** From the parts of all threads to the whole, for those of the registers that are about to be read. */
  #joined(read: ReadonlySet<Buffer>): readonly Stmt[] {
    const parts = [...this.#parts].filter(([buffer]) => read.has(buffer));
    if (parts.length === 0) return [];
    for (const [register] of parts) {
      this.#parts.delete(register);
      this.#begun.delete(register);
    }
    const axis = this.#thread;
    return parts.map(([buffer, combine]): Stmt => ({ kind: 'all_reduce', buffer, combine, axis }));
  }

  /** What is stored may be read again only by the thread that stored it: in a loop that is divided in the same way. */
  #checkOutputs(body: readonly Stmt[]): void {
    const written = new Map<Buffer, number>();
    const along = ({ buffer, index }: Load | Write): number => strideAlong(buffer, index, this.#thread);
    for (const write of writesOf(body))
      if (write.kind === 'store' && this.#outputs.has(write.buffer)) written.set(write.buffer, along(write));
    for (const load of loadsOf(body)) {
      if (!written.has(load.buffer)) continue;
      const stride = along(load);
      const same = stride !== 0 && stride === written.get(load.buffer);
      requires(same, `${load.buffer.name} is read by another thread than it is stored by`);
    }
  }
}

const isOutput = (stmt: Stmt): boolean => stmt.kind === 'store' && stmt.buffer.space === 'global';

/** The registers that statements read, inside of them too. */
const readsOf = (body: readonly Stmt[]): ReadonlySet<Buffer> =>
  new Set(
    loadsOf(body)
      .map(({ buffer }) => buffer)
      .filter(({ space }) => space === 'register'),
  );
