import { invariant } from '../../base/invariant.ts';
import type { Kernel, Stmt } from '../ir.ts';
import { axesOfRange } from '../rewrite.ts';
import type { For } from './find.ts';
import { findLoop, replaceLoops } from './find.ts';

/**
 * for a { for b { S } }  →  for b { for a { S } }
 *
 * `axes` are nested directly in one another, in any order, and get the order given. Legal for loops whose iterations are
 * independent, which the axes of a result are; it is refused where a range depends on another axis of the nest.
 */
export function reorder(kernel: Kernel, axes: readonly string[]): Kernel {
  const nest = nestOf(kernel, axes);
  const outermost = nest[0] as For;
  const innermost = nest.at(-1) as For;
  const own = new Set(nest.map(({ axis }) => axis));
  for (const { range, axis } of nest)
    for (const other of axesOfRange(range))
      invariant(!own.has(other), `the bounds of ${axis.name} depend on ${other.name}`);
  const order = axes.map((name) => nest.find(({ axis }) => axis.name === name) as For);
  const body = order.reduceRight<readonly Stmt[]>((inner, loop) => [{ ...loop, body: inner }], innermost.body);
  return replaceLoops(kernel, outermost.axis.name, () => body);
}

/** The loops over these axes, outermost first; they must be nested with nothing between. */
function nestOf(kernel: Kernel, axes: readonly string[]): readonly For[] {
  const loops = axes.map((axis) => findLoop(kernel, axis));
  const inner = new Set<Stmt>(loops.flatMap(({ body }) => body));
  const outermost = loops.find((loop) => !inner.has(loop));
  const nest: For[] = [];
  for (let loop = outermost; loop !== undefined; ) {
    nest.push(loop);
    const [only, more]: readonly Stmt[] = loop.body;
    loop = more === undefined ? loops.find((other) => other === only) : undefined;
  }
  invariant(nest.length === axes.length, `${axes.join(', ')} are not nested directly in one another`);
  return nest;
}
