/**
 * How updates reach persistent memory. All writes happen in a commit phase after every computation, so that the finite
 * flag can stop them. An update is written straight into its tensor by the launch that computes it where nothing but the
 * commit phase needs that launch, and no one reads the old value later; else it is computed elsewhere and copied at the end.
 */
import type { Graph, Parameter, Update, Value } from '../graph/ir.ts';
import { isLiteral } from '../lower/index.ts';
import { inPlaceCandidates } from './in-place.ts';
import type { Root, Roots, Window } from './roots.ts';
import { denseWindow } from './roots.ts';
import type { Task, TaskList, Transfer } from './tasks.ts';
import { temporary } from './tasks.ts';
import type { LaunchGroup } from './types.ts';

export interface Commit<G extends LaunchGroup> {
  /** Roots that lie in the persistent tensor of this name. */
  readonly direct: ReadonlyMap<Root, string>;
  /** Tasks of the commit phase, in order. */
  readonly tasks: readonly Task<G>[];
  /** The rest, in order. */
  readonly compute: readonly Task<G>[];
  /** At the end of the commit phase. */
  readonly deferred: readonly Transfer[];
  /** Where a returned value lies; dense. */
  readonly results: readonly { readonly name: string; readonly value: Value; readonly window: Window }[];
}

export function planCommit<G extends LaunchGroup>(graph: Graph, list: TaskList<G>, roots: Roots): Commit<G> {
  const updates = graph.updates.filter(({ target, value }) => {
    const owner = roots.ownerOf(value);
    return !(owner.kind === 'parameter' && owner.role !== 'input' && owner.name === target);
  });
  const returned = new Set(graph.returns.map(({ value }) => roots.ownerOf(value)));
  const committable = committableTasks(list.tasks, returned);
  const eligible = eligibleUpdates(updates, list, roots, committable, returned);
  const phase = commitPhase(list.tasks, new Set(eligible.keys()));
  const lastRead = lastReaders(phase);
  const direct = new Map<Root, string>();
  for (const [owner, { target }] of eligible)
    if (mayOverwrite(owner, target, list, roots, lastRead.get(target))) direct.set(owner, target);
  const old = savedParameters(updates, list);
  const results = placeResults(graph, list, roots, old);
  const deferred = updates
    .filter(({ value }) => !direct.has(roots.ownerOf(value)))
    .map((update) => deferredCopy(update, roots, old));
  const tasks = commitPhase(list.tasks, new Set(direct.keys()));
  return {
    direct,
    tasks: [...tasks],
    compute: list.tasks.filter((task) => !tasks.has(task)),
    deferred,
    results,
  };
}

/** Tasks on which no result depends: they may wait for the commit phase. */
function committableTasks<G extends LaunchGroup>(
  tasks: readonly Task<G>[],
  returned: ReadonlySet<Value>,
): ReadonlySet<Task<G>> {
  const bound = new Set<Task<G>>();
  for (const task of tasks.toReversed()) {
    if (task.makes.some((value) => returned.has(value))) bound.add(task);
    if (bound.has(task)) for (const before of task.after) bound.add(before);
  }
  return new Set(tasks.filter((task) => !bound.has(task)));
}

/** Updates, by owner, whose launch could run in the commit phase and write the persistent tensor itself. */
function eligibleUpdates<G extends LaunchGroup>(
  updates: readonly Update[],
  list: TaskList<G>,
  roots: Roots,
  committable: ReadonlySet<Task<G>>,
  returned: ReadonlySet<Value>,
): ReadonlyMap<Value, Update> {
  const eligible = new Map<Value, Update>();
  const taken = new Set<Value>();
  for (const update of updates) {
    const owner = roots.ownerOf(update.value);
    const maker = list.makerOf(owner);
    if (taken.has(owner)) {
      eligible.delete(owner); // two tensors get the same value: one of them would need a copy in any case
    } else if (
      maker?.step.kind === 'group' &&
      committable.has(maker) &&
      !returned.has(owner) &&
      roots.windowOf(owner).root === owner
    ) {
      eligible.set(owner, update);
    }
    taken.add(owner);
  }
  return eligible;
}

/** The launches that write these owners and everything that depends on them, in order. */
function commitPhase<G extends LaunchGroup>(
  tasks: readonly Task<G>[],
  owners: ReadonlySet<Root>,
): ReadonlySet<Task<G>> {
  const phase = new Set<Task<G>>();
  for (const task of tasks)
    if (task.makes.some((value) => owners.has(value)) || task.after.some((before) => phase.has(before)))
      phase.add(task);
  return phase;
}

const persistentName = (root: Root): string | undefined =>
  root.kind === 'parameter' && root.role !== 'input' ? root.name : undefined;

/** The last task of the commit phase that reads a persistent tensor, by the tensor's name. */
function lastReaders<G extends LaunchGroup>(phase: ReadonlySet<Task<G>>): ReadonlyMap<string, Task<G>> {
  const last = new Map<string, Task<G>>();
  for (const task of phase)
    for (const root of task.reads) {
      const name = persistentName(root);
      if (name !== undefined) last.set(name, task);
    }
  return last;
}

/** Whether nothing reads the old value once `owner` is written over it; the kernel that writes it only at the same place. */
function mayOverwrite<G extends LaunchGroup>(
  owner: Value,
  target: string,
  list: TaskList<G>,
  roots: Roots,
  lastRead: Task<G> | undefined,
): boolean {
  const maker = list.makerOf(owner);
  if (maker?.step.kind !== 'group') return false;
  if (lastRead === undefined || lastRead.index < maker.index) return true;
  if (lastRead !== maker) return false;
  const { group } = maker.step;
  const readAs = group.inputs.filter((input) => persistentName(roots.windowOf(input).root) === target);
  return (
    readAs.length === 1 &&
    inPlaceCandidates(group).some(({ output, input }) => output === owner && input === readAs[0])
  );
}

/** The old value of a parameter that is returned or committed to another tensor while it is itself updated: a copy of it. */
function savedParameters<G extends LaunchGroup>(
  updates: readonly Update[],
  list: TaskList<G>,
): (owner: Value) => Window | undefined {
  const updated = new Set(updates.map(({ target }) => target));
  const saved = new Map<Parameter, Window>();
  return (owner) => {
    const name = persistentName(owner);
    if (owner.kind !== 'parameter' || name === undefined || !updated.has(name)) return undefined;
    const known = saved.get(owner);
    if (known !== undefined) return known;
    const window = temporary(`old ${owner.name}`, owner.type);
    saved.set(owner, window);
    list.transfer({
      kind: 'transfer',
      from: { value: owner, window: denseWindow(owner) },
      to: window,
      type: owner.type,
      location: undefined,
      purpose: `keep ${owner.name}`,
    });
    return window;
  };
}

function placeResults<G extends LaunchGroup>(
  graph: Graph,
  list: TaskList<G>,
  roots: Roots,
  old: (owner: Value) => Window | undefined,
): Commit<G>['results'] {
  return graph.returns.map(({ name, value }) => {
    const owner = roots.ownerOf(value);
    if (isLiteral(owner)) {
      const to = temporary(`result ${name}`, value.type);
      const from = owner.data[0] ?? 0;
      list.transfer({ kind: 'transfer', from, to, type: value.type, location: undefined, purpose: name });
      return { name, value, window: to };
    }
    const saved = old(owner);
    const window = saved === undefined ? roots.windowOf(value) : denseWindow(saved.root, value.type.shape);
    return { name, value, window };
  });
}

function deferredCopy(
  { target, value }: Update,
  roots: Roots,
  old: (owner: Value) => Window | undefined,
): Transfer {
  const owner = roots.ownerOf(value);
  const saved = old(owner);
  const window = saved === undefined ? roots.windowOf(value) : denseWindow(saved.root, value.type.shape);
  const to: Parameter = { kind: 'parameter', role: 'state', name: target, type: value.type };
  return {
    kind: 'transfer',
    from: isLiteral(owner) ? (owner.data[0] ?? 0) : { value, window },
    to: denseWindow(to),
    type: value.type,
    location: value.kind === 'node' ? value.location : undefined,
    purpose: `commit ${target}`,
  };
}
