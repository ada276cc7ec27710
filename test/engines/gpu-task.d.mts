export interface ModelJob {
  readonly samples: number;
  /** What all kernels are multiplied by. */
  readonly gain?: number | undefined;
}

export interface ModelResult {
  readonly target: string;
  readonly precision?: 'f32' | 'f16';
  readonly outputs: Readonly<Record<string, readonly number[]>>;
}

export declare function useModel(module: unknown, options: object, job: ModelJob): Promise<ModelResult>;
