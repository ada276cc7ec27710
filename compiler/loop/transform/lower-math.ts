import type { Kernel } from '../ir.ts';

export function lowerMath(kernel: Kernel): Kernel {
  return kernel;
}
