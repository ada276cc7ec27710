// The kernels of a model on a GPU, heaviest first, beside what it does in a large matmul and in a large copy.
//
//   npm run bench -- gpu-kernels [resnet18] [--batch-size 64] [--features subgroups] [--seconds S]      as `cnnc bench` has them
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { openAdapter } from '../test/engines/adapter.mjs';
import { examples, root } from './support.mjs';

export async function gpuKernels(args) {
  // Names the driver in the environment where the machine has no GPU.
  const { reason } = await openAdapter();
  if (reason !== undefined) throw new Error(reason);
  const [model, ...options] = args[0]?.startsWith('-') === false ? args : ['resnet18', ...args];
  const command = [join(root, 'dist/compiler/cli/main.js'), 'bench', join(examples, `${model}.cnn`)];
  // `cnnc bench` finds Dawn where it is called.
  const { status } = spawnSync(process.execPath, [...command, '--target', 'wgsl', ...options], {
    cwd: join(root, 'test/engines'),
    stdio: 'inherit',
  });
  if (status !== 0) process.exitCode = 1;
}
