import { arrayTypes, bytesOf, sizeOf } from './arrays.ts';
import { ModelError } from './errors.ts';
import { fromHalf } from './half.ts';
import type { Elements, PortInfo } from './model-types.ts';

export interface SavedTensor {
  readonly name: string;
  /** Data of the type f16 are its bits. */
  readonly dtype: PortInfo['dtype'] | 'f16';
  readonly shape: readonly number[];
  readonly data: Elements | Uint16Array;
}

export interface TensorFile {
  readonly tensors: Map<string, SavedTensor>;
  readonly metadata: Record<string, unknown>;
}

export function writeSafetensors(
  tensors: readonly SavedTensor[],
  metadata?: Record<string, string>,
): Uint8Array {
  let end = 0;
  const entries = tensors.map(({ name, dtype, shape, data }): [string, object] => {
    const range = [end, (end += data.byteLength)];
    return [name, { dtype: dtype.toUpperCase(), shape, data_offsets: range }];
  });
  const header = JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) });
  const text = new TextEncoder().encode(header);
  const start = 8 + Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(start + end).fill(32, 8, start);
  new DataView(file.buffer).setUint32(0, start - 8, true);
  file.set(text, 8);
  end = start;
  for (const { data } of tensors) {
    file.set(bytesOf(data), end);
    end += data.byteLength;
  }
  return file;
}

/** The tensors of a file, with half precision widened to f32. */
export function readSafetensors(file: Uint8Array): TensorFile {
  const check = (holds: boolean, problem: string): void => {
    if (!holds) throw new ModelError('weights-format', `not a whole safetensors file: ${problem}`);
  };
  check(file.length >= 8, 'it is empty');
  const view = new DataView(file.buffer, file.byteOffset);
  const length = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  check(length <= file.length - 8, `its header claims ${length} bytes, and it has ${file.length}`);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(file.subarray(8, 8 + length)));
  } catch {
    check(false, 'its header is not JSON');
  }
  const { __metadata__, ...entries } = Object(header) as Record<string, unknown>;
  const bytes = file.subarray(8 + length);
  const ranges: [start: number, end: number][] = [];
  const tensors = new Map<string, SavedTensor>();
  for (const [name, entry] of Object.entries(entries)) {
    const {
      dtype: type,
      shape,
      data_offsets: range,
    } = Object(entry) as {
      dtype: string;
      shape: number[];
      data_offsets: [number, number];
    };
    const proper = Array.isArray(shape) && Array.isArray(range);
    check(
      proper && [...shape, ...range].every((n) => Number.isSafeInteger(n) && n >= 0),
      `\`${name}\` has no shape`,
    );
    const half = type === 'F16';
    const dtype = (half ? 'f32' : String(type).toLowerCase()) as PortInfo['dtype'];
    if (!Object.hasOwn(arrayTypes, dtype)) {
      throw new ModelError('weights-mismatch', `\`${name}\` has elements of the type ${type}`, { name });
    }
    const Type = half ? Uint16Array : arrayTypes[dtype];
    const [start, end] = range;
    check(
      end - start === sizeOf(shape) * Type.BYTES_PER_ELEMENT,
      `\`${name}\` has another size than its shape`,
    );
    check(end <= bytes.length, `it ends before \`${name}\` does`);
    ranges.push([start, end]);
    // Copied, because a file need not align its tensors; `slice` of Node's Buffer would not copy.
    const data = new Type(new Uint8Array(bytes.subarray(start, end)).buffer);
    tensors.set(name, { name, dtype, shape, data: half ? Float32Array.from(data, fromHalf) : data });
  }
  ranges.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const last = ranges.reduce((place, [start, end]) => (start === place ? end : NaN), 0);
  check(last === bytes.length, 'its tensors overlap, or leave bytes between them');
  return { tensors, metadata: Object(__metadata__) };
}
