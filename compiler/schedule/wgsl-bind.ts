/** How loops over a result become workgroups and threads. */
import { invariant } from '../base/invariant.ts';
import type { Dimension } from '../loop/bound.ts';
import { constantBounds } from '../loop/transform/unroll.ts';
import type { For } from '../loop/transform/find.ts';
import { isWhole } from '../loop/transform/find.ts';
import { nestOf } from './nest.ts';
import type { Scheduling } from './steps.ts';
import { isIndependent } from './wasm-access.ts';

/** Threads of a workgroup where nothing speaks for more: two of the groups that run in lockstep on most devices. */
export const threadsPerGroup = 64;
/** Limits that every device has: https://www.w3.org/TR/webgpu/#limits */
export const mostThreads = 256;
export const mostGroups = 65535;

const dimensions: readonly Dimension[] = ['x', 'y', 'z'];

/** A loop that becomes workgroups; outermost is last. */
interface Grouped {
  readonly axis: string;
  /** Infinity for the batch. */
  readonly count: number;
}

/**
 * Binds the loops over the result: threads go through the innermost ones, workgroups through the others. Where there are
 * more than three of these, the shortest stay loops of each thread.
 */
export function bindNest(s: Scheduling): void {
  const loops = freeLoops(s);
  if (loops.length === 0) return;
  const groups: Grouped[] = [];
  const threads: string[] = [];
  let left = threadsPerGroup;
  loops.toReversed().forEach((loop, i) => {
    const { name } = loop.axis;
    const count = countOf(loop);
    const size = i === 0 ? along(count, loops.length) : beside(count, left, threads.length);
    left = Math.floor(left / size);
    if (size === 1 && threads.length > 0) return groups.push(...dividedGroups(s, name, count));
    if (size === count) return threads.push(name);
    const names = { block: `${name}_group`, inner: `${name}_thread` };
    s.apply({ step: 'split_guarded', axis: name, size, ...names });
    threads.push(names.inner);
    return groups.push(...dividedGroups(s, names.block, Math.ceil(count / size)));
  });
  // Of too many, the longest ones become workgroups.
  const bound = new Set(groups.toSorted((a, b) => b.count - a.count).slice(0, dimensions.length));
  const serial = groups.filter((group) => !bound.has(group)).map(({ axis }) => axis);
  const order = groups.filter((group) => bound.has(group)).map(({ axis }) => axis);
  const axes = [...order.toReversed(), ...threads.toReversed(), ...serial.toReversed()];
  if (axes.length > 1) s.apply({ step: 'reorder', axes });
  order.forEach((axis, i) => s.apply({ step: 'bind', axis, to: `workgroup_${dimensions[i] ?? 'z'}` }));
  threads.forEach((axis, i) => s.apply({ step: 'bind', axis, to: `thread_${dimensions[i] ?? 'z'}` }));
  s.apply({ step: 'lift_conditions' });
}

/** Binds loops, outermost first, to workgroups as they are; there must be no more than there are dimensions. */
export function bindGroups(s: Scheduling, axes: readonly string[]): void {
  axes.toReversed().forEach((axis, i) => {
    const dimension = dimensions[i];
    invariant(dimension !== undefined, 'there are too many loops for workgroups');
    s.apply({ step: 'bind', axis, to: `workgroup_${dimension}` });
  });
}

/** The loops nested directly in one another from the outside whose iterations may run at the same time. */
export function freeLoops(s: Scheduling): readonly For[] {
  const { outer } = nestOf(s.kernel);
  const end = outer.findIndex((loop) => loop.mode !== 'serial' || !isWhole(loop) || !isIndependent(loop));
  return end < 0 ? outer : outer.slice(0, end);
}

/** Iterations of a loop; Infinity where only the batch, or another loop, says how many. */
export function countOf(loop: For): number {
  const bounds = constantBounds(loop);
  return bounds === undefined ? Infinity : bounds.to - bounds.from;
}

/**
 * How many iterations of the innermost loop the threads of a group do: all, if the dimensions for workgroups are needed for
 * the loops around it.
 */
function along(count: number, loops: number): number {
  const whole = loops > dimensions.length ? mostThreads : threadsPerGroup;
  return count <= whole ? count : threadsPerGroup;
}

/** The same of a loop around it, for which `left` threads are left: shares of it that are as equal as can be. */
function beside(count: number, left: number, bound: number): number {
  if (left < 2 || bound === dimensions.length) return 1;
  return count === Infinity ? left : Math.ceil(count / Math.ceil(count / left));
}

/** One loop over workgroups, or two where there would be more than a dimension may have. */
function dividedGroups(s: Scheduling, axis: string, count: number): readonly Grouped[] {
  if (count === Infinity || count <= mostGroups) return [{ axis, count }];
  const outer = Math.ceil(count / mostGroups);
  const size = Math.ceil(count / outer);
  const names = { block: `${axis}_high`, inner: `${axis}_low` };
  s.apply({ step: 'split_guarded', axis, size, ...names });
  return [
    { axis: names.inner, count: size },
    { axis: names.block, count: outer },
  ];
}
