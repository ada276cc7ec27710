/** Kernel functions together in one module. */
import type { Kernel } from '../../loop/ir.ts';
import type { Encoded } from './encode.ts';
import { encodeModule } from './encode.ts';
import { kernelFunction } from './kernel.ts';
import { Called } from './called.ts';
import { mathFunctions } from './math.ts';
import { printWat } from './wat.ts';

export interface KernelModule extends Encoded {
  readonly wat: () => string;
  /** Of each kernel, in bytes for each thread. */
  readonly scratchBytes: readonly number[];
}

/** A module that exports each kernel under its name: `(inputs…, outputs…, scratch, N, thread, threads)`, all i32. */
export function emitKernels(kernels: readonly Kernel[]): KernelModule {
  const math = new Called(kernels.length);
  const functions = kernels.map((kernel) => kernelFunction(kernel, math, { exported: true }));
  const { globals, functions: called } = mathFunctions(math);
  const data = {
    functions: [...functions.map((kernel) => kernel.function), ...called],
    globals,
    pages: 0,
  };
  return {
    ...encodeModule(data),
    wat: () => printWat(data),
    scratchBytes: functions.map(({ scratchBytes }) => scratchBytes),
  };
}
