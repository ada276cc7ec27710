import { bytesOf, countSamples, newBatch, own, sizeOf } from './arrays.ts';
import { ModelError } from './errors.ts';
import type { Blueprint } from './program.ts';
import type { Batch, Dataset, PortInfo } from './types.ts';

/** Checks class indices, of which there are `samples` × what a sample has. */
export function checkLabels(blueprint: Blueprint, batch: Batch, samples: number): void {
  for (const [name, classes] of blueprint.classCounts ?? []) {
    const port = blueprint.signature.labels.find((label) => label.name === name);
    const labels = own(batch, name)?.subarray(0, samples * sizeOf(port?.shape ?? []));
    const place = labels?.findIndex((label) => !(label >= 0 && label < classes)) ?? -1;
    if (place >= 0) {
      const message = `\`${name}\`: ${labels?.[place]} at place ${place} is no class; there are ${classes}, from 0 to ${classes - 1}`;
      throw new ModelError('label', message, { name, place });
    }
  }
}

/** What `fit` and `evaluate` were given, as a dataset. */
export function toDataset(blueprint: Blueprint, data: unknown): Dataset {
  const given = data as Partial<Dataset> | null | undefined;
  if (typeof given?.read === 'function') {
    if (Number.isInteger(given.size) && (given.size as number) > 0) return given as Dataset;
    throw new ModelError('input', `a dataset of ${String(given.size)} samples`);
  }
  const ports = [...blueprint.signature.inputs, ...blueprint.signature.labels];
  const size = countSamples(ports, data);
  if (size === 0) throw new ModelError('input', 'there are no samples');
  const arrays = data as Batch;
  checkLabels(blueprint, arrays, size);
  let fingerprint: string | undefined;
  return {
    size,
    read(indices, into) {
      for (const { name, shape } of ports)
        copySamples(own(arrays, name), own(into, name), sizeOf(shape), indices);
    },
    get fingerprint() {
      return (fingerprint ??= fingerprintOf(ports, arrays));
    },
  };
}

function copySamples(
  from: Batch[string] | undefined,
  to: Batch[string] | undefined,
  size: number,
  indices: Uint32Array,
): void {
  if (from === undefined || to === undefined) return;
  for (let i = 0; i < indices.length; i++) {
    const sample = indices[i] as number;
    if (size === 1) to[i] = from[sample] as number;
    else to.set(from.subarray(sample * size, (sample + 1) * size), i * size);
  }
}

/** A hash of all bytes: other data, other fingerprint. */
function fingerprintOf(ports: readonly PortInfo[], arrays: Batch): string {
  let hash = 0x811c9dc5;
  for (const { name } of ports) {
    const array = own(arrays, name);
    if (array) for (const byte of bytesOf(array)) hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return `${ports.map(({ name }) => own(arrays, name)?.length ?? 0).join()}:${(hash >>> 0).toString(16)}`;
}

export interface ReadBatch {
  readonly arrays: Batch;
  readonly samples: number;
}

/**
 * Reads batches one ahead of their use, by turns into two sets of arrays. `next` gives a batch that holds until the next
 * call but one.
 */
export class Reader {
  readonly #blueprint: Blueprint;
  readonly #data: Dataset;
  readonly #order: Uint32Array | undefined;
  readonly #batchSize: number;
  readonly #sets: readonly Batch[];
  #batch: number;
  #ahead: Promise<ReadBatch> | undefined;

  /** From batch `first` on, in `order` (default: as they come). */
  constructor(blueprint: Blueprint, data: Dataset, batchSize: number, order?: Uint32Array, first = 0) {
    this.#blueprint = blueprint;
    this.#data = data;
    this.#order = order;
    this.#batchSize = batchSize;
    const ports = [...blueprint.signature.inputs, ...blueprint.signature.labels];
    this.#sets = [newBatch(ports, batchSize), newBatch(ports, batchSize)];
    this.#batch = first;
  }

  get batches(): number {
    return Math.ceil(this.#data.size / this.#batchSize);
  }

  /** The next batch, or undefined after the last. */
  async next(): Promise<ReadBatch | undefined> {
    const current = this.#ahead ?? this.#read();
    this.#ahead = undefined;
    const batch = await current;
    this.#ahead = this.#read();
    // A failure is reported by the call that asks for this batch.
    this.#ahead?.catch(() => undefined);
    return batch;
  }

  #read(): Promise<ReadBatch> | undefined {
    const number = this.#batch;
    if (number >= this.batches) return undefined;
    this.#batch++;
    const from = number * this.#batchSize;
    const samples = Math.min(this.#batchSize, this.#data.size - from);
    const indices =
      this.#order?.slice(from, from + samples) ?? Uint32Array.from({ length: samples }, (_, i) => from + i);
    return this.#fill(indices, this.#sets[number % 2] as Batch);
  }

  async #fill(indices: Uint32Array, arrays: Batch): Promise<ReadBatch> {
    await this.#data.read(indices, arrays);
    checkLabels(this.#blueprint, arrays, indices.length);
    return { arrays, samples: indices.length };
  }
}
