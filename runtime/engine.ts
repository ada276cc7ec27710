import type { EngineInfo } from './model-types.ts';
import type { Pace } from './pace.ts';
import type { Blueprint, HeldTensor, Plan, Routine } from './program.ts';

/** What runs the kernels of one model, and the memory they work in. */
export interface Engine {
  readonly info: EngineInfo;
  /** What it runs. */
  readonly blueprint: Blueprint;
  /** The memory of what persists. */
  readonly weights: ArrayBuffer;
  bind(plan: Plan): Routine;
  /**
   * All of a routine, the commit phase if `finite` holds. `done` comes when it has ended: that may be later where there is `finish`,
   * and behind a step that was not finite none commits.
   */
  run(plan: Plan, samples: number, pace: Pace, done: () => unknown): Promise<void>;
  /** Ends what was begun. */
  finish?(): Promise<void>;
  /** Before these are read: ends what was begun, and brings them up to date. */
  download?(tensors: readonly HeldTensor[]): Promise<void>;
  /** These have other contents now. */
  upload?(tensors: readonly HeldTensor[]): void;
  /** A checkpoint, for the error that says that the kernels' memory is lost. */
  keep?(snapshot: Uint8Array | undefined): void;
  /** Ends what goes on by itself. */
  release?(): void;
}
