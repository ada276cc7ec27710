/** `idx:DIR`: MNIST, Fashion-MNIST and their kin as distributed, gzipped or not. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { hashOf, openBytes } from './bytes.ts';
import type { Bytes } from './bytes.ts';
import { DataError, fileError } from './error.ts';
import type { Opened, Source } from './source.ts';
import type { Spec } from './spec.ts';

/** The ways the files are named in the wild, without `.gz`. */
const namesOf = (part: 'train' | 't10k', what: 'images' | 'labels'): string[] => {
  const rank = what === 'images' ? 3 : 1;
  const names = [`${part}-${what}-idx${rank}-ubyte`, `${part}-${what}.idx${rank}-ubyte`];
  return names.flatMap((name) => [name, `${name}.gz`]);
};

interface Header {
  readonly bytes: Bytes;
  readonly extents: readonly number[];
  /** Where the elements begin. */
  readonly start: number;
}

/** IDX: two zero bytes, the element type (8 is u8), the rank, then the extents, then the elements. */
function openIdx(file: string, rank: number): Header {
  const bytes = openBytes(file);
  const start = 4 + 4 * rank;
  const magic = 0x800 + rank;
  const header = new Uint8Array(Math.min(start, bytes.length));
  bytes.read(0, header.length, header, 0);
  const view = new DataView(header.buffer);
  const hex = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;
  if (header.length < 4 || view.getUint32(0) !== magic) {
    const found =
      header.length < 4 ? `is only ${header.length} bytes long` : `begins with ${hex(view.getUint32(0))}`;
    const what = rank === 1 ? 'labels' : 'pictures';
    throw fileError('data-format', file, `${found}; an IDX file of ${what} begins with ${hex(magic)}`);
  }
  if (header.length < start) throw fileError('data-format', file, 'ends in the middle of its header');
  const extents = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const expected = start + extents.reduce((product, extent) => product * extent, 1);
  if (bytes.length !== expected) {
    throw fileError(
      'data-format',
      file,
      `the header promises ${extents.join('×')} bytes, ${expected} with the header; there are ${bytes.length}`,
    );
  }
  return { bytes, extents, start };
}

function find(folder: string, part: 'train' | 't10k', what: 'images' | 'labels'): string | undefined {
  return namesOf(part, what)
    .map((name) => join(folder, name))
    .find((path) => existsSync(path));
}

function openPart(spec: Spec, part: 'train' | 't10k'): Source | undefined {
  const imagesFile = find(spec.place, part, 'images');
  const labelsFile = find(spec.place, part, 'labels');
  if (imagesFile === undefined && labelsFile === undefined && part === 't10k') return undefined;
  if (imagesFile === undefined || labelsFile === undefined) {
    const missing = namesOf(part, imagesFile === undefined ? 'images' : 'labels')[1]!;
    throw new DataError(
      'data-file',
      `${spec.place}: there is no ${missing} (with or without .gz)`,
      spec.place,
    );
  }
  const images = openIdx(imagesFile, 3);
  const labels = openIdx(labelsFile, 1);
  const [count = 0, height = 0, width = 0] = images.extents;
  if (labels.extents[0] !== count) {
    throw fileError(
      'data-format',
      labelsFile,
      `has ${labels.extents[0]} labels for ${count} pictures in ${imagesFile}`,
    );
  }
  if (count === 0 || height === 0 || width === 0)
    throw fileError('data-format', imagesFile, 'holds no pictures');
  const classes = new Uint8Array(count);
  labels.bytes.read(labels.start, count, classes, 0);
  const size = height * width;
  return {
    name: labelsFile,
    height,
    width,
    channels: 1,
    labels: classes,
    fingerprint: `idx:${hashOf([images.bytes, labels.bytes])}`,
    read: (index, into, offset) => images.bytes.read(images.start + index * size, size, into, offset),
  };
}

/** Train and t10k (test, optional) of a folder. The classes are called 0, 1, 2 …: the files name none. */
export function openIdxFolder(spec: Spec): Opened {
  if (!existsSync(spec.place)) {
    throw new DataError('data-file', `${spec.place}: there is no such folder`, spec.place);
  }
  const train = openPart(spec, 'train')!;
  const test = openPart(spec, 't10k');
  let highest = 0;
  for (const source of [train, ...(test ? [test] : [])]) {
    for (const label of source.labels) highest = Math.max(highest, label);
  }
  return {
    train,
    ...(test && { test }),
    classes: Array.from({ length: highest + 1 }, (_, i) => String(i)),
    named: false,
  };
}
