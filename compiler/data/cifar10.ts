/** `cifar10:PATH`: CIFAR-10 in its binary layout, a `.bin` file or the folder of them. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { eachPiece, hashOf, openBytes } from './bytes.ts';
import type { Bytes } from './bytes.ts';
import { DataError, fileError } from './error.ts';
import type { Opened, Source } from './source.ts';
import type { Spec } from './spec.ts';

const names = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];
const plane = 32 * 32;
/** One byte of class, then the red, green and blue planes. */
const recordSize = 1 + 3 * plane;

function openRecords(file: string): { bytes: Bytes; labels: Uint8Array } {
  const bytes = openBytes(file);
  if (bytes.length === 0 || bytes.length % recordSize !== 0) {
    throw fileError(
      'data-format',
      file,
      `is ${bytes.length} bytes long, not a multiple of ${recordSize} as CIFAR-10 is`,
    );
  }
  const labels = new Uint8Array(bytes.length / recordSize);
  eachPiece(bytes, recordSize * 256, (piece, position) => {
    for (let i = 0; i < piece.length; i += recordSize) {
      const sample = (position + i) / recordSize;
      const label = piece[i]!;
      if (label > 9)
        throw fileError('data-format', file, `record ${sample} has the label ${label}; CIFAR-10 has 0 to 9`);
      labels[sample] = label;
    }
  });
  return { bytes, labels };
}

function records(files: readonly string[]): Source {
  const parts = files.map(openRecords);
  const total = parts.reduce((sum, part) => sum + part.labels.length, 0);
  const labels = new Uint8Array(total);
  const starts: number[] = [];
  let start = 0;
  for (const part of parts) {
    starts.push(start);
    labels.set(part.labels, start);
    start += part.labels.length;
  }
  const planar = new Uint8Array(3 * plane);
  return {
    name: files.join(', '),
    height: 32,
    width: 32,
    channels: 3,
    labels,
    fingerprint: `cifar10:${hashOf(parts.map((part) => part.bytes))}`,
    read(index, into, offset) {
      const part = starts.findLastIndex((first) => first <= index);
      parts[part]!.bytes.read((index - starts[part]!) * recordSize + 1, 3 * plane, planar, 0);
      for (let i = 0; i < plane; i++) {
        into[offset + 3 * i] = planar[i]!;
        into[offset + 3 * i + 1] = planar[plane + i]!;
        into[offset + 3 * i + 2] = planar[2 * plane + i]!;
      }
    },
  };
}

/** `data_batch_*.bin` for training and `test_batch.bin` for testing, or the one file named. */
export function openCifar10(spec: Spec): Opened {
  const { place } = spec;
  if (!existsSync(place))
    throw new DataError('data-file', `${place}: there is no such file or folder`, place);
  const inside = statSync(place).isDirectory() ? readdirSync(place).sort() : undefined;
  const files = inside
    ? inside.filter((name) => /^data_batch_.*\.bin$/u.test(name)).map((name) => join(place, name))
    : [place];
  if (files.length === 0) {
    throw new DataError(
      'data-file',
      `${place}: there is no data_batch_1.bin (the binary version of CIFAR-10)`,
      place,
    );
  }
  return {
    train: records(files),
    ...(inside?.includes('test_batch.bin') && { test: records([join(place, 'test_batch.bin')]) }),
    classes: names,
    named: false,
  };
}
