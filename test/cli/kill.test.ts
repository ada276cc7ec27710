import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { folder, tinyData, tinyModel } from './support.ts';
import type { Folder } from './support.ts';

const bin = mkdtempSync(join(tmpdir(), 'cnnc-kill-'));
const main = join(bin, 'main.mjs');

beforeAll(() =>
  build({
    stdin: {
      contents: "import { main } from './compiler/cli/program.ts'; main((module) => import(module));",
      resolveDir: '.',
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: main,
    banner: {
      js: "import { createRequire as make } from 'node:module'; const require = make(import.meta.url);",
    },
  }),
);
afterAll(() => rmSync(bin, { recursive: true, force: true }));

const args = ['train', 'tiny.cnn', '--data', tinyData, '--epochs', '6', '--checkpoint-every', '0'];

/** Starts training in a process of its own. */
function start(place: Folder, ...more: string[]) {
  const child = spawn(process.execPath, [main, ...args, ...more], {
    cwd: place.path,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let err = '';
  child.stderr.on('data', (piece: Buffer) => (err += piece.toString('utf8')));
  const exit = once(child, 'exit') as Promise<[code: number | null, signal: string | null]>;
  return { child, exit, err: () => err };
}

function prepared(): Folder {
  const place = folder();
  writeFileSync(place.file('tiny.cnn'), tinyModel);
  return place;
}

const bytes = (place: Folder, name: string): string => readFileSync(place.file(name)).toString('base64');
const sleep = (time: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, time));

test('killed again and again, training ends in the same bits as a run that was never stopped', async () => {
  const whole = prepared();
  expect((await whole.cnnc(...args)).status).toBe(0);
  const place = prepared();
  let kills = 0;
  // Every batch is followed by a checkpoint, so most of these kills fall into the writing of one.
  for (const after of [1, 9, 4, 14]) {
    const before = existsSync(place.file('tiny.checkpoint')) ? bytes(place, 'tiny.checkpoint') : '';
    const { child, exit } = start(place, '--resume');
    const moved = (): boolean =>
      existsSync(place.file('tiny.checkpoint')) && bytes(place, 'tiny.checkpoint') !== before;
    while (!moved() && child.exitCode === null) await sleep(1);
    await sleep(after);
    child.kill('SIGKILL');
    const [, signal] = await exit;
    if (signal === 'SIGKILL') kills++;
    else break;
  }
  expect(kills).toBeGreaterThan(2);
  const last = await place.cnnc(...args, '--resume');
  expect(last.status, last.err).toBe(0);
  for (const name of ['tiny.safetensors', 'tiny.checkpoint'])
    expect(bytes(place, name)).toBe(bytes(whole, name));
  expect(place.names()).toEqual(['tiny.checkpoint', 'tiny.cnn', 'tiny.safetensors']);
});

test('Ctrl-C saves a checkpoint and exits with 130', async () => {
  const place = prepared();
  const { child, exit, err } = start(place, '--epochs', '10000', '--checkpoint-every', '10000');
  while (!/samples of/u.test(err())) await sleep(5);
  await sleep(100);
  child.kill('SIGINT');
  expect(await exit).toEqual([130, null]);
  expect(err()).toMatch(/tiny\.checkpoint is saved/u);
  expect(place.names()).toEqual(['tiny.checkpoint', 'tiny.cnn']);
});
