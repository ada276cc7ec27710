// One task for the GPU in Node or Deno: arguments are its name, its argument as a file with JSON, and the file for its result.
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { openAdapter } from './adapter.mjs';
import { tasks } from './gpu-task.mjs';

async function findGpu() {
  if (globalThis.navigator?.gpu) return navigator.gpu;
  const { gpu, reason } = await openAdapter();
  if (!gpu) throw new Error(reason);
  return gpu;
}

const [task, argument, result] = process.argv.slice(2);
try {
  const given = await tasks[task](await findGpu(), JSON.parse(readFileSync(argument, 'utf8')));
  writeFileSync(result, JSON.stringify({ given }));
} catch (error) {
  writeFileSync(result, JSON.stringify({ problem: error.stack ?? `${error}` }));
}
process.exit(0);
