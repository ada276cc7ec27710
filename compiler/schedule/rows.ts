/**
 * Row-wise kernels: for each row several loops one after the other, reductions and maps. The reductions stay as they are (a
 * tile of several rows would have to repeat every loop); where there are lanes the maps become vectors, and threads divide the
 * rows. A kernel that makes one number of several tensors is one without rows.
 */
import type { Kernel, Stmt } from '../loop/ir.ts';
import type { TargetInfo } from '../program/target.ts';
import { nestOf } from './nest.ts';
import { Scheduling } from './steps.ts';
import { parallelize } from './wasm.ts';

/** Whether a kernel is one of a row-wise group: others do one thing at each place. */
export function isRowWise(kernel: Kernel): boolean {
  const { body } = nestOf(kernel);
  const count = (kind: Stmt['kind']): number => body.filter((stmt) => stmt.kind === kind).length;
  return count('for') > 1 || count('alloc') > 1;
}

export function scheduleRows(kernel: Kernel, target: TargetInfo): Scheduling {
  const s = new Scheduling(kernel);
  s.apply({ step: 'collapse' }, { step: 'simplify' });
  if (target.lanes > 1) {
    vectorizeMaps(s);
    spreadWhole(s);
  }
  s.apply({ step: 'share' }, { step: 'hoist' }, { step: 'inline' });
  if (target.threads) parallelize(s);
  return s;
}

function vectorizeMaps(s: Scheduling): void {
  for (const stmt of nestOf(s.kernel).body) {
    if (stmt.kind !== 'for' || stmt.body.some(({ kind }) => kind !== 'let' && kind !== 'store')) continue;
    const { name } = stmt.axis;
    const names = { block: `${name}_vec`, inner: `${name}_lane`, rest: `${name}_rest` };
    s.attempt({ step: 'split', axis: name, size: 4, ...names }, { step: 'vectorize', axis: names.inner });
  }
}

/** Elements from which on lanes pay. */
const shortest = 64;

/** Where there are no rows, reductions whose order does not matter are done in lanes. */
function spreadWhole(s: Scheduling): void {
  const { outer, body } = nestOf(s.kernel);
  if (outer.length > 0) return;
  for (const stmt of body)
    if (stmt.kind === 'for' && stmt.axis.extent !== 'N' && stmt.axis.extent >= shortest)
      s.attempt({ step: 'spread', axis: stmt.axis.name });
}
