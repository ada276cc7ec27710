/** What the page of `cnnc play` is told about its model: the answer to `GET /play.json`. Types alone, for both sides. */

/** Samples that the page reads with `POST /data/NAME`. */
export interface RemoteData {
  readonly size: number;
  readonly fingerprint: string;
  /** What they are, for people: `600 kept apart of synthetic:digits`. */
  readonly what: string;
}

/** The output that tells classes apart, and the label that has the true ones. */
export interface Classifier {
  readonly output: string;
  readonly label: string;
  /** Names of the classes, in the order of their numbers. */
  readonly classes: readonly string[];
}

export interface Setup {
  /** Of this model with these data, seed and first weights: training that the browser kept under it can go on. */
  readonly id: string;
  readonly model: string;
  /** Begins the name of the weights when they are saved. */
  readonly stem: string;
  readonly parameters: number;
  /** How many epochs to train, in total. */
  readonly epochs: number;
  readonly batchSize: number;
  readonly seed: number;
  readonly train: RemoteData;
  readonly validation?: RemoteData;
  /** Absent for a model that tells no classes apart. */
  readonly classifier?: Classifier;
  /** Whether `GET /weights.safetensors` has the weights to begin with. */
  readonly weights: boolean;
  /** Why there is no module for WebGPU; absent where `GET /model.gpu.js` has it. */
  readonly noGpuModule?: string;
}
