import { bytesOf, elements, sizeOf } from './arrays.ts';
import { ModelError } from './errors.ts';
import { fromHalf, toHalf } from './f16.ts';
import type { Elements } from './types.ts';

export interface SavedTensor {
  readonly name: string;
  readonly dtype: 'f32' | 'i32' | 'u32' | 'u8' | 'bool';
  readonly shape: readonly number[];
  readonly data: Elements;
}

const fileTypes = { f32: 'F32', i32: 'I32', u32: 'U32', u8: 'U8', bool: 'BOOL' };
const fileBytes: Readonly<Record<string, number>> = { F32: 4, F16: 2, I32: 4, U32: 4, U8: 1, BOOL: 1 };

/** A safetensors file. `f16` halves every f32 tensor. */
export function writeSafetensors(
  tensors: readonly SavedTensor[],
  format: 'f32' | 'f16' = 'f32',
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  let end = 0;
  const entries = tensors.map(({ name, dtype, shape, data }): [string, unknown] => {
    const type = dtype === 'f32' && format === 'f16' ? 'F16' : fileTypes[dtype];
    const start = end;
    end += data.length * (fileBytes[type] as number);
    return [name, { dtype: type, shape, data_offsets: [start, end] }];
  });
  if (Object.keys(metadata).length > 0) entries.unshift(['__metadata__', metadata]);
  const header = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const start = 8 + Math.ceil(header.length / 8) * 8;
  const file = new Uint8Array(start + end).fill(32, 8, start);
  new DataView(file.buffer).setUint32(0, start - 8, true);
  file.set(header, 8);
  let place = start;
  for (const { dtype, data } of tensors) {
    const half = dtype === 'f32' && format === 'f16';
    const bytes = bytesOf(half ? Uint16Array.from(data, toHalf) : data);
    file.set(bytes, place);
    place += bytes.length;
  }
  return file;
}

interface Entry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

const broken = (message: string): ModelError =>
  new ModelError('weights-format', `not a whole safetensors file: ${message}`);

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function headerOf(bytes: Uint8Array): { header: object; start: number } {
  if (bytes.length < 8) throw broken(`it has ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
  const length = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  if (length > bytes.length - 8) {
    throw broken(`its header claims ${length} bytes, and the file has ${bytes.length}`);
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + length));
    const header: unknown = JSON.parse(text);
    if (typeof header === 'object' && header !== null) return { header, start: 8 + length };
  } catch {
    // said below
  }
  throw broken('its header is not a JSON object');
}

function entryOf(name: string, value: unknown, dataBytes: number): Entry {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>;
  if (!Array.isArray(shape) || !shape.every(isCount) || !Array.isArray(offsets) || !offsets.every(isCount)) {
    throw broken(`\`${name}\` has no proper shape and data_offsets`);
  }
  const bytes = typeof dtype === 'string' && Object.hasOwn(fileBytes, dtype) ? fileBytes[dtype] : undefined;
  if (bytes === undefined) {
    throw new ModelError(
      'weights-mismatch',
      `\`${name}\` has the type ${String(dtype)}, not one of ${Object.keys(fileBytes).join(', ')}`,
    );
  }
  const [start = 0, end = 0] = offsets as number[];
  if (offsets.length !== 2 || end - start !== sizeOf(shape) * bytes) {
    throw broken(`\`${name}\` has data_offsets that do not fit its shape`);
  }
  if (end > dataBytes) throw broken(`\`${name}\` ends at byte ${end} of ${dataBytes}: the file is cut off`);
  return { name, dtype: dtype as string, shape, start, end };
}

/** The tensors of a file, f16 widened to f32, and its metadata. Anything that is not as the format says is an error. */
export function readSafetensors(bytes: Uint8Array): {
  tensors: ReadonlyMap<string, SavedTensor>;
  metadata: Readonly<Record<string, unknown>>;
} {
  const { header, start } = headerOf(bytes);
  let metadata: Readonly<Record<string, unknown>> = {};
  const entries: Entry[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') metadata = (value ?? {}) as Record<string, unknown>;
    else entries.push(entryOf(name, value, bytes.length - start));
  }
  let end = 0;
  for (const entry of [...entries].sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (entry.start !== end) throw broken(`\`${entry.name}\` overlaps another tensor or leaves a gap`);
    end = entry.end;
  }
  if (end !== bytes.length - start)
    throw broken(`${bytes.length - start - end} bytes at its end belong to no tensor`);
  const tensors = entries.map((entry): [string, SavedTensor] => {
    const dtype =
      ({ F32: 'f32', F16: 'f32', I32: 'i32', U32: 'u32', U8: 'u8', BOOL: 'bool' } as const)[entry.dtype] ??
      'f32';
    // Copied: the tensors of a file need not be aligned.
    const raw = bytes.slice(start + entry.start, start + entry.end).buffer;
    const length = sizeOf(entry.shape);
    const data =
      entry.dtype === 'F16'
        ? Float32Array.from(new Uint16Array(raw), fromHalf)
        : elements(dtype, length, raw);
    return [entry.name, { name: entry.name, dtype, shape: entry.shape, data }];
  });
  return { tensors: new Map(tensors), metadata };
}
