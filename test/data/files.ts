/** Small files of every kind, made for a test and removed after it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { encode as encodePng } from 'fast-png';
import { encode as encodeJpeg } from 'jpeg-js';
import { onTestFinished } from 'vitest';
import type { PortInfo } from '../../runtime/types.ts';
import type { Wanted } from '../../compiler/data/index.ts';

/** An empty folder for the running test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cnnc-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function put(path: string, content: string | Uint8Array): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

/** An IDX file of u8 elements. */
export function idx(
  extents: readonly number[],
  elements: Uint8Array,
  magic = 0x800 + extents.length,
): Uint8Array {
  const file = new Uint8Array(4 + 4 * extents.length + elements.length);
  const view = new DataView(file.buffer);
  view.setUint32(0, magic);
  extents.forEach((extent, i) => view.setUint32(4 + 4 * i, extent));
  file.set(elements, 4 + 4 * extents.length);
  return file;
}

/** Pictures whose every byte tells sample and place. */
export function countingPictures(count: number, bytes: number): Uint8Array {
  return Uint8Array.from(
    { length: count * bytes },
    (_, i) => (Math.floor(i / bytes) * 31 + (i % bytes)) % 256,
  );
}

/** A folder as MNIST is distributed: 4×4 pictures. */
export function idxFolder(
  labels: readonly number[],
  options: { readonly gzip?: boolean; readonly test?: readonly number[] } = {},
): string {
  const folder = temporaryFolder();
  const write = (part: string, numbers: readonly number[]): void => {
    const pack = (bytes: Uint8Array): Uint8Array => (options.gzip ? gzipSync(bytes) : bytes);
    const end = options.gzip ? '.gz' : '';
    put(
      join(folder, `${part}-images-idx3-ubyte${end}`),
      pack(idx([numbers.length, 4, 4], countingPictures(numbers.length, 16))),
    );
    put(
      join(folder, `${part}-labels-idx1-ubyte${end}`),
      pack(idx([numbers.length], Uint8Array.from(numbers))),
    );
  };
  write('train', labels);
  if (options.test) write('t10k', options.test);
  return folder;
}

/** One colour all over. */
export function png(width: number, height: number, rgb: readonly [number, number, number]): Uint8Array {
  return encodePng({
    width,
    height,
    channels: 3,
    data: Uint8Array.from({ length: width * height * 3 }, (_, i) => rgb[i % 3]!),
  });
}

export function jpeg(width: number, height: number, rgb: readonly [number, number, number]): Uint8Array {
  const data = Uint8Array.from({ length: width * height * 4 }, (_, i) => (i % 4 === 3 ? 255 : rgb[i % 4]!));
  return encodeJpeg({ width, height, data }, 95).data;
}

export const port = (name: string, dtype: 'u8' | 'f32' | 'i32', ...shape: number[]): PortInfo => ({
  name,
  dtype,
  shape,
});

/** A model that takes small pictures and gives one of `classes`. */
export function wants(shape: readonly number[], more: Partial<Wanted> = {}): Wanted {
  return { inputs: [port('image', 'u8', ...shape)], labels: [port('truth', 'i32')], ...more };
}
