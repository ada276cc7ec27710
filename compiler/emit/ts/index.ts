/** A Program as one module without dependencies: `.ts`, or `.js` with `.d.ts`. */
import { runtime, version } from '../../generated/runtime.ts';
import type { Program, Routine } from '../../program/program.ts';
import {
  blueprintConst,
  classesConst,
  header,
  imageFromFunction,
  imageInputs,
  moduleTypes,
  signatureConst,
  tensorsConst,
} from './interface.ts';
import { kernelFunctions } from './kernels.ts';
import type { OuterNames } from './names.ts';
import { NameScope, reservedWords } from './names.ts';
import { routineFunction } from './routine.ts';
import { runtimeClosure } from './runtime.ts';
import type { Declaration, FunctionNode, Language } from './tree.ts';
import { printModule } from './tree.ts';
import { embeddedWeights } from './weights.ts';

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
}

export interface EmittedFile {
  readonly path: string;
  readonly content: string;
}

/**
 * Prints the module. The same program and options give the same bytes. Throws a `ModelError` of the runtime
 * (`weights-…`) when the weights to embed are not those of the program, or too large.
 */
export function emitModule(program: Program, options: EmitOptions): readonly EmittedFile[] {
  const stem = (options.sourceName.split(/[/\\]/).pop() ?? '').replace(/\.cnn$/, '') || 'model';
  const { model, end, weights } = partsOf(program, options, stem);
  const text = { model: printModule(model, 'ts'), end: printModule(end, 'ts') };
  const runtime = runtimeClosure(text.model + text.end);
  const print = (language: Language): string =>
    [
      language === 'ts' ? text.model : printModule(model, language),
      printModule([{ kind: 'section', title: 'Runtime' }, ...runtime], language),
      printModule([{ kind: 'section', title: 'The model' }, ...end, ...weights], language),
    ].join('\n');
  if (options.target === 'ts') return [{ path: `${stem}.ts`, content: print('ts') }];
  return [
    { path: `${stem}.js`, content: print('js') },
    { path: `${stem}.d.ts`, content: print('d.ts') },
  ];
}

interface ModuleParts {
  /** What tells this model from others: header, types, tables, kernels, routines. */
  readonly model: readonly Declaration[];
  readonly end: readonly Declaration[];
  readonly weights: readonly Declaration[];
}

function partsOf(program: Program, options: EmitOptions, stem: string): ModuleParts {
  const routines = chosenRoutines(program, options.inference);
  const trains = routines.some(({ name }) => name === 'step');
  const tensors = program.persistent.filter(({ role }) => trains || role !== 'slot');
  const weights =
    options.weights && embeddedWeights(program, options.weights, options.weightsFormat ?? 'f32');
  const embedded = weights !== undefined;
  const names = topLevelNames();
  const outer = outerNames(names);
  const bound = routines.map((routine) => ({ routine, name: names.unique(routine.name) }));
  const { functions, calls } = kernelFunctions(program, routines, names, outer);
  const images = imageInputs(program);
  const model: readonly Declaration[] = [
    header({ ...options, program, version, trains, embedded, file: `${stem}.${options.target}` }),
    moduleTypes(program, trains),
    signatureConst(program, trains),
    classesConst(program),
    tensorsConst(tensors),
    { kind: 'section', title: 'Kernels' },
    { kind: 'text', ts: roundText, js: roundText, dts: '' },
    ...functions,
    { kind: 'section', title: 'Routines' },
    ...bound.map(({ routine, name }) => routineFunction(program, routine, name, calls, outer)),
    blueprintConst({ program, tensors, kernels: functions.length, routines: bound, trains, embedded }),
  ];
  const end: readonly Declaration[] = [
    ...(images.length > 0 ? [imageFromFunction(program, images)] : []),
    createModelFunction(trains, embedded),
  ];
  return { model, end, weights: weights ? [weights] : [] };
}

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
  for (const name of ['prepare', 'infer', 'evaluate', 'step']) taken.delete(name);
  return new NameScope(taken);
}

/** Names that a function of the module must leave alone: those it may use from outside. */
function outerNames(top: NameScope): OuterNames {
  const declared = new Set(runtime.flatMap(({ declares }) => declares));
  return { has: (name) => reservedWords.has(name) || declared.has(name) || top.took(name) };
}

const ownNames = [
  'Inputs',
  'Labels',
  'Outputs',
  'Model',
  'signature',
  'classes',
  'tensors',
  'blueprint',
  'embedded',
  'createModel',
  'imageFrom',
];

function createModelFunction(trains: boolean, embedded: boolean): FunctionNode {
  const core = 'createCore(blueprint, options)';
  const model = trains ? `trainableModel(${core}, options.seed)` : `inferenceModel(${core})`;
  const needs = embedded ? 'without weights it has those that are embedded' : 'needs weights or a seed';
  return {
    kind: 'function',
    doc: [`Makes a model; ${needs}. Rejects with a \`ModelError\`.`],
    exported: true,
    async: true,
    name: 'createModel',
    params: [{ name: 'options', type: 'CreateOptions', initial: '{}' }],
    returns: 'Promise<Model>',
    body: [{ ts: `return ${model} as unknown as Model;`, js: `return ${model};` }],
  };
}
