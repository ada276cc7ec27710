import type { Diagnostic } from './base/diagnostic.ts';
import { hasErrors } from './base/diagnostic.ts';
import type { Source } from './frontend/index.ts';
import { analyze } from './frontend/index.ts';
import type { Model } from './frontend/model.ts';
import { preludeUnits } from './frontend/unit.ts';
import type { MemoryDifference } from './compare.ts';
import { compareMemory } from './compare.ts';
import { emitModule } from './emit/ts/index.ts';
import { emitWasm } from './emit/wasm/index.ts';
import type { Feature } from './emit/wgsl/index.ts';
import { emitWgsl } from './emit/wgsl/index.ts';
import { pipeline } from './passes/pipeline.ts';
import { winograd as winogradPass, winogradLayers } from './passes/winograd.ts';
import { checkMemory } from './memory.ts';
import type { BuildOptions, Built } from './program/build.ts';
import { buildProgram } from './program/build.ts';
import type { Launch, Program, Routine } from './program/program.ts';
import type { TargetInfo } from './program/target.ts';
import { targets } from './program/target.ts';
import type { Choices } from './schedule/choice.ts';
import { scheduleAs } from './schedule/index.ts';

export interface CompileOptions {
  /**
   * `ts`: one TypeScript module. `js`: the same as JavaScript and a `.d.ts`. `wgsl`: a module that runs on WebGPU, and its
   * shaders as a file of their own. Default `ts`.
   */
  readonly target?: 'ts' | 'js' | 'wgsl';
  /** What the module of `wgsl` is written in. Default `ts`. */
  readonly language?: 'ts' | 'js';
  /**
   * Of `wgsl`: what shaders may use where a device has it; the module has shaders for any device as well. `subgroups`: threads
   * of a workgroup combine what they have in registers. `f16`: predictions read and write half the bytes, their results have
   * about three digits; training and what it leaves are as ever. Default: none.
   */
  readonly features?: readonly Feature[];
  /** Which model of the file; default: the one with a `train` block, else the last. */
  readonly model?: string;
  /** Values for the model's parameters (`width`) and the train block's settings (`epochs`), as text. */
  readonly set?: Readonly<Record<string, string>>;
  /** Only what prediction needs: no training code, no labels. Default false. */
  readonly inference?: boolean;
  /**
   * What the kernels are made of. `wasm`: WebAssembly with SIMD. `ts`: TypeScript or JavaScript. `both`: WebAssembly, and
   * the other where an engine cannot run it. The same bits from all. Default `wasm`; the target `wgsl` has shaders only.
   */
  readonly kernels?: Kernels;
  /** A method `observe`, too: what each layer makes of a sample, and what of it matters. Default false. */
  readonly observe?: boolean;
  /** Whether WebAssembly may run in threads, with `createModel({ threads })`. Default true. */
  readonly threads?: boolean;
  /** A safetensors file to embed in the module. */
  readonly weights?: Uint8Array;
  /** How embedded weights are stored; default `f32`. */
  readonly weightsFormat?: 'f32' | 'f16';
  /** The largest batch of one prediction; more samples run in chunks. Default 1. */
  readonly batchSize?: number;
  /** What is chosen for the schedules of WASM kernels, as `cnnc tune` measured it. Changes no bit. */
  readonly schedules?: Choices;
  /** The graph passes to run, in order; default: all of `pipeline`. */
  readonly passes?: readonly string[];
  /**
   * Whether 3x3 convolutions of stride 1 may be computed in tiles with fewer multiplications. Results then differ from direct
   * sums by rounding, see `Report.winograd`. Default true.
   */
  readonly winograd?: boolean;
  /** With `wgsl`: says in `Report.memory` where its memory differs from that of `wasm`. Default false: it takes a second plan. */
  readonly compareMemory?: boolean;
}

export type Kernels = 'wasm' | 'ts' | 'both';

export interface OutputFile {
  readonly path: string;
  readonly content: string;
}

/** What one routine of the module costs. */
export interface RoutineReport {
  readonly name: string;
  /** It stands in place of the one with the same name where a GPU has f16. */
  readonly precision?: 'f16';
  readonly maxBatch: number;
  readonly launches: number;
  /** Working memory in bytes: as planned, the lower bound for this launch order, and with nothing shared. */
  readonly planned: number;
  readonly bound: number;
  readonly naive: number;
}

/** A convolution that is computed in tiles of 2x2 or 4x4 results. */
export interface WinogradReport {
  readonly routine: string;
  /** Path of the layer and line in the entry, where known. */
  readonly layer?: string;
  readonly line?: number;
  readonly tile: number;
  /** Height and width of the result. */
  readonly size: readonly [number, number];
  readonly channels: number;
  readonly filters: number;
  /** Expected rounding error: root mean square, relative to that of the results. */
  readonly error: number;
}

export interface Report {
  readonly kernels: number;
  /** Trained numbers of the model. */
  readonly parameters: number;
  /** Bytes of everything that outlives a call: params, states, optimizer slots, prepared values. */
  readonly persistentBytes: number;
  readonly routines: readonly RoutineReport[];
  /** The convolutions that the pass `winograd` chose, in the order of their launches. */
  readonly winograd: readonly WinogradReport[];
  /** Memory and launches of a GPU against those of WebAssembly, where `compareMemory` asked. */
  readonly memory?: readonly MemoryDifference[];
  /** Those of `schedules` that are of kernels of this model, where there are some. */
  readonly tuned?: readonly string[];
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
  const { schedules } = options;
  const tuned = new Set<string>();
  const build = (target: TargetInfo, more: Partial<BuildOptions> = {}): Built =>
    buildProgram(model, {
      target,
      inferBatch: options.batchSize ?? 1,
      inference: options.inference ?? false,
      halves: target.name === 'wgsl' && (options.features?.includes('f16') ?? false),
      ...passesOf(options),
      ...(schedules && { schedule: (kernel) => scheduleAs(kernel, target, schedules, tuned) }),
      ...more,
    });
  const { target = 'ts', language = 'ts' } = options;
  const kernels = target === 'wgsl' ? target : (options.kernels ?? 'wasm');
  const built = build(targets[kernels === 'both' ? 'wasm' : kernels]);
  const isWasm = kernels === 'wasm' || kernels === 'both';
  const tooLarge = isWasm
    ? checkMemory(built.program, source.entry, source.read(source.entry) ?? '')
    : undefined;
  if (tooLarge !== undefined) return { files: [], diagnostics: [...diagnostics, tooLarge] };
  const program = beside(source.entry, built.program);
  const first = {
    program,
    ...(isWasm && { wasm: emitWasm(program) }),
    ...(kernels === 'wgsl' && { wgsl: emitWgsl(program, options.features) }),
  };
  const variants =
    kernels === 'both'
      ? ([first, { program: beside(source.entry, build(targets.ts).program) }] as const)
      : ([first] as const);
  const [fileName] = source.entry.split(/[/\\]/).slice(-1);
  const files = emitModule(variants, {
    target: target === 'wgsl' ? language : target,
    sourceName: fileName ?? source.entry,
    inference: options.inference ?? false,
    threads: options.threads ?? true,
    weightsFormat: options.weightsFormat ?? 'f32',
    ...(options.weights === undefined ? {} : { weights: options.weights }),
  });
  // A plan needs no schedules.
  const compared = kernels === 'wgsl' && options.compareMemory;
  const onCpu = compared && build(targets.wasm, { schedule: (kernel) => kernel }).program;
  const report = {
    ...reportOf(built, model),
    ...(schedules && { tuned: [...tuned] }),
    ...(onCpu && { memory: compareMemory(program, onCpu) }),
  };
  return { files, diagnostics, report, model };
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
  const renamed = (routine: Routine): Routine => ({
    ...routine,
    launches: routine.launches.map(rename),
    commit: routine.commit.map(rename),
  });
  const { routines, halved } = program;
  return { ...program, routines: routines.map(renamed), ...(halved && { halved: halved.map(renamed) }) };
}

/** The passes that the options leave. */
export function passesOf({
  passes,
  winograd,
}: Pick<CompileOptions, 'passes' | 'winograd'>): Pick<CompileOptions, 'passes'> {
  if (winograd !== false) return passes === undefined ? {} : { passes };
  const all = passes ?? pipeline.map(({ name }) => name);
  return { passes: all.filter((name) => name !== winogradPass.name) };
}

/** The part of the options that the frontend takes. */
export function analyzeOptions({ model, set, observe }: Pick<CompileOptions, 'model' | 'set' | 'observe'>) {
  return {
    ...(model === undefined ? {} : { model }),
    ...(set === undefined ? {} : { set }),
    ...(observe === undefined ? {} : { observe }),
  };
}

const routineReport = ({ name, maxBatch, launches, commit, memory }: Routine): RoutineReport => ({
  name,
  maxBatch,
  launches: launches.length + commit.length,
  ...memory,
});

function reportOf({ program, routines, halves = [] }: Built, model: Model): Report {
  return {
    kernels: program.kernels.length,
    parameters: model.persistent
      .filter(({ role }) => role === 'param')
      .reduce((sum, { type }) => sum + type.shape.reduce<number>((n, extent) => n * Number(extent), 1), 0),
    persistentBytes: program.persistentBytes,
    routines: [
      ...routines.map(({ routine }) => routineReport(routine)),
      ...halves.map(({ routine }) => ({ ...routineReport(routine), precision: 'f16' as const })),
    ],
    winograd: routines.flatMap(({ graph, routine }) =>
      winogradLayers(graph).map(({ location, ...layer }): WinogradReport => ({
        routine: routine.name,
        ...(location?.scope === undefined ? {} : { layer: location.scope }),
        ...(location === undefined ? {} : { line: location.line }),
        ...layer,
      })),
    ),
  };
}
