/**
 * Contractions in a row that do not need one another, as the gradients of one convolution. Threads go from the first to the
 * second without waiting, if neither's memory is the other's; what is read late goes first, so that a thread that was quick
 * with its share of a weight gradient does more of the other one, whose parts are taken as threads come.
 */
import { hasTrait } from '../graph/op.ts';
import type { Root } from './roots.ts';
import type { Task } from './tasks.ts';
import type { LaunchGroup } from './types.ts';

/** What is live when: bytes of a root (0 for persistent ones), and roots that stay to the end. */
export interface Liveness {
  readonly bytesOf: (root: Root) => number;
  readonly kept: ReadonlySet<Root>;
}

export interface Ordered<G extends LaunchGroup> {
  readonly tasks: readonly Task<G>[];
  /** Groups that may run while the launch before does: what that touches is not theirs yet. */
  readonly beside: ReadonlySet<G>;
}

/** The tasks with such pairs the right way round, as long as no more than `most` bytes are live at once. */
export function pairUp<G extends LaunchGroup>(
  tasks: readonly Task<G>[],
  { bytesOf, kept }: Liveness,
  most: number,
): Ordered<G> {
  const reader = new Map<Task<G>, number>();
  const last = new Map<Root, number>();
  tasks.forEach((task, i) => {
    for (const maker of task.after) if (!reader.has(maker)) reader.set(maker, i);
    for (const root of touched(task)) last.set(root, kept.has(root) ? Infinity : i);
  });
  const readAt = (task: Task<G>): number => reader.get(task) ?? Infinity;
  const live = new Set<Root>();
  let bytes = 0;
  const begin = (task: Task<G>): void => {
    for (const root of touched(task)) {
      if (live.has(root)) continue;
      live.add(root);
      bytes += bytesOf(root);
    }
  };
  const end = (task: Task<G>, i: number): void => {
    for (const root of touched(task)) if (last.get(root) === i) bytes -= bytesOf(root);
  };
  const order = [...tasks];
  const beside = new Set<G>();
  let pair = false;
  for (let i = 0; i < tasks.length; i++) {
    const [first, second] = [tasks[i]!, tasks[i + 1]];
    begin(first);
    const fresh = second?.writes.reduce((sum, root) => sum + (live.has(root) ? 0 : bytesOf(root)), 0);
    // The second of a pair is in no other one.
    pair = !pair && second !== undefined && areApart(first, second) && bytes + (fresh ?? 0) <= most;
    if (pair && second) {
      const late = readAt(first) < readAt(second) ? second : first;
      const other = late === first ? second : first;
      order.splice(i, 2, late, other);
      if (other.step.kind === 'group') beside.add(other.step.group);
    }
    end(first, i);
  }
  return { tasks: order, beside };
}

const touched = ({ reads, writes }: Task): ReadonlySet<Root> => new Set([...reads, ...writes]);

const isContraction = ({ step }: Task): boolean =>
  step.kind === 'group' && hasTrait(step.group.root.op, 'contraction');

/** Whether two contractions read the same, and the second one not what the first one makes. */
function areApart(first: Task, second: Task): boolean {
  return (
    isContraction(first) &&
    isContraction(second) &&
    !second.after.includes(first) &&
    second.reads.some((root) => first.reads.includes(root))
  );
}
