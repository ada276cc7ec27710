import { append } from '../../base/multimap.ts';
import { strideAlong } from '../accesses.ts';
import { affine, isAffine, mentions, sameAffine } from '../affine.ts';
import type { Affine, Axis, Buffer, Expr, For, Index, Kernel, Local, Stmt } from '../ir.ts';
import { childrenOf, exprsOf, visitExpr, visitStmts } from '../rewrite.ts';
import { isWhole, replaceLoops } from './find.ts';
import { requires } from './step-error.ts';

/** Lanes of a vector of 32-bit elements. */
export const lanes = 4;

/**
 * for a in 4 { S }  →  for a in 4 vectorize { S }
 *
 * The iterations may run in lockstep, each statement for all lanes before the next one: see `lockstepProblem`.
 */
export function vectorize(kernel: Kernel, axis: string): Kernel {
  return replaceLoops(kernel, axis, (loop) => {
    const marked = { ...loop, mode: 'vectorize' } as const;
    const problem = lockstepProblem(marked);
    requires(problem === undefined, `${axis} cannot be vectorized: ${problem}`);
    return [marked];
  });
}

/**
 * Why a loop cannot run in lockstep; undefined where it can. It has four iterations of straight-line statements (and of loops
 * that are still to be written out, and conditions that all lanes share); every write goes to its own place in each lane; what
 * is written is read at that place only; registers are indexed with the lane last; nothing is read at a computed place that
 * differs between lanes.
 */
export function lockstepProblem(loop: For): string | undefined {
  if (loop.axis.extent !== lanes || !isWhole(loop)) return `it has not ${lanes} iterations`;
  return new Lockstep(loop).problem();
}

class Lockstep {
  readonly #loop: For;
  readonly #axis: Axis;
  /** Locals with another value in each lane. */
  readonly #varying = new Set<Local>();
  readonly #known = new Map<Expr, boolean>();
  readonly #writes = new Map<Buffer, (readonly Affine[])[]>();
  #problem: string | undefined;

  constructor(loop: For) {
    this.#loop = loop;
    this.#axis = loop.axis;
  }

  problem(): string | undefined {
    visitStmts(this.#loop.body, (stmt) => this.#statement(stmt));
    visitStmts(this.#loop.body, (stmt) => {
      for (const expr of exprsOf(stmt)) visitExpr(expr, (e) => this.#read(e));
    });
    return this.#problem;
  }

  #refuse(problem: string): void {
    this.#problem ??= problem;
  }

  #statement(stmt: Stmt): void {
    switch (stmt.kind) {
      case 'for':
        if (stmt.mode !== 'unroll') this.#refuse(`the loop over ${stmt.axis.name} is inside`);
        return;
      case 'if':
        if (stmt.conditions.some(({ index }) => mentions(index, this.#axis)))
          this.#refuse('the lanes differ in what they do');
        return;
      case 'alloc':
      case 'barrier':
      case 'all_reduce':
        return this.#refuse(`there is ${stmt.kind} inside`);
      case 'let':
        this.#expr(stmt.value);
        if (this.#varies(stmt.value)) this.#varying.add(stmt.local);
        return;
      case 'store':
      case 'accumulate':
        this.#expr(stmt.value);
        return this.#write(stmt.buffer, stmt.index);
      default:
        return stmt satisfies never;
    }
  }

  #write(buffer: Buffer, index: readonly Affine[]): void {
    if (buffer.space === 'register') {
      if (!this.#endsWithLane(index)) this.#refuse(`${buffer.name} is shared by the lanes`);
    } else if (strideAlong(buffer, index, this.#axis) === 0) {
      this.#refuse(`all lanes write one element of ${buffer.name}`);
    }
    append(this.#writes, buffer, index);
  }

  #endsWithLane(index: readonly Index[]): boolean {
    const last = index.at(-1);
    const others = index.slice(0, -1);
    return (
      last !== undefined &&
      isAffine(last) &&
      sameAffine(last, affine(this.#axis)) &&
      !others.some((place) => isAffine(place) && mentions(place, this.#axis))
    );
  }

  /** Whether a value differs between the lanes. */
  #varies(expr: Expr): boolean {
    let varies = this.#known.get(expr);
    if (varies !== undefined) return varies;
    const moves = (index: Affine): boolean => mentions(index, this.#axis);
    varies = childrenOf(expr).some((child) => this.#varies(child));
    if (expr.kind === 'local') varies ||= this.#varying.has(expr.local);
    if (expr.kind === 'index') varies ||= moves(expr.index);
    if (expr.kind === 'load') varies ||= expr.index.some((place) => !('clamped' in place) && moves(place));
    this.#known.set(expr, varies);
    return varies;
  }

  #expr(expr: Expr): void {
    visitExpr(expr, (e) => {
      if (!this.#varies(e)) return;
      if (e.kind === 'load') {
        if (e.buffer.space === 'register' && !this.#endsWithLane(e.index))
          this.#refuse(`${e.buffer.name} is not indexed with the lane last`);
        if (e.index.some((place) => 'clamped' in place))
          this.#refuse(`${e.buffer.name} is read at a computed place`);
      }
      if (!hasVectorForm(e)) this.#refuse(`there is no vector form of ${'op' in e ? e.op : e.kind}`);
    });
  }

  /** What is written inside may be read only where the same lane writes it. */
  #read(e: Expr): void {
    if (e.kind !== 'load') return;
    const written = this.#writes.get(e.buffer);
    if (written === undefined || e.buffer.space === 'register') return;
    const same = written.some((index) =>
      e.index.every((place, i) => !('clamped' in place) && sameAffine(place, index[i]!)),
    );
    if (!same) this.#refuse(`${e.buffer.name} is read where another lane may write it`);
  }
}

/** Operations that differ between lanes and that SIMD has, or that are made of such. */
function hasVectorForm(e: Expr): boolean {
  switch (e.kind) {
    case 'binary':
      return e.dtype === 'f32' ? e.op !== 'rem' : e.op !== 'div' && e.op !== 'rem' && e.dtype !== 'u8';
    case 'unary':
      return (
        e.dtype === 'f32' || e.dtype === 'bool' || ((e.op === 'neg' || e.op === 'abs') && e.dtype !== 'u8')
      );
    default:
      return true;
  }
}
