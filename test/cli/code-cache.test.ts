import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { beforeEach, expect, test } from 'vitest';

let folder = '';
const program = (): string => join(folder, 'program.cjs');
const code = (): string => join(folder, 'code', `greet-${process.version}`);

/** What the program prints: `require`, its own path and the `import()` that it is given must all work in it. */
const source = (greeting: string): string => `
  const { basename } = require('node:path');
  exports.main = async (load) => {
    const { pathToFileURL } = await load('node:url');
    console.log(${JSON.stringify(greeting)}, basename(__filename), pathToFileURL('/a b').href, process.argv[2]);
    if (process.argv[3] === 'fail') process.exitCode = 1;
  };`;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cnnc-code-'));
  const outfile = join(folder, 'main.mjs');
  await build({
    entryPoints: ['compiler/cli/main.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
  });
  writeAt(1, 'hello');
});

/** The program as it was `age` minutes ago: clocks of file systems are coarse. */
function writeAt(age: number, greeting: string): void {
  writeFileSync(program(), source(greeting));
  const time = Date.now() / 1000 - age * 60;
  utimesSync(program(), time, time);
}

function run(...args: string[]) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [join(folder, 'main.mjs'), ...args], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return { out: stdout.trim(), status };
}

const hello = 'hello program.cjs file:///a%20b greet';

test('a program leaves its bytecode beside it, and the next run keeps to that', () => {
  expect(run('greet')).toEqual({ out: hello, status: 0 });
  const { mtimeMs, size } = statSync(code());
  expect(size).toBeGreaterThan(0);
  expect(run('greet')).toEqual({ out: hello, status: 0 });
  expect(statSync(code()).mtimeMs).toBe(mtimeMs);
  expect(readdirSync(join(folder, 'code'))).toHaveLength(1);
});

test('each command, target and kind of kernels has bytecode of its own', () => {
  const kinds = ['', '--target wgsl', '--target=wgsl', '--kernels ts', '-o kernels', 'a.cnn --kernels wasm'];
  for (const kind of kinds) run('greet', ...kind.split(' '));
  run('say', '--kernels', 'ts');
  const names = readdirSync(join(folder, 'code')).map((name) => name.replace(`-${process.version}`, ''));
  expect(names.sort()).toEqual(
    ['greet', 'greetts', 'greettargetwgsl', 'greetwasm', 'greetwgsl', 'sayts'].sort(),
  );
});

test('another program at the same place runs as it is', () => {
  run('greet');
  const before = readFileSync(code());
  // As long as the first: V8 tells sources apart by their length.
  writeAt(-1, 'salut');
  expect(run('greet').out).toBe(hello.replace('hello', 'salut'));
  expect(readFileSync(code()).equals(before)).toBe(false);
});

test('a build that did not get to its end says so, without a stack', () => {
  rmSync(program());
  const { stderr, status } = spawnSync(process.execPath, [join(folder, 'main.mjs')], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([
    1,
    expect.stringMatching(/^cnnc: .*program\.cjs is missing: .*; `npm run setup` in .* does that\n$/u),
  ]);
});

test('bytecode that is none is made anew', () => {
  mkdirSync(join(folder, 'code'));
  writeFileSync(code(), 'not what V8 wrote');
  expect(run('greet').out).toBe(hello);
  expect(readFileSync(code()).length).toBeGreaterThan(100);
});

test('a run that fails leaves nothing, and a folder that cannot be written is no error', () => {
  expect(run('greet', 'fail')).toEqual({ out: hello, status: 1 });
  expect(existsSync(code())).toBe(false);
  writeFileSync(join(folder, 'code'), 'a file, where the folder would be');
  expect(run('greet')).toEqual({ out: hello, status: 0 });
});
