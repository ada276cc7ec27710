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
    const array = own(arrays ?? {}, name);
    const kind = Object.prototype.toString.call(array).slice(8, -1);
    const wanted = arrayTypes[dtype].name;
    const count = kind === wanted ? (array as Elements).length / sizeOf(shape) : NaN;
    if (Number.isInteger(count)) return count;
    const got =
      kind === wanted ? `${(array as Elements).length} numbers` : kind === 'Undefined' ? 'nothing' : kind;
    const message = `\`${name}\` takes a ${wanted} with ${sizeOf(shape)} numbers per sample, but got ${got}`;
    throw new ModelError('input', message, { name });
  });
  const [samples = 0] = counts;
  const other = counts.findIndex((count) => count !== samples);
  if (other < 0) return samples;
  const [a, b] = [ports[0], ports[other]];
  throw new ModelError('input', `\`${a?.name}\` has ${samples} samples, \`${b?.name}\` has ${counts[other]}`);
}
