/** Which schedule a kernel gets on which target. */
import type { Kernel } from '../loop/ir.ts';
import type { TargetInfo } from '../program/target.ts';
import { scheduleForTs } from './ts.ts';

export type { Step } from './steps.ts';
export { applyStep } from './steps.ts';

/** The kernel as the target runs it: the same bits from other loops. */
export function schedule(kernel: Kernel, target: TargetInfo): Kernel {
  switch (target.name) {
    case 'ts':
    case 'js':
      return scheduleForTs(kernel, target).kernel;
    default:
      return target.name satisfies never;
  }
}
