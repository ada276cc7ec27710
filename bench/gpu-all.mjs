// Everything about the GPU of this machine in one go: installs what is missing, builds, runs the tests that need an adapter,
// measures ours beside the peers, and the heaviest kernels. Each part has its share of the time; one that does not use it up
// leaves the rest to those behind it, one that runs out of it is ended and named. What is printed is written to a file as well.
//
//   npm run bench -- gpu-all [--minutes 10] [--size 64] [--batch 1,64] [--training-batch 32] [--out FILE]
//
// Imports nothing that has to be installed or built first.
import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openAdapter } from '../test/engines/adapter.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const has = (path) => existsSync(join(root, path));

/** What is measured where nobody says more: a software adapter is thousands of times slower than a GPU. */
const onGpu = {
  size: '224',
  batch: '1,64',
  trainingBatch: '32',
  small: 'keras_classifier,lenet5,resnet20',
  trained: 'keras_classifier,lenet5,resnet20',
  large: 'resnet18,squeezenet,mobilenet_v2',
  peers: ['--seconds', '1'],
  tests: 'test/gpu',
  kernels: (size) => ['resnet18', '--set', `size=${size}`, '--batch-size', '64'],
};
const onSoftware = {
  size: '32',
  batch: '1',
  trainingBatch: '2',
  small: 'keras_classifier,lenet5',
  trained: 'lenet5',
  large: 'squeezenet',
  peers: ['--seconds', '1', '--rounds', '3'],
  tests: 'test/gpu/adapter',
  kernels: () => ['lenet5', '--batch-size', '4', '--seconds', '1'],
};

/** Runs a command, and all that it starts, for at most so many milliseconds; gives how it went. */
function run([command, ...args], { cwd = root, milliseconds, write }) {
  return new Promise((done) => {
    const windows = process.platform === 'win32';
    const child = spawn(command, args, {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: !windows,
      shell: windows && command === 'npm',
    });
    child.stdout.on('data', write);
    child.stderr.on('data', write);
    const stop = () => (windows ? child.kill() : process.kill(-child.pid, 'SIGKILL'));
    const timer = setTimeout(stop, milliseconds);
    const end = (how) => {
      clearTimeout(timer);
      done(how);
    };
    child.on('error', ({ message }) => end(message));
    child.on('close', (status, signal) => {
      const failed = `ended with status ${status}`;
      end(signal ? 'ran out of time: above is what it got to' : status === 0 ? 'done' : failed);
    });
  });
}

/** What there is to do before anything is known of the adapter. */
function preparations() {
  const parts = [];
  const install = (what, marker, folder) => {
    if (!has(marker))
      parts.push({ name: `install ${what}`, command: ['npm', 'ci'], cwd: join(root, folder), share: 60 });
  };
  // What was copied here together with the repository is used as it is, though it may be older.
  if (!has('dist/compiler/index.js')) install('the compiler’s packages', 'node_modules/typescript', '.');
  install('the peers', 'bench/node_modules/@tensorflow/tfjs-core', 'bench');
  install('Dawn', 'test/engines/node_modules/webgpu', 'test/engines');
  const builds = has('node_modules/typescript') || !has('dist/compiler/index.js');
  parts.push({
    name: 'build',
    ...(builds
      ? { command: ['npm', 'run', '--silent', 'build'] }
      : { leftOut: 'TypeScript is not installed; dist is used as it is' }),
    share: 120,
  });
  return parts;
}

function measurements(sizes, { size, batch, training }) {
  const bench = (...rest) => [process.execPath, join(root, 'bench/bench.mjs'), ...rest];
  const peers = (...rest) => {
    const args = bench('gpu-peers', ...sizes.peers, ...rest);
    // Ends by itself a little earlier, with what it has.
    return (milliseconds) => [...args, '--minutes', String((0.9 * milliseconds) / 60_000)];
  };
  const vitest = 'node_modules/vitest/vitest.mjs';
  const tests = has(vitest)
    ? { command: [process.execPath, join(root, vitest), 'run', sizes.tests] }
    : { leftOut: 'vitest is not installed' };
  const small = ['--only', sizes.small, '--batch', batch];
  const trained = ['--only', sizes.trained, '--training', '--batch', training];
  const large = ['--only', sizes.large, '--size', size, '--batch', batch];
  const kernels = bench('gpu-kernels', ...sizes.kernels(size));
  return [
    { name: 'tests on the GPU', ...tests, share: 120 },
    { name: 'small models beside peers', command: peers(...small), share: 90 },
    { name: 'training beside peers', command: peers(...trained), share: 120 },
    { name: 'large models beside peers', command: peers(...large), share: 150 },
    { name: 'heaviest kernels', command: kernels, share: 60 },
  ];
}

const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(0)} s`;

export async function gpuAll(args) {
  const { values } = parseArgs({
    args,
    options: {
      minutes: { type: 'string', default: '10' },
      size: { type: 'string' },
      batch: { type: 'string' },
      'training-batch': { type: 'string' },
      out: { type: 'string', default: join(root, 'out/gpu-all.txt') },
    },
  });
  const out = resolve(values.out);
  mkdirSync(dirname(out), { recursive: true });
  const file = createWriteStream(out);
  const write = (text) => {
    process.stdout.write(text);
    file.write(text);
  };
  const end = performance.now() + Number(values.minutes) * 60_000;
  const results = [];
  const work = async (parts, sharesAfter) => {
    for (const [i, { name, command, cwd, leftOut }] of parts.entries()) {
      const began = performance.now();
      const shares = parts.slice(i).reduce((sum, { share }) => sum + share, sharesAfter);
      const milliseconds = ((end - began) * parts[i].share) / shares;
      write(`\n== ${name}\n`);
      const full = typeof command === 'function' ? command(milliseconds) : command;
      const how = leftOut ? `left out: ${leftOut}` : await run(full, { cwd, milliseconds, write });
      results.push({ how, text: `${name}: ${how}, ${seconds(performance.now() - began)}` });
      write(`${results.at(-1).text}\n`);
    }
  };
  await work(preparations(), 540);
  const { adapter, name, reason } = await openAdapter();
  if (adapter === undefined) results.push({ how: reason, text: `adapter: ${reason}` });
  else {
    const software = adapter.info.isFallbackAdapter === true;
    const sizes = software ? onSoftware : onGpu;
    const { size = sizes.size, batch = sizes.batch } = values;
    const training = values['training-batch'] ?? sizes.trainingBatch;
    const few = ': a software adapter, so models and rounds are few and small; npm test runs all tests on it';
    write(`\n${name}${software ? few : ''}\n`);
    write(`photographs of ${size}x${size}, inference in batches of ${batch}, training of ${training}\n`);
    write(`models: ${sizes.small},${sizes.large}; training: ${sizes.trained}\n`);
    await work(measurements(sizes, { size, batch, training }), 0);
  }
  write(`\n${results.map(({ text }) => text).join('\n')}\nwritten to ${out}\n`);
  await new Promise((done) => file.end(done));
  process.exit(results.every(({ how }) => how === 'done') ? 0 : 1);
}
