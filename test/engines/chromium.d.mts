/** Chromium's path; undefined where there is none. */
export declare const executable: string | undefined;

export interface Job {
  readonly samples: number;
  readonly epochs: number;
  readonly threads?: number;
  readonly fast?: boolean;
}

export interface Chromium {
  readonly version: string;
  /** Trains the module of this text, as `train.mjs` says. */
  run(text: string, job: Job): Promise<TrainingResult>;
  close(): Promise<void>;
}

export interface TrainingResult {
  /** Of the weights. */
  readonly sha256: string;
  readonly steps: number;
  /** Of each epoch. */
  readonly losses: readonly number[];
  readonly target: string;
  readonly threads: number;
  readonly fast: boolean;
  readonly reason: string;
  readonly seconds: number;
}

export declare function openChromium(): Promise<Chromium>;
