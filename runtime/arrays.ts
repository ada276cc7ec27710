import { ModelError } from './errors.ts';
import type { Batch, Elements, PortInfo } from './types.ts';

export const sizeOf = (shape: readonly number[]): number =>
  shape.reduce((product, extent) => product * extent, 1);

const arrayNames = {
  f32: 'Float32Array',
  i32: 'Int32Array',
  u32: 'Uint32Array',
  u8: 'Uint8Array',
  bool: 'Uint8Array',
};

/** `length` elements of `dtype`, new (zero) or a view into `buffer`. */
export function elements(
  dtype: PortInfo['dtype'],
  length: number,
  buffer: ArrayBuffer = new ArrayBuffer(length * (dtype === 'u8' || dtype === 'bool' ? 1 : 4)),
  offset = 0,
): Elements {
  if (dtype === 'f32') return new Float32Array(buffer, offset, length);
  if (dtype === 'i32') return new Int32Array(buffer, offset, length);
  if (dtype === 'u32') return new Uint32Array(buffer, offset, length);
  return new Uint8Array(buffer, offset, length);
}

/** The bytes behind a view. */
export function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** The value under a user's name: `__proto__` and `constructor` are names like any other. */
export function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** New arrays for up to `samples` samples, by name. */
export function newBatch(ports: readonly PortInfo[], samples: number): Batch {
  return Object.fromEntries(
    ports.map(({ name, dtype, shape }) => [name, elements(dtype, samples * sizeOf(shape))]),
  );
}

/** Checks that `arrays` has what `ports` ask for, and gives the number of samples. */
export function countSamples(ports: readonly PortInfo[], arrays: unknown): number {
  if (typeof arrays !== 'object' || arrays === null) {
    throw new ModelError(
      'input',
      `expected an object with ${ports.map(({ name }) => `\`${name}\``).join(', ')}`,
    );
  }
  let samples: number | undefined;
  for (const port of ports) {
    const array = own(arrays as Record<string, unknown>, port.name);
    const size = sizeOf(port.shape);
    const wanted = `\`${port.name}\` takes a ${arrayNames[port.dtype]} with ${size} per sample (${port.dtype}[${port.shape.join(', ')}])`;
    const kind = Object.prototype.toString.call(array).slice(8, -1);
    if (kind !== arrayNames[port.dtype] && !(port.dtype === 'u8' && kind === 'Uint8ClampedArray')) {
      const given = Object.keys(arrays).map((name) => `\`${name}\``);
      const got =
        array === undefined ? `it is missing (there is ${given.join(', ') || 'nothing'})` : `got ${kind}`;
      throw new ModelError('input', `${wanted}: ${got}`, { name: port.name });
    }
    const { length } = array as Elements;
    const count = length / size;
    if (!Number.isInteger(count)) {
      throw new ModelError('input', `${wanted}: ${length} is not a whole number of samples`, {
        name: port.name,
      });
    }
    samples ??= count;
    if (count !== samples) {
      const message = `\`${port.name}\` has ${count} samples, \`${ports[0]?.name}\` has ${samples}`;
      throw new ModelError('input', message, { name: port.name });
    }
  }
  return samples ?? 0;
}
