/** Schedules for WebGPU: the loops over a result become workgroups and threads. */
import type { Kernel } from '../loop/ir.ts';
import { Scheduling } from './steps.ts';

/** The kernel with its outer loops bound; see `loop/bound.ts` for the form. */
export function scheduleForWgsl(kernel: Kernel): Scheduling {
  return new Scheduling(kernel);
}
