/** A small model with everything that makes training stateful: dropout, moving averages, slots of Adam. */
import { createHash } from 'node:crypto';
import type { CompileOptions } from '../../compiler/compile.ts';
import type { Batch, CreateOptions, Dataset, TrainableModel } from '../../runtime/types.ts';
import { compileText, importFiles } from '../support/module.ts';

export const tinyText = `model Tiny {
  input x: f32[3]
  x
    -> Dense(6, activation: tanh) as hidden
    -> BatchNormalization
    -> Dropout(0.2)
    -> Dense(2, activation: softmax) as head
    -> output kind(classes: ["a", "b"])
}
train Tiny {
  label truth: i32
  loss: sparse_categorical_crossentropy(truth, kind)
  metrics: [accuracy(truth, kind)]
  optimizer: Adam(learning_rate: 0.02)
  batch_size: 4
  epochs: 3
}
`;

export interface TinyModule {
  createModel(options?: CreateOptions): Promise<TrainableModel<Batch, Batch, Batch>>;
  readonly classes: { readonly kind: readonly string[] };
}

export async function moduleOf(text: string, options: CompileOptions = {}): Promise<TinyModule> {
  return (await importFiles(compileText(text, options).files)) as unknown as TinyModule;
}

export type Model = TrainableModel<Batch, Batch, Batch>;

/** `size` points; the class is whether their sum is positive. */
export function points(size: number, seed = 1): { x: Float32Array; truth: Int32Array } {
  const x = Float32Array.from({ length: size * 3 }, (_, i) => Math.sin((i + 1) * 12.9898 * seed) * 1.7);
  const truth = Int32Array.from({ length: size }, (_, i) =>
    x[3 * i]! + x[3 * i + 1]! + x[3 * i + 2]! > 0 ? 1 : 0,
  );
  return { x, truth };
}

/** The same data as a Dataset that is read asynchronously; `log` gets the number of each read. */
export function asDataset(
  data: { x: Float32Array; truth: Int32Array },
  log: (what: string) => void = () => {},
): Dataset {
  let reads = 0;
  return {
    size: data.truth.length,
    fingerprint: 'points',
    async read(indices, into) {
      log(`read ${++reads}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
      indices.forEach((sample, i) => {
        into['x']!.set(data.x.subarray(sample * 3, sample * 3 + 3), i * 3);
        into['truth']![i] = data.truth[sample]!;
      });
    },
  };
}

/** What a promise rejects with. */
export async function failure(
  promise: Promise<unknown>,
): Promise<Error & { code: string; details: Record<string, unknown> }> {
  try {
    await promise;
  } catch (error) {
    return error as Error & { code: string; details: Record<string, unknown> };
  }
  throw new Error('it did not reject');
}

/** A short name for bytes: the same for the same bytes only. */
export const hex = async (bytes: Promise<Uint8Array> | Uint8Array): Promise<string> =>
  createHash('sha256')
    .update(await bytes)
    .digest('hex')
    .slice(0, 16);
