/** The GPU of this process. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Gpu } from '../../../runtime/gpu-api.ts';
import { InputError } from '../errors.ts';
import type { Io } from '../io.ts';

const packageName = 'webgpu';
/** GPUs that were opened: Dawn ends the process when one is collected while its devices are in use. */
const opened = new Set<Gpu>();

/** `navigator.gpu`, or that of the package `webgpu`, where it is installed beside cnnc or in the current folder. */
export async function findGpu(io: Io): Promise<Gpu> {
  const scope: object = globalThis;
  const { navigator } = scope as { readonly navigator?: { readonly gpu?: Gpu } };
  const gpu = navigator?.gpu ?? (await fromPackage(io));
  opened.add(gpu);
  return gpu;
}

interface Dawn {
  create(flags: readonly string[]): Gpu;
  readonly globals: object;
}

async function fromPackage(io: Io): Promise<Gpu> {
  const local = (): string => createRequire(join(io.cwd, 'package.json')).resolve(packageName);
  const module = await io
    .import(packageName)
    .catch(() => io.import(pathToFileURL(local()).href))
    .catch(() => {
      const how = `\`npm install --no-save ${packageName}\` in this folder brings it`;
      throw new InputError(`this Node.js has no WebGPU; ${how} (Dawn, 130 MB)`);
    });
  const dawn = module as Dawn;
  Object.assign(globalThis, dawn.globals);
  return dawn.create([
    // Rounded to tenths of a millisecond, times of short kernels would be 0.
    'disable-dawn-features=timestamp_quantization',
    // Software adapters need long to make workgroup memory zero, which no shader relies on.
    'enable-dawn-features=disable_workgroup_init',
  ]);
}
