/** What every kernel must satisfy, after lowering and after each schedule step. */
import { invariant } from '../base/invariant.ts';
import type { DType } from '../base/types.ts';
import { boundProblems } from './verify-bound.ts';
import { dtypeOf } from './builder.ts';
import { batchAxis } from './ir.ts';
import type { Affine, Axis, Buffer, Condition, Expr, For, Index, Kernel, Local, Stmt } from './ir.ts';
import type { LoopFact } from './prove.ts';
import { provablyInside } from './prove.ts';
import { axesOfRange, childrenOf } from './rewrite.ts';
import { hasParallel } from './transform/parallel.ts';
import { lockstepProblem } from './transform/vectorize.ts';

/** Throws an InvariantError that lists everything wrong with the kernel. */
export function verifyKernel(kernel: Kernel): void {
  const problems = problemsOf(kernel);
  invariant(problems.length === 0, `kernel ${kernel.name}: ${problems.join('; ')}`);
}

/**
 * Axes are bound by loops and locals and buffers declared where they are used; dtypes agree; every index of a global
 * buffer is provably inside; every output is written and no input is; loops that are bound have the form of `bound.ts`.
 */
export function problemsOf(kernel: Kernel): readonly string[] {
  const verifier = new Verifier(kernel);
  verifier.block(kernel.body, { loops: [], conditions: [], locals: new Set(), buffers: new Set() });
  for (const output of kernel.outputs)
    if (!verifier.written.has(output)) verifier.problems.add(`output ${output.name} is never written`);
  return [...verifier.problems, ...boundProblems(kernel)];
}

interface Scope {
  readonly loops: readonly LoopFact[];
  readonly conditions: readonly Condition[];
  readonly locals: Set<Local>;
  readonly buffers: Set<Buffer>;
}

class Verifier {
  readonly problems = new Set<string>();
  readonly written = new Set<Buffer>();
  readonly #inputs: ReadonlySet<Buffer>;
  readonly #operands: ReadonlySet<Buffer>;

  constructor({ inputs, outputs }: Kernel) {
    this.#inputs = new Set(inputs);
    this.#operands = new Set([...inputs, ...outputs]);
    for (const buffer of this.#operands) {
      this.#require(buffer.space === 'global', `operand ${buffer.name} is not global`);
      this.#stored(buffer);
    }
  }

  #require(holds: boolean, problem: string): void {
    if (!holds) this.problems.add(problem);
  }

  #stored({ name, dtype, space, stored }: Buffer): void {
    this.#require(stored === undefined || (dtype === 'f32' && space === 'global'), `${name} is no f16`);
  }

  block(body: readonly Stmt[], outer: Scope): void {
    const scope = { ...outer, locals: new Set(outer.locals), buffers: new Set(outer.buffers) };
    for (const stmt of body) this.#statement(stmt, scope);
  }

  #statement(stmt: Stmt, scope: Scope): void {
    switch (stmt.kind) {
      case 'for': {
        const { axis, range } = stmt;
        for (const used of axesOfRange(range)) this.#axis(used, scope);
        this.#require(!scope.loops.some((loop) => loop.axis === axis), `${axis.name} is bound twice`);
        this.#mode(stmt);
        return this.block(stmt.body, { ...scope, loops: [...scope.loops, { axis, range }] });
      }
      case 'if':
        for (const { index } of stmt.conditions) this.#affine(index, scope);
        return this.block(stmt.body, { ...scope, conditions: [...scope.conditions, ...stmt.conditions] });
      case 'let':
        this.#typed(stmt.value, stmt.local.dtype, `local ${stmt.local.name}`, scope);
        scope.locals.add(stmt.local);
        return;
      case 'alloc':
        this.#require(stmt.buffer.space !== 'global', `${stmt.buffer.name} is allocated but global`);
        this.#stored(stmt.buffer);
        scope.buffers.add(stmt.buffer);
        return;
      case 'store':
      case 'accumulate':
        this.#access(stmt.buffer, stmt.index, scope);
        this.#require(!this.#inputs.has(stmt.buffer), `input ${stmt.buffer.name} is written`);
        this.written.add(stmt.buffer);
        return this.#typed(stmt.value, stmt.buffer.dtype, `what is written to ${stmt.buffer.name}`, scope);
      case 'barrier':
        return;
      case 'all_reduce': {
        const { buffer, axis } = stmt;
        this.#axis(axis, scope);
        this.#access(buffer, [], scope);
        return this.#require(buffer.space === 'register', `${buffer.name} is reduced, but not in registers`);
      }
      default:
        return stmt satisfies never;
    }
  }

  #mode(loop: For): void {
    const problem = loop.mode === 'vectorize' ? lockstepProblem(loop) : undefined;
    this.#require(problem === undefined, `${loop.axis.name} cannot be vectorized: ${problem}`);
    if (loop.mode === 'parallel')
      this.#require(!hasParallel(loop.body), `parallel loops are nested in ${loop.axis.name}`);
  }

  #axis(axis: Axis, scope: Scope): void {
    this.#require(
      axis === batchAxis || scope.loops.some((loop) => loop.axis === axis),
      `axis ${axis.name} is used outside of its loop`,
    );
  }

  #affine(index: Affine, scope: Scope): void {
    for (const { axis } of index.terms) this.#axis(axis, scope);
    this.#require(Number.isInteger(index.constant), 'an index is not a whole number');
  }

  #access(buffer: Buffer, index: readonly Index[], scope: Scope): void {
    const { name, shape } = buffer;
    this.#require(
      this.#operands.has(buffer) || scope.buffers.has(buffer),
      `${name} is used before it is declared`,
    );
    this.#require(index.length === shape.length, `${name} has ${shape.length} axes, not ${index.length}`);
    index.forEach((place, i) => {
      const extent = shape[i];
      if ('clamped' in place) return this.#typed(place.clamped, 'i32', `a computed index of ${name}`, scope);
      this.#affine(place, scope);
      if (extent === undefined || buffer.space !== 'global') return;
      this.#require(provablyInside(place, extent, scope), `index ${i} of ${name} may leave 0..${extent}`);
    });
  }

  #typed(expr: Expr, dtype: DType, what: string, scope: Scope): void {
    this.#require(dtypeOf(expr) === dtype, `${what} is ${dtypeOf(expr)} instead of ${dtype}`);
    this.#expr(expr, scope);
  }

  #expr(expr: Expr, scope: Scope): void {
    if (expr.kind === 'load') return this.#access(expr.buffer, expr.index, scope);
    for (const child of childrenOf(expr)) this.#expr(child, scope);
    switch (expr.kind) {
      case 'index':
        return this.#affine(expr.index, scope);
      case 'local':
        return this.#require(scope.locals.has(expr.local), `local ${expr.local.name} is used before its let`);
      case 'reduced':
        return this.#require(false, '`reduced` belongs to definitions');
      case 'unary': {
        const toBool = expr.op === 'not' || expr.op === 'isfinite';
        return this.#require(
          toBool ? expr.dtype === 'bool' : dtypeOf(expr.x) === expr.dtype,
          `${expr.op}: wrong dtype`,
        );
      }
      case 'binary':
        return this.#require(
          dtypeOf(expr.a) === expr.dtype && dtypeOf(expr.b) === expr.dtype,
          `${expr.op}: ${dtypeOf(expr.a)} meets ${dtypeOf(expr.b)}`,
        );
      case 'compare':
        return this.#require(
          dtypeOf(expr.a) === dtypeOf(expr.b),
          `${expr.op}: ${dtypeOf(expr.a)} meets ${dtypeOf(expr.b)}`,
        );
      case 'select':
        return this.#require(
          dtypeOf(expr.condition) === 'bool' &&
            dtypeOf(expr.a) === expr.dtype &&
            dtypeOf(expr.b) === expr.dtype,
          'select: wrong dtypes',
        );
      case 'literal':
      case 'batch':
      case 'cast':
      case 'bitcast':
        return;
      default:
        return expr satisfies never;
    }
  }
}
