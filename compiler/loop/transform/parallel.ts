import { allocatedIn, loadsOf, writesOf } from '../accesses.ts';
import { mentions } from '../affine.ts';
import type { Affine, Axis, Buffer, Kernel, Stmt } from '../ir.ts';
import { bodyOf } from '../rewrite.ts';
import { requires } from './step-error.ts';

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
        requires(!hasParallel(stmt.body), `inside of ${axis} there is a parallel loop already`);
        count++;
        return { ...stmt, mode: 'parallel' };
      }
      return stmt.kind === 'for' || stmt.kind === 'if' ? { ...stmt, body: mark(stmt.body) } : stmt;
    });
  const body = mark(kernel.body);
  requires(count > 0, `${kernel.name} has no loop over ${axis}`);
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

/**
 * Whether threads may share the samples instead of the loops that are marked: all that others see is written in loops over the
 * batch, at places of one sample in each iteration, and nothing is kept from one sample to the next.
 */
export function samplesAreApart({ outputs, body }: Kernel): boolean {
  let apart = !loadsOf(body).some(({ buffer }) => outputs.includes(buffer));
  const walk = (stmt: Stmt, sample: Axis | undefined, own: ReadonlySet<Buffer>): void => {
    if (stmt.kind === 'for' && stmt.axis.extent === 'N') {
      apart &&= sample === undefined && stmt.mode === 'serial';
      const inside = new Set(allocatedIn(stmt.body));
      for (const child of stmt.body) walk(child, stmt.axis, inside);
    } else for (const child of bodyOf(stmt)) walk(child, sample, own);
    if (stmt.kind !== 'store' && stmt.kind !== 'accumulate') return;
    if (stmt.buffer.space === 'global') apart &&= sample !== undefined && movesWith(stmt.index, sample);
    else apart &&= sample === undefined || own.has(stmt.buffer);
  };
  for (const stmt of body) walk(stmt, undefined, new Set());
  return apart;
}

/** Whether it does not matter which thread runs which iteration: what others see is stored, and never read. */
export function writesOnce({ outputs, body }: Kernel): boolean {
  const stores = writesOf(body).every(({ kind, buffer }) => kind === 'store' || buffer.space !== 'global');
  return stores && !loadsOf(body).some(({ buffer }) => outputs.includes(buffer));
}

const movesWith = (index: readonly Affine[], sample: Axis): boolean =>
  index.some((place) => mentions(place, sample));
