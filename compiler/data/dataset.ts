/** From pictures and class numbers to a `Dataset`: bytes go straight into the arrays of the batch. */
import { sizeOf } from '../../runtime/arrays.ts';
import type { Batch, Dataset, Elements, PortInfo } from '../../runtime/types.ts';
import type { ClassMap } from './classes.ts';
import { DataError } from './error.ts';
import { permutation } from './random.ts';
import type { Source } from './source.ts';

/** A `Dataset` that always says what it is. */
export interface FingerprintedDataset extends Dataset {
  readonly fingerprint: string;
}

export interface LabelPort {
  readonly name: string;
  readonly encoding: 'index' | 'binary' | 'one-hot';
  /** Elements per sample. */
  readonly size: number;
}

/** `i32` takes the class number, `f32[1]` 0 or 1, `f32[k]` a one at the class. */
export function labelPort(port: PortInfo): LabelPort {
  const { dtype, shape } = port;
  const size = sizeOf(shape);
  const fits = shape.length <= 1 && (dtype === 'f32' || size === 1);
  if (!fits) {
    const type = `${dtype}[${shape.join(', ')}]`;
    throw new DataError(
      'data-shape',
      `label \`${port.name}\` is ${type}; the loaders give classes: i32, f32[1] or f32[number of classes]`,
    );
  }
  if (dtype !== 'f32') return { name: port.name, encoding: 'index', size };
  return { name: port.name, encoding: size === 1 ? 'binary' : 'one-hot', size };
}

function writeLabel(label: LabelPort, number: number, into: Elements, place: number): void {
  if (label.encoding !== 'one-hot') {
    into[place] = number;
    return;
  }
  into.fill(0, place * label.size, (place + 1) * label.size);
  into[place * label.size + number] = 1;
}

function target(into: Batch, name: string): Elements {
  const array = into[name];
  if (!array)
    throw new DataError(
      'data-shape',
      `the batch has no array for \`${name}\`, only for ${Object.keys(into).join(', ')}`,
    );
  return array;
}

/** The samples of `source` whose class the map keeps, in the source's order. */
export function dataset(
  source: Source,
  input: PortInfo,
  label: LabelPort | undefined,
  classes: ClassMap,
): FingerprintedDataset {
  const kept: number[] = [];
  source.labels.forEach((number, i) => {
    if (classes.numbers[number]! >= 0) kept.push(i);
  });
  const samples = Uint32Array.from(kept);
  const bytes = source.height * source.width * source.channels;
  const scale = (pixels: Uint8Array, array: Elements): void => {
    for (let i = 0; i < pixels.length; i++) array[i] = pixels[i]! / 255;
  };

  return {
    size: samples.length,
    fingerprint: `${source.fingerprint}:${classes.numbers.join(',')}`,
    read(indices, into): void | Promise<void> {
      const inputs = target(into, input.name);
      const labels = label && into[label.name];
      // Bytes as they are for a u8 input, on the way to 0…1 for an f32 one.
      const pixels = inputs instanceof Uint8Array ? inputs : new Uint8Array(indices.length * bytes);
      const pending: Promise<void>[] = [];
      for (let i = 0; i < indices.length; i++) {
        const sample = samples[indices[i]!];
        if (sample === undefined)
          throw new DataError('data-shape', `no sample ${indices[i]} in ${source.name}`);
        const reading = source.read(sample, pixels, i * bytes);
        if (reading) pending.push(reading);
        if (label && labels) writeLabel(label, classes.numbers[source.labels[sample]!]!, labels, i);
      }
      if (pending.length > 0) {
        return Promise.all(pending).then(() => (pixels === inputs ? undefined : scale(pixels, inputs)));
      }
      if (pixels !== inputs) scale(pixels, inputs);
    },
  };
}

/** Samples that lie in memory, one behind the other in the array of each port. */
export function arrayDataset(
  ports: readonly PortInfo[],
  arrays: Batch,
  size: number,
  fingerprint: string,
): FingerprintedDataset {
  return {
    size,
    fingerprint,
    read(indices, into) {
      for (const { name, shape } of ports) {
        const [from, to] = [target(arrays, name), target(into, name)];
        const length = sizeOf(shape);
        indices.forEach((index, i) =>
          to.set(from.subarray(index * length, (index + 1) * length), i * length),
        );
      }
    },
  };
}

/** What two fingerprints of data from a spec may differ in: the samples, the classes kept, or how they are split for validation. */
export type DataDifference = 'samples' | 'classes' | 'parts';

/** In what the data of two fingerprints differ. */
export function dataDifferences(one: string, other: string): readonly DataDifference[] {
  const [a, b] = [fingerprintParts(one), fingerprintParts(other)];
  return (['samples', 'classes', 'parts'] as const).filter((part) => a[part] !== b[part]);
}

/** `SOURCE:CLASSES/first-COUNT/train-FRACTION-SEED`, the last two not always. */
function fingerprintParts(fingerprint: string): Readonly<Record<DataDifference, string>> {
  const [whole = '', ...subsets] = fingerprint.split('/');
  const colon = whole.lastIndexOf(':');
  const isCount = (name: string): boolean => name.startsWith('first-');
  return {
    samples: [whole.slice(0, colon), ...subsets.filter(isCount)].join('/'),
    classes: whole.slice(colon),
    parts: subsets.filter((name) => !isCount(name)).join('/'),
  };
}

/** The samples at `indices` of another dataset. */
export function subset(
  whole: FingerprintedDataset,
  indices: Uint32Array,
  name: string,
): FingerprintedDataset {
  return {
    size: indices.length,
    fingerprint: `${whole.fingerprint}/${name}`,
    read: (wanted, into) =>
      whole.read(
        Uint32Array.from(wanted, (i) => indices[i]!),
        into,
      ),
  };
}

/**
 * Keeps a shuffled `fraction` (0…1) of the samples apart for validation; the same for the same size, fraction and seed.
 * Both parts have at least one sample.
 */
export function splitDataset(
  whole: FingerprintedDataset,
  fraction: number,
  seed = 0,
): { readonly train: FingerprintedDataset; readonly validation: FingerprintedDataset } {
  if (!(fraction > 0 && fraction < 1)) {
    throw new DataError('data-spec', `the fraction for validation is between 0 and 1, not ${fraction}`);
  }
  if (whole.size < 2) throw new DataError('data-shape', `${whole.size} samples cannot be split`);
  const count = Math.max(1, Math.min(whole.size - 1, Math.round(whole.size * fraction)));
  const order = permutation(whole.size, seed);
  return {
    train: subset(whole, order.slice(count).sort(), `train-${fraction}-${seed}`),
    validation: subset(whole, order.slice(0, count).sort(), `validation-${fraction}-${seed}`),
  };
}
