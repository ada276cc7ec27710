// The engines of the test. Each has `version` and `run({ path, text }, job)`, which trains a module as `train.mjs` says.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { executable, openChromium } from './chromium.mjs';

const start = promisify(execFile);
const here = fileURLToPath(new URL('.', import.meta.url));
const jobFile = join(here, 'job.mjs');
const arch = process.arch;

/** What each is started with before the file to run. */
const commands = {
  'Node 20': [`node-20-${arch}/bin/node`],
  'Node 24': [`node-24-${arch}/bin/node`],
  'Node 26': [`node-26-${arch}/bin/node`],
  Deno: [`@deno/linux-${arch}-glibc/deno`, 'run', '--allow-read', '--no-config', '--no-lock', '--no-remote'],
  Bun: [`@oven/bun-linux-${arch === 'arm64' ? 'aarch64' : arch}/bin/bun`, '--no-install'],
};

async function commandEngine(name, [binary, ...flags], cache) {
  const env = { ...process.env, DENO_NO_UPDATE_CHECK: '1', DENO_DIR: cache };
  // One job takes half a minute where it takes long.
  const limits = { timeout: 300_000, env };
  const path = join(here, 'node_modules', binary);
  if (!existsSync(path)) throw new Error(`${name} is not installed: ${binary} is missing in test/engines`);
  const { stdout } = await start(path, ['--version'], limits);
  return {
    name,
    version: /\d+(\.\d+)+/.exec(stdout)?.[0] ?? '',
    async run(module, job) {
      const { stdout } = await start(
        path,
        [...flags, jobFile, pathToFileURL(module.path).href, JSON.stringify(job)],
        limits,
      );
      return JSON.parse(stdout);
    },
    close: async () => {},
  };
}

async function chromiumEngine() {
  if (executable === undefined)
    throw new Error('no Chromium: install Debian’s package chromium, or name one in CHROMIUM');
  const { version, run, close } = await openChromium();
  return { name: 'Chromium', version, run: ({ text }, job) => run(text, job), close };
}

/** Throws where one is missing: a run without it would say nothing of it. `cache` is a folder that an engine may fill. */
export const openEngines = async (cache) => [
  ...(await Promise.all(
    Object.entries(commands).map(([name, command]) => commandEngine(name, command, cache)),
  )),
  await chromiumEngine(),
];
