/** A Program as one module without dependencies: `.ts`, or `.js` with `.d.ts`. */
import { runtime, version } from '../../generated/runtime.ts';
import type { TakenNames } from '../../loop/names.ts';
import type { Program, Routine } from '../../program/program.ts';
import {
  blueprintConst,
  bytesOf,
  classesConst,
  header,
  imageFromFunction,
  imageInputs,
  moduleTypes,
  observedConst,
  signatureConst,
  tensorsConst,
} from './interface.ts';
import type { KernelFunctions } from './kernels.ts';
import { kernelFunctions } from './kernels.ts';
import { NameScope, reservedWords } from './names.ts';
import { routineFunction } from './routine.ts';
import { runtimeClosure } from './runtime.ts';
import type { Declaration, FunctionNode, Language } from './tree.ts';
import { printModule } from './tree.ts';
import type { EmbeddedWasm } from './wasm.ts';
import { fusedConst, wasmConst, wasmRoutineFunction, wasmTable } from './wasm.ts';
import { embeddedWeights } from './weights.ts';
import type { EmbeddedShaders } from './wgsl.ts';
import { deviceNeeds, gpuRoutineFunction, shaderConsts, wgslLiteral, wgslTexts } from './wgsl.ts';

export interface EmitOptions {
  readonly target: 'ts' | 'js';
  /** The `.cnn` file, for the header; its name without folder and ending names the module. */
  readonly sourceName: string;
  /** Leave out all that only training needs. */
  readonly inference: boolean;
  /** A safetensors file to embed. */
  readonly weights?: Uint8Array;
  /** How embedded weights are stored; default f32. */
  readonly weightsFormat?: 'f32' | 'f16';
  /** Whether kernels that are WebAssembly may run in threads; default true. */
  readonly threads?: boolean;
}

/** A program and how its kernels are printed: as WebAssembly where there is `wasm`, as shaders where there is `wgsl`. */
export interface Variant {
  readonly program: Program;
  readonly wasm?: EmbeddedWasm;
  readonly wgsl?: EmbeddedShaders;
}

interface EmittedFile {
  readonly path: string;
  readonly content: string;
}

/**
 * Prints the module: with the kernels of one variant, or with WebAssembly and, where that cannot run, TypeScript. The same
 * programs and options give the same bytes. Throws a `ModelError` of the runtime (`weights-…`) when the weights to embed are
 * not those of the program, or too large.
 */
export function emitModule(
  variants: readonly [Variant] | readonly [wasm: Variant, script: Variant],
  options: EmitOptions,
): readonly EmittedFile[] {
  const plain = (options.sourceName.split(/[/\\]/).pop() ?? '').replace(/\.cnn$/, '') || 'model';
  const [{ wgsl }] = variants;
  const stem = wgsl === undefined ? plain : `${plain}.gpu`;
  const { model, end, data } = partsOf(variants, options, stem);
  const text = { model: printModule(model, 'ts'), end: printModule(end, 'ts') };
  // Words of shaders are no names of the runtime.
  const runtime = runtimeClosure((text.model + text.end).replaceAll(wgslLiteral, ''));
  const print = (language: Language): string =>
    [
      language === 'ts' ? text.model : printModule(model, language),
      printModule(
        [{ kind: 'section', title: 'Runtime, the same for all models: see runtime/ of cnnc' }, ...runtime],
        language,
      ),
      printModule([{ kind: 'section', title: 'The model' }, ...end, ...data], language),
    ].join('\n');
  const file = `${stem}.${options.target}`;
  const shaders = (wgsl ? wgslTexts(wgsl, file) : []).map(({ needs, text: content }) => {
    return { path: [plain, ...needs, 'wgsl'].join('.'), content };
  });
  if (options.target === 'ts') return [{ path: `${stem}.ts`, content: print('ts') }, ...shaders];
  return [
    { path: `${stem}.js`, content: print('js') },
    { path: `${stem}.d.ts`, content: print('d.ts') },
    ...shaders,
  ];
}

interface ModuleParts {
  /** What tells this model from others: header, types, tables, kernels, routines. */
  readonly model: readonly Declaration[];
  readonly end: readonly Declaration[];
  /** Long texts. */
  readonly data: readonly Declaration[];
}

/** What is known of the module as a whole. */
interface Facts {
  readonly trains: boolean;
  readonly embedded: boolean;
  readonly inference: boolean;
  readonly names: NameScope;
  readonly outer: TakenNames;
}

function partsOf(
  variants: readonly [Variant] | readonly [Variant, Variant],
  options: EmitOptions,
  stem: string,
): ModuleParts {
  const [{ program, wasm, wgsl }, script] = variants;
  const trains = chosenRoutines(program, options.inference).some(({ name }) => name === 'step');
  const weights =
    options.weights && embeddedWeights(program, options.weights, options.weightsFormat ?? 'f32');
  const embedded = weights !== undefined;
  const names = topLevelNames();
  const facts = { trains, embedded, inference: options.inference, names, outer: outerNames(names) };
  const kernels = wgsl ? 'wgsl' : wasm === undefined ? 'ts' : script === undefined ? 'wasm' : 'both';
  const threads = options.threads ?? true;
  const images = imageInputs(program);
  const model: readonly Declaration[] = [
    header({
      ...options,
      program,
      version,
      trains,
      embedded,
      kernels,
      threads,
      file: `${stem}.${options.target}`,
    }),
    moduleTypes(program, trains),
    signatureConst(program, trains),
    classesConst(program),
    ...observedConst(program),
    ...variantParts(variants[0], facts, 'tensors', 'blueprint'),
    ...(script === undefined ? [] : variantParts(script, facts, 'scriptTensors', 'scriptBlueprint')),
  ];
  const end: readonly Declaration[] = [
    ...(images.length > 0 ? [imageFromFunction(program, images)] : []),
    createModelFunction(facts, kernels, threads, program.observed !== undefined),
  ];
  return {
    model,
    end,
    data: [...(wasm ? [wasmConst(wasm), fusedConst(wasm)] : []), ...(weights ? [weights] : [])],
  };
}

/** Tables, kernels and routines of one variant. */
function variantParts(
  variant: Variant,
  { trains, embedded, inference, names, outer }: Facts,
  tensorsName: string,
  name: string,
): readonly Declaration[] {
  const { program, wasm, wgsl } = variant;
  const routines = chosenRoutines(program, inference);
  // What is f16 is nobody's but the kernels'.
  const tensors = program.persistent.filter(({ role, stored }) => (trains || role !== 'slot') && !stored);
  const bound = routines.map((routine) => ({ routine, name: names.unique(routine.name) }));
  const halves = chosenRoutines({ ...program, routines: program.halved ?? [] }, inference);
  const halved = halves.map((routine) => ({ routine, name: names.unique(`${routine.name}_f16`) }));
  const blueprint = (kernels: number): Declaration =>
    blueprintConst({
      name,
      tensorsName,
      program,
      tensors,
      kernels,
      routines: bound,
      halved,
      trains,
      embedded,
      ...(wasm && { wasm: wasmTable(wasm) }),
      ...(wgsl && { wgsl: deviceNeeds(program, wgsl, bytesOf(program, tensors), routines, halves) }),
    });
  const table = tensorsConst(tensorsName, tensors, wasm?.persistentBase ?? 0);
  const section = { kind: 'section', title: 'Routines' } as const;
  if (wasm !== undefined) {
    const functions = bound.map((each) => wasmRoutineFunction(program, each.routine, each.name, wasm));
    return [table, section, ...functions, blueprint(program.kernels.length)];
  }
  if (wgsl !== undefined) {
    const shaders = shaderConsts(wgsl, [...routines, ...halved.map(({ routine }) => routine)], names);
    const functions = [...bound, ...halved].map(({ routine, name }) =>
      gpuRoutineFunction(program, routine, name, wgsl, shaders, outer),
    );
    return [
      table,
      { kind: 'section', title: 'Shaders' },
      ...shaders.declarations,
      section,
      ...functions,
      blueprint(shaders.names.size),
    ];
  }
  const kernels = kernelFunctions(program, routines, names, outer);
  const functions = bound.map((each) =>
    routineFunction(program, each.routine, each.name, kernels.calls, outer),
  );
  return [table, ...scriptKernels(kernels), section, ...functions, blueprint(kernels.functions.length)];
}

const scriptKernels = ({ math, functions }: KernelFunctions): readonly Declaration[] => [
  { kind: 'section', title: 'Kernels' },
  { kind: 'text', ts: roundText, js: roundText, dts: '' },
  ...math,
  ...functions,
];

const roundText =
  '/** Rounds to single precision, as each operation of a kernel does. */\nconst f = Math.fround;';

function chosenRoutines(program: Program, inference: boolean): readonly Routine[] {
  const isInference = inference || program.training === undefined;
  return program.routines.filter(
    ({ name, launches }) =>
      (name !== 'prepare' || launches.length > 0) &&
      !(isInference && (name === 'step' || name === 'evaluate')),
  );
}

/** Names for the module's top level: none that the runtime declares or that its code mentions. */
function topLevelNames(): NameScope {
  const taken = new Set([...reservedWords, ...ownNames]);
  for (const { declares, mentions } of runtime)
    for (const name of [...declares, ...mentions]) taken.add(name);
  // The runtime has routines under these names as keys only.
  for (const name of ['prepare', 'infer', 'evaluate', 'observe', 'step']) taken.delete(name);
  return new NameScope(taken);
}

/** Names that a function of the module must leave alone: those it may use from outside. */
function outerNames(top: NameScope): TakenNames {
  const declared = new Set(runtime.flatMap(({ declares }) => declares));
  return { has: (name) => reservedWords.has(name) || declared.has(name) || top.owns(name) };
}

const ownNames = [
  'Inputs',
  'Labels',
  'Outputs',
  'Model',
  'signature',
  'classes',
  'observed',
  'tensors',
  'blueprint',
  'scriptTensors',
  'scriptBlueprint',
  'embedded',
  'wasm',
  'fused',
  'common',
  'createModel',
  'imageFrom',
];

/** What makes the engine, and its options. */
const engines = {
  ts: ['scriptEngine', 'CreateOptions'],
  wasm: ['wasmEngine', 'WasmOptions'],
  threads: ['threadEngine', 'ThreadOptions'],
  wgsl: ['gpuEngine', 'GpuOptions'],
} as const;

function createModelFunction(
  { trains, embedded }: Facts,
  kernels: 'ts' | 'wasm' | 'both' | 'wgsl',
  threads: boolean,
  observes: boolean,
): FunctionNode {
  const isWasm = kernels === 'wasm' || kernels === 'both';
  const [start, type] = engines[isWasm ? (threads ? 'threads' : 'wasm') : kernels];
  const core =
    kernels === 'both'
      ? `await createEither(blueprint, scriptBlueprint, options, ${start})`
      : `await createCore(blueprint, options, ${start})`;
  const plain = trains ? 'trainableModel(core, options.seed)' : 'inferenceModel(core)';
  const model = observes ? `observableModel(core, ${plain}, observed)` : plain;
  const needs = embedded ? 'without weights it has those that are embedded' : 'needs weights or a seed';
  return {
    kind: 'function',
    doc: [`Makes a model; ${needs}. Rejects with a \`ModelError\`.`],
    exported: true,
    async: true,
    name: 'createModel',
    params: [{ name: 'options', type, initial: '{}' }],
    returns: 'Promise<Model>',
    body: [`const core = ${core};`, { ts: `return ${model} as unknown as Model;`, js: `return ${model};` }],
  };
}
