import { arrayTypes, bytesOf, sizeOf } from './arrays.ts';
import { ModelError } from './errors.ts';
import { fromHalf } from './half.ts';
import type { Elements, PortInfo } from './model-types.ts';

export interface SavedTensor {
  readonly name: string;
  readonly dtype: PortInfo['dtype'];
  readonly shape: readonly number[];
  readonly data: Elements | Uint16Array;
}

export interface TensorFile {
  readonly tensors: ReadonlyMap<string, SavedTensor>;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** A safetensors file. Data of 16 bits are half-precision floats. */
export function writeSafetensors(
  tensors: readonly SavedTensor[],
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  let end = 0;
  const entries = tensors.map(({ name, dtype, shape, data }) => {
    const start = end;
    end += data.byteLength;
    const type = data instanceof Uint16Array ? 'F16' : dtype.toUpperCase();
    return [name, { dtype: type, shape, data_offsets: [start, end] }];
  });
  const header = JSON.stringify(
    Object.fromEntries([...(metadata ? [['__metadata__', metadata]] : []), ...entries]),
  );
  const text = new TextEncoder().encode(header);
  const start = 8 + Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(start + end).fill(32, 8, start);
  new DataView(file.buffer).setUint32(0, start - 8, true);
  file.set(text, 8);
  let place = start;
  for (const { data } of tensors) {
    file.set(bytesOf(data), place);
    place += data.byteLength;
  }
  return file;
}

const broken = (why: string): ModelError =>
  new ModelError('weights-format', `not a whole safetensors file: ${why}`);

function headerOf(file: Uint8Array): [header: object, data: Uint8Array] {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const length = file.length < 8 ? Infinity : view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  if (length > file.length - 8) throw broken(`it has ${file.length} bytes, and its header claims ${length}`);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(file.subarray(8, 8 + length));
    return [Object(JSON.parse(text)), file.subarray(8 + length)];
  } catch {
    throw broken('its header is not JSON');
  }
}

/** The tensors of a file, with half precision widened to f32. Whatever is not as the format says is an error. */
export function readSafetensors(file: Uint8Array): TensorFile {
  const [header, bytes] = headerOf(file);
  const { __metadata__: metadata = {}, ...entries } = header as Record<string, Record<string, unknown>>;
  const ranges: (readonly [start: number, end: number])[] = [];
  const tensors = Object.entries(entries).map(([name, entry]): [string, SavedTensor] => {
    const { dtype: type, shape, data_offsets: offsets } = Object(entry) as Record<string, unknown>;
    const counts = [shape, offsets].flat() as number[];
    if (
      !Array.isArray(shape) ||
      !Array.isArray(offsets) ||
      !counts.every((n) => Number.isSafeInteger(n) && n >= 0)
    ) {
      throw broken(`\`${name}\` has no proper shape and data_offsets`);
    }
    const half = type === 'F16';
    const dtype = (half ? 'f32' : String(type).toLowerCase()) as PortInfo['dtype'];
    if (!Object.hasOwn(arrayTypes, dtype)) {
      throw new ModelError(
        'weights-mismatch',
        `\`${name}\` has elements of the type ${type}, which is not supported`,
      );
    }
    const Type = half ? Uint16Array : arrayTypes[dtype];
    const [start, end] = offsets as [number, number];
    if (end - start !== sizeOf(shape) * Type.BYTES_PER_ELEMENT)
      throw broken(`the size of \`${name}\` is not that of its shape`);
    if (end > bytes.length) throw broken(`it ends before \`${name}\` does`);
    ranges.push([start, end]);
    // Copied, because a file need not align its tensors. (Not by slice: that of a Node Buffer does not copy.)
    const data = new Type(new Uint8Array(bytes.subarray(start, end)).buffer);
    return [name, { name, dtype, shape, data: half ? Float32Array.from(data, fromHalf) : data }];
  });
  let place = 0;
  for (const [start, end] of ranges.sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    if (start !== place) throw broken(`its tensors overlap or leave gaps at byte ${place}`);
    place = end;
  }
  if (place !== bytes.length) throw broken(`${bytes.length - place} bytes at its end belong to no tensor`);
  return { tensors: new Map(tensors), metadata };
}
