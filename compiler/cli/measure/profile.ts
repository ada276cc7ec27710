/** How long each launch of a routine takes. */
import type { Batch } from '../../../runtime/types.ts';
import { costOf } from '../../loop/cost.ts';
import type { Cost } from '../../loop/cost.ts';
import type { Kernel } from '../../loop/ir.ts';
import type { Launch, Program, Routine } from '../../program/program.ts';
import type { Machine } from './machine.ts';

/** One launch: the median over all passes, and what it computes. */
export interface LaunchProfile extends Cost {
  /** Index into `Program.kernels`. */
  readonly kernel: number;
  readonly launch: Launch;
  readonly milliseconds: number;
  readonly commits: boolean;
}

export interface RoutineProfile {
  readonly routine: Routine;
  readonly samples: number;
  readonly passes: number;
  /** The whole routine in one call; median. */
  readonly milliseconds: number;
  readonly launches: readonly LaunchProfile[];
}

/** Gives a routine its inputs; those that begin with `$` are one number for all samples. */
function feed(machine: Machine, routine: Routine, arrays: Batch, step: number): void {
  for (const { name, allocation } of routine.inputs) {
    const view = machine.view(routine, allocation);
    const array = arrays[name];
    if (array) view.set(array.subarray(0, view.length));
    else view.fill(name === '$step' ? step : 0);
  }
}

/** Part of the time that goes before. */
export const warmUp = 0.5;
/** At least so many passes, however long one takes. */
export const fewestPasses = 3;

/**
 * Runs the routine again and again for about `seconds`: by turns in one call, and launch by launch in order, so that each
 * finds in the cache what it would find there. `lowered`: the kernels before their schedules, for what they must do.
 */
export function profileRoutine(
  machine: Machine,
  program: Program,
  lowered: readonly Kernel[],
  routine: Routine,
  { arrays, samples, seconds }: { arrays: Batch; samples: number; seconds: number },
): RoutineProfile {
  const launches = [...routine.launches, ...routine.commit];
  const times: number[][] = launches.map(() => []);
  const whole: number[] = [];
  // Engines compile what runs often once more, and better, while it runs.
  const warm = performance.now() + seconds * 1000 * warmUp;
  do {
    feed(machine, routine, arrays, 0);
    machine.run(routine, samples, 0, launches.length);
  } while (performance.now() < warm);
  const end = performance.now() + seconds * 1000;
  let passes = 0;
  while (passes < fewestPasses || performance.now() < end) {
    feed(machine, routine, arrays, ++passes);
    const began = performance.now();
    machine.run(routine, samples, 0, launches.length);
    whole.push(performance.now() - began);
    feed(machine, routine, arrays, passes);
    for (const [i, list] of times.entries()) {
      const start = performance.now();
      machine.run(routine, samples, i, i + 1);
      list.push(performance.now() - start);
    }
  }
  const costs = new Map<number, Cost>();
  const cost = (kernel: number): Cost => {
    const known =
      costs.get(kernel) ?? costOf((lowered[kernel] ?? program.kernels[kernel]) as Kernel, samples);
    costs.set(kernel, known);
    return known;
  };
  return {
    routine,
    samples,
    passes,
    milliseconds: median(whole),
    launches: launches.map((launch, i) => ({
      kernel: launch.kernel,
      launch,
      milliseconds: median(times[i] ?? []),
      commits: i >= routine.launches.length,
      ...cost(launch.kernel),
    })),
  };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle)] ?? NaN)) / 2;
}
