/** The outside of a generated module: its header, its types, and the tables that tell it from any other model. */
import { isImage } from '../../../runtime/is-image.ts';
import { bytesPerElement, formatType } from '../../base/types.ts';
import type { Initializer, Port } from '../../program/interface.ts';
import type { PersistentTensor, Program, Routine } from '../../program/program.ts';
import { arrayOf } from './arrays.ts';
import type { Data } from './data.ts';
import { code, commentText, object, propertyKey, stringLiteral } from './data.ts';
import type { ConstNode, Declaration } from './tree.ts';
import { docComment } from './tree.ts';

interface HeaderFacts {
  readonly program: Program;
  readonly sourceName: string;
  readonly version: string;
  readonly trains: boolean;
  readonly embedded: boolean;
  readonly kernels: 'ts' | 'wasm' | 'both' | 'wgsl';
  /** Whether WebAssembly may run in threads. */
  readonly threads: boolean;
  /** The name of the module's file. */
  readonly file: string;
}

export function header(facts: HeaderFacts): Declaration {
  const { program, sourceName, version, trains, embedded, file } = facts;
  const names = (ports: readonly Port[]): string => ports.map(({ name }) => commentText(name)).join(', ');
  const labels = program.training?.labels ?? [];
  const lines = [
    `${commentText(program.name)}, made by cnnc ${version} from ${commentText(sourceName)}. Change that file, not this one.`,
    '',
    ...needs(facts),
    '',
    `  import { createModel } from './${commentText(file)}';`,
    `  const model = await createModel(${embedded ? '' : '{ weights }'});${embedded ? '' : ' // a safetensors file as Uint8Array, or { seed: 1 }'}`,
    ...(trains
      ? [
          `  await model.fit({ ${names([...program.inputs, ...labels])} }, { epochs: ${program.training?.epochs ?? 1} });`,
        ]
      : []),
    `  const { ${names(program.outputs)} } = await model.predict({ ${names(program.inputs)} });`,
    ...(trains ? ['  const bytes = await model.saveWeights();'] : []),
  ];
  const text = `/* eslint-disable */\n${docComment(lines).trimEnd()}`;
  // Deno finds the declarations beside a JavaScript file by this comment only.
  const declarations = `// @ts-self-types="./${commentText(file.replace(/\.js$/, '.d.ts'))}"`;
  return { kind: 'text', ts: `// @ts-nocheck\n${text}`, js: `${declarations}\n${text}`, dts: text };
}

/** What a page must allow. */
function needs({ kernels, threads }: HeaderFacts): readonly string[] {
  if (kernels === 'ts') {
    return [
      "Needs nothing else: no imports, no eval, no WebAssembly; as content-security policy script-src 'self' is enough.",
    ];
  }
  if (kernels === 'wgsl') {
    return [
      "Needs WebGPU and nothing else: no imports, no eval, no WebAssembly; as content-security policy script-src 'self' is enough.",
    ];
  }
  const without = kernels === 'both' ? '; without the latter it runs TypeScript kernels' : '';
  return [
    `Needs nothing else: no imports, no eval. A content-security policy needs script-src 'self' 'wasm-unsafe-eval'${without}.`,
    ...(threads
      ? [
          'For { threads: n } it also needs worker-src blob: (or give createWorker), and the page must be cross-origin isolated.',
        ]
      : []),
  ];
}

/** The name of a property in a type. */
const typeKey = (name: string): string => (name === '__proto__' ? name : propertyKey(name));

/** `export interface Inputs { readonly image: Uint8Array }` */
function portsType(name: string, what: string, ports: readonly Port[]): string {
  const fields = ports.map(({ name: port, type }) => {
    return `  /** ${formatType(type)} per sample */\n  readonly ${typeKey(port)}: ${arrayOf[type.dtype]};\n`;
  });
  return `/** ${what} */\nexport interface ${name} {\n${fields.join('')}}`;
}

/** The names of the loss and the metrics; what else there is to `Scores` stands with the runtime's types. */
function scoresType(metrics: readonly string[]): string {
  const fields = ['loss', ...metrics].map((name) => `  readonly ${typeKey(name)}: number;\n`);
  return `/** Means over samples. */\nexport interface Scores {\n${fields.join('')}}`;
}

export function moduleTypes(program: Program, trains: boolean): Declaration {
  const plain = trains ? 'TrainableModel<Inputs, Labels, Outputs>' : 'InferenceModel<Inputs, Outputs>';
  const model = program.observed === undefined ? plain : `${plain} & Observable<Inputs, Outputs>`;
  const types = [
    portsType(
      'Inputs',
      'What the model looks at: any number of samples, one behind the other.',
      program.inputs,
    ),
    ...(trains ? [portsType('Labels', 'The truth to learn from.', program.training?.labels ?? [])] : []),
    portsType('Outputs', 'What the model says, for as many samples.', program.outputs),
    ...(trains ? [scoresType(program.training?.metrics ?? [])] : []),
    `export type Model = ${model};`,
  ].join('\n\n');
  return { kind: 'text', ts: types, js: '', dts: types };
}

function ports(list: readonly Port[]): Data {
  return list.map(({ name, type: { dtype, shape } }) => object({ name, dtype, shape: shape.map(Number) }));
}

export function signatureConst(program: Program, trains: boolean): ConstNode {
  return {
    kind: 'const',
    doc: ['Names, element types and shapes, per sample.'],
    exported: true,
    name: 'signature',
    type: 'Signature',
    value: object({
      name: program.name,
      inputs: ports(program.inputs),
      labels: ports(trains ? (program.training?.labels ?? []) : []),
      outputs: ports(program.outputs),
      metrics: trains ? (program.training?.metrics ?? []) : [],
    }),
  };
}

export function classesConst(program: Program): ConstNode {
  const named = program.outputs.filter(({ classes }) => classes !== undefined);
  const fields = named.map(({ name }) => `readonly ${typeKey(name)}: readonly string[]`);
  return {
    kind: 'const',
    doc: ['The names of the classes of an output, in order.'],
    exported: true,
    name: 'classes',
    type: fields.length === 0 ? '{}' : `{ ${fields.join('; ')} }`,
    value: { kind: 'object', entries: named.map(({ name, classes = [] }) => [name, classes]) },
  };
}

/** What `observe` gives besides outputs, in a model that has it. */
export function observedConst({ observed }: Program): readonly ConstNode[] {
  if (observed === undefined) return [];
  const layers = observed.layers.map(({ name, kind, line, depth, shape }) =>
    object({ name, kind, line, depth, shape }),
  );
  const saliency = observed.saliency.map(({ output, input }) => object({ output, input }));
  return [
    {
      kind: 'const',
      doc: ['What `observe` gives behind the outputs, in order.'],
      name: 'observed',
      type: 'Observed',
      value: object({ layers, saliency }),
    },
  ];
}

/** `base`: where persistent tensors begin in their memory. */
export function tensorsConst(name: string, tensors: readonly PersistentTensor[], base: number): ConstNode {
  return {
    kind: 'const',
    doc: ['What persists, and where it stands in the memory of the weights.'],
    name,
    type: 'readonly Tensor[]',
    value: tensors.map(({ name, role, dtype, shape, placement, initializer }) =>
      object({
        name,
        role,
        dtype: dtype === 'f32' ? undefined : dtype,
        shape,
        offset: base + placement.offset,
        ...(initializer && initialValues(initializer)),
      }),
    ),
  };
}

/** How a tensor begins, as `runtime/initializers.ts` takes it; memory begins as zeros. */
function initialValues(initializer: Initializer): Readonly<Record<string, Data>> {
  switch (initializer.kind) {
    case 'zeros':
      return {};
    case 'ones':
      return { fill: [1] };
    case 'constant':
      return { fill: initializer.values };
    case 'glorot_uniform':
      return { draw: code(`uniform(${Math.sqrt(6 / (initializer.fanIn + initializer.fanOut))})`) };
    case 'he_normal':
      // The divisor is the deviation of a normal distribution cut at ±2: the variance comes out as 2 / fanIn, as in Keras.
      return { draw: code(`truncatedNormal(${Math.sqrt(2 / initializer.fanIn) / 0.8796256610342398})`) };
    default:
      return initializer satisfies never;
  }
}

interface BlueprintFacts {
  /** Names of the constant and of the one with the tensors. */
  readonly name: string;
  readonly tensorsName: string;
  readonly program: Program;
  readonly tensors: readonly PersistentTensor[];
  readonly kernels: number;
  readonly routines: readonly { readonly routine: Routine; readonly name: string }[];
  /** Those of `Program.halved`. */
  readonly halved: BlueprintFacts['routines'];
  readonly trains: boolean;
  readonly embedded: boolean;
  /** Of kernels that are WebAssembly. */
  readonly wasm?: Data;
  /** Of kernels that are shaders: what they need of a device. */
  readonly wgsl?: { readonly limits: Data; readonly features: Data };
}

/** Bytes of what persists. */
export function bytesOf(program: Program, tensors: readonly PersistentTensor[]): number {
  const size = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);
  const halves = program.persistent.filter(({ stored }) => stored);
  return Math.max(
    0,
    ...tensors.map(({ placement, shape, dtype }) => placement.offset + size(shape) * bytesPerElement[dtype]),
    ...tensors.map(({ placement }) => placement.offset + placement.bytes),
    ...halves.map(({ placement }) => placement.offset + Math.ceil(placement.bytes / 4) * 4),
  );
}

export function blueprintConst({
  name,
  tensorsName,
  program,
  tensors,
  kernels,
  routines,
  halved,
  trains,
  embedded,
  wasm,
  wgsl,
}: BlueprintFacts): ConstNode {
  const { training } = program;
  const plansOf = (bound: BlueprintFacts['routines']): readonly [string, Data][] =>
    bound.map(({ routine, name }) => [
      routine.name,
      object({ maxBatch: routine.maxBatch, bytes: routine.memory.planned, bind: code(name) }),
    ]);
  const counts = trains ? (training?.classCounts ?? []) : [];
  const classCounts = counts.map(({ label, classes }): Data => [label, classes]);
  return {
    kind: 'const',
    doc: ['All that tells this model from any other.'],
    name,
    type: wgsl ? 'GpuBlueprint' : wasm === undefined ? 'Blueprint' : 'WasmBlueprint',
    value: object({
      signature: code('signature'),
      kernels,
      tensors: code(tensorsName),
      bytes: bytesOf(program, tensors),
      routines: { kind: 'object', entries: plansOf(routines) },
      halved: halved.length > 0 ? { kind: 'object', entries: plansOf(halved) } : undefined,
      epochs: trains ? training?.epochs : undefined,
      classCounts: classCounts.length > 0 ? classCounts : undefined,
      embedded: embedded ? code('() => fromBase64(embedded)') : undefined,
      wasm,
      ...wgsl,
      slab: isInPieces(program) ? program.slabBytes : undefined,
    }),
  };
}

function isInPieces({ slabBytes = Infinity, persistentBytes, routines }: Program): boolean {
  return persistentBytes > slabBytes || routines.some(({ memory }) => memory.planned > slabBytes);
}

/** The inputs that a picture fits. */
export function imageInputs(program: Program): readonly Port[] {
  return program.inputs.filter(({ name, type: { dtype, shape } }) =>
    isImage({ name, dtype, shape: shape.map(Number) }),
  );
}

/** `imageFrom` of a model with one such input, or with several, by name. */
export function imageFromFunction(program: Program, images: readonly Port[]): Declaration {
  const names = images.map(({ name }) => stringLiteral(name)).join(' | ');
  const one = images.length === 1;
  const pixels = { name: 'pixels', type: 'Pixels' };
  const place = program.inputs.findIndex((input) => input === images[0]);
  const port = one ? `signature.inputs[${place}]` : 'port';
  return {
    kind: 'function',
    doc: ['A picture, such as the ImageData of a canvas, as one sample of an input (see `imageToInput`).'],
    exported: true,
    name: 'imageFrom',
    params: one ? [pixels] : [pixels, { name: 'input', type: names }],
    returns: `Inputs[${names}]`,
    body: [
      ...(one ? [] : namedPort),
      {
        ts: `return imageToInput(pixels, ${port} as PortInfo) as Inputs[${names}];`,
        js: `return imageToInput(pixels, ${port});`,
      },
    ],
  };
}

/** In JavaScript, `input` may be anything. */
const namedPort = [
  'const port = signature.inputs.find(({ name }) => name === input);',
  "if (!port?.shape[2]) throw new ModelError('input', 'no input of this name takes pictures');",
];
