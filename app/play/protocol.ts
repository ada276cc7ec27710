/** What the page and its worker say to each other. */
import type { Batch, EpochRecord, History, Scores, Signature } from '../../runtime/types.ts';

export type EngineChoice = { readonly kind: 'wasm'; readonly threads: number } | { readonly kind: 'wgsl' };

/** What this browser can run a model on. */
export interface Offer {
  /** Absent where there is none; then `noGpu` says why. */
  readonly gpu?: { readonly name: string; readonly software: boolean };
  readonly noGpu?: string;
  /** Processors. */
  readonly processors: number;
}

/** A model that is ready. */
export interface Opened {
  readonly signature: Signature;
  readonly classes: Readonly<Record<string, readonly string[]>>;
  /** What its kernels run on, for people: `WebAssembly, 4 threads`. */
  readonly engine: string;
  /** Why that is not what was chosen. */
  readonly note?: string;
  /** Epochs it has been trained so far. */
  readonly history: History;
  /** How many these are, and a part of the one in which it was stopped. */
  readonly done: number;
  readonly canObserve: boolean;
  /** Whether most of the data's pictures are dark on light; undefined where inputs are no pictures. */
  readonly lightPaper?: boolean;
}

export interface TrainingProgress {
  readonly epoch: number;
  readonly epochs: number;
  readonly batch: number;
  readonly batches: number;
  /** Means over the samples since the message before. */
  readonly recent: Scores;
  /** Seconds; absent while there is nothing to go by. */
  readonly left?: number;
  readonly batchesPerSecond?: number;
}

/** How many samples of one class were taken for a class: another, or the right one. */
export interface Answered {
  readonly truth: number;
  readonly predicted: number;
  readonly count: number;
}

/** One sample that the model gets wrong. */
export interface Mistake {
  readonly sample: number;
  readonly truth: number;
  readonly predicted: number;
  /** What the model gives to its answer: a probability, for most models. */
  readonly confidence: number;
  readonly inputs: Batch;
}

export interface Mistakes {
  /** How many samples were looked at, and how many there are. */
  readonly checked: number;
  readonly of: number;
  readonly wrong: number;
  readonly answered: readonly Answered[];
  /** The most confident first; not more than fit on a page. */
  readonly shown: readonly Mistake[];
}

export interface Listener {
  progress(now: TrainingProgress): void;
  epoch(record: EpochRecord, history: History): void;
  mistakes(found: Mistakes): void;
}

/** How a call of `train` ended. */
export interface Outcome {
  readonly kind: 'finished' | 'stopped' | 'failed';
  readonly history: History;
  /** Whether the browser keeps the model as it is now. */
  readonly kept: boolean;
  /** What went wrong. */
  readonly message?: string;
}

/** One sample, and what the model says to it. */
export interface Look {
  readonly inputs: Batch;
  readonly outputs: Batch;
  /** The number of the true class, where known. */
  readonly truth?: number;
}
