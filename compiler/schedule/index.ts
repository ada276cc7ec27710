/** Which schedule a kernel gets on which target. */
import { invariant } from '../base/invariant.ts';
import type { Kernel } from '../loop/ir.ts';
import { lowerMath } from '../loop/transform/lower-math.ts';
import type { TargetInfo } from '../program/target.ts';

/** The kernel as the target runs it: same bits, other loops. */
export function schedule(kernel: Kernel, target: TargetInfo): Kernel {
  invariant(target.name === 'ts' || target.name === 'js', 'unknown target');
  return target.lowerMath ? lowerMath(kernel) : kernel;
}
