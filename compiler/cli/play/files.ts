/** The files of the app, as `npm run build` makes them. Only these are served: a map has no paths that lead out of it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError } from '../errors.ts';

export interface ServedFile {
  readonly type: string;
  readonly content: Uint8Array | string;
}

const types: Readonly<Record<string, string>> = {
  '.json': 'application/json',
  '.safetensors': 'application/octet-stream',
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.md': 'text/markdown; charset=utf-8',
};

/** Beside the compiler in dist/, or in dist/ where the compiler runs as it is written. */
const places = ['../../../app/', '../../../dist/app/'];

/** The app's files by their paths in an address: `/`, `/assets/index.js` … */
export function appFiles(): Map<string, ServedFile> {
  const folder = places
    .map((place) => fileURLToPath(new URL(place, import.meta.url)))
    .find((path) => existsSync(join(path, 'index.html')));
  if (folder === undefined)
    throw new InputError('the page of `play` is not built; `npm run build` builds it');
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  const files = new Map<string, ServedFile>();
  for (const entry of entries) {
    const type = types[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(folder.length).replaceAll('\\', '/');
    files.set(name === 'index.html' ? '/' : `/${name}`, { type, content: readFileSync(path) });
  }
  return files;
}

/** Adds what is made for this run; its name says what it is. */
export function addFile(files: Map<string, ServedFile>, path: string, content: Uint8Array | string): void {
  files.set(path, { type: types[extname(path)] ?? 'application/octet-stream', content });
}
