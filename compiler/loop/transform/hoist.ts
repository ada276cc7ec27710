import { writesOf } from '../accesses.ts';
import { dtypeOf } from '../builder.ts';
import type { Affine, Axis, Buffer, Expr, For, Kernel, Local, Stmt } from '../ir.ts';
import { childrenOf, mapChildren, visitStmts, withBody, withValue } from '../rewrite.ts';
import { isWhole } from './find.ts';
import { Keys, stemOf } from './keys.ts';
import { constantBounds } from './unroll.ts';

/**
 * for a { s(e) }  →  let v = e; for a { s(v) }   where e does not depend on a.
 *
 * Moves loads and what is computed of them out of loops that surely run, as far out as they can go; never out of an `if`,
 * never a load of what the kernel writes. Arithmetic on literals alone stays.
 */
export function hoist(kernel: Kernel): Kernel {
  const written = new Set(writesOf(kernel.body).map(({ buffer }) => buffer));
  const names = new Map<string, number>();
  return { ...kernel, body: hoistBody(kernel.body, { written, names, bound: new Map() }, 0) };
}

interface Context {
  readonly written: ReadonlySet<Buffer>;
  readonly names: Map<string, number>;
  /** Inside how many loops a local or axis has its value. */
  readonly bound: Map<Local | Axis, number>;
}

/** Inner loops first, so that what leaves an inner loop can leave the next one as well. */
function hoistBody(body: readonly Stmt[], context: Context, depth: number): readonly Stmt[] {
  return body.flatMap((stmt): readonly Stmt[] => {
    if (stmt.kind === 'let') context.bound.set(stmt.local, depth);
    if (stmt.kind === 'if') return [withBody(stmt, hoistBody(stmt.body, context, depth))];
    if (stmt.kind !== 'for') return [stmt];
    context.bound.set(stmt.axis, depth + 1);
    // Nothing leaves lanes by itself: loading and spreading a scalar over them is one instruction.
    if (stmt.mode === 'vectorize') {
      visitStmts(stmt.body, (inside) => {
        if (inside.kind === 'let') context.bound.set(inside.local, depth + 1);
        if (inside.kind === 'for') context.bound.set(inside.axis, depth + 1);
      });
      return [stmt];
    }
    const loop: For = withBody(stmt, hoistBody(stmt.body, context, depth + 1));
    // Loops over workgroups and threads have nothing but one another around them.
    if (typeof stmt.mode === 'object') return [loop];
    return surelyRuns(loop) ? new Hoisting(loop, context, depth + 1).run() : [loop];
  });
}

function surelyRuns(loop: For): boolean {
  if (isWhole(loop)) return true;
  const bounds = constantBounds(loop);
  return bounds !== undefined && bounds.from < bounds.to;
}

/** `varies` in the loop; `fixed`, and worth a local because it reads something; or `free`, made of literals. */
type Dependence = 'varies' | 'fixed' | 'free';

class Hoisting {
  readonly #loop: For;
  readonly #context: Context;
  readonly #depth: number;
  readonly #dependences = new Map<Expr, Dependence>();
  readonly #keys = new Keys();
  readonly #locals = new Map<number, Local>();
  readonly #moved: Stmt[] = [];

  constructor(loop: For, context: Context, depth: number) {
    this.#loop = loop;
    this.#context = context;
    this.#depth = depth;
  }

  run(): readonly Stmt[] {
    const kept = this.#kept(this.#loop.body);
    return [...this.#moved, { ...this.#loop, body: kept }];
  }

  #kept(body: readonly Stmt[]): readonly Stmt[] {
    const kept: Stmt[] = [];
    for (const stmt of body) {
      if (stmt.kind === 'let' && this.#dependence(stmt.value) === 'fixed') {
        this.#context.bound.set(stmt.local, this.#depth - 1);
        this.#moved.push(stmt);
      } else if (stmt.kind === 'let' || stmt.kind === 'store' || stmt.kind === 'accumulate') {
        kept.push(withValue(stmt, this.#replace(stmt.value)));
      } else if (stmt.kind === 'for' && stmt.mode === 'vectorize') {
        kept.push({ ...stmt, body: this.#kept(stmt.body) });
      } else {
        kept.push(stmt);
      }
    }
    return kept;
  }

  #dependence(expr: Expr): Dependence {
    const known = this.#dependences.get(expr);
    if (known !== undefined) return known;
    const dependence = this.#dependenceOf(expr);
    this.#dependences.set(expr, dependence);
    return dependence;
  }

  #dependenceOf(expr: Expr): Dependence {
    let below: Dependence = 'free';
    for (const child of childrenOf(expr)) {
      const dependence = this.#dependence(child);
      if (dependence === 'varies') return 'varies';
      if (dependence === 'fixed') below = 'fixed';
    }
    switch (expr.kind) {
      case 'index':
        return this.#variesWith(expr.index) ? 'varies' : 'free';
      case 'local':
        return this.#changes(expr.local) ? 'varies' : 'fixed';
      case 'load': {
        if (this.#context.written.has(expr.buffer)) return 'varies';
        return expr.index.some((place) => !('clamped' in place) && this.#variesWith(place))
          ? 'varies'
          : 'fixed';
      }
      default:
        return below;
    }
  }

  #variesWith(index: Affine): boolean {
    return index.terms.some(({ axis }) => this.#changes(axis));
  }

  /** Whether it has another value in each iteration. */
  #changes(bound: Local | Axis): boolean {
    return (this.#context.bound.get(bound) ?? 0) >= this.#depth;
  }

  #replace(expr: Expr): Expr {
    if (expr.kind === 'local') return expr;
    if (this.#dependence(expr) !== 'fixed') return mapChildren(expr, (child) => this.#replace(child));
    const key = this.#keys.of(expr);
    const known = this.#locals.get(key);
    if (known !== undefined) return { kind: 'local', local: known };
    const local = { name: this.#nameFor(expr), dtype: dtypeOf(expr) };
    this.#locals.set(key, local);
    this.#context.bound.set(local, this.#depth - 1);
    this.#moved.push({ kind: 'let', local, value: expr });
    return { kind: 'local', local };
  }

  #nameFor(expr: Expr): string {
    const { names } = this.#context;
    const stem = stemOf(expr);
    const count = names.get(stem) ?? 0;
    names.set(stem, count + 1);
    return `${stem}_fixed${count === 0 ? '' : count}`;
  }
}
