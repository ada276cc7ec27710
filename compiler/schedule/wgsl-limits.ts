/** What every device with WebGPU allows: https://www.w3.org/TR/webgpu/#limits */
import { elementCount } from '../base/types.ts';
import { boundKernel } from '../loop/bound.ts';
import type { Kernel } from '../loop/ir.ts';
import { expandAllReduce } from '../loop/transform/expand-all-reduce.ts';
import { requires } from '../loop/transform/step-error.ts';

/** Threads of a workgroup, in all and along z. */
export const mostThreads = 256;
export const mostThreadsAlongZ = 64;
/** Workgroups along one dimension. */
export const mostGroups = 65535;
/** Bytes of workgroup memory. */
export const mostShared = 16384;
/** Not a limit: threads that run in lockstep on most devices. */
export const subgroup = 32;

const bytesOfElement = 4;

/** Throws a `StepError` where the threads of a workgroup share more memory than there is. */
export function checkSharedMemory(kernel: Kernel): void {
  const { shared } = boundKernel(expandAllReduce(kernel));
  const bytes = shared.reduce((sum, { shape }) => sum + bytesOfElement * elementCount(shape, 1), 0);
  requires(bytes <= mostShared, `${bytes} bytes of workgroup memory are too many`);
}
