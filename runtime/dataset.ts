import { arrayTypes, countSamples, own, sizeOf } from './arrays.ts';
import { ModelError } from './errors.ts';
import type { Batch, Elements, PortInfo } from './model-types.ts';
import type { Blueprint } from './program.ts';
import type { Dataset } from './training-types.ts';

const portsOf = ({ signature }: Blueprint): readonly PortInfo[] => [...signature.inputs, ...signature.labels];

function checkLabels({ classCounts = [], signature }: Blueprint, batch: Batch, samples: number): void {
  for (const [name, classes] of classCounts) {
    const { shape = [] } = signature.labels.find((label) => label.name === name) ?? {};
    const labels = (own(batch, name) as Elements).subarray(0, samples * sizeOf(shape));
    const place = labels.findIndex((label) => !(label >= 0 && label < classes));
    if (place < 0) continue;
    const message = `\`${name}\` has ${labels[place]} at place ${place}, but its classes are 0 to ${classes - 1}`;
    throw new ModelError('label', message, { name, place });
  }
}

/** What `fit` and `evaluate` were given, as a dataset. */
export function toDataset(blueprint: Blueprint, data: Batch | Dataset): Dataset {
  const isDataset = typeof (data as Dataset | undefined)?.read === 'function';
  const size = isDataset ? (data as Dataset).size : countSamples(portsOf(blueprint), data);
  if (!(Number.isInteger(size) && size > 0)) throw new ModelError('input', `a dataset of ${size} samples`);
  if (isDataset) return data as Dataset;
  const arrays = data as Batch;
  checkLabels(blueprint, arrays, size);
  const pairs = portsOf(blueprint).map(
    ({ name, shape }) => [name, own(arrays, name) as Elements, sizeOf(shape)] as const,
  );
  let known: string | undefined;
  return {
    size,
    read(indices, into) {
      for (const [name, from, length] of pairs) {
        const to = own(into, name) as Elements;
        indices.forEach((sample, i) =>
          to.set(from.subarray(sample * length, (sample + 1) * length), i * length),
        );
      }
    },
    get fingerprint() {
      if (known) return known;
      let hash = 0x811c9dc5;
      for (const [, { buffer, byteOffset, byteLength }] of pairs) {
        const view = new DataView(buffer, byteOffset, byteLength);
        let at = 0;
        for (; at + 4 <= byteLength; at += 4) hash = Math.imul(hash ^ view.getInt32(at, true), 0x01000193);
        for (; at < byteLength; at++) hash = Math.imul(hash ^ view.getInt8(at), 0x01000193);
      }
      return (known = `${size} samples, ${hash >>> 0}`);
    },
  };
}

export interface ReadBatch {
  readonly arrays: Batch;
  readonly samples: number;
}

/** Batch by batch from number `batch` on, each read while the one before is in use. A batch holds until the next but two. */
export async function* batchesOf(
  blueprint: Blueprint,
  data: Dataset,
  batchSize: number,
  order?: Uint32Array,
  batch = 0,
): AsyncGenerator<ReadBatch, void> {
  const room = [0, 1, 2].map(() =>
    Object.fromEntries(
      portsOf(blueprint).map(({ name, dtype, shape }) => [
        name,
        new arrayTypes[dtype](batchSize * sizeOf(shape)),
      ]),
    ),
  );
  const read = async (number: number): Promise<ReadBatch> => {
    const from = number * batchSize;
    const samples = Math.min(batchSize, data.size - from);
    const indices = Uint32Array.from({ length: samples }, (_, i) => order?.[from + i] ?? from + i);
    const arrays = room[number % 3] as Batch;
    await data.read(indices, arrays);
    checkLabels(blueprint, arrays, samples);
    return { arrays, samples };
  };
  const end = Math.ceil(data.size / batchSize);
  let ahead = batch < end ? read(batch) : undefined;
  while (ahead) {
    const current = await ahead;
    batch++;
    ahead = batch < end ? read(batch) : undefined;
    // Reported when its turn comes.
    ahead?.catch(() => {});
    yield current;
  }
}
