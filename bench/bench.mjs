// npm run bench: prints the tables about ours. `npm run bench -- PART …` prints some, or another part with its own arguments.
import { parseArgs } from 'node:util';

const tables = {
  compile: async () => (await import('./compile-time.mjs')).compileTime(),
  memory: async () => (await import('./memory.mjs')).memory(),
  size: async () => (await import('./size.mjs')).size(),
  speed: async () => {
    const { peers } = await import('./peers.mjs');
    const beside = ['--only', 'keras_classifier', '--kernels', 'ts', '--peers', 'tfjs-cpu'];
    await peers(beside);
    await peers([...beside, '--training']);
  },
};

/** Parts that take arguments, or long. */
const others = {
  peers: async (args) => (await import('./peers.mjs')).peers(args),
  'gpu-peers': async (args) => (await import('./gpu-peers.mjs')).gpuPeers(args),
  'gpu-kernels': async (args) => (await import('./gpu-kernels.mjs')).gpuKernels(args),
  'gpu-all': async (args) => (await import('./gpu-all.mjs')).gpuAll(args),
  threads: async (args) => (await import('./threads.mjs')).threads(args),
  'spike-conv': async () => import('./spike-conv.mjs'),
  kernels: async (args) => (await import('./kernels.mjs')).kernels(args),
  mnist: async (args) => (await import('./mnist.mjs')).mnist(args),
  'mnist-gpu': async (args) => (await import('./mnist-gpu.mjs')).mnistGpu(args),
};

const [first, ...rest] = process.argv.slice(2);
if (first !== undefined && first in others) await others[first](rest);
else {
  const { positionals } = parseArgs({ allowPositionals: true });
  const unknown = positionals.find((name) => !(name in tables));
  if (unknown !== undefined) {
    console.error(`${unknown}: there are ${[...Object.keys(tables), ...Object.keys(others)].join(', ')}`);
    process.exit(2);
  }
  for (const [name, part] of Object.entries(tables))
    if (positionals.length === 0 || positionals.includes(name)) await part();
}
