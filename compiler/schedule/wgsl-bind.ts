/** How loops over a result become workgroups and threads. */
import type { For } from '../loop/ir.ts';
import { dimensions } from '../loop/bound.ts';
import { isWhole } from '../loop/transform/find.ts';
import { requires } from '../loop/transform/step-error.ts';
import { nestOf } from './nest.ts';
import type { Scheduling } from './steps.ts';
import { isIndependent, iterations } from './access.ts';
import { mostGroups, mostThreads, subgroup } from './wgsl-limits.ts';

/** Threads of a workgroup where nothing speaks for more: two of the groups that run in lockstep on most devices. */
const threadsPerGroup = 64;

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
  let product = 1;
  for (const loop of loops.toReversed()) {
    const { name } = loop.axis;
    const count = countOf(loop);
    const size = threads.length === 0 ? along(count, loops.length) : beside(count, product, threads.length);
    product *= size;
    if (size === 1 && threads.length > 0) {
      groups.push(...dividedGroups(s, name, count));
    } else if (size === count) {
      threads.push(name);
    } else {
      const names = { block: `${name}_group`, inner: `${name}_thread` };
      s.apply({ step: 'split_guarded', axis: name, size, ...names });
      threads.push(names.inner);
      groups.push(...dividedGroups(s, names.block, Math.ceil(count / size)));
    }
  }
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
    requires(dimension !== undefined, 'there are too many loops for workgroups');
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
export const countOf = (loop: For): number => iterations(loop, Infinity);

/**
 * How many iterations of the innermost loop the threads of a group do: all, if the dimensions for workgroups are needed for
 * the loops around it.
 */
function along(count: number, loops: number): number {
  const whole = loops > dimensions.length ? mostThreads : threadsPerGroup;
  return count <= whole ? count : threadsPerGroup;
}

/**
 * The same of a loop around it, where the loops inside have `threads` already: as many as fill groups of threads in lockstep,
 * and divide the loop into even shares, best. Samples are spread over a group only where there is little else.
 */
function beside(count: number, threads: number, bound: number): number {
  const most = Math.min(count, Math.floor((2 * threadsPerGroup) / threads));
  if (bound === dimensions.length || (count === Infinity && threads >= subgroup)) return 1;
  const worth = (size: number): number => {
    const total = threads * size;
    const full = total / (subgroup * Math.ceil(total / subgroup));
    const even = count === Infinity ? 1 : count / (size * Math.ceil(count / size));
    return full * even + (even === 1 ? 0.02 : 0) - 0.05 * Math.abs(Math.log2(total / threadsPerGroup));
  };
  let best = 1;
  for (let size = 2; size <= most; size++) if (worth(size) > worth(best)) best = size;
  return best;
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
