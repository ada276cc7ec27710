import type { Diagnostic } from './base/diagnostic.ts';
import { hasErrors } from './base/diagnostic.ts';
import type { Source } from './frontend/index.ts';
import { analyze } from './frontend/index.ts';
import type { Model } from './frontend/model.ts';
import { preludeUnits } from './frontend/unit.ts';
import { emitModule } from './emit/ts/index.ts';
import type { Built } from './program/build.ts';
import { buildProgram } from './program/build.ts';
import type { Launch, Program } from './program/program.ts';
import { targets } from './program/target.ts';

export interface CompileOptions {
  /** `ts`: one TypeScript module. `js`: the same as JavaScript and a `.d.ts`. Default `ts`. */
  readonly target?: 'ts' | 'js';
  /** Which model of the file; default: the one with a `train` block, else the last. */
  readonly model?: string;
  /** Values for the model's parameters (`width`) and the train block's settings (`epochs`), as text. */
  readonly set?: Readonly<Record<string, string>>;
  /** Only what prediction needs: no training code, no labels. Default false. */
  readonly inference?: boolean;
  /** A safetensors file to embed in the module. */
  readonly weights?: Uint8Array;
  /** How embedded weights are stored; default `f32`. */
  readonly weightsFormat?: 'f32' | 'f16';
  /** The largest batch of one prediction; more samples run in chunks. Default 1. */
  readonly batchSize?: number;
  /** The graph passes to run, in order; default: all of `pipeline`. */
  readonly passes?: readonly string[];
}

export interface OutputFile {
  readonly path: string;
  readonly content: string;
}

/** What one routine of the module costs. */
export interface RoutineReport {
  readonly name: string;
  readonly maxBatch: number;
  readonly launches: number;
  /** Working memory in bytes: as planned, the lower bound for this launch order, and with nothing shared. */
  readonly planned: number;
  readonly bound: number;
  readonly naive: number;
}

export interface Report {
  readonly kernels: number;
  /** Trained numbers of the model. */
  readonly parameters: number;
  /** Bytes of everything that outlives a call: params, states, optimizer slots, prepared values. */
  readonly persistentBytes: number;
  readonly routines: readonly RoutineReport[];
}

export interface CompileResult {
  /** Empty when `diagnostics` holds an error. */
  readonly files: readonly OutputFile[];
  readonly diagnostics: readonly Diagnostic[];
  readonly report?: Report;
  /** The interface of the model, for tools that feed it. */
  readonly model?: Model;
}

/**
 * Builds the parser and reads the prelude. The first compile of a process does that otherwise; a host that has time before
 * the first text comes may ask for it.
 */
export function startUp(): void {
  preludeUnits();
}

/** Compiles the model of `source.entry`. Any text gives files or diagnostics; an exception is a bug of the compiler. */
export function compile(source: Source, options: CompileOptions = {}): CompileResult {
  const { model, diagnostics } = analyze(source, analyzeOptions(options));
  if (model === undefined || hasErrors(diagnostics)) return { files: [], diagnostics };
  const target = options.target ?? 'ts';
  const built = buildProgram(model, {
    target: targets[target],
    inferBatch: options.batchSize ?? 1,
    inference: options.inference ?? false,
    ...(options.passes === undefined ? {} : { passes: options.passes }),
  });
  const [fileName] = source.entry.split(/[/\\]/).slice(-1);
  const files = emitModule(beside(source.entry, built.program), {
    target,
    sourceName: fileName ?? source.entry,
    inference: options.inference ?? false,
    weightsFormat: options.weightsFormat ?? 'f32',
    ...(options.weights === undefined ? {} : { weights: options.weights }),
  });
  return { files, diagnostics, report: reportOf(built, model), model };
}

/** The program with files named as seen from the entry's folder, so that the output is the same wherever that folder lies. */
function beside(entry: string, program: Program): Program {
  const folder = entry.slice(0, Math.max(entry.lastIndexOf('/'), entry.lastIndexOf('\\')) + 1);
  const rename = (launch: Launch): Launch => ({
    ...launch,
    locations: launch.locations.map((location) =>
      location.file.startsWith(folder) ? { ...location, file: location.file.slice(folder.length) } : location,
    ),
  });
  const routines = program.routines.map((routine) => ({
    ...routine,
    launches: routine.launches.map(rename),
    commit: routine.commit.map(rename),
  }));
  return { ...program, routines };
}

/** The part of the options that the frontend takes. */
export function analyzeOptions({ model, set }: Pick<CompileOptions, 'model' | 'set'>) {
  return { ...(model === undefined ? {} : { model }), ...(set === undefined ? {} : { set }) };
}

export function reportOf({ program, routines }: Built, model: Model): Report {
  return {
    kernels: program.kernels.length,
    parameters: model.persistent
      .filter(({ role }) => role === 'param')
      .reduce((sum, { type }) => sum + type.shape.reduce<number>((n, extent) => n * Number(extent), 1), 0),
    persistentBytes: program.persistentBytes,
    routines: routines.map(({ routine }) => ({
      name: routine.name,
      maxBatch: routine.maxBatch,
      launches: routine.launches.length + routine.commit.length,
      ...routine.memory,
    })),
  };
}
