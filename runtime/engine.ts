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
  /** Where kernels have memory of their own: brings `weights` up to date. */
  pull?(): Promise<void>;
  /** `weights` are what kernels are to take now. */
  push?(): void;
  /** Begins a run, and ends those before it; `done` comes when it has ended. Behind a step that is not finite none commits. */
  begin?(plan: Plan, samples: number, done: () => unknown): Promise<void>;
  /** Ends what was begun. */
  end?(): Promise<void>;
  /** A checkpoint, for the error that says that the kernels' memory is lost. */
  snapshot?: Uint8Array | undefined;
  /** Ends what goes on by itself. */
  dispose?(): void;
}
