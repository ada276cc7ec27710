/** What a GPU can do at most: in arithmetic, in a large matmul, in a large copy. */
import type { Gpu, GpuDevice } from '../../../runtime/gpu-api.ts';
import { InputError } from '../errors.ts';

interface GpuPeak {
  /** 10⁹ multiplications and additions of f32 per second, in registers. */
  readonly gflops: number;
  /** The same in a large matmul, which reads its matrices. */
  readonly matmul: number;
  /** 10⁹ bytes read and written per second. */
  readonly gigabytes: number;
}

/** A shader whose rate is measured; its entry point is `peak`. */
interface Probe {
  readonly code: string;
  /** Bytes of its buffers, for `side`. */
  readonly buffers: (side: number) => readonly number[];
  readonly workgroups: (side: number) => readonly [number, number];
  /** What is counted, for `side`. */
  readonly work: (side: number) => number;
  /** Numbers that say how much it does, smallest first. */
  readonly sides: readonly number[];
}

const vectorBytes = 16;
const threads = 64;
const chains = 8;
const rounds = 256;
const count = <T>(n: number, item: (i: number) => T): readonly T[] =>
  Array.from({ length: n }, (_, i) => item(i));
const lines = (n: number, line: (i: number) => string): string => count(n, line).join('\n');
const powers = (from: number, to: number): readonly number[] => count(to - from + 1, (i) => 2 ** (from + i));

const vectors = {
  buffers: (groups: number) => [groups * threads * vectorBytes],
  workgroups: (groups: number) => [groups, 1] as const,
  sides: powers(6, 15),
};

/** Eight sums of vectors per thread that do not depend on one another; what each begins with is not known to a compiler. */
const arithmetic: Probe = {
  ...vectors,
  work: (groups) => groups * threads * chains * rounds * 4 * 2,
  code: `
@group(0) @binding(0) var<storage, read_write> data: array<vec4f>;
@compute @workgroup_size(${threads}) fn peak(@builtin(global_invocation_id) id: vec3u) {
  let x = data[id.x];
${lines(chains, (i) => `  var s${i} = x + ${i}.0;`)}
  for (var i = 0u; i < ${rounds}u; i++) {
${lines(chains, (i) => `    s${i} = fma(s${i}, x, x);`)}
  }
  data[id.x] = ${count(chains, (i) => `s${i}`).join(' + ')};
}
`,
};

/** Reads each vector once and writes it back. */
const copy: Probe = {
  ...vectors,
  work: (groups) => groups * threads * vectorBytes * 2,
  code: `
@group(0) @binding(0) var<storage, read_write> data: array<vec4f>;
@compute @workgroup_size(${threads}) fn peak(@builtin(global_invocation_id) id: vec3u) {
  data[id.x] = data[id.x] + 1.0;
}
`,
};

/** Rows and columns that a workgroup of 16 × 16 threads computes, 8 × 8 each, and points of the sum in one block. */
const block = 128;
const depth = 8;
/** Vectors of a row of a block, and those of half of it. */
const [across, half] = [block / 4, block / 8];
const part = 'xyzw';

/**
 * A square matmul as a person would write it for a fast GPU: blocks of both operands in workgroup memory, the left one turned,
 * and 64 sums in the registers of each thread.
 */
const matmul: Probe = {
  sides: powers(7, 12),
  buffers: (side) => [side * side * 4, side * side * 4, side * side * 4],
  workgroups: (side) => [side / block, side / block],
  work: (side) => 2 * side ** 3,
  code: `
@group(0) @binding(0) var<storage, read_write> a: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> b: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> c: array<vec4f>;
var<workgroup> left: array<vec4f, ${depth * across}>;
var<workgroup> right: array<vec4f, ${depth * across}>;
@compute @workgroup_size(16, 16) fn peak(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) thread: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let row = groups.x * ${across}u;
${lines(16, (i) => `  var s${i} = vec4f(0.0);`)}
  for (var k = 0u; k < groups.x * ${block}u; k += ${depth}u) {
    let at = (k + index / ${across}u) * row + index % ${across}u;
    workgroupBarrier();
    left[index] = a[at + group.y * ${across}u];
    right[index] = b[at + group.x * ${across}u];
    workgroupBarrier();
    for (var i = 0u; i < ${depth}u; i++) {
      let a0 = left[i * ${across}u + thread.y];
      let a1 = left[i * ${across}u + ${half}u + thread.y];
      let b0 = right[i * ${across}u + thread.x];
      let b1 = right[i * ${across}u + ${half}u + thread.x];
${lines(16, (i) => `      s${i} = fma(vec4f(a${i >> 3}.${part[(i >> 1) % 4] ?? ''}), b${i % 2}, s${i});`)}
    }
  }
  let at = (group.y * ${block}u + thread.y * 4u) * row + group.x * ${across}u + thread.x;
${lines(16, (i) => `  c[at + ${(i >> 3) * (block / 2) + ((i >> 1) % 4)}u * row + ${(i % 2) * half}u] = s${i};`)}
}
`,
};

/** Milliseconds that a dispatch has to take, so that its start does not count. */
const longEnough = 30;

/** The best of some runs of three shaders on a device of their own. */
export async function measureGpuPeak(gpu: Gpu): Promise<GpuPeak> {
  const adapter = await gpu.requestAdapter({});
  if (!adapter) throw new InputError('WebGPU has no adapter: there is no GPU, no driver, or it is blocked');
  const device = await adapter.requestDevice({ requiredFeatures: [], requiredLimits: {} });
  try {
    return {
      gflops: (await ratePerMillisecond(device, arithmetic)) / 1e6,
      matmul: (await ratePerMillisecond(device, matmul)) / 1e6,
      gigabytes: (await ratePerMillisecond(device, copy)) / 1e6,
    };
  } finally {
    device.destroy();
  }
}

/** Work per millisecond: more and more of it, until it takes long enough. */
async function ratePerMillisecond(device: GpuDevice, probe: Probe): Promise<number> {
  const largest = probe.sides.at(-1) ?? 0;
  const run = await runnerOf(device, probe, largest);
  let rate = 0;
  for (const side of probe.sides) {
    await run(side);
    const best = Math.min(await run(side), await run(side), await run(side));
    rate = probe.work(side) / best;
    if (best >= longEnough) break;
  }
  return rate;
}

/** Bits of `GPUBufferUsage`. */
const usage = { map: 1, from: 4, to: 8, storage: 128 };

/** A function that runs the shader and gives the milliseconds until all is done. */
async function runnerOf(
  device: GpuDevice,
  { code, buffers: sizes, workgroups }: Probe,
  largest: number,
): Promise<(side: number) => Promise<number>> {
  const module = device.createShaderModule({ label: 'peak', code });
  const buffers = sizes(largest).map((size) =>
    device.createBuffer({ size, usage: usage.storage | usage.from }),
  );
  const layout = device.createBindGroupLayout({
    entries: buffers.map((_, binding) => ({ binding, visibility: 4, buffer: { type: 'storage' } })),
  });
  const pipeline = await device.createComputePipelineAsync({
    label: 'peak',
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module, entryPoint: 'peak' },
  });
  const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
  const group = device.createBindGroup({ layout, entries });
  const result = buffers.at(-1);
  return async (side) => {
    const done = device.createBuffer({ size: vectorBytes, usage: usage.map | usage.to });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(...workgroups(side), 1);
    pass.end();
    if (result) encoder.copyBufferToBuffer(result, 0, done, 0, vectorBytes);
    const began = performance.now();
    device.queue.submit([encoder.finish()]);
    await done.mapAsync(1);
    const milliseconds = performance.now() - began;
    done.destroy();
    return milliseconds;
  };
}
