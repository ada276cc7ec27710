import { InvariantError } from '../../base/invariant.ts';

/** A step does not fit the kernel. A schedule may try steps and go on without them; where it does not, this is a bug. */
export class StepError extends InvariantError {}

/** Throws a `StepError` unless `condition` holds. For what a step, or a schedule made of steps, needs of a kernel. */
export function requires(condition: unknown, why: string): asserts condition {
  if (!condition) throw new StepError(why);
}
