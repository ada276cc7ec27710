/** Which schedule a kernel gets on which target. */
import type { Kernel } from '../loop/ir.ts';
import type { TargetInfo } from '../program/target.ts';
import { scheduleBuilt } from './built.ts';
import type { Choice, Choices } from './choice.ts';
import { structureKey } from './choice.ts';
import { isRowWise, scheduleRows } from './rows.ts';
import { scheduleForTs } from './ts.ts';
import type { Scheduling } from './steps.ts';
import { scheduleForWasm } from './wasm.ts';
import { scheduleForWgsl } from './wgsl.ts';

export type { Step } from './steps.ts';
export { applyStep } from './steps.ts';

/** The kernel as the target runs it: the same bits from other loops. A GPU's go by how many samples there mostly are. */
export const schedule = (kernel: Kernel, target: TargetInfo, batch?: number): Kernel =>
  scheduling(kernel, target, undefined, batch).kernel;

/** The same with what was chosen for the kernel, if anything was; its key then goes into `used`. */
export function scheduleAs(
  kernel: Kernel,
  target: TargetInfo,
  choices: Choices,
  used = new Set<string>(),
): Kernel {
  const key = structureKey(kernel);
  const choice = choices.get(key);
  if (choice !== undefined) used.add(key);
  return scheduling(kernel, target, choice).kernel;
}

/** The same with the steps that were taken; `choice` is about WASM. */
export function scheduling(kernel: Kernel, target: TargetInfo, choice?: Choice, batch?: number): Scheduling {
  if (target.name === 'wgsl') return scheduleForWgsl(kernel, batch);
  if (kernel.built === true) return scheduleBuilt(kernel, target);
  if (isRowWise(kernel)) return scheduleRows(kernel, target);
  switch (target.name) {
    case 'ts':
      return scheduleForTs(kernel, target);
    case 'wasm':
      return scheduleForWasm(kernel, choice);
    default:
      return target.name satisfies never;
  }
}
