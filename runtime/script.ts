import type { Engine } from './engine.ts';
import type { CreateOptions } from './model-types.ts';
import { allocate } from './memory.ts';
import type { Blueprint, Plan, Routine } from './program.ts';

/** Runs kernels that are functions of this module. */
export function scriptEngine(
  blueprint: Blueprint,
  { threads = 1, fast }: CreateOptions & { threads?: number; fast?: boolean } = {},
): Engine {
  const weights = allocate(blueprint.bytes);
  let work = allocate(0);
  const bound = new Map<Plan, Routine>();
  /** A routine over enough memory; all routines share it, as none leaves anything there. */
  const bind = (plan: Plan): Routine => {
    if (plan.bytes > work.byteLength) {
      bound.clear();
      work = allocate(plan.bytes);
    }
    const routine = bound.get(plan) ?? (plan.bind(weights, work) as Routine);
    bound.set(plan, routine);
    return routine;
  };
  const asked = [threads > 1 && 'threads', fast && 'fast'].filter(Boolean).join(', ');
  const reason = asked && `${asked}: these are TypeScript kernels`;
  return {
    blueprint,
    info: { target: 'ts', threads: 1, ...(reason && { reason }) },
    weights,
    bind,
    async run(plan, samples, pace, done) {
      const { launches, commit = [], finite } = bind(plan);
      await pace.launch(launches, samples);
      if (finite?.[0] !== 0) await pace.launch(commit, samples);
      await done();
    },
  };
}
