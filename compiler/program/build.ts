/** Puts the parts together: the graphs of a model through passes, fusion, planning, lowering and schedules to a Program. */
import { invariant } from '../base/invariant.ts';
import type { Location } from '../base/source.ts';
import { formatType } from '../base/types.ts';
import type { Model } from '../frontend/model.ts';
import type { Graph, Node } from '../graph/ir.ts';
import type { Group } from '../lower/index.ts';
import { groupNodes, lowering } from '../lower/index.ts';
import { hoist } from '../passes/index.ts';
import { runPipeline } from '../passes/pipeline.ts';
import type { Layout, PlannedLaunch, RoutinePlan, Storage } from '../plan/index.ts';
import { planRoutine } from '../plan/index.ts';
import { copyKernel, fillKernel } from './copies.ts';
import { KernelTable } from './kernels.ts';
import { PersistentArena } from './persistent.ts';
import type { Allocation, Launch, Program, Routine } from './program.ts';
import type { TargetInfo } from './target.ts';

export interface BuildOptions {
  readonly target: TargetInfo;
  /** The largest batch of one `infer` call; requests with more samples run in chunks. Default 1. */
  readonly inferBatch?: number;
  /** Leave out everything that only training needs. */
  readonly inference?: boolean;
  /** Names of the passes to run, in order; default: all. */
  readonly passes?: readonly string[];
  /** Told of every graph before the passes (`pass` undefined) and after each of them. */
  readonly onGraph?: (graph: Graph, pass: string | undefined) => void;
}

/** A routine together with the graph it was made of, for dumps and reports. */
export interface BuiltRoutine {
  readonly graph: Graph;
  readonly plan: RoutinePlan;
  readonly routine: Routine;
}

export interface Built {
  readonly program: Program;
  readonly routines: readonly BuiltRoutine[];
}

interface Context {
  readonly target: TargetInfo;
  readonly kernels: KernelTable;
  readonly lower: ReturnType<typeof lowering>;
  readonly arena: PersistentArena;
}

export function buildProgram(model: Model, options: BuildOptions): Built {
  const optimize = (graph: Graph): Graph => optimizeGraph(graph, options);
  const { evaluate, step } = model.graphs;
  const training = options.inference === true ? undefined : model.training;
  const hoisted = hoist([
    optimize(model.graphs.infer),
    ...(training !== undefined && evaluate !== undefined ? [optimize(evaluate)] : []),
  ]);
  const context: Context = {
    target: options.target,
    kernels: new KernelTable(options.target),
    lower: lowering(),
    arena: new PersistentArena(
      model.persistent.filter(({ role }) => role !== 'slot' || training !== undefined),
    ),
  };
  const batchSize = training?.batchSize ?? 1;
  const routines = [
    ...(hoisted.prepare === undefined ? [] : [buildRoutine('prepare', hoisted.prepare, 1, context)]),
    ...hoisted.graphs.map((graph, i) =>
      i === 0
        ? buildRoutine('infer', graph, options.inferBatch ?? 1, context)
        : buildRoutine('evaluate', graph, batchSize, context),
    ),
    ...(training !== undefined && step !== undefined
      ? [buildRoutine('step', optimize(step), batchSize, context)]
      : []),
  ];
  const program: Program = {
    name: model.name,
    inputs: model.inputs,
    outputs: model.outputs,
    ...(training === undefined ? {} : { training }),
    persistent: context.arena.tensors,
    persistentBytes: context.arena.bytes,
    kernels: context.kernels.kernels,
    routines: routines.map(({ routine }) => routine),
  };
  return { program, routines };
}

function optimizeGraph(graph: Graph, { target, passes, onGraph }: BuildOptions): Graph {
  onGraph?.(graph, undefined);
  return runPipeline(graph, target, {
    ...(passes === undefined ? {} : { passes }),
    ...(onGraph === undefined ? {} : { onPass: (name: string, after: Graph) => onGraph(after, name) }),
  });
}

function buildRoutine(name: Routine['name'], graph: Graph, maxBatch: number, context: Context): BuiltRoutine {
  const plan = planRoutine(graph, groupNodes(graph, context.target), { maxBatch });
  checkInPlace(plan, context);
  const allocations = plan.storages.map((storage, i) => allocate(storage, plan.offsets[i], context));
  const at = (layout: Layout): number => layout.storage;
  const launches = (planned: readonly PlannedLaunch<Group>[]): Launch[] =>
    planned.map((launch) => buildLaunch(launch, plan, context));
  const places = (named: RoutinePlan['inputs']) =>
    named.map(({ name: key, layout }) => ({ name: key, allocation: at(layout) }));
  const compute = launches(plan.launches);
  const commit = launches(plan.commit);
  // `prepare` writes persistent memory too, but has nothing to wait for.
  const gated = name === 'step';
  const routine: Routine = {
    name,
    maxBatch,
    allocations,
    inputs: places(plan.inputs),
    results: places(plan.results),
    launches: [...compute, ...(gated ? [] : commit)],
    commit: gated ? commit : [],
    ...(plan.finite === undefined ? {} : { finite: at(plan.finite) }),
    memory: plan.memory,
  };
  return { graph, plan, routine };
}

/** The plan shares memory by what it knows of groups; the kernels that came of them must agree. */
function checkInPlace(plan: RoutinePlan<Group>, { lower }: Context): void {
  for (const shared of plan.inPlace) {
    const { kernel, inPlace } = lower(shared.group, plan.layoutOf);
    const allowed = inPlace.some(({ output, input }) => output === shared.output && input === shared.input);
    invariant(allowed, `${kernel.name} would overwrite what it still reads`);
  }
}

function allocate(storage: Storage, offset: number | undefined, { arena }: Context): Allocation {
  const { name, dtype, shape } = storage;
  if (storage.constant !== undefined)
    return { name, dtype, shape, placement: arena.constant(storage.constant) };
  if (storage.persistent !== undefined)
    return { name, dtype, shape, placement: arena.place(storage.persistent, { dtype, shape }) };
  invariant(offset !== undefined, `${name} has no place in the work arena`);
  return { name, dtype, shape, placement: { arena: 'work', offset, bytes: storage.bytes } };
}

function buildLaunch(
  launch: PlannedLaunch<Group>,
  plan: RoutinePlan<Group>,
  { kernels, lower }: Context,
): Launch {
  if (launch.kind !== 'group') {
    const { to, purpose, location } = launch;
    const copied = launch.kind === 'copy';
    const kernel = copied ? copyKernel(launch.from, to) : fillKernel(launch.value, to);
    return {
      kernel: kernels.add(kernel),
      operands: copied ? [launch.from.storage, to.storage] : [to.storage],
      locations: location === undefined ? [] : [location],
      comment: `${purpose} → ${formatType(to)}`,
    };
  }
  const { group } = launch;
  const lowered = lower(group, plan.layoutOf);
  return {
    kernel: kernels.add(lowered.kernel),
    operands: [...lowered.inputs, ...lowered.outputs].map((value) => plan.layoutOf(value).storage),
    locations: locationsOf(group),
    comment: commentOf(group),
  };
}

/** The root's line first, then the others in order, each once. */
function locationsOf({ root, nodes }: Group): Location[] {
  const seen = new Map<string, Location>();
  for (const { location } of [root, ...nodes])
    if (location !== undefined)
      seen.set(`${location.file}:${location.line}:${location.scope ?? ''}`, location);
  return [...seen.values()];
}

function commentOf({ nodes, outputs }: Group): string {
  const names = nodes.map((node: Node) => node.op.name).join(' + ');
  return `${names} → ${outputs.map((value) => formatType(value.type)).join(', ')}`;
}
