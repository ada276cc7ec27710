// Three implementations of WebGPU: Dawn in Node, Dawn in Chromium, wgpu in Deno. Each has `run(task, argument)`, a task of
// `gpu-task.mjs`, and `module(text)`, the URL under which a task finds a module.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { chosenDrivers, hasGpu, lavapipe, vulkanEnvironment } from './adapter.mjs';
import { executable, openBrowser } from './chromium.mjs';

const start = promisify(execFile);
const here = fileURLToPath(new URL('.', import.meta.url));

/** Debian's lavapipe where the machine has no GPU. */
const wgpuEnvironment =
  hasGpu || chosenDrivers !== undefined
    ? {}
    : lavapipe === undefined
      ? undefined
      : vulkanEnvironment(lavapipe);

/** An engine that is a command; what goes in and out lies in `folder`. */
function commandEngine(name, [path, ...flags], folder, environment = {}) {
  let files = 0;
  const file = (ending, text) => {
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `${name.replaceAll(/\W/g, '-')}-${files++}.${ending}`);
    if (text !== undefined) writeFileSync(path, text);
    return path;
  };
  const options = {
    timeout: 600_000,
    env: { ...process.env, DENO_NO_UPDATE_CHECK: '1', DENO_DIR: join(folder, 'cache'), ...environment },
  };
  return {
    name,
    async run(task, argument) {
      const result = file('json');
      const job = join(here, 'gpu-job.mjs');
      try {
        await start(
          path,
          [...flags, job, task, file('json', JSON.stringify(argument ?? null)), result],
          options,
        );
      } catch (error) {
        throw new Error(`${name} ended with ${error.code ?? error.signal}: ${error.stderr}`);
      }
      const { given, problem } = JSON.parse(readFileSync(result, 'utf8'));
      if (problem) throw new Error(problem);
      return given;
    },
    module: (text) => pathToFileURL(file('mjs', text)).href,
    close: async () => {},
  };
}

const scripts = Object.fromEntries(
  ['gpu-task.mjs', 'shader.mjs', 'train.mjs'].map((name) => [
    `/${name}`,
    readFileSync(new URL(name, import.meta.url), 'utf8'),
  ]),
);

/** What a page does; a text, because tools that transform this file would change its imports. */
const inPage = `async ({ task, argument }) => {
  const { tasks } = await import('/gpu-task.mjs');
  if (!navigator.gpu) throw new Error('the page has no navigator.gpu');
  return tasks[task](navigator.gpu, argument);
}`;

async function chromiumEngine() {
  if (executable === undefined)
    throw new Error('no Chromium: install Debian’s package chromium, or name one in CHROMIUM');
  const software = hasGpu ? [] : ['--use-webgpu-adapter=swiftshader'];
  const browser = await openBrowser([
    '--enable-unsafe-webgpu',
    '--enable-dawn-features=disable_workgroup_init',
    '--disable-background-networking',
    ...software,
  ]);
  const modules = {};
  return {
    name: 'Chromium',
    run: (task, argument) => browser.inPage({ ...scripts, ...modules }, inPage, { task, argument }),
    module(text) {
      const path = `/model-${Object.keys(modules).length}.mjs`;
      modules[path] = text;
      return path;
    },
    close: browser.close,
  };
}

const node = `node_modules/node-20-${process.arch}/bin/node`;
const deno = `node_modules/@deno/linux-${process.arch}-glibc/deno`;
const denoFlags = ['run', '-A', '--unstable-webgpu', '--no-config', '--no-lock', '--no-remote'];

/** How to start Deno so that it finds a GPU, or a software one. */
export function denoWithGpu() {
  if (wgpuEnvironment === undefined)
    throw new Error('there is no Vulkan driver for wgpu: install Debian’s package mesa-vulkan-drivers');
  return { path: join(here, deno), flags: denoFlags, environment: wgpuEnvironment };
}

/** wgpu, which has f16 on lavapipe. Throws where it is missing; `folder` is for what it reads and writes. */
export function openDeno(folder) {
  const { path, flags, environment } = denoWithGpu();
  if (!existsSync(path)) throw new Error('Deno is not installed; npm run gpu installs it');
  return commandEngine('wgpu in Deno', [path, ...flags], folder, environment);
}

/** Throws where one is missing. `folder` is for what the engines read and write. */
export async function openGpuEngines(folder) {
  const deno = openDeno(folder);
  return [commandEngine('Dawn in Node', [join(here, node)], folder), await chromiumEngine(), deno];
}
