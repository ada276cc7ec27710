// Everything about the GPU of this machine in one go: builds, runs the tests that need an adapter, measures ours beside the
// peers, and the heaviest kernels. What does not begin within the time is named and left out.
//
//   npm run bench -- gpu-all [--minutes 10] [--size 64] [--batch 1,64]
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { root } from './support.mjs';

/** Runs a command to its end, or to the end of the time; gives how it went. */
function run(command, args, milliseconds) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', detached: true });
    const stop = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), milliseconds);
    child.on('error', ({ message }) => resolve(message));
    child.on('close', (status, signal) => {
      clearTimeout(stop);
      resolve(signal ? 'ran out of time' : status === 0 ? 'done' : `ended with status ${status}`);
    });
  });
}

export async function gpuAll(args) {
  const { values } = parseArgs({
    args,
    options: {
      minutes: { type: 'string', default: '10' },
      size: { type: 'string', default: '224' },
      batch: { type: 'string', default: '1,64' },
    },
  });
  const bench = (...rest) => [process.execPath, join(root, 'bench/bench.mjs'), ...rest];
  const peers = (...rest) => bench('gpu-peers', '--seconds', '1', ...rest);
  const small = ['--only', 'keras_classifier,lenet5,resnet20'];
  const large = ['--only', 'resnet18,squeezenet,mobilenet_v2', '--size', values.size];
  const parts = [
    ['build', 'npm', 'run', 'setup'],
    ['Dawn', 'npm', 'run', '-s', 'gpu'],
    ['tests on the GPU', 'npx', 'vitest', 'run', 'test/gpu'],
    ['small models beside peers', ...peers(...small, '--batch', values.batch)],
    ['training beside peers', ...peers('--training')],
    ['large models beside peers', ...peers(...large, '--batch', values.batch)],
    [
      'heaviest kernels',
      ...bench('gpu-kernels', 'resnet18', '--set', `size=${values.size}`, '--batch-size', '64'),
    ],
  ];
  const end = performance.now() + Number(values.minutes) * 60_000;
  const results = [];
  for (const [name, command, ...rest] of parts) {
    const began = performance.now();
    const left = end - began;
    console.log(`\n== ${name}`);
    const result = left <= 0 ? 'left out: the time is over' : await run(command, rest, left);
    results.push(`${name}: ${result}, ${((performance.now() - began) / 1000).toFixed(0)} s`);
  }
  console.log(`\n${results.join('\n')}`);
  if (results.some((result) => !result.includes(': done'))) process.exitCode = 1;
}
