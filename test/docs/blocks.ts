/** Code blocks of the documentation, to be run. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { onTestFinished } from 'vitest';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** The blocks of one language in a Markdown file. */
export function blocks(path: string, language: string): string[] {
  const text = readFileSync(join(root, path), 'utf8');
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter(([, name]) => name === language)
    .map(([, , code]) => code ?? '');
}

const folder = join(root, 'out', `docs-${process.pid}`);

/**
 * Writes the TypeScript block whose first line is the comment `// compiler/…/name.ts` to a file, as if it stood there: its
 * relative imports are turned to where it really is. It is there until the running test ends.
 */
export function writeBlock(path: string): string {
  const code = blocks(path, 'ts').find((block) => block.startsWith('// compiler/'));
  const place = /^\/\/ (\S+)/.exec(code ?? '')?.[1];
  if (code === undefined || place === undefined)
    throw new Error(`${path} has no block that begins with // compiler/…`);
  mkdirSync(folder, { recursive: true });
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, basename(place));
  const moved = code.replace(/from '(\.[^']+)'/g, (_, target: string) => {
    const to = relative(folder, join(root, dirname(place), target)).replaceAll('\\', '/');
    return `from '${to}'`;
  });
  writeFileSync(file, moved);
  return file;
}

export async function importBlock(path: string): Promise<Record<string, unknown>> {
  return (await import(/* @vite-ignore */ pathToFileURL(writeBlock(path)).href)) as Record<string, unknown>;
}

/** What the TypeScript compiler has to say about such files, under the repository's own settings. */
export function typeErrors(files: readonly string[]): string[] {
  const config = join(folder, 'tsconfig.json');
  const names = files.map((file) => basename(file));
  writeFileSync(config, JSON.stringify({ extends: join(root, 'tsconfig.json'), include: [], files: names }));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { stdout } = spawnSync(process.execPath, [tsc, '--noEmit', '--pretty', 'false', '-p', config], {
    cwd: folder,
    encoding: 'utf8',
  });
  return stdout.split('\n').filter((line) => names.some((name) => line.startsWith(name)));
}
