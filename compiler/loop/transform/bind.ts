import type { Binding } from '../bound.ts';
import type { Kernel, Range } from '../ir.ts';
import { batchAxis } from '../ir.ts';
import { replaceLoops } from './find.ts';
import { requires } from './step-error.ts';

export type { Binding };

/**
 * for a { S }  →  for a bind(workgroup_x) { S }
 *
 * The iterations must be independent, as those over axes of a result are: each workgroup, or thread, does one of them. The
 * whole kernel has the form of `loop/bound.ts` only when all loops that are to be bound stand outermost.
 */
export function bind(kernel: Kernel, axis: string, to: Binding): Kernel {
  return replaceLoops(kernel, axis, (loop) => {
    const problem = countProblem(loop.range, to.startsWith('thread'));
    requires(problem === undefined, `${axis} cannot be bound to ${to}: ${problem}`);
    return [{ ...loop, mode: { bind: to } }];
  });
}

/** Why nobody can say how many iterations there are before the kernel runs; undefined where one can. */
export function countProblem({ from, to }: Range, constant: boolean): string | undefined {
  const [start, otherStart] = from;
  const [end, otherEnd] = to;
  if (start === undefined || otherStart !== undefined || end === undefined || otherEnd !== undefined)
    return 'it has several bounds';
  const first = start.numerator.constant / start.divisor;
  if (start.numerator.terms.length > 0 || first < 0 || first >= 1) return 'it does not begin with 0';
  const terms = end === 'N' ? [{ axis: batchAxis }] : end.numerator.terms;
  if (constant && terms.length > 0) return 'its end is not a constant';
  return terms.every(({ axis }) => axis === batchAxis) ? undefined : 'its end depends on another loop';
}
