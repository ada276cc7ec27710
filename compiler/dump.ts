import type { Diagnostic } from './base/diagnostic.ts';
import { hasErrors } from './base/diagnostic.ts';
import { formatType } from './base/types.ts';
import type { CompileOptions } from './compile.ts';
import { analyzeOptions, passesOf } from './compile.ts';
import type { Source } from './frontend/index.ts';
import { isGraphText, parseGraphs } from './frontend/graph-text.ts';
import { analyze } from './frontend/index.ts';
import type { Model } from './frontend/model.ts';
import type { Graph } from './graph/ir.ts';
import { constantsPath, parseConstants, printConstants } from './graph/constants.ts';
import { printGraph } from './graph/print.ts';
import type { Kernel } from './loop/ir.ts';
import { printKernel } from './loop/print.ts';
import type { BuildOptions } from './program/build.ts';
import { buildGraphs, buildProgram, optimizeGraph } from './program/build.ts';
import type { Program, Routine } from './program/program.ts';
import type { TargetInfo } from './program/target.ts';
import { targets } from './program/target.ts';
import { describeSchedule } from './schedule/describe.ts';
import { scheduling } from './schedule/index.ts';

export interface DumpOptions extends Pick<
  CompileOptions,
  'model' | 'set' | 'inference' | 'observe' | 'batchSize' | 'passes' | 'winograd'
> {
  /** Graphs, the scheduled kernels, or launches with their placements. Default `graph`. */
  readonly stage?: 'graph' | 'loops' | 'plan';
  /** What passes, schedules and plan are for. Default `ts`. */
  readonly target?: TargetInfo['name'];
  /** With `graph`: the graphs as they leave this pass; default: after all passes. `frontend`: before the first. */
  readonly after?: string;
  /** With `graph`: before the passes and after each one that changed something. */
  readonly afterEach?: boolean;
}

export interface DumpResult {
  readonly text: string;
  /** What stands behind the hashes of large constants in `text`: the content of `constantsPath(file)`, where not empty. */
  readonly constants: string;
  readonly diagnostics: readonly Diagnostic[];
}

/** Graphs as they leave the passes, in the order in which that happens. */
type Stages = readonly { readonly graph: Graph; readonly pass: string }[];

/**
 * The intermediate representations of a model as text; graphs and kernels parse back. A text of graphs, as this makes it, with
 * its constants in a file beside it, goes through the passes again.
 */
export function dump(source: Source, options: DumpOptions = {}): DumpResult {
  const { entry, read } = source;
  const text = read(entry);
  if (text !== undefined && isGraphText(entry, text)) {
    const constants = parseConstants(read(constantsPath(entry)) ?? '');
    const { graphs, diagnostics } = parseGraphs(entry, text, constants);
    return { ...print(options, hasErrors(diagnostics) ? undefined : fromGraphs(graphs)), diagnostics };
  }
  const { model, diagnostics } = analyze(source, analyzeOptions(options));
  const broken = model === undefined || hasErrors(diagnostics);
  return { ...print(options, broken ? undefined : fromModel(model)), diagnostics };
}

/** Where the representations come from. */
interface Origin {
  /** The graphs after their passes. */
  graphs(options: BuildOptions): readonly Graph[];
  program(options: BuildOptions): Program;
}

const fromModel = (model: Model): Origin => ({
  graphs: (options) => buildProgram(model, options).routines.map(({ graph }) => graph),
  program: (options) => buildProgram(model, options).program,
});

const fromGraphs = (given: readonly Graph[]): Origin => ({
  graphs: (options) => given.map((graph) => optimizeGraph(graph, options)),
  program: (options) => buildGraphs(given, options).program,
});

type Printed = Pick<DumpResult, 'text' | 'constants'>;

function print(options: DumpOptions, origin: Origin | undefined): Printed {
  if (origin === undefined) return { text: '', constants: '' };
  const stages: { graph: Graph; pass: string }[] = [];
  const buildOptions: BuildOptions = {
    target: targets[options.target ?? 'ts'],
    inferBatch: options.batchSize ?? 1,
    inference: options.inference ?? false,
    ...passesOf(options),
    onGraph: (graph, pass) => stages.push({ graph, pass: pass ?? 'frontend' }),
  };
  switch (options.stage ?? 'graph') {
    case 'graph':
      return printStages(origin.graphs(buildOptions), stages, options);
    case 'loops':
      return { text: printLoops(origin, buildOptions), constants: '' };
    case 'plan':
      return { text: printPlan(origin.program(buildOptions)), constants: '' };
  }
}

/** The scheduled kernels, each behind what was chosen for it. */
function printLoops(origin: Origin, options: BuildOptions): string {
  const chosen: string[] = [];
  const schedule = (lowered: Kernel): Kernel => {
    const { kernel, steps } = scheduling(lowered, options.target);
    chosen.push(describeSchedule(steps, kernel));
    return kernel;
  };
  const { kernels } = origin.program({ ...options, schedule });
  return kernels.map((kernel, i) => `// ${chosen[i]}\n${printKernel(kernel)}`).join('\n');
}

function printStages(
  results: readonly Graph[],
  stages: Stages,
  { after, afterEach }: Pick<DumpOptions, 'after' | 'afterEach'>,
): Printed {
  const everything = stages.map(({ graph }) => graph);
  if (afterEach === true) return { text: eachChange(stages), constants: printConstants(everything) };
  const graphs =
    after === undefined ? results : stages.filter(({ pass }) => pass === after).map(({ graph }) => graph);
  return { text: graphs.map(printGraph).join('\n'), constants: printConstants(graphs) };
}

function eachChange(stages: Stages): string {
  const last = new Map<string, string>();
  return stages
    .flatMap(({ graph, pass }) => {
      const text = printGraph(graph);
      const unchanged = pass !== 'frontend' && last.get(graph.name) === text;
      last.set(graph.name, text);
      return unchanged
        ? [`// ${graph.name} after ${pass}: unchanged\n`]
        : [`// ${graph.name} after ${pass}\n${text}`];
    })
    .join('\n');
}

function printPlan(program: Program): string {
  const persistent = program.persistent.map(
    ({ name, role, dtype, shape, placement }) =>
      `  ${String(placement.offset).padStart(9)} ${String(placement.bytes).padStart(9)}  ${role} ${name}: ${formatType({ dtype, shape })}`,
  );
  return [
    `persistent ${program.persistentBytes} bytes`,
    ...persistent,
    ...program.routines.flatMap((routine) => printRoutine(program, routine)),
    '',
  ].join('\n');
}

function printRoutine(
  program: Program,
  { name, maxBatch, memory, allocations, launches, commit }: Routine,
): string[] {
  const { planned, bound, naive } = memory;
  const verdict = planned === bound ? 'optimal' : `${planned - bound} over the bound`;
  const work = allocations.filter(({ placement }) => placement.arena === 'work');
  const calls = (list: Routine['launches']): string[] =>
    list.map(({ kernel, operands, comment }) => {
      const names = operands.map((i) => allocations[i]?.name ?? '?').join(', ');
      return `  ${program.kernels[kernel]?.name ?? '?'}(${names})  // ${comment}`;
    });
  return [
    '',
    `${name}: maxBatch ${maxBatch}, planned ${planned}, bound ${bound} (${verdict}), naive ${naive}`,
    ...work.map(
      (a) =>
        `  ${String(a.placement.offset).padStart(9)} ${String(a.placement.bytes).padStart(9)}  ${a.name}: ${formatType(a)}`,
    ),
    ...calls(launches),
    ...(commit.length === 0 ? [] : ['  commit:', ...calls(commit)]),
  ];
}
