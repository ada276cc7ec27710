/** Puts the parts together: the graphs of a model through passes, fusion, planning, lowering and schedules to a Program. */
import { invariant } from '../base/invariant.ts';
import type { Location } from '../base/source.ts';
import { elementCount, formatType } from '../base/types.ts';
import type { Model, Persistent } from '../frontend/model.ts';
import type { Graph, Node } from '../graph/ir.ts';
import type { Group } from '../lower/index.ts';
import { groupNodes, lowering } from '../lower/index.ts';
import type { Hoisted } from '../passes/hoist.ts';
import { hoist } from '../passes/index.ts';
import { scratchOf } from '../loop/accesses.ts';
import type { Buffer, Kernel } from '../loop/ir.ts';
import { runPipeline } from '../passes/pipeline.ts';
import type { Halves, Layout, PlannedLaunch, RoutineLayout, RoutinePlan, Storage } from '../plan/index.ts';
import { alignment, layoutRoutine, placeRoutine } from '../plan/index.ts';
import { schedule } from '../schedule/index.ts';
import { copyKernel, fillKernel } from './copies.ts';
import { halve } from './halve.ts';
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
  /** Make `prepare` and `infer` for devices with f16, too. Default false. */
  readonly halves?: boolean;
  /** Names of the passes to run, in order; default: all. */
  readonly passes?: readonly string[];
  /**
   * How a lowered kernel becomes the one that runs, mostly on `batch` samples; default: as the target does it. Called once for
   * each kernel, in order; on a GPU, sums of products once for each batch, of which equal results are one kernel.
   */
  readonly schedule?: (kernel: Kernel, batch: number) => Kernel;
  /** Told of every graph before the passes (`pass` undefined) and after each of them. */
  readonly onGraph?: (graph: Graph, pass: string | undefined) => void;
}

/** A routine together with the graph it was made of, for dumps and reports. */
interface BuiltRoutine {
  readonly graph: Graph;
  readonly plan: RoutinePlan;
  readonly routine: Routine;
}

export interface Built {
  readonly program: Program;
  readonly routines: readonly BuiltRoutine[];
  /** Those for devices with f16, where they were asked for. */
  readonly halves?: readonly BuiltRoutine[];
}

interface Context {
  readonly target: TargetInfo;
  readonly kernels: KernelTable;
  readonly lower: ReturnType<typeof lowering>;
  readonly arena: PersistentArena;
  readonly slab: number;
}

export function buildProgram(model: Model, options: BuildOptions): Built {
  const optimize = (graph: Graph): Graph => optimizeGraph(graph, options);
  const { evaluate, step } = model.graphs;
  const { observe } = model;
  const training = options.inference === true ? undefined : model.training;
  const hoisted = hoist([
    optimize(model.graphs.infer),
    ...(training !== undefined && evaluate !== undefined ? [optimize(evaluate)] : []),
    ...(observe === undefined ? [] : [optimize(observe.graph)]),
  ]);
  const batchSize = training?.batchSize ?? 1;
  const portable = [
    ...(hoisted.prepare === undefined ? [] : [layOut('prepare', hoisted.prepare, 1, options)]),
    ...hoisted.graphs.map((graph, i) => {
      if (i === 0) return layOut('infer', graph, options.inferBatch ?? 1, options);
      return graph.name === 'observe'
        ? layOut('observe', graph, 1, options)
        : layOut('evaluate', graph, batchSize, options);
    }),
    ...(training !== undefined && step !== undefined
      ? [layOut('step', optimize(step), batchSize, options)]
      : []),
  ];
  const { laidOut, inPlaceOf } = options.halves === true ? layOutHalves(hoisted, options) : noHalves;
  const { routines: all, ...parts } = buildRoutines(
    [...portable, ...laidOut],
    model.persistent.filter(({ role }) => role !== 'slot' || training !== undefined),
    options,
    inPlaceOf,
  );
  const routines = all.slice(0, portable.length);
  const halves = all.slice(portable.length);
  const program: Program = {
    name: model.name,
    inputs: model.inputs,
    outputs: model.outputs,
    ...(training === undefined ? {} : { training }),
    ...(observe && { observed: { layers: observe.layers, saliency: observe.saliency } }),
    ...parts,
    routines: routines.map(({ routine }) => routine),
    ...(halves.length > 0 && { halved: halves.map(({ routine }) => routine) }),
  };
  return { program, routines, ...(halves.length > 0 && { halves }) };
}

const noHalves = { laidOut: [], inPlaceOf: undefined };

/** What a device with f16 runs in place of others; nothing where all tensors are small. */
function layOutHalves(hoisted: Hoisted, options: BuildOptions) {
  const { prepare, infer, persistent, inPlaceOf } = halve(hoisted);
  const laidOut = [
    layOut('prepare', prepare, 1, options, { persistent, work: false }),
    layOut('infer', infer, options.inferBatch ?? 1, options, { persistent, work: true }),
  ];
  const helps = laidOut.some(({ layout }) => layout.storages.some(({ stored }) => stored));
  return helps ? { laidOut, inPlaceOf } : noHalves;
}

/**
 * The routines of graphs that came without a model: what persists is what they declare, and begins as zeros. `infer` and all
 * others have batches of `inferBatch`.
 */
export function buildGraphs(graphs: readonly Graph[], options: BuildOptions): Built {
  const persistent = new Map<string, Persistent>();
  for (const { name, role, type } of graphs.flatMap(({ parameters }) => parameters)) {
    if (role !== 'input')
      persistent.set(name, { name, role, type, initializer: { kind: 'constant', values: [0] } });
  }
  const names = ['prepare', 'evaluate', 'observe', 'step'] as const;
  const laidOut = graphs.map((graph) => {
    const name = names.find((known) => known === graph.name) ?? 'infer';
    return layOut(name, optimizeGraph(graph, options), options.inferBatch ?? 1, options);
  });
  const { routines, ...parts } = buildRoutines(laidOut, [...persistent.values()], options);
  const program: Program = {
    name: 'graphs',
    inputs: [],
    outputs: [],
    ...parts,
    routines: routines.map(({ routine }) => routine),
  };
  return { program, routines };
}

/** A graph after its passes. */
export function optimizeGraph(graph: Graph, { target, passes, onGraph }: BuildOptions): Graph {
  onGraph?.(graph, undefined);
  return runPipeline(graph, target, {
    ...(passes === undefined ? {} : { passes }),
    ...(onGraph === undefined ? {} : { onPass: (name: string, after: Graph) => onGraph(after, name) }),
  });
}

/** A graph before anything has a place. */
interface LaidOut extends Pick<Routine, 'name' | 'maxBatch'> {
  readonly graph: Graph;
  readonly layout: RoutineLayout<Group>;
}

function layOut(
  name: Routine['name'],
  graph: Graph,
  maxBatch: number,
  { target }: BuildOptions,
  halves?: Halves,
): LaidOut {
  const { elementBytes } = target;
  const sizes = { maxBatch, elementBytes, ...(halves && { halves }) };
  const layout = layoutRoutine(graph, groupNodes(graph, target), sizes);
  return { name, maxBatch, graph, layout };
}

function buildRoutines(
  laidOut: readonly LaidOut[],
  persistent: readonly Persistent[],
  { target, schedule: own }: BuildOptions,
  inPlaceOf?: ReadonlyMap<string, string>,
): Pick<Built, 'routines'> & Pick<Program, 'persistent' | 'persistentBytes' | 'slabBytes' | 'kernels'> {
  // A tensor that is larger than others' slabs needs larger ones.
  const largest = laidOut
    .flatMap(({ layout }) => layout.storages)
    .reduce((most, { bytes }) => Math.max(most, Math.ceil(bytes / alignment) * alignment), 0);
  const slab = Math.max(target.slabBytes, largest);
  const context: Context = {
    target,
    kernels: new KernelTable(own ?? ((kernel, batch) => schedule(kernel, target, batch))),
    lower: lowering(target.lanes),
    arena: new PersistentArena(persistent, target, slab, inPlaceOf),
    slab,
  };
  const routines = laidOut.map((each) => buildRoutine(each, context));
  return {
    routines,
    persistent: context.arena.tensors,
    persistentBytes: context.arena.bytes,
    ...(slab !== Infinity && { slabBytes: slab }),
    kernels: context.kernels.kernels,
  };
}

function buildRoutine({ name, maxBatch, graph, layout }: LaidOut, context: Context): BuiltRoutine {
  const { elementBytes } = context.target;
  const needs = (group: Group): readonly Buffer[] => scratchBuffers(group, layout, context);
  const bytesOf = ({ dtype, shape }: Buffer): number => elementCount(shape, 1) * elementBytes[dtype];
  const plan = placeRoutine(layout, (group) => needs(group).map(bytesOf), context.slab);
  checkInPlace(plan, context);
  const allocations = plan.storages.map((storage, i) => allocate(storage, plan.offsets[i], context));
  const scratch = new Map<Group, readonly number[]>();
  for (const [group, planned] of plan.scratch) {
    const buffers = needs(group).map(({ name: buffer, dtype, shape }, i): Allocation => {
      const { offset = 0, bytes = 0 } = planned[i] ?? {};
      return { name: buffer, dtype, shape, placement: { arena: 'work', offset, bytes } };
    });
    scratch.set(
      group,
      buffers.map((buffer) => allocations.push(buffer) - 1),
    );
  }
  const at = ({ storage }: Layout): number => storage;
  const launches = (planned: readonly PlannedLaunch<Group>[]): Launch[] =>
    planned.map((launch) => buildLaunch(launch, plan, scratch, maxBatch, context));
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

/** Scratch memory of a kernel that the plan has a place for. */
function scratchBuffers(
  group: Group,
  { layoutOf }: RoutineLayout<Group>,
  { target, kernels, lower }: Context,
): readonly Buffer[] {
  if (!target.plansScratch) return [];
  const { kernel } = lower(group, layoutOf);
  if (scratchOf(kernel.body).length === 0) return [];
  return scratchOf(kernels.kernels[kernels.add(kernel)]?.body ?? []);
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
  const { name, dtype, shape, stored } = storage;
  const type = { dtype, shape, ...(stored && { stored }) };
  if (storage.constant !== undefined) return { name, ...type, placement: arena.constant(storage.constant) };
  if (storage.persistent !== undefined)
    return { name, ...type, placement: arena.place(storage.persistent, type) };
  invariant(offset !== undefined, `${name} has no place in the work arena`);
  return { name, ...type, placement: { arena: 'work', offset, bytes: storage.bytes } };
}

function buildLaunch(
  launch: PlannedLaunch<Group>,
  plan: RoutinePlan<Group>,
  scratch: ReadonlyMap<Group, readonly number[]>,
  maxBatch: number,
  { target, kernels, lower }: Context,
): Launch {
  if (launch.kind !== 'group') {
    const { to, purpose, location } = launch;
    const copied = launch.kind === 'copy';
    const kernel = copied ? copyKernel(launch.from, to) : fillKernel(launch.value, to);
    return {
      kernel: kernels.addEqual(kernel),
      operands: copied ? [launch.from.storage, to.storage] : [to.storage],
      locations: location === undefined ? [] : [location],
      comment: `${purpose} → ${formatType(to)}`,
    };
  }
  const { group } = launch;
  const lowered = lower(group, plan.layoutOf);
  const goesByBatch = target.schedulesByBatch && lowered.kernel.kind === 'contraction';
  return {
    kernel: kernels.add(lowered.kernel, goesByBatch ? maxBatch : 1),
    operands: [
      ...[...lowered.inputs, ...lowered.outputs].map((value) => plan.layoutOf(value).storage),
      ...(scratch.get(group) ?? []),
    ],
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
