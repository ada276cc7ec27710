/**
 * Unroll-and-jam without the unrolling: moves a loop inwards, past the loops of its body. A register that lives across
 * becomes an array with one element per iteration.
 */
import { affine } from '../affine.ts';
import { denseBuffer } from '../builder.ts';
import type { Affine, Axis, Buffer, Expr, For, Kernel, Load, Stmt } from '../ir.ts';
import { axesOfRange, bodyOf, exprsOf, substituteStmts, visitExpr, visitStmts } from '../rewrite.ts';
import { isWhole, namesBeside, replaceLoops } from './find.ts';
import { requires } from './step-error.ts';
import { lockstepProblem } from './vectorize.ts';

interface JamOptions {
  /** Loops to move past, by axis; others are moved as they are. */
  readonly through: ReadonlySet<Axis>;
  /** How the moved loops are to be run. */
  readonly mode: 'serial' | 'unroll' | 'vectorize';
}

/**
 * for a { alloc r; S; for k { T }; U }  →  alloc r[E]; for a { S[r := r[a]] }; for k { for a { T[…] } }; for a { U[…] }
 *
 * Iterations of `a` must be independent but for the registers declared in its body, as those over axes of a result are.
 * A body without a loop to move past stays together, with its own registers. A loop whose bounds depend on `a`, or that is not
 * named in `through`, is moved whole.
 */
export function jam(kernel: Kernel, axis: string, options: JamOptions): Kernel {
  const name = namesBeside(kernel);
  return replaceLoops(kernel, axis, (loop) => new Jam(loop, options, name).run());
}

class Jam {
  readonly #loop: For;
  readonly #options: JamOptions;
  readonly #name: (wanted: string) => string;
  /** Registers that became arrays. */
  readonly #expanded = new Map<Buffer, Buffer>();

  constructor(loop: For, options: JamOptions, name: (wanted: string) => string) {
    requires(isWhole(loop), `only a whole loop can be moved inwards, not ${loop.axis.name}`);
    this.#loop = loop;
    this.#options = options;
    this.#name = name;
  }

  run(): readonly Stmt[] {
    return this.#distribute(this.#loop.body);
  }

  #distribute(body: readonly Stmt[]): readonly Stmt[] {
    const loops = body.filter((stmt) => stmt.kind === 'for');
    // Lanes hold no declarations: registers of a straight body become arrays, too.
    const declares = this.#options.mode === 'vectorize' && body.some((stmt) => stmt.kind === 'alloc');
    if (!loops.some((loop) => this.#passes(loop)) && !(declares && loops.length === 0))
      return [this.#wrap(body, loops.length === 0)];
    const allocs: Stmt[] = [];
    const result: Stmt[] = [];
    let together: Stmt[] = [];
    const flush = (): void => {
      if (together.length > 0) result.push(this.#wrap(together, true));
      together = [];
    };
    for (const stmt of body) {
      if (stmt.kind === 'alloc') {
        allocs.push({ kind: 'alloc', buffer: this.#expand(stmt.buffer) });
      } else if (stmt.kind === 'for') {
        flush();
        result.push(
          this.#passes(stmt) ? { ...stmt, body: this.#distribute(stmt.body) } : this.#wrap([stmt], true),
        );
      } else {
        together.push(stmt);
      }
    }
    checkLets(body);
    flush();
    return [...allocs, ...result];
  }

  #passes(stmt: For): boolean {
    return this.#options.through.has(stmt.axis) && !axesOfRange(stmt.range).has(this.#loop.axis);
  }

  #expand(buffer: Buffer): Buffer {
    const { name, dtype, shape, space } = buffer;
    const expanded = denseBuffer(name, dtype, [this.#loop.axis.extent, ...shape], space);
    this.#expanded.set(buffer, expanded);
    return expanded;
  }

  /** A loop around `body`, over a new axis where the statements do not keep the loop that was. */
  #wrap(body: readonly Stmt[], fresh: boolean): Stmt {
    const { axis } = this.#loop;
    const over: Axis = fresh ? { ...axis, name: this.#name(`${axis.name}_each`) } : axis;
    const moved = indexExpanded(body, this.#expanded, affine(axis));
    const renamed = fresh ? substituteStmts(moved, { axes: new Map([[axis, affine(over)]]) }) : moved;
    const { mode } = this.#options;
    const wrapped = { ...this.#loop, axis: over, mode, range: this.#loop.range, body: renamed };
    const problem = mode === 'vectorize' ? lockstepProblem(wrapped) : undefined;
    requires(problem === undefined, `${axis.name} cannot be vectorized: ${problem}`);
    return wrapped;
  }
}

/** Puts the new outermost index into every access of an expanded register. */
function indexExpanded(
  body: readonly Stmt[],
  expanded: ReadonlyMap<Buffer, Buffer>,
  place: Affine,
): readonly Stmt[] {
  const load = (e: Load): Expr => {
    const buffer = expanded.get(e.buffer);
    return buffer === undefined ? e : { ...e, buffer, index: [place, ...e.index] };
  };
  const indexed = (stmt: Stmt): Stmt => {
    if (stmt.kind === 'for' || stmt.kind === 'if') return { ...stmt, body: stmt.body.map(indexed) };
    if (stmt.kind !== 'store' && stmt.kind !== 'accumulate') return stmt;
    const buffer = expanded.get(stmt.buffer);
    return buffer === undefined ? stmt : { ...stmt, buffer, index: [place, ...stmt.index] };
  };
  return substituteStmts(body, { load }).map(indexed);
}

/** A local must not be read behind a loop that the moved loop is taken past: it has one value per iteration. */
function checkLets(body: readonly Stmt[]): void {
  const before = new Set<unknown>();
  const current = new Set<unknown>();
  const check = (stmt: Stmt): void => {
    for (const expr of exprsOf(stmt))
      visitExpr(expr, (e) => {
        requires(
          e.kind !== 'local' || !before.has(e.local),
          'a local lives across a loop that is moved past',
        );
      });
  };
  for (const stmt of body) {
    if (stmt.kind === 'for') for (const local of current) before.add(local);
    check(stmt);
    visitStmts(bodyOf(stmt), check);
    if (stmt.kind === 'let') current.add(stmt.local);
  }
}
