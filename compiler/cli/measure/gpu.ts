/** The GPU of this process, and what it can do at most. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Gpu, GpuDevice } from '../../../runtime/gpu-api.ts';
import { InputError } from '../errors.ts';

/** Bits of `GPUBufferUsage`. */
const usage = { map: 1, from: 4, to: 8, storage: 128 };

const packageName = 'webgpu';
/** GPUs that were opened: Dawn ends the process when one is collected while its devices are in use. */
const opened = new Set<Gpu>();

/** `navigator.gpu`, or that of the package `webgpu`, where it is installed beside cnnc or in the folder `cwd`. */
export async function findGpu(cwd: string): Promise<Gpu> {
  const scope: object = globalThis;
  const { navigator } = scope as { readonly navigator?: { readonly gpu?: Gpu } };
  const gpu = navigator?.gpu ?? (await fromPackage(cwd));
  opened.add(gpu);
  return gpu;
}

interface Dawn {
  create(flags: readonly string[]): Gpu;
  readonly globals: object;
}

async function fromPackage(cwd: string): Promise<Gpu> {
  const local = (): string => createRequire(join(cwd, 'package.json')).resolve(packageName);
  const dawn: Dawn = await import(packageName)
    .catch(() => import(pathToFileURL(local()).href))
    .catch(() => {
      const how = `npm install --no-save ${packageName}`;
      throw new InputError(`this Node.js has no GPU: ‘${how}’ brings one, Dawn (130 MB)`);
    });
  Object.assign(globalThis, dawn.globals);
  // Rounded to tenths of a millisecond, times of short kernels would be 0.
  return dawn.create(['disable-dawn-features=timestamp_quantization']);
}

export interface GpuPeak {
  /** 10⁹ multiplications and additions of f32 per second. */
  readonly gflops: number;
  /** 10⁹ bytes read and written per second. */
  readonly gigabytes: number;
}

const chains = 8;
const rounds = 256;
const threads = 64;

/** Eight sums of vectors per thread that do not depend on one another; what each begins with is not known to a compiler. */
const arithmetic = `
@group(0) @binding(0) var<storage, read_write> data: array<vec4<f32>>;
@compute @workgroup_size(${threads}) fn peak(@builtin(global_invocation_id) id: vec3<u32>) {
  let x = data[id.x];
${Array.from({ length: chains }, (_, i) => `  var s${i} = x + ${i}.0;\n`).join('')}
  for (var i = 0u; i < ${rounds}u; i++) {
${Array.from({ length: chains }, (_, i) => `    s${i} = fma(s${i}, x, x);\n`).join('')}  }
  data[id.x] = ${Array.from({ length: chains }, (_, i) => `s${i}`).join(' + ')};
}
`;

/** Reads each vector once and writes it back. */
const copy = `
@group(0) @binding(0) var<storage, read_write> data: array<vec4<f32>>;
@compute @workgroup_size(${threads}) fn peak(@builtin(global_invocation_id) id: vec3<u32>) {
  data[id.x] = data[id.x] + 1.0;
}
`;

const vectorBytes = 16;
/** Vectors that one dispatch works on. */
const most = 65535 * threads;
/** Milliseconds that a dispatch has to take, so that its start does not count. */
const longEnough = 30;

/** The best of some runs of two shaders on a device of their own. */
export async function measureGpuPeak(gpu: Gpu): Promise<GpuPeak> {
  const adapter = await gpu.requestAdapter({});
  if (!adapter) throw new InputError('WebGPU has no adapter: there is no GPU, no driver, or it is blocked');
  const device = await adapter.requestDevice({ requiredFeatures: [], requiredLimits: {} });
  try {
    const sums = await ratePerMillisecond(device, arithmetic);
    const moved = await ratePerMillisecond(device, copy);
    return {
      gflops: (sums * chains * rounds * 4 * 2) / 1e6,
      gigabytes: (moved * vectorBytes * 2) / 1e6,
    };
  } finally {
    device.destroy();
  }
}

/** Threads per millisecond: more and more of them, until they take long enough. */
async function ratePerMillisecond(device: GpuDevice, code: string): Promise<number> {
  const run = await runnerOf(device, code);
  let groups = 64;
  await run(groups);
  for (;;) {
    const times = [await run(groups), await run(groups), await run(groups)];
    const best = Math.min(...times);
    if (best >= longEnough || groups * threads * 4 > most) return (groups * threads) / best;
    groups *= 4;
  }
}

/** A function that runs so many workgroups and gives the milliseconds until all is done. */
async function runnerOf(device: GpuDevice, code: string): Promise<(groups: number) => Promise<number>> {
  const module = device.createShaderModule({ label: 'peak', code });
  const layout = device.createBindGroupLayout({
    entries: [{ binding: 0, visibility: 4, buffer: { type: 'storage' } }],
  });
  const pipeline = await device.createComputePipelineAsync({
    label: 'peak',
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module, entryPoint: 'peak' },
  });
  const buffer = device.createBuffer({ size: most * vectorBytes, usage: usage.storage | usage.from });
  const done = device.createBuffer({ size: vectorBytes, usage: usage.map | usage.to });
  const group = device.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer } }] });
  return async (groups) => {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(groups, 1, 1);
    pass.end();
    encoder.copyBufferToBuffer(buffer, 0, done, 0, vectorBytes);
    const began = performance.now();
    device.queue.submit([encoder.finish()]);
    await done.mapAsync(1);
    const milliseconds = performance.now() - began;
    done.unmap();
    return milliseconds;
  };
}
