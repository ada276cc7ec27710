import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { expect, test } from 'vitest';
import { writeFileAtomic, writeFilesAtomic } from '../../compiler/cli/write.ts';
import { folder } from './support.ts';

test('writes text and bytes, makes folders, replaces', () => {
  const { path, file, names } = folder();
  writeFileAtomic(file('a/b/c.txt'), 'grüß');
  writeFileAtomic(file('a/b/c.txt'), Uint8Array.of(1, 2, 3));
  expect([...readFileSync(file('a/b/c.txt'))]).toEqual([1, 2, 3]);
  writeFileAtomic(join(path, 'd.txt'), '');
  expect(names()).toEqual(['a', 'd.txt']);
});

test('where one of several cannot be written, none is changed and nothing is left behind', () => {
  const { file, names } = folder();
  writeFileSync(file('first.ts'), 'old');
  writeFileSync(file('blocked'), 'a file where a folder is needed');
  expect(() =>
    writeFilesAtomic([
      { path: file('first.ts'), content: 'new' },
      { path: file('blocked/second.ts'), content: 'new' },
    ]),
  ).toThrow();
  expect(readFileSync(file('first.ts'), 'utf8')).toBe('old');
  expect(names()).toEqual(['blocked', 'first.ts']);
});

test('removes what a killed writer of the same file left, and nothing else', () => {
  const { file, names } = folder();
  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  writeFileSync(file(`.w.bin.${dead}.tmp`), 'half');
  writeFileSync(file(`.w.bin.${process.ppid}.tmp`), 'being written by a living process');
  writeFileSync(file(`.v.bin.${dead}.tmp`), 'of another file');
  writeFileAtomic(file('w.bin'), 'whole');
  expect(names()).toEqual([`.v.bin.${dead}.tmp`, `.w.bin.${process.ppid}.tmp`, 'w.bin'].sort());
});

test('a process killed in the middle of writing leaves the old file or the new one', async () => {
  const { file, path } = folder();
  mkdirSync(file('bin'));
  buildSync({
    stdin: {
      contents: `import { writeFileAtomic } from './compiler/cli/write.ts';
        for (let i = 0; ; i++) writeFileAtomic(process.argv[2], new Uint8Array(3_000_000).fill(i % 250));`,
      resolveDir: process.cwd(),
      loader: 'ts',
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: file('bin/writer.mjs'),
  });
  const target = join(path, 'data.bin');
  for (const after of [5, 11, 23]) {
    writeFileAtomic(target, new Uint8Array(3_000_000).fill(251));
    const child = spawn(process.execPath, [file('bin/writer.mjs'), target], { stdio: 'ignore' });
    const exit = once(child, 'exit');
    const written = (): number => readFileSync(target)[0]!;
    while (written() === 251 || written() < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    await new Promise((resolve) => setTimeout(resolve, after));
    child.kill('SIGKILL');
    await exit;
    const bytes = readFileSync(target);
    expect(bytes.length).toBe(3_000_000);
    expect(bytes.every((byte) => byte === bytes[0])).toBe(true);
  }
});
