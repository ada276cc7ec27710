/** Compiles a model with `compile` and imports the module that comes out, as an application would. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { CompileOptions, CompileResult } from '../../compiler/index.ts';
import { compile } from '../../compiler/index.ts';
import type { Dataset, Elements, FitOptions, History, Scores } from '../../runtime/types.ts';

export const examples = fileURLToPath(new URL('../../dsl-examples/', import.meta.url));

export type Tensors = Readonly<Record<string, Elements>>;

/** What the tests use of a generated module. */
export interface GeneratedModel {
  predict(inputs: Tensors): Promise<Readonly<Record<string, Float32Array>>>;
  evaluate(data: Tensors | Dataset): Promise<Scores>;
  fit(data: Tensors | Dataset, options?: FitOptions<Tensors | Dataset>): Promise<History>;
  saveWeights(): Promise<Uint8Array>;
  loadWeights(bytes: Uint8Array, options?: { only?: string }): Promise<void>;
  dispose(): Promise<void>;
}
export interface GeneratedModule {
  createModel(options: { seed?: number; weights?: Uint8Array; threads?: number }): Promise<GeneratedModel>;
}

const folder = mkdtempSync(join(tmpdir(), 'cnnc-examples-'));
writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');

export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

const compiled = new Map<string, CompileResult>();

/** Compiles a file of dsl-examples, or `text` as if it stood there; once for each options. Throws where there is an error. */
export function compileExample(name: string, options: CompileOptions = {}, text?: string): CompileResult {
  const { weights, schedules, ...rest } = options;
  if (weights ?? schedules ?? text) return compileNow(name, options, text);
  const key = JSON.stringify([name, rest]);
  const result = compiled.get(key) ?? compileNow(name, options);
  compiled.set(key, result);
  return result;
}

function compileNow(name: string, options: CompileOptions, text?: string): CompileResult {
  const entry = join(examples, name);
  const read = (path: string) => (path === entry && text !== undefined ? text : readText(path));
  const result = compile({ entry, read }, { target: 'js', ...options });
  const errors = result.diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.length > 0)
    throw new Error(errors.map(({ code, message }) => `${name}: ${code} ${message}`).join('\n'));
  return result;
}

let modules = 0;

export async function importModule({ files }: CompileResult): Promise<GeneratedModule> {
  const home = join(folder, `${modules++}`);
  for (const { path, content } of files) {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), content);
  }
  const main = files.find(({ path }) => path.endsWith('.js'));
  if (main === undefined) throw new Error(`no module among ${files.map(({ path }) => path).join(', ')}`);
  return (await import(/* @vite-ignore */ pathToFileURL(join(home, main.path)).href)) as GeneratedModule;
}

export async function loadExample(name: string, options?: CompileOptions, text?: string) {
  return importModule(compileExample(name, options, text));
}

/** The tensors of a safetensors file, by name. */
export function readSafetensors(
  bytes: Uint8Array,
): Map<string, { shape: readonly number[]; data: Float32Array }> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = 8 + Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start))) as Record<
    string,
    { shape: number[]; data_offsets: [number, number] }
  >;
  return new Map(
    Object.entries(header)
      .filter(([name]) => name !== '__metadata__')
      .map(
        ([
          name,
          {
            shape,
            data_offsets: [from, to],
          },
        ]) => [name, { shape, data: new Float32Array(bytes.slice(start + from, start + to).buffer) }],
      ),
  );
}

/** A safetensors file of f32 tensors. */
export function writeSafetensors(
  tensors: ReadonlyMap<string, { shape: readonly number[]; data: Float32Array }>,
): Uint8Array {
  const header: Record<string, unknown> = {};
  let end = 0;
  for (const [name, { shape, data }] of tensors) {
    header[name] = { dtype: 'F32', shape, data_offsets: [end, (end += data.byteLength)] };
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  let offset = 8 + text.length;
  for (const { data } of tensors.values()) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return bytes;
}
