import { ModelError } from './errors.ts';
import type { Batch, Elements, PortInfo } from './model-types.ts';

export const arrayTypes = {
  f32: Float32Array,
  i32: Int32Array,
  u32: Uint32Array,
  u8: Uint8Array,
  bool: Uint8Array,
};

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

export const bytesOf = (view: ArrayBufferView): Uint8Array =>
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

/** What stands under a name of the user's: `__proto__` and `constructor` are names like any other. */
export const own = (record: object, name: string): unknown =>
  Object.hasOwn(record, name) ? (record as Batch)[name] : undefined;

/** The number of samples in `arrays`, which must be what `ports` say. */
export function countSamples(ports: readonly PortInfo[], arrays: object): number {
  const counts = ports.map(({ name, dtype, shape }) => {
    const array = own(Object(arrays), name) as Elements | undefined;
    const kind = Object.prototype.toString.call(array).slice(8, -1);
    const wanted = arrayTypes[dtype].name;
    const count = (array?.length ?? 0) / sizeOf(shape);
    if (kind === wanted && Number.isInteger(count)) return count;
    const got = kind === wanted ? array?.length : array ? kind : 'nothing';
    const message = `\`${name}\` takes ${wanted}, ${sizeOf(shape)} per sample, but got ${got}`;
    throw new ModelError('input', message, { name });
  });
  const list = ports.map(({ name }, i) => `\`${name}\` ${counts[i]}`).join(', ');
  if (new Set(counts).size > 1) throw new ModelError('input', `the numbers of samples differ: ${list}`);
  return counts[0] ?? 0;
}
