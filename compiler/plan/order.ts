/** The order of launches: the given one, or a greedy one where that keeps less memory alive. Deterministic. */
import { MinHeap } from './heap.ts';
import type { Root } from './roots.ts';
import type { Task } from './tasks.ts';
import type { LaunchGroup } from './types.ts';

/** What is live when: bytes of a root (0 for persistent ones), and roots that stay to the end. */
interface Liveness {
  readonly bytesOf: (root: Root) => number;
  readonly kept: ReadonlySet<Root>;
}

/** The tasks, which stand in dependency order, in the same or another dependency order with the smaller peak. */
export function orderTasks<G extends LaunchGroup>(
  tasks: readonly Task<G>[],
  liveness: Liveness,
): readonly Task<G>[] {
  const greedy = greedyOrder(tasks, liveness);
  return peak(greedy, liveness) < peak(tasks, liveness) ? greedy : tasks;
}

/** The largest sum of roots live at once, from the first task that writes them to the last that touches them. */
function peak<G extends LaunchGroup>(tasks: readonly Task<G>[], { bytesOf, kept }: Liveness): number {
  const last = new Map<Root, number>();
  tasks.forEach((task, i) => {
    for (const root of [...task.reads, ...task.writes]) last.set(root, kept.has(root) ? Infinity : i);
  });
  const seen = new Set<Root>();
  let live = 0;
  let most = 0;
  tasks.forEach((task, i) => {
    const touched = [...new Set([...task.reads, ...task.writes])];
    for (const root of touched) {
      if (seen.has(root)) continue;
      seen.add(root);
      live += bytesOf(root);
    }
    most = Math.max(most, live);
    for (const root of touched) if (last.get(root) === i) live -= bytesOf(root);
  });
  return most;
}

/** Always takes the ready task after which least memory is live, the earlier one among equals. */
function greedyOrder<G extends LaunchGroup>(
  tasks: readonly Task<G>[],
  { bytesOf, kept }: Liveness,
): readonly Task<G>[] {
  const present = new Set(tasks);
  const followers = new Map<Task<G>, Task<G>[]>(tasks.map((task) => [task, []]));
  const blockers = new Map<Task<G>, number>();
  const users = new Map<Root, Set<Task<G>>>();
  for (const task of tasks) {
    const before = task.after.filter((other) => present.has(other));
    blockers.set(task, before.length);
    for (const other of before) followers.get(other)?.push(task);
    for (const root of [...task.reads, ...task.writes]) {
      const set = users.get(root);
      if (set === undefined) users.set(root, new Set([task]));
      else set.add(task);
    }
  }
  const born = new Set<Root>();
  const growth = (task: Task<G>): number => {
    const fresh = task.writes.reduce((sum, root) => sum + (born.has(root) ? 0 : bytesOf(root)), 0);
    const dying = [...new Set([...task.reads, ...task.writes])].filter(
      (root) => !kept.has(root) && users.get(root)?.size === 1,
    );
    return fresh - dying.reduce((sum, root) => sum + bytesOf(root), 0);
  };
  const heap = new MinHeap<{ task: Task<G>; growth: number }>(
    (a, b) => a.growth - b.growth || a.task.index - b.task.index,
  );
  const done = new Set<Task<G>>();
  const offer = (task: Task<G>): void => {
    if (blockers.get(task) === 0 && !done.has(task)) heap.push({ task, growth: growth(task) });
  };
  const order: Task<G>[] = [];
  tasks.forEach(offer);
  for (let entry = heap.pop(); entry !== undefined; entry = heap.pop()) {
    const { task } = entry;
    if (done.has(task)) continue;
    done.add(task);
    order.push(task);
    for (const root of task.writes) born.add(root);
    for (const root of [...task.reads, ...task.writes]) {
      const rest = users.get(root);
      rest?.delete(task);
      // The last user now frees it: offered again with what it is worth. Outdated offers are passed over above.
      if (rest?.size === 1) for (const user of rest) offer(user);
    }
    for (const next of followers.get(task) ?? []) {
      blockers.set(next, (blockers.get(next) ?? 0) - 1);
      offer(next);
    }
  }
  return order;
}
