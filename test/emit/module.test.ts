/** Whole modules: how they look, what they promise, what they weigh. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { format } from 'prettier';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CompileOptions } from '../../compiler/compile.ts';
import { compile } from '../../compiler/compile.ts';
import { reservedWords } from '../../compiler/emit/ts/names.ts';
import { runtime } from '../../compiler/generated/runtime.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const examples = join(root, 'dsl-examples');
/** Those with a model; together they use every part of the runtime. */
const files = [
  'detector.cnn',
  'digits.cnn',
  'edge_filter.cnn',
  'keras_classifier.cnn',
  'neuron.cnn',
  'small_residual.cnn',
];

/** The modules are printed for these settings; everything else is prettier's default. */
const style = { singleQuote: true, printWidth: 110 };

function read(path: string): string | undefined {
  try {
    return readFileSync(join(examples, path), 'utf8');
  } catch {
    return undefined;
  }
}

const cache = new Map<string, ReadonlyMap<string, string>>();

/** The files of an example by their ending: `ts`, `js`, `d.ts`, `gpu.ts`, `wgsl`. */
function moduleOf(entry: string, options: CompileOptions = {}): ReadonlyMap<string, string> {
  const key = JSON.stringify([entry, options]);
  const known = cache.get(key);
  if (known) return known;
  const result = compile({ entry, read }, options);
  const made = new Map(result.files.map(({ path, content }) => [path.slice(path.indexOf('.') + 1), content]));
  cache.set(key, made);
  return made;
}

const formatted = new Set<string>();

/** The module without those of its functions and types that stood in one before: most of the runtime is in all of them. */
function newParts(module: string, parser: string): string {
  const parts: string[] = [];
  let part = '';
  for (const piece of module.trimEnd().split(/\n\n(?=\S)/)) {
    part += part === '' ? piece : `\n\n${piece}`;
    // A text between backticks is not divided.
    if (part.split('`').length % 2 === 0) continue;
    parts.push(part);
    part = '';
  }
  const added = [...parts, part].filter((each) => each !== '' && !formatted.has(`${parser} ${each}`));
  for (const each of added) formatted.add(`${parser} ${each}`);
  return `${added.join('\n\n')}\n`;
}

const kinds: CompileOptions[] = [
  { target: 'ts' },
  { target: 'js' },
  { target: 'ts', inference: true },
  { target: 'ts', kernels: 'ts' },
  { target: 'js', kernels: 'ts', inference: true },
  { target: 'ts', kernels: 'both', threads: false },
  { target: 'wgsl' },
  { target: 'wgsl', language: 'js', inference: true },
];

describe.each(files)('%s', (file) => {
  test('is as prettier prints it', async () => {
    const both: CompileOptions[] = [{ target: 'ts', kernels: 'both' }, { target: 'wgsl' }];
    for (const options of file === 'neuron.cnn'
      ? kinds
      : file === 'detector.cnn'
        ? both
        : kinds.slice(0, 1)) {
      for (const [ending, content] of moduleOf(file, options)) {
        if (ending === 'wgsl') continue;
        const parser = ending.endsWith('js') ? 'babel' : 'typescript';
        const text = newParts(content, parser);
        expect(await format(text, { ...style, parser })).toBe(text);
      }
    }
  });

  test('needs nothing from outside, and gives the same bytes again', () => {
    const again = compile({ entry: file, read }, { target: 'ts' });
    expect(again.files.map(({ content }) => content)).toEqual([...moduleOf(file, { target: 'ts' }).values()]);
    for (const options of kinds) {
      for (const content of moduleOf(file, options).values()) {
        // Without comments, and without the bytes of WebAssembly as base64, which hold any word by chance.
        const code = content.replaceAll(/[A-Za-z0-9+/]{60,}|\/\*[\s\S]*?\*\/|\/\/.*/g, '');
        expect(code).not.toMatch(/\bimport\b|\brequire\b|\beval\((?!: true)|new Function/);
        const plain = options.kernels === 'ts' || options.target === 'wgsl';
        if (plain) expect(code).not.toMatch(/WebAssembly|Atomics|SharedArrayBuffer/i);
        if (plain || options.threads === false) expect(code).not.toMatch(/\bprocess\b|\bWorker\b/);
        if (options.target !== 'wgsl') expect(code).not.toMatch(/\bgpu(?!-)|ComputePass/i);
      }
    }
  });
});

describe('types', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'cnnc-types-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('every module is strict TypeScript that only needs its types taken away', () => {
    const written: string[] = [];
    const write = (name: string, content: string): void => {
      writeFileSync(join(folder, name), content.replace('// @ts-nocheck\n', ''));
      written.push(name);
    };
    for (const file of files) {
      const stem = file.replace('.cnn', '');
      write(`${stem}.ts`, moduleOf(file, { target: 'ts' }).get('ts')!);
      write(`${stem}_inference.ts`, moduleOf(file, { target: 'ts', inference: true }).get('ts')!);
      write(`${stem}_script.ts`, moduleOf(file, { target: 'ts', kernels: 'ts' }).get('ts')!);
      write(`${stem}_both.ts`, moduleOf(file, { target: 'ts', kernels: 'both', threads: false }).get('ts')!);
      write(`${stem}_js.d.ts`, moduleOf(file, { target: 'js' }).get('d.ts')!);
      write(`${stem}_gpu.ts`, moduleOf(file, { target: 'wgsl' }).get('gpu.ts')!);
      const gpu = moduleOf(file, { target: 'wgsl', language: 'js', inference: true });
      write(`${stem}_gpu_js.d.ts`, gpu.get('gpu.d.ts')!);
    }
    write('digits_observe.ts', moduleOf('digits.cnn', { target: 'ts', observe: true }).get('ts')!);
    write('use.ts', use);
    const compilerOptions = {
      target: 'ES2022',
      module: 'NodeNext',
      moduleResolution: 'NodeNext',
      lib: ['ES2023', 'DOM'],
      types: [],
      strict: true,
      noImplicitReturns: true,
      noFallthroughCasesInSwitch: true,
      noUnusedLocals: false,
      erasableSyntaxOnly: true,
      isolatedModules: true,
      verbatimModuleSyntax: true,
      allowImportingTsExtensions: true,
      noEmit: true,
    };
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: written }));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    let output = '';
    try {
      execFileSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
    } catch (error) {
      output = String((error as { stdout?: unknown }).stdout);
    }
    expect(output).toBe('');
  });

  /** What an application writes; the lines with `@ts-expect-error` must not compile. */
  const use = `
import { classes, createModel, imageFrom, ModelError, signature } from './digits.ts';
import type { Dataset, History, Inputs, Model, Outputs } from './digits.ts';
import { createModel as fromJs } from './digits_js.js';
import { createModel as infer } from './digits_inference.ts';
import { createModel as script } from './digits_script.ts';
import { createModel as unthreaded } from './digits_both.ts';
import { createModel as onGpu } from './digits_gpu.ts';
import { createModel as inferOnGpu } from './digits_gpu_js.js';
import { createModel as observable } from './digits_observe.ts';
import type { Observation } from './digits_observe.ts';

export async function use(weights: Uint8Array, image: Uint8Array, truth: Int32Array, pixels: ImageData): Promise<number> {
  const model: Model = await createModel({ weights, seed: 1 });
  const { digit }: Outputs = await model.predict({ image });
  const history: History = await model.fit({ image, truth }, { epochs: 2, validation: { image, truth } });
  const data: Dataset = { size: 1, read: (indices, into) => void (into['image']![0] = indices[0]!) };
  await model.fit(data, { onBatchEnd: ({ scores }) => console.log(scores['loss']), signal: AbortSignal.timeout(10) });
  const { loss, accuracy }: { readonly loss: number; readonly accuracy: number } = await model.evaluate({ image, truth });
  const best: number | undefined = history.at(-1)?.validation?.accuracy ?? accuracy;
  const one: Uint8Array = imageFrom(pixels);
  const inputs: Inputs = { image: one };
  const name: string | undefined = classes.digit[0] ?? signature.inputs[0]?.name;
  // @ts-expect-error
  await model.predict({ picture: image });
  // @ts-expect-error
  await model.fit({ image });
  // @ts-expect-error
  imageFrom(pixels, 'truth');
  const small = await infer({ weights, fast: true, threads: 2, createWorker: (text) => new Worker(text) });
  await unthreaded({ seed: 1, fast: true });
  const seen: Observation<Outputs> = await (await observable({ seed: 1 })).observe({ image });
  const values: Float32Array | undefined = seen.layers[0]?.values ?? seen.saliency[0]?.values;
  // @ts-expect-error
  await model.observe({ image });
  // @ts-expect-error
  await unthreaded({ seed: 1, threads: 2 });
  // @ts-expect-error
  await script({ seed: 1, fast: true });
  const there = await onGpu({ weights, gpu: navigator.gpu, powerPreference: 'low-power' });
  await there.fit({ image, truth }, { snapshotEvery: 100 });
  const adapter: string | undefined = there.info.adapter;
  const device: GPUDevice = await (await navigator.gpu.requestAdapter())!.requestDevice();
  await (await inferOnGpu({ weights, device })).predict({ image });
  // @ts-expect-error
  await onGpu({ weights, powerPreference: 'most' });
  // @ts-expect-error
  await onGpu({ weights, device: navigator.gpu });
  // @ts-expect-error
  await small.fit({ image, truth });
  try {
    await (await fromJs({ seed: 1 })).predict(inputs);
  } catch (error) {
    if (error instanceof ModelError && error.code === 'input') return 0;
  }
  return digit[0]! + (values?.length ?? 0) + history.length + loss + (best ?? 0) + (name?.length ?? 0) + (adapter?.length ?? 0);
}
`;
});

describe('the runtime', () => {
  test('names are unique over its files, and none is one that generated code uses', () => {
    const declared = runtime.flatMap(({ declares }) => declares);
    expect(declared.filter((name, i) => declared.indexOf(name) !== i)).toEqual([]);
    const own = [
      'Inputs',
      'Labels',
      'Outputs',
      'Model',
      'signature',
      'classes',
      'tensors',
      'blueprint',
      'embedded',
    ];
    const routines = ['prepare', 'infer', 'evaluate', 'step', 'createModel', 'imageFrom'];
    const taken = new Set([...reservedWords, ...own, ...routines]);
    expect(declared.filter((name) => taken.has(name))).toEqual([]);
  });
  test('each top-level name of a file is in the list of its names', () => {
    for (const { js, declares } of runtime) {
      const code = js.map((part) => (typeof part === 'string' ? part : 'text' in part ? part.text : ''));
      for (const line of code.join('').split('\n')) {
        const [, name] =
          /^(?:export )?(?:async )?(?:function\*?|const|let|var|class) ([\w$]+)/.exec(line) ?? [];
        if (name !== undefined) expect(declares).toContain(name);
        else expect(line).not.toMatch(/^(?:import|export|let|var)\b/);
      }
    }
  });
});

describe('size of the Keras classifier', () => {
  const gzipped = (options: CompileOptions, ending: string): number =>
    gzipSync(moduleOf('keras_classifier.cnn', options).get(ending)!, { level: 9 }).length;
  test('kernels in js for inference at most 12 KB', () => {
    expect(gzipped({ target: 'js', kernels: 'ts', inference: true }, 'js')).toBeLessThanOrEqual(12 * 1024);
  });
  // With types, the Winograd kernel takes half a kilobyte more than that: it is twice as fast, see docs/performance.md.
  test.each([
    [12, false],
    [12.5, true],
  ])('kernels in ts for inference at most %f KB where Winograd is %s', (kilobytes, winograd) => {
    const options = { target: 'ts', kernels: 'ts', inference: true, winograd } as const;
    expect(gzipped(options, 'ts')).toBeLessThanOrEqual(kilobytes * 1024);
  });
  test.each(['ts', 'js'] as const)('kernels in %s with training at most 25 KB', (target) => {
    expect(gzipped({ target, kernels: 'ts' }, target)).toBeLessThanOrEqual(25 * 1024);
  });
  test.each(['ts', 'js'] as const)('WebAssembly in %s with training at most 40 KB', (target) => {
    expect(gzipped({ target }, target)).toBeLessThanOrEqual(40 * 1024);
  });
});
