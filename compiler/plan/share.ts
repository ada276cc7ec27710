/** Lets elementwise results overwrite an input that dies with the launch. */
import { sameShape } from '../base/types.ts';
import type { Value } from '../graph/ir.ts';
import { inPlaceCandidates } from './in-place.ts';
import type { InPlacePair } from './in-place.ts';
import type { Root, Roots } from './roots.ts';
import type { StorageTable } from './storages.ts';
import type { Task } from './tasks.ts';
import type { LaunchGroup } from './types.ts';

export interface Sharing<G extends LaunchGroup> {
  /** The root whose memory a root has come to share. */
  readonly finalOf: (root: Root) => Root;
  readonly pairs: readonly ({ readonly group: G } & InPlacePair)[];
}

/** `tasks` in launch order; roots in `kept` are needed at the end; those of working memory may be overwritten. */
export function shareInPlace<G extends LaunchGroup>(
  tasks: readonly Task<G>[],
  roots: Roots,
  kept: ReadonlySet<Root>,
  storages: Pick<StorageTable, 'isWork' | 'isHalved'>,
): Sharing<G> {
  const into = new Map<Root, Root>();
  const finalOf = (root: Root): Root => into.get(root) ?? root;
  const first = new Map<Root, number>();
  const last = new Map<Root, number>();
  tasks.forEach((task, i) => {
    for (const root of [...task.reads, ...task.writes]) {
      if (!first.has(root)) first.set(root, i);
      last.set(root, kept.has(root) ? Infinity : i);
    }
  });
  const pairs: ({ readonly group: G } & InPlacePair)[] = [];
  // The last root in a chain of shared memory decides how long it lives.
  const lastOfShared = new Map<Root, number>(last);
  tasks.forEach((task, i) => {
    if (task.step.kind !== 'group') return;
    const { group } = task.step;
    const taken = new Set<Root>();
    const readers = new Map<Root, number>();
    for (const input of group.inputs) {
      const memory = finalOf(roots.windowOf(input).root);
      readers.set(memory, (readers.get(memory) ?? 0) + 1);
    }
    for (const { output, input } of inPlaceCandidates(group)) {
      const to = roots.windowOf(output).root;
      const from = roots.windowOf(input).root;
      const memory = finalOf(from);
      const free =
        to === output &&
        !into.has(to) &&
        storages.isWork(to) &&
        first.get(to) === i &&
        storages.isWork(from) &&
        storages.isHalved(from) === storages.isHalved(to) &&
        last.get(from) === i &&
        lastOfShared.get(memory) === i &&
        !taken.has(memory) &&
        fills(input, from) &&
        readers.get(memory) === 1;
      if (!free) continue;
      taken.add(memory);
      into.set(to, memory);
      lastOfShared.set(memory, last.get(to) ?? i);
      pairs.push({ group, output, input });
    }
  });
  return { finalOf, pairs };
}

/** Whether the value is all of its root's memory, in the same order. */
function fills(value: Value, root: Root): boolean {
  if (value === root) return true;
  const a = value.type;
  return (
    a.dtype === root.type.dtype &&
    (sameShape(a.shape, root.type.shape) || size(a.shape) === size(root.type.shape))
  );
}

/** Extents multiplied, N as a factor of its own: `[N, 4]` and `[N, 2, 2]` are the same. */
function size(shape: Value['type']['shape']): string {
  const batches = shape.filter((extent) => extent === 'N').length;
  return `${batches} ${shape.reduce<number>((product, extent) => product * (extent === 'N' ? 1 : extent), 1)}`;
}
