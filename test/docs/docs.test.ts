import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyze, compile } from '../../compiler/index.ts';
import { blocks, root } from './blocks.ts';

const pages = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)].filter((path) =>
  path.endsWith('.md'),
);
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

describe('the models in the documentation', () => {
  const models = pages.flatMap((page) =>
    blocks(page, 'cnn').map((text, i) => ({ title: `${page}, block ${i + 1}`, text })),
  );

  it.each(models)('$title compiles', ({ text }) => {
    const source = { entry: 'doc.cnn', read: (path: string) => (path === 'doc.cnn' ? text : undefined) };
    expect(analyze(source, {}).diagnostics).toEqual([]);
    expect(compile(source, { target: 'js' }).files.length).toBeGreaterThan(0);
  });
});

describe('the documentation', () => {
  it('opens with the two commands', () => {
    const [first = ''] = /```\n[\s\S]*?```/.exec(read('README.md')) ?? [];
    expect(first).toMatch(/^npm start\b[^\n]*\nnpm test\b/m);
  });

  it('links to files that exist', () => {
    const broken = [...pages, 'CHANGELOG.md', 'bench/README.md'].flatMap((page) =>
      [...read(page).matchAll(/\]\(([^)#]+)[^)]*\)/g)]
        .map(([, target]) => target ?? '')
        .filter((target) => !/^https?:/.test(target) && !existsSync(join(root, dirname(page), target)))
        .map((target) => `${page}: ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it('has a reference that says what the prelude and the registry say', () => {
    const script = join(root, 'scripts/reference.mjs');
    const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  it('has a line for each dependency and for nothing else', () => {
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
    const listed = [...read('docs/dependencies.md').matchAll(/^\| `([^`]+)`/gm)].map(([, name]) => name);
    expect(listed.sort()).toEqual(Object.keys(dependencies).sort());
  });
});
