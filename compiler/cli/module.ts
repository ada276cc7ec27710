/** Runs models the way users do: builds the JavaScript module and imports it. There is no second executor. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type {
  Batch,
  ThreadOptions,
  Elements,
  InferenceModel,
  Observable,
  Pixels,
  Signature,
  TrainableModel,
} from '../../runtime/types.ts';
import { invariant } from '../base/invariant.ts';
import type { CompileOptions } from '../index.ts';
import { compileFile } from './source.ts';
import type { Compiled } from './source.ts';
import type { Io } from './io.ts';

/** What a generated module exports, with the types that all models share. */
interface GeneratedModule {
  createModel(
    options: ThreadOptions,
  ): Promise<TrainableModel<Batch, Batch, Batch> | InferenceModel<Batch, Batch>>;
  readonly signature: Signature;
  readonly imageFrom?: (pixels: Pixels, input?: string) => Elements;
}

export interface Loaded {
  readonly compiled: Compiled;
  readonly module: GeneratedModule;
}

/** Compiles a file and imports the result: JavaScript, for WebGPU where `target` says so. */
export async function loadModel(io: Io, file: string, options: CompileOptions): Promise<Loaded> {
  const target = options.target === 'wgsl' ? options.target : 'js';
  const compiled = compileFile(io, file, { ...options, target, language: 'js' });
  const script = compiled.files.find(({ path }) => path.endsWith('.js'));
  invariant(script, 'the js target gives a .js file');
  const folder = mkdtempSync(join(tmpdir(), 'cnnc-'));
  try {
    const path = join(folder, 'model.mjs');
    writeFileSync(path, script.content);
    const module = (await io.import(pathToFileURL(path).href)) as GeneratedModule;
    return { compiled, module };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Whether the model has been compiled with `observe`. */
export function isObservable<M extends object>(model: M): model is M & Observable<Batch, Batch> {
  return 'observe' in model;
}

/** Whether the model has been compiled with what training needs. */
export function isTrainable(
  model: TrainableModel<Batch, Batch, Batch> | InferenceModel<Batch, Batch>,
): model is TrainableModel<Batch, Batch, Batch> {
  return 'fit' in model;
}
