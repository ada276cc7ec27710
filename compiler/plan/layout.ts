/** All decisions about one routine but the addresses: storages, layouts, launch order, commit phase, in-place results. */
import { invariant } from '../base/invariant.ts';
import { bytesPerElement } from '../base/types.ts';
import type { TensorType } from '../base/types.ts';
import type { Graph, Value } from '../graph/ir.ts';
import { hasTrait } from '../graph/op.ts';
import type { Commit } from './commit.ts';
import { planCommit } from './commit.ts';
import { orderTasks } from './order.ts';
import type { Root, Roots, Window } from './roots.ts';
import { findRoots } from './roots.ts';
import { shareInPlace } from './share.ts';
import { StorageTable } from './storages.ts';
import type { Task, Transfer } from './tasks.ts';
import { makeTasks } from './tasks.ts';
import type { LaunchGroup, Layout, PlannedLaunch, RoutineLayout, Sizes } from './types.ts';

/** The name of the returned flag that gates the commit phase. */
const finiteName = '$finite';

/** `elementBytes`: as the host has them, if not given. */
export type LayoutOptions = Pick<Sizes, 'maxBatch'> & Partial<Sizes>;

/**
 * Lays out a graph after all passes. The groups stand in launch order and cover every node that is neither a view nor a
 * concatenation (a group of a concatenation alone is passed over); sizes are those at `maxBatch`.
 */
export function layoutRoutine<G extends LaunchGroup>(
  graph: Graph,
  given: readonly G[],
  { elementBytes = bytesPerElement, ...options }: LayoutOptions,
): RoutineLayout<G> {
  const sizes = { ...options, elementBytes };
  const groups = given.filter(({ root }) => !hasTrait(root.op, 'concatenation'));
  const roots = findRoots(graph, new Set(groups.flatMap((group) => group.outputs)));
  const list = makeTasks(graph, groups, roots);
  const commit = planCommit(graph, list, roots);
  const results = new Set(commit.results.map(({ window }) => window.root));
  const table = new StorageTable(graph, commit.direct, sizes, results);
  const compute = orderTasks(commit.compute, {
    bytesOf: (root) => (table.isWork(root) ? table.bytesIn(root, root.type) : 0),
    kept: new Set([...keptRoots(commit), ...commit.tasks.flatMap((task) => task.reads)]),
  });
  const tasks = [...compute, ...commit.tasks].filter((task) => task.step.kind !== 'join');
  const sharing = shareInPlace(tasks, roots, keptRoots(commit), table);
  // Storages are numbered in the order of first use: parameters, then launches.
  for (const parameter of graph.parameters) table.idOf(parameter);
  for (const task of tasks)
    for (const root of [...task.reads, ...task.writes]) table.idOf(sharing.finalOf(root));
  const layout: LayOut = (window, { dtype, shape }) => ({
    storage: table.idOf(sharing.finalOf(window.root)),
    dtype,
    shape,
    strides: window.strides,
    offset: window.offset,
    ...(table.isHalved(window.root) && { stored: 'f16' }),
  });
  const laidOut = knownValues(graph, groups, roots);
  return {
    ...launchesOf(compute, commit, layout),
    ...interfaceOf(graph, commit, roots, layout),
    layoutOf: (value) => {
      invariant(laidOut.has(roots.ownerOf(value)), 'plan: this value is not in memory');
      return layout(roots.windowOf(value), value.type);
    },
    inPlace: sharing.pairs,
    storages: table.storages,
    separateBytes: separateBytes(graph, groups, (value) =>
      table.bytesIn(roots.windowOf(value).root, value.type),
    ),
  };
}

type LayOut = (window: Window, type: TensorType) => Layout;

/** What is read after all launches: results, and what is copied at the end of the commit phase. */
function keptRoots<G extends LaunchGroup>({ results, deferred }: Commit<G>): ReadonlySet<Root> {
  return new Set<Root>([
    ...results.map(({ window }) => window.root),
    ...deferred.flatMap(({ from }) => (typeof from === 'number' ? [] : [from.window.root])),
  ]);
}

function launchesOf<G extends LaunchGroup>(
  compute: readonly Task<G>[],
  { tasks, deferred }: Commit<G>,
  layout: LayOut,
): Pick<RoutineLayout<G>, 'launches' | 'commit'> {
  const launch = ({ step }: Task<G>): readonly PlannedLaunch<G>[] =>
    step.kind === 'join' ? [] : [step.kind === 'group' ? step : transferLaunch(step, layout)];
  return {
    launches: compute.flatMap(launch),
    commit: [...tasks.flatMap(launch), ...deferred.map((transfer) => transferLaunch<G>(transfer, layout))],
  };
}

function interfaceOf<G extends LaunchGroup>(
  graph: Graph,
  commit: Commit<G>,
  roots: Roots,
  layout: LayOut,
): Pick<RoutineLayout<G>, 'inputs' | 'results' | 'finite'> {
  const results = commit.results.map(({ name, value, window }) => ({
    name,
    layout: layout(window, value.type),
  }));
  const finite = results.find(({ name }) => name === finiteName);
  return {
    inputs: graph.parameters
      .filter(({ role }) => role === 'input')
      .map((parameter) => ({
        name: parameter.name,
        layout: layout(roots.windowOf(parameter), parameter.type),
      })),
    results: results.filter((entry) => entry !== finite),
    ...(finite === undefined ? {} : { finite: finite.layout }),
  };
}

function transferLaunch<G extends LaunchGroup>(
  { from, to, type, location, purpose }: Transfer,
  layout: LayOut,
): PlannedLaunch<G> {
  const rest = { to: layout(to, type), location, purpose };
  return typeof from === 'number'
    ? { kind: 'fill', value: from, ...rest }
    : { kind: 'copy', from: layout(from.window, type), ...rest };
}

/** Owners that have memory: parameters, literals that are read, and what launches and concatenations make. */
function knownValues<G extends LaunchGroup>(
  graph: Graph,
  groups: readonly G[],
  roots: Roots,
): ReadonlySet<Value> {
  return new Set<Value>([
    ...graph.parameters,
    ...groups.flatMap((group) => [...group.inputs.map(roots.ownerOf), ...group.outputs]),
    ...graph.nodes.filter((node) => hasTrait(node.op, 'concatenation')),
    ...graph.returns.map(({ value }) => roots.ownerOf(value)),
  ]);
}

/** Sizes of all values that would have memory of their own in a plan without views, windows and reuse. */
function separateBytes<G extends LaunchGroup>(
  graph: Graph,
  groups: readonly G[],
  bytesOf: (value: Value) => number,
): readonly number[] {
  const values: Value[] = [
    ...graph.parameters.filter(({ role }) => role === 'input'),
    ...groups.flatMap((group) => group.outputs),
    ...graph.nodes.filter((node) => hasTrait(node.op, 'view') || hasTrait(node.op, 'concatenation')),
  ];
  return values.map(bytesOf);
}
