/** `.cnn` files from the disk into the compiler, and its diagnostics onto the terminal. */
import { isUtf8 } from 'node:buffer';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { debuglog } from 'node:util';
import { didYouMean } from '../base/suggest.ts';
import { analyze, compile, hasErrors, renderDiagnostic, startUp } from '../index.ts';
import type { CompileOptions, CompileResult, Diagnostic, Model, Source } from '../index.ts';
import { InputError } from './errors.ts';
import type { Io } from './io.ts';
import { stem } from './options.ts';

/** A text file, or undefined where there is none (or a folder of that name). */
function readText(io: Io, path: string): string | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(resolve(io.cwd, path));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'EISDIR' || code === 'ENOTDIR') return undefined;
    throw error;
  }
  // Characters that are none of UTF-8 would be replaced, and `cnnc format` would write them so.
  if (!isUtf8(bytes)) throw new InputError(`${path}: it is not text in UTF-8; save it in this encoding`);
  return bytes.toString('utf8');
}

/** The text of `file` and of all it imports. Each file is read once, so that messages show the text that was compiled. */
export function openSource(io: Io, file: string): Source {
  const texts = new Map<string, string | undefined>();
  const read = (path: string): string | undefined => {
    if (!texts.has(path)) texts.set(path, readText(io, path));
    return texts.get(path);
  };
  const entry = file.replaceAll('\\', '/');
  if (read(entry) === undefined) throw new InputError(`${file}: ${whyMissing(io, file)}`);
  return { entry, read };
}

function whyMissing(io: Io, file: string): string {
  const path = resolve(io.cwd, file);
  if (!existsSync(path) || !statSync(path).isDirectory()) return `there is no such file${nearby(io, file)}`;
  const [first] = readdirSync(path).filter((name) => name.endsWith('.cnn'));
  return `it is a folder, not a file${first === undefined ? '' : `; did you mean ${join(file, first)}?`}`;
}

/** `, did you mean …` for a misspelt file name. Names are compared without `.cnn`, which all have in common. */
function nearby(io: Io, file: string): string {
  const folder = dirname(resolve(io.cwd, file));
  if (!existsSync(folder)) return '';
  const wanted = stem(file);
  const stems = readdirSync(folder).flatMap((name) => (name.endsWith('.cnn') ? [stem(name)] : []));
  const close = stems.includes(wanted) ? wanted : didYouMean(wanted, stems);
  return close === undefined ? '' : `; did you mean ${close}.cnn?`;
}

/** Each file named, and for a folder all `.cnn` files in it, also deeper down; hidden folders and packages are left out. */
export function cnnFiles(io: Io, named: readonly string[]): readonly string[] {
  return named.flatMap((name) => {
    if (!statSync(resolve(io.cwd, name), { throwIfNoEntry: false })?.isDirectory()) return [name];
    const found = filesBelow(io, name);
    if (found.length === 0) throw new InputError(`${name}: there are no .cnn files in this folder`);
    return found;
  });
}

function filesBelow(io: Io, folder: string): readonly string[] {
  const entries = readdirSync(resolve(io.cwd, folder), { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(io, path);
    return entry.name.endsWith('.cnn') ? [path] : [];
  });
}

/** Prints diagnostics as code frames and a line that counts them. */
export function printDiagnostics(io: Io, source: Source, diagnostics: readonly Diagnostic[]): void {
  for (const diagnostic of diagnostics) {
    io.err(`${renderDiagnostic(diagnostic, source.read, { color: io.color }).trimEnd()}\n\n`);
  }
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  const warnings = diagnostics.length - errors;
  const count = (n: number, word: string): string[] => (n === 0 ? [] : [`${n} ${word}${n === 1 ? '' : 's'}`]);
  if (diagnostics.length > 0)
    io.err(`${[...count(errors, 'error'), ...count(warnings, 'warning')].join(', ')}\n`);
}

/** With `NODE_DEBUG=cnnc` in the environment: how long it took, of which bench/ makes a table. */
const timing = debuglog('cnnc');

/** A successful compilation with all its parts. */
export type Compiled = Required<CompileResult>;

/** Compiles a file; prints what there is to say, and throws where there are errors. */
export function compileFile(io: Io, file: string, options: CompileOptions): Compiled {
  const source = openSource(io, file);
  startUp();
  const begin = performance.now();
  const result = compile(source, options);
  timing('compiled in %d ms', performance.now() - begin);
  printDiagnostics(io, source, result.diagnostics);
  const { report, model } = result;
  if (hasErrors(result.diagnostics) || !report || !model) throw new InputError('');
  return { ...result, report, model };
}

/** The model of a file, to do something else with it; prints what there is to say, and throws where there are errors. */
export function analyzeFile(io: Io, file: string, options: Parameters<typeof analyze>[1]): Model {
  const source = openSource(io, file);
  const { model, diagnostics } = analyze(source, options);
  printDiagnostics(io, source, diagnostics);
  if (model === undefined || hasErrors(diagnostics)) throw new InputError('');
  return model;
}
