import type { Diagnostic } from './base/diagnostic.ts';
import { hasErrors } from './base/diagnostic.ts';
import { formatType } from './base/types.ts';
import type { CompileOptions } from './compile.ts';
import { analyzeOptions } from './compile.ts';
import type { Source } from './frontend/index.ts';
import { isGraphText, parseGraphs } from './frontend/graph-text.ts';
import { analyze } from './frontend/index.ts';
import type { Graph } from './graph/ir.ts';
import { printGraph } from './graph/print.ts';
import { printKernel } from './loop/print.ts';
import { runPipeline } from './passes/pipeline.ts';
import { buildProgram } from './program/build.ts';
import type { Program, Routine } from './program/program.ts';
import { targets } from './program/target.ts';

export interface DumpOptions extends Pick<
  CompileOptions,
  'model' | 'set' | 'inference' | 'batchSize' | 'passes'
> {
  /** Graphs, the scheduled kernels, or launches with their placements. Default `graph`. */
  readonly stage?: 'graph' | 'loops' | 'plan';
  /** With `graph`: the graphs as they leave this pass; default: after all passes. `frontend`: before the first. */
  readonly after?: string;
  /** With `graph`: before the passes and after each one that changed something. */
  readonly afterEach?: boolean;
}

export interface DumpResult {
  readonly text: string;
  readonly diagnostics: readonly Diagnostic[];
}

/** Graphs as they leave the passes, in the order in which that happens. */
type Stages = readonly { readonly graph: Graph; readonly pass: string }[];

/**
 * The intermediate representations of a model as text; graphs and kernels parse back. A text of graphs, as this makes it, goes
 * through the passes again.
 */
export function dump(source: Source, options: DumpOptions = {}): DumpResult {
  const { entry, read } = source;
  const text = read(entry);
  if ((options.stage ?? 'graph') === 'graph' && text !== undefined && isGraphText(entry, text)) {
    return dumpGraphText(entry, text, options);
  }
  const { model, diagnostics } = analyze(source, analyzeOptions(options));
  if (model === undefined || hasErrors(diagnostics)) return { text: '', diagnostics };
  const stages: { graph: Graph; pass: string }[] = [];
  const built = buildProgram(model, {
    target: targets.ts,
    inferBatch: options.batchSize ?? 1,
    inference: options.inference ?? false,
    ...(options.passes === undefined ? {} : { passes: options.passes }),
    onGraph: (graph, pass) => stages.push({ graph, pass: pass ?? 'frontend' }),
  });
  const { program } = built;
  switch (options.stage ?? 'graph') {
    case 'graph': {
      const graphs = built.routines.map(({ graph }) => graph);
      return { text: printStages(graphs, stages, options), diagnostics };
    }
    case 'loops':
      return { text: program.kernels.map(printKernel).join('\n'), diagnostics };
    case 'plan':
      return { text: printPlan(program), diagnostics };
  }
}

function dumpGraphText(entry: string, text: string, options: DumpOptions): DumpResult {
  const { graphs, diagnostics } = parseGraphs(entry, text);
  const stages: { graph: Graph; pass: string }[] = [];
  const results = graphs.map((graph) => {
    stages.push({ graph, pass: 'frontend' });
    return runPipeline(graph, targets.ts, {
      ...(options.passes === undefined ? {} : { passes: options.passes }),
      onPass: (pass, after) => stages.push({ graph: after, pass }),
    });
  });
  return { text: printStages(results, stages, options), diagnostics };
}

function printStages(
  results: readonly Graph[],
  stages: Stages,
  { after, afterEach }: Pick<DumpOptions, 'after' | 'afterEach'>,
): string {
  if (afterEach === true) return eachChange(stages);
  const graphs =
    after === undefined ? results : stages.filter(({ pass }) => pass === after).map(({ graph }) => graph);
  return graphs.map(printGraph).join('\n');
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
