// What the benchmarks share: compiling to a module and importing it, safetensors, medians and tables.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { compile } from '../dist/compiler/index.js';
export { startUp } from '../dist/compiler/index.js';

export const root = fileURLToPath(new URL('..', import.meta.url));
export const examples = join(root, 'dsl-examples');

const readFile = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

/**
 * Files and report of a `.cnn` file, or of a text; `edit` changes the text of the file first. Throws where it does not
 * compile.
 */
export function compileModel(source, options = {}) {
  const entry = source.path ?? 'model.cnn';
  const text = source.text ?? (source.edit && source.edit(readFileSync(entry, 'utf8')));
  const read = (path) => (path === entry && text !== undefined ? text : readFile(path));
  const result = compile({ entry, read }, { target: 'js', ...options });
  const errors = result.diagnostics.filter((diagnostic) => diagnostic.severity === 'error');
  if (errors.length > 0) throw new Error(`${entry}: ${errors[0].code} ${errors[0].message}`);
  return result;
}

/** Imports the JavaScript among compiled files. */
export async function importModule({ files }) {
  const folder = mkdtempSync(join(tmpdir(), 'cnnc-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const { path, content } of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  const main = files.find(({ path }) => path.endsWith('.js'));
  return import(pathToFileURL(join(folder, main.path)).href);
}

/** The tensors of a safetensors file by name. */
export function readSafetensors(file) {
  // A Buffer's `slice` would be a view.
  const bytes = new Uint8Array(file.buffer, file.byteOffset, file.byteLength);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerLength)));
  delete header.__metadata__;
  return Object.fromEntries(
    Object.entries(header).map(
      ([
        name,
        {
          shape,
          data_offsets: [from, to],
        },
      ]) => [
        name,
        { shape, data: new Float32Array(bytes.slice(8 + headerLength + from, 8 + headerLength + to).buffer) },
      ],
    ),
  );
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** Milliseconds of each of `times` calls. */
export async function timed(times, work) {
  const result = [];
  for (let i = 0; i < times; i++) {
    const began = performance.now();
    await work(i);
    result.push(performance.now() - began);
  }
  return result;
}

/** What an option names of `known`, separated by commas; all where it is not given. Ends the process where there is no such one. */
export function named(text, known) {
  const names = text?.split(',') ?? known;
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return names;
  console.error(`${unknown}: there are ${known.join(', ')}`);
  process.exit(2);
}

/** Prints rows under a heading, columns aligned. */
export function table(title, head, rows) {
  const cells = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, i) => Math.max(...cells.map((row) => row[i].length)));
  console.log(`\n${title}`);
  cells.forEach((row, line) => {
    console.log(
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '),
    );
    if (line === 0) console.log(widths.map((width) => '-'.repeat(width)).join('  '));
  });
}

/** The version of a package installed here, which may not export its package.json. */
export function versionOf(name) {
  return JSON.parse(readFileSync(join(root, 'bench/node_modules', name, 'package.json'), 'utf8')).version;
}

export const ms = (value) => `${value < 100 ? value.toPrecision(3) : value.toFixed(0)} ms`;
export const name = (path) => basename(path, '.cnn');
