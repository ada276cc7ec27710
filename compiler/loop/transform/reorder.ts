import type { For, Kernel, Stmt } from '../ir.ts';
import { axesOfRange } from '../rewrite.ts';
import { requires } from './step-error.ts';

/**
 * for a { for b { S } }  →  for b { for a { S } }
 *
 * Wherever loops over two or more of `axes` are nested directly in one another, they get the order given. Legal for loops
 * whose iterations are independent, which those over axes of a result are; it is refused where the bounds of one depend on
 * another, and where there is nothing to reorder.
 */
export function reorder(kernel: Kernel, axes: readonly string[]): Kernel {
  let count = 0;
  const walk = (body: readonly Stmt[]): readonly Stmt[] =>
    body.map((stmt): Stmt => {
      if (stmt.kind === 'if') return { ...stmt, body: walk(stmt.body) };
      if (stmt.kind !== 'for') return stmt;
      const nest = nestFrom(stmt, axes);
      if (nest.length < 2) return { ...stmt, body: walk(stmt.body) };
      count++;
      return inOrder(nest, axes);
    });
  const body = walk(kernel.body);
  requires(count > 0, `${axes.join(', ')} are not nested directly in one another`);
  return { ...kernel, body };
}

/** The loops over `axes` that stand directly in one another from `loop` on, outermost first. */
function nestFrom(loop: For, axes: readonly string[]): readonly For[] {
  const nest: For[] = [];
  for (let next: Stmt | undefined = loop; next?.kind === 'for' && axes.includes(next.axis.name);) {
    nest.push(next);
    const [only, more]: readonly Stmt[] = next.body;
    next = more === undefined ? only : undefined;
  }
  return nest;
}

function inOrder(nest: readonly For[], axes: readonly string[]): Stmt {
  const own = new Set(nest.map(({ axis }) => axis));
  for (const { range, axis } of nest)
    for (const other of axesOfRange(range))
      requires(!own.has(other), `the bounds of ${axis.name} depend on ${other.name}`);
  const order = nest.toSorted((a, b) => axes.indexOf(a.axis.name) - axes.indexOf(b.axis.name));
  const innermost = nest.at(-1)!.body;
  const [outermost] = order.reduceRight<readonly Stmt[]>((body, loop) => [{ ...loop, body }], innermost);
  return outermost as Stmt;
}
