/**
 * Kernels that come with loops already divided and marked: an op wrote them by hand. Nothing is moved there; what they
 * compute is only tidied up as in all others.
 */
import type { Kernel, Stmt } from '../loop/ir.ts';
import type { TargetInfo } from '../program/target.ts';
import { Scheduling } from './steps.ts';

export function scheduleBuilt(kernel: Kernel, target: TargetInfo): Scheduling {
  const s = new Scheduling(target.lanes === 1 ? inSerial(kernel) : kernel);
  s.apply({ step: 'simplify' }, { step: 'share' }, { step: 'hoist' }, { step: 'inline' });
  return s;
}

/** One lane after the other, on one thread. */
export const inSerial = (kernel: Kernel): Kernel => ({ ...kernel, body: kernel.body.map(asSerial) });

function asSerial(stmt: Stmt): Stmt {
  if (stmt.kind === 'if') return { ...stmt, body: stmt.body.map(asSerial) };
  return stmt.kind === 'for' ? { ...stmt, mode: 'serial', body: stmt.body.map(asSerial) } : stmt;
}
