import type { Job, TrainingResult } from './chromium.d.mts';

interface Port {
  readonly name: string;
  readonly dtype: 'f32' | 'i32' | 'u32' | 'u8' | 'bool';
  readonly shape: readonly number[];
}

/** Noise in which the class of each sample can be seen: the same numbers in every engine. */
export declare function dataFor(
  signature: { readonly inputs: readonly Port[]; readonly labels: readonly Port[] },
  samples: number,
): Record<string, Float32Array | Int32Array | Uint32Array | Uint8Array>;

export declare function train(module: unknown, job: Job): Promise<TrainingResult>;
