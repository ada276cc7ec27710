/** Compiles text and imports the module that comes out. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CompileOptions, CompileResult, OutputFile } from '../../compiler/compile.ts';
import { compile } from '../../compiler/compile.ts';
import type { Elements, FitOptions, History, Scores } from '../../runtime/types.ts';

export type Tensors = Readonly<Record<string, Elements>>;

/** What tests use of a generated module. */
export interface Module {
  readonly classes: Readonly<Record<string, readonly string[]>>;
  createModel(options: { seed?: number; weights?: Uint8Array }): Promise<{
    predict(inputs: Tensors): Promise<Readonly<Record<string, Elements>>>;
    evaluate(data: Tensors): Promise<Scores>;
    fit(data: Tensors, options?: FitOptions<Tensors>): Promise<History>;
    saveWeights(): Promise<Uint8Array>;
  }>;
}

const folder = mkdtempSync(join(tmpdir(), 'cnnc-test-'));
let count = 0;

/** Compiles `text` as one file; throws where it has an error. */
export function compileText(text: string, options: CompileOptions = {}): CompileResult {
  const entry = 'model.cnn';
  const result = compile(
    { entry, read: (path) => (path === entry ? text : undefined) },
    { target: 'js', ...options },
  );
  const errors = result.diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(errors.map(({ code, message }) => `${code} ${message}`).join('\n'));
  return result;
}

/** Imports the JavaScript module among `files`. */
export async function importFiles(files: readonly OutputFile[]): Promise<Module> {
  const content = files.find(({ path }) => path.endsWith('.js'))?.content;
  if (content === undefined) throw new Error('no module');
  const path = join(folder, `${count++}.mjs`);
  writeFileSync(path, content);
  return (await import(pathToFileURL(path).href)) as Module;
}
