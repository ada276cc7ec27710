import type { DType } from '../base/types.ts';
import { bytesPerElement } from '../base/types.ts';

/** What passes and schedules may ask of a target; nothing here names an op. */
export interface TargetInfo {
  /** `ts` is printed as TypeScript or as JavaScript. */
  readonly name: 'ts' | 'wasm' | 'wgsl';
  /** Elements that one instruction works on. */
  readonly lanes: number;
  /** Accumulators a contraction keeps in registers at once. */
  readonly accumulators: number;
  /** A reduction over at most so many points is written out in full. */
  readonly unroll: number;
  /** Of a longer one, the innermost loops are, up to so many points. */
  readonly unrollInner: number;
  /** What one element takes in memory. */
  readonly elementBytes: Readonly<Record<DType, number>>;
  /** Bytes of one piece of memory; a tensor lies within one. Infinity: arenas are whole. */
  readonly slabBytes: number;
  /** Most buffers that one kernel may read and write. */
  readonly maxOperands: number;
  /** Into how many a long reduction to a single number is divided: groups of threads that share no memory. 1: it is not. */
  readonly shares: number;
  /** Whether loops that schedules mark `parallel` are divided among threads. */
  readonly threads: boolean;
  /** Whether sums over the batch are made of each sample first, so that threads can share the samples. */
  readonly bySample: boolean;
  /** Whether schedules of contractions go by the batch of their routine: how many threads there is work for. */
  readonly schedulesByBatch: boolean;
  /** Whether reductions of all axes but the last are one kernel where they go through the same elements. */
  readonly joinsChannels: boolean;
  /** Whether the plan has a place for what kernels keep in scratch memory; else they have some of their own, each thread as much. */
  readonly plansScratch: boolean;
  /** Whether it can run the kernels of `ops/support/winograd`. */
  readonly winograd: boolean;
}

/**
 * One thread of scalar JavaScript with rounding to f32. Four accumulators hide most of the latency of add and round;
 * more of them make the text longer and the kernels no faster.
 */
export const typescript: TargetInfo = {
  name: 'ts',
  lanes: 1,
  accumulators: 4,
  unroll: 6,
  unrollInner: 6,
  elementBytes: bytesPerElement,
  slabBytes: Infinity,
  maxOperands: 256,
  shares: 1,
  threads: false,
  bySample: false,
  schedulesByBatch: false,
  joinsChannels: false,
  plansScratch: true,
  winograd: true,
};

/** WebAssembly with SIMD. Its schedule does not go by the numbers, which are of scalar code. */
export const webassembly: TargetInfo = {
  ...typescript,
  name: 'wasm',
  lanes: 4,
  threads: true,
  bySample: true,
  plansScratch: false,
};

/**
 * WebGPU with the limits that every device has (https://www.w3.org/TR/webgpu/#limits): 8 storage buffers in a kernel, of 128 MiB
 * each; elements of 32 bits, since threads that write bytes of one word would disturb each other.
 */
export const webgpu: TargetInfo = {
  ...typescript,
  name: 'wgsl',
  elementBytes: { f32: 4, i32: 4, u32: 4, u8: 4, bool: 4 },
  slabBytes: 2 ** 27,
  maxOperands: 8,
  shares: 64,
  schedulesByBatch: true,
  joinsChannels: true,
  winograd: false,
};

/** The targets by name. */
export const targets: Readonly<Record<TargetInfo['name'], TargetInfo>> = {
  ts: typescript,
  wasm: webassembly,
  wgsl: webgpu,
};
