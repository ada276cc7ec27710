/**
 * Kernels for a GPU: loops bound to workgroups and threads.
 *
 *     for a in A bind(workgroup_y) { for b in B bind(workgroup_x) {
 *       alloc workgroup …
 *       for t in 64 bind(thread_x) { body }
 *     } }
 *
 * The bound loops stand at the top of the kernel, nested directly in one another: first those over workgroups, then what the
 * threads of one share, then those over threads. Each runs from 0; a thread loop over a constant, a workgroup loop over a
 * constant or ceil((c + k * N) / d). All threads of a workgroup run `body` together and wait for one another at each `barrier`,
 * so a barrier stands where all of them come by: not inside of an `if`, or of a loop whose bounds depend on a thread's axis.
 * Where blocks do not divide an extent, `if` keeps out what lies beyond. Memory in registers belongs to one thread.
 *
 * A barrier orders what threads do to memory of their workgroup, nothing else. Of operands a thread reads what it wrote itself
 * or what no thread of the launch writes.
 */
import { invariant } from '../base/invariant.ts';
import type { Buffer, For, Kernel, Stmt } from './ir.ts';

export const dimensions = ['x', 'y', 'z'] as const;
export type Dimension = (typeof dimensions)[number];
const levels = ['workgroup', 'thread'] as const;
type Level = (typeof levels)[number];

/** What a loop can be bound to. */
export type Binding = `${Level}_${Dimension}`;
export const bindings: readonly Binding[] = levels.flatMap((level) =>
  dimensions.map((dimension): Binding => `${level}_${dimension}`),
);

export interface BoundKernel {
  /** By dimension; absent where there is no such loop: one workgroup or thread. */
  readonly workgroups: Readonly<Partial<Record<Dimension, For>>>;
  readonly threads: Readonly<Partial<Record<Dimension, For>>>;
  /** Memory of a workgroup. */
  readonly shared: readonly Buffer[];
  /** What each thread does. */
  readonly body: readonly Stmt[];
}

/** The parts of a kernel whose outer loops are bound. */
export function boundKernel({ name, body: whole }: Kernel): BoundKernel {
  const loops: Record<Level, Partial<Record<Dimension, For>>> = { workgroup: {}, thread: {} };
  const shared: Buffer[] = [];
  let body = whole;
  for (;;) {
    const allocations = body.filter(({ kind }) => kind === 'alloc').length;
    const next = body[allocations];
    const bound = next?.kind === 'for' && body.length === allocations + 1 ? levelOf(next) : undefined;
    if (next?.kind !== 'for' || bound === undefined) break;
    const [level, dimension] = bound;
    for (const stmt of body) {
      if (stmt.kind !== 'alloc') continue;
      invariant(
        stmt.buffer.space === 'workgroup',
        `${name}: ${stmt.buffer.name} stands outside of the threads`,
      );
      shared.push(stmt.buffer);
    }
    const late = level === 'workgroup' && Object.keys(loops.thread).length > 0;
    invariant(!late, `${name}: a loop over workgroups stands inside of one over threads`);
    invariant(loops[level][dimension] === undefined, `${name}: two loops over ${level} ${dimension}`);
    loops[level][dimension] = next;
    body = next.body;
  }
  return { workgroups: loops.workgroup, threads: loops.thread, shared, body };
}

function levelOf({ mode }: For): readonly [Level, Dimension] | undefined {
  if (typeof mode !== 'object') return undefined;
  const level = levels.find((name) => mode.bind.startsWith(name));
  const dimension = dimensions.find((name) => mode.bind.endsWith(name));
  return level && dimension && [level, dimension];
}
