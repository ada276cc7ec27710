/** The public types of a generated module. */

/** One tensor of a batch: its elements in row-major order, as many samples as the call says. */
export type Elements = Float32Array | Int32Array | Uint8Array;

/** Room for up to `batchSize` samples: one array per input and label, written by `Dataset.read`. */
export type Batch = Readonly<Record<string, Elements>>;

/**
 * Where samples come from. `read` writes sample `indices[i]` to place `i` of every array of `into`; it may be
 * asynchronous, and `fit` calls it one batch ahead, into a second set of arrays, while the step before runs.
 */
export interface Dataset {
  readonly size: number;
  read(indices: Uint32Array, into: Batch): void | Promise<void>;
  /** Anything that changes when the data change; a checkpoint refuses to resume on other data. */
  readonly fingerprint?: string;
}

/** Means over the samples of an epoch: `loss` and each metric. */
export type Scores = Readonly<Record<string, number>>;

export interface EpochRecord {
  /** From 1. */
  readonly epoch: number;
  readonly train: Scores;
  /** Present when `fit` was given validation data. */
  readonly validation?: Scores;
}

export type History = readonly EpochRecord[];

export interface Progress {
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Finished batches of this epoch, and how many it has. */
  readonly batch: number;
  readonly batches: number;
  /** Means so far in this epoch. */
  readonly scores: Scores;
}

export interface EarlyStopping {
  /** `loss` (default) or a metric, measured on the validation data. */
  readonly monitor?: string;
  /** Epochs without improvement before `fit` ends. */
  readonly patience: number;
  /** Smaller changes do not count as an improvement; default 0. */
  readonly minDelta?: number;
  /** Put the weights of the best epoch back at the end; default true. */
  readonly restoreBest?: boolean;
}

/** `D` is what the model takes for training: typed arrays by input and label name, or a Dataset. */
export interface FitOptions<D> {
  /** How many epochs in total; default: the file's. */
  readonly epochs?: number;
  readonly validation?: D;
  readonly shuffle?: boolean;
  readonly onBatchEnd?: (progress: Progress) => void | Promise<void>;
  readonly onEpochEnd?: (record: EpochRecord, history: History) => void | Promise<void>;
  readonly earlyStopping?: EarlyStopping;
  readonly signal?: AbortSignal;
  /** A checkpoint of `saveCheckpoint` to go on from: the same bits as a run that was never stopped. */
  readonly resume?: Uint8Array;
}
