/** What a schedule looks at: the loops over the result, and what one iteration of them does. */
import type { Axis, For, Kernel, Stmt } from '../loop/ir.ts';
import { axesOfRange, visitStmts } from '../loop/rewrite.ts';

export interface Nest {
  /** Loops nested directly in one another from the outside, outermost first. */
  readonly outer: readonly For[];
  /** The body of the innermost of them. */
  readonly body: readonly Stmt[];
  /** All loops inside of `body`, outer before inner. */
  readonly inner: readonly For[];
}

/** The nest of a kernel as lowering makes it: loops over the result around registers and reductions. */
export function nestOf(kernel: Kernel): Nest {
  const outer: For[] = [];
  let body = kernel.body;
  for (;;) {
    const [only, more]: readonly Stmt[] = body;
    if (only?.kind !== 'for' || more !== undefined) break;
    outer.push(only);
    body = only.body;
  }
  const inner: For[] = [];
  visitStmts(body, (stmt) => {
    if (stmt.kind === 'for') inner.push(stmt);
  });
  return { outer, body, inner };
}

/** Whether the bounds of a loop inside depend on the axis. */
export function boundsDependOn(nest: Nest, axis: Axis): boolean {
  return nest.inner.some((loop) => axesOfRange(loop.range).has(axis));
}
