/** The public types of a generated module. */

/** One tensor of a batch: its elements in row-major order, as many samples as the call says. */
export type Elements = Float32Array | Int32Array | Uint32Array | Uint8Array;

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
  /** `loss` (default) or a metric, measured on the validation data. An accuracy should rise, all else should fall. */
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
  /** A checkpoint of `saveCheckpoint` to go on from: with the same options, the same bits as a run that was never stopped. */
  readonly resume?: Uint8Array;
}

/** A picture as a canvas's `getImageData` gives it; 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGBA) bytes per pixel. */
export interface Pixels {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** One input, label or output, per sample. */
export interface PortInfo {
  readonly name: string;
  readonly dtype: 'f32' | 'i32' | 'u32' | 'u8' | 'bool';
  /** Without the batch; `[]` for one number. */
  readonly shape: readonly number[];
}

export interface Signature {
  readonly name: string;
  readonly inputs: readonly PortInfo[];
  readonly labels: readonly PortInfo[];
  readonly outputs: readonly PortInfo[];
  readonly metrics: readonly string[];
}

export interface CreateOptions {
  /** The bytes of a safetensors file, as `saveWeights` makes them. */
  readonly weights?: Uint8Array;
  /** For the first weights (where none are given) and for everything random in training; 0 … 2³² − 1, default 0. */
  readonly seed?: number;
}

export interface LoadOptions {
  /** Load this layer only, and what it contains: `features` takes `features.kernel`, `features.bias` … from the file. */
  readonly only?: string;
}

export interface SaveOptions {
  /** `f16` halves the file and rounds the weights; default `f32`. */
  readonly format?: 'f32' | 'f16';
}

export interface ModelInfo {
  readonly name: string;
  /** What its kernels are made of. */
  readonly target: 'ts';
  /** How many numbers training may change. */
  readonly parameters: number;
  readonly kernels: number;
  /** In bytes: weights and all else that persists, and the working memory of each routine. */
  readonly memory: { readonly weights: number } & Readonly<Record<string, number>>;
  /** Samples that one pass of a routine takes at most; `predict` splits larger requests. */
  readonly maxBatch: Readonly<Record<string, number>>;
}

/** `I`, `O`: typed arrays by the names of inputs and outputs. Calls on one model queue up. */
export interface InferenceModel<I, O> {
  readonly info: ModelInfo;
  /** Any number of samples; gives copies. */
  predict(inputs: I): Promise<O>;
  /** Replaces all weights, or those of one layer. On an error the model is as before. Refused during `fit`. */
  loadWeights(bytes: Uint8Array, options?: LoadOptions): Promise<void>;
  /** Params and states as a safetensors file. */
  saveWeights(options?: SaveOptions): Promise<Uint8Array>;
  /** Frees the memory; every later call is an error. */
  dispose(): Promise<void>;
}

/** `L`: typed arrays by the names of labels. */
export interface TrainableModel<I, L, O> extends InferenceModel<I, O> {
  /** Trains; the event loop runs at least every 50 ms as long as no single kernel takes longer. */
  fit(train: (I & L) | Dataset, options?: FitOptions<(I & L) | Dataset>): Promise<History>;
  /** Means of the loss and of each metric. */
  evaluate(test: (I & L) | Dataset): Promise<Scores>;
  /** All that `fit({ resume })` needs to go on from here; best called in a callback, or after `fit` ended. */
  saveCheckpoint(): Promise<Uint8Array>;
}

/** What went wrong, for programs. */
export type ErrorCode =
  | 'options' // an argument is missing or not what it should be
  | 'input' // an array that does not fit the model
  | 'label' // a class index out of range
  | 'weights-format' // not a whole safetensors file
  | 'weights-mismatch' // tensors missing, extra, of another shape or type
  | 'weights-value' // a number that is not finite
  | 'weights-size' // too large to embed
  | 'checkpoint' // not a checkpoint, or of another model or other data
  | 'not-finite' // the loss or a gradient in training
  | 'busy' // not while `fit` runs
  | 'aborted'
  | 'memory'
  | 'disposed';
