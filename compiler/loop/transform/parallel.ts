import { invariant } from '../../base/invariant.ts';
import type { Kernel, Stmt } from '../ir.ts';
import { bodyOf } from '../rewrite.ts';

/**
 * for a { S }  →  for a parallel { S }
 *
 * The iterations must be independent, as those over axes of a result are: each thread runs some of them, in any order.
 */
export function parallel(kernel: Kernel, axis: string): Kernel {
  let count = 0;
  const mark = (body: readonly Stmt[]): readonly Stmt[] =>
    body.map((stmt): Stmt => {
      // Threads share this one already; after edges were peeled, one of the same name may stand inside of it.
      if (stmt.kind === 'for' && stmt.mode === 'parallel') return stmt;
      if (stmt.kind === 'for' && stmt.axis.name === axis) {
        invariant(!hasParallel(stmt.body), `inside of ${axis} there is a parallel loop already`);
        count++;
        return { ...stmt, mode: 'parallel' };
      }
      return stmt.kind === 'for' || stmt.kind === 'if' ? { ...stmt, body: mark(stmt.body) } : stmt;
    });
  const body = mark(kernel.body);
  invariant(count > 0, `${kernel.name} has no loop over ${axis}`);
  return { ...kernel, body };
}

export function hasParallel(body: readonly Stmt[]): boolean {
  return body.some((stmt) => (stmt.kind === 'for' && stmt.mode === 'parallel') || hasParallel(bodyOf(stmt)));
}

/**
 * Whether threads may run the kernel together: every write to memory that others see lies in a parallel loop. What stands
 * outside, every thread does for itself.
 */
export function isParallel(kernel: Kernel): boolean {
  return hasParallel(kernel.body) && kernel.body.every(writesInParallel);
}

function writesInParallel(stmt: Stmt): boolean {
  switch (stmt.kind) {
    case 'for':
      return stmt.mode === 'parallel' || stmt.body.every(writesInParallel);
    case 'if':
      return stmt.body.every(writesInParallel);
    case 'store':
    case 'accumulate':
      return stmt.buffer.space !== 'global';
    case 'let':
    case 'alloc':
    case 'barrier':
    case 'all_reduce':
      return true;
    default:
      return stmt satisfies never;
  }
}
