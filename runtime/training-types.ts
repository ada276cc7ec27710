import type { Batch, InferenceModel } from './model-types.ts';

/**
 * Where samples come from. `read` writes sample `indices[i]` to place `i` of the array of each input and label; these have
 * room for one batch. `fit` calls it one batch ahead, while a step runs.
 */
export interface Dataset {
  readonly size: number;
  read(indices: Uint32Array, into: Batch): void | Promise<void>;
  /** Changes when the data change: a checkpoint does not go on with other data. */
  readonly fingerprint?: string;
}

/** Means over samples: `loss` and each metric. A generated module adds the names that it has. */
export interface Scores {
  readonly [name: string]: number;
}

export interface EpochRecord {
  /** From 1. */
  readonly epoch: number;
  readonly train: Scores;
  readonly validation?: Scores;
}

export type History = readonly EpochRecord[];

export interface Progress {
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Finished batches of this epoch. */
  readonly batch: number;
  readonly batches: number;
  /** Of this epoch so far. */
  readonly scores: Scores;
}

export interface EarlyStopping {
  /** Of the validation data: `loss` (default) or a metric. An accuracy should rise, all else should fall. */
  readonly monitor?: string;
  /** How many epochs to wait for an improvement. */
  readonly patience: number;
  /** What counts as one; default 0. */
  readonly minDelta?: number;
  /** End with the weights of the best epoch; default true. */
  readonly restoreBest?: boolean;
}

/** `D`: arrays by the names of inputs and labels, or a Dataset. */
export interface FitOptions<D> {
  /** In total; default: the file's. */
  readonly epochs?: number;
  readonly validation?: D;
  /** Default true. */
  readonly shuffle?: boolean;
  readonly onBatchEnd?: (progress: Progress) => void | Promise<void>;
  readonly onEpochEnd?: (record: EpochRecord, history: History) => void | Promise<void>;
  readonly earlyStopping?: EarlyStopping;
  readonly signal?: AbortSignal;
  /** A checkpoint to go on from: with the same options, the same bits as a run that was never stopped. */
  readonly resume?: Uint8Array;
  /**
   * On a GPU, which can be lost: keep a checkpoint each so many steps, besides those at the start and after each epoch; 0: keep
   * none. The error has the last one in `details.snapshot`.
   */
  readonly snapshotEvery?: number;
}

export interface TrainableModel<I, L, O> extends InferenceModel<I, O> {
  /** Trains; `loadWeights` is refused meanwhile. The event loop runs at least every 50 ms, as long as no single kernel takes longer. */
  fit(train: (I & L) | Dataset, options?: FitOptions<(I & L) | Dataset>): Promise<History>;
  evaluate(test: (I & L) | Dataset): Promise<Scores>;
  /** Where training stands, for `resume`; in callbacks, or when `fit` has ended. */
  saveCheckpoint(): Promise<Uint8Array>;
}
