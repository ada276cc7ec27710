import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Which parts of the compiler a part may import, besides itself. Everything points one way; `check for cycles` below
 * proves that this table has no way back.
 */
const allowed: Readonly<Record<string, readonly string[]>> = {
  base: [],
  loop: ['base'],
  graph: ['base', 'loop'],
  syntax: ['base'],
  generated: [],
  program: ['base', 'loop', 'graph'],
  ops: ['base', 'loop', 'graph', 'program'],
  frontend: ['base', 'graph', 'loop', 'program', 'ops', 'syntax', 'generated'],
  passes: ['base', 'graph', 'loop', 'program', 'ops'],
  lower: ['base', 'graph', 'loop', 'program', 'ops'],
  schedule: ['base', 'loop', 'program'],
  plan: ['base', 'graph', 'loop', 'program', 'ops', 'lower'],
  emit: ['base', 'loop', 'program', 'generated'],
  build: ['base', 'loop', 'graph', 'program', 'frontend', 'passes', 'lower', 'schedule', 'plan'],
  data: ['base', 'program'],
};
/** `program/` holds the types that every part knows, and, as the part `build`, what makes a program of all the others. */
const programTypes = new Set(['interface.ts', 'program.ts', 'target.ts']);
/** Part → parts it may import that are not under compiler/: only what a generated module also has. */
const mayUseRuntime = new Set(['data', 'cli', 'index', 'emit']);
const withoutFiles = new Set(Object.keys(allowed).filter((part) => part !== 'data'));

function filesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(ts|mts|mjs|js)$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !/node_modules|(^|\/)(generated|golden)\//.test(path))
    .sort();
}

const compiler = filesIn('compiler');
const written = ['compiler', 'runtime', 'app', 'test', 'scripts', 'bench'].flatMap(filesIn);
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** `compiler/ops/nn/relu.ts` → `ops`; files directly in compiler/ are `index`. */
function partOf(path: string): string {
  const [first, part, ...rest] = path.split('/');
  if (first !== 'compiler') return first ?? '';
  if (rest.length === 0) return 'index';
  return part === 'program' && !programTypes.has(rest.join('/')) ? 'build' : (part ?? '');
}

const importPattern =
  /(?:^|\n)\s*(?:import|export)\s(?:[^'"`;]*?\sfrom\s)?\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]/g;

function importsOf(path: string): string[] {
  return [...read(path).matchAll(importPattern)].map((match) => match[1] ?? match[2] ?? '');
}

describe('imports', () => {
  it('point one way between the parts of the compiler', () => {
    const wrong: string[] = [];
    for (const path of compiler) {
      const part = partOf(path);
      for (const target of importsOf(path)) {
        if (!target.startsWith('.')) continue;
        const to = relative(root, join(root, dirname(path), target));
        const toPart = partOf(to);
        if (toPart === part) continue;
        const fine =
          toPart === 'runtime'
            ? mayUseRuntime.has(part)
            : part === 'cli' ||
              (part === 'index' ? !['cli', 'data'].includes(toPart) : allowed[part]?.includes(toPart));
        if (!fine) wrong.push(`${path} imports ${to}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('know every part that exists', () => {
    const parts = new Set(compiler.map(partOf));
    expect([...parts].filter((part) => !(part in allowed) && part !== 'index' && part !== 'cli')).toEqual([]);
  });

  it('have no way back', () => {
    const reaches = (from: string, to: string): boolean =>
      (allowed[from] ?? []).some((next) => next === to || reaches(next, to));
    expect(Object.keys(allowed).filter((part) => reaches(part, part))).toEqual([]);
  });

  it('keep the emitters apart from one another', () => {
    const crossing = compiler
      .filter((path) => path.startsWith('compiler/emit/'))
      .flatMap((path) =>
        importsOf(path)
          .filter((target) => target.startsWith('.'))
          .map((target) => relative(root, join(root, dirname(path), target)))
          .filter((to) => to.startsWith('compiler/emit/') && to.split('/')[2] !== path.split('/')[2])
          .map((to) => `${path} imports ${to}`),
      );
    expect(crossing).toEqual([]);
  });

  it('use no file, process or network below the command line and the loaders', () => {
    const touching = compiler
      .filter((path) => withoutFiles.has(partOf(path)) || partOf(path) === 'index')
      .flatMap((path) =>
        importsOf(path)
          .filter((target) => target.startsWith('node:'))
          .map((target) => `${path} imports ${target}`),
      );
    expect(touching).toEqual([]);
  });

  it('leave the runtime on its own, for it is copied into modules that import nothing', () => {
    const outside = filesIn('runtime').flatMap((path) =>
      importsOf(path)
        .filter((target) => !/^\.\/[\w-]+\.ts$/.test(target))
        .map((target) => `${path} imports ${target}`),
    );
    expect(outside).toEqual([]);
  });

  it('let the app have of the compiler only what needs no Node', () => {
    const shared = new Set(['advice.ts', 'text.ts', 'play/setup.ts'].map((name) => `compiler/cli/${name}`));
    const outside = filesIn('app')
      .filter((path) => path.endsWith('.ts'))
      .flatMap((path) =>
        importsOf(path)
          .filter((target) => target.startsWith('.'))
          .map((target) => relative(root, join(root, dirname(path), target)))
          .filter((to) => !/^(app|runtime)\//.test(to) && !shared.has(to))
          .map((to) => `${path} imports ${to}`),
      );
    expect(outside).toEqual([]);
    expect(
      [...shared].flatMap(importsOf).filter((target) => !/^\.\/text\.ts$|\/runtime\/types\.ts$/.test(target)),
    ).toEqual([]);
  });

  it('name only packages that package.json lists as dependencies', () => {
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
    const unknown = [...compiler, ...filesIn('runtime')].flatMap((path) =>
      importsOf(path)
        .filter(
          (target) => !target.startsWith('.') && !target.startsWith('node:') && !(target in dependencies),
        )
        .map((target) => `${path} imports ${target}`),
    );
    expect(unknown).toEqual([]);
  });
});

describe('every file we wrote', () => {
  /** All but this one, which names what it looks for. */
  const others = written.filter((path) => path !== 'test/architecture.test.ts');
  const unfinished = /\b(TODO|FIXME|XXX)\b/;
  const skipped = /\b(it|test|describe)\.(skip|todo|only|fails)\b|\b(skipIf|runIf)\b/;
  const anything = /(:|<|\bas|\|)\s*any\b(?!['\w])|\bany\[\]/;

  it('has at most 400 lines', () => {
    expect(written.filter((path) => read(path).split('\n').length - 1 > 400)).toEqual([]);
  });

  it('is finished', () => {
    expect(linesMatching(others, unfinished)).toEqual([]);
  });

  it('skips no test', () => {
    expect(linesMatching(others, skipped)).toEqual([]);
  });

  it('uses no type `any`', () => {
    const typed = others.filter((path) => path.endsWith('.ts'));
    expect(
      linesMatching(typed, anything, (line) =>
        line.replace(/\/\/.*|^\s*\*.*|\/\*.*?\*\/|'[^']*'|`[^`]*`/g, ''),
      ),
    ).toEqual([]);
  });
});

function linesMatching(
  paths: readonly string[],
  pattern: RegExp,
  clean = (line: string): string => line,
): string[] {
  return paths.flatMap((path) =>
    read(path)
      .split('\n')
      .flatMap((line, i) => (pattern.test(clean(line)) ? [`${path}:${i + 1} ${line.trim()}`] : [])),
  );
}
