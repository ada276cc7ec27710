import type { EngineInfo } from './model-types.ts';
import type { Pace } from './pace.ts';
import type { Plan, Routine } from './program.ts';

/** What runs the kernels of one model, and the memory they work in. */
export interface Engine {
  readonly info: EngineInfo;
  /** The weights are partly those of a step that did not end. */
  lost?: boolean;
  /** The memory of what persists. */
  readonly weights: ArrayBuffer;
  bind(plan: Plan): Routine;
  /** All of a routine, the commit phase if `finite` holds. */
  run(plan: Plan, samples: number, pace: Pace): Promise<void>;
  /** Ends what goes on by itself. */
  dispose?(): void;
}
