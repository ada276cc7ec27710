/** `--input name=FILE`: numbers for a model's inputs from `.npy` or `.json` files. */
import { sizeOf } from '../../runtime/arrays.ts';
import type { Batch, Elements, PortInfo } from '../../runtime/types.ts';
import { readNpy } from '../data/index.ts';
import { InputError, UsageError } from './errors.ts';
import type { Io } from './io.ts';
import { readNamed } from './read.ts';

/** Arrays for all inputs, and how many samples they hold. */
export function readInputs(
  io: Io,
  ports: readonly PortInfo[],
  words: readonly string[],
): { arrays: Batch; samples: number } {
  const files = new Map<string, string>();
  for (const word of words) {
    const at = word.indexOf('=');
    const name = word.slice(0, Math.max(0, at));
    if (!ports.some((port) => port.name === name)) {
      const known = ports.map((port) => port.name).join(', ');
      throw new UsageError(`--input ${word}: expected NAME=FILE with a NAME of ${known}`);
    }
    files.set(name, word.slice(at + 1));
  }
  const arrays: [string, Elements][] = [];
  let samples: number | undefined;
  for (const port of ports) {
    const file = files.get(port.name);
    if (file === undefined) throw new UsageError(`--input ${port.name}=FILE is missing`);
    const values = readNumbers(io, file);
    const size = sizeOf(port.shape);
    const count = values.length / size;
    if (!Number.isInteger(count) || count === 0) {
      throw new InputError(
        `${file}: ${values.length} numbers; \`${port.name}\` takes ${size} per sample (${port.dtype}[${port.shape.join(', ')}])`,
      );
    }
    samples ??= count;
    if (count !== samples) throw new InputError(`${file}: ${count} samples, the input before has ${samples}`);
    arrays.push([port.name, converted(values, port, file)]);
  }
  return { arrays: Object.fromEntries(arrays), samples: samples ?? 0 };
}

function readNumbers(io: Io, file: string): ArrayLike<number> {
  const content = readNamed(io, file);
  if (!file.endsWith('.json')) return readNpy(content, file).values;
  let value: unknown;
  try {
    value = JSON.parse(content.toString('utf8'));
  } catch (error) {
    throw new InputError(`${file}: is not JSON (${error instanceof Error ? error.message : String(error)})`);
  }
  const flat: number[] = [];
  const collect = (item: unknown): void => {
    if (typeof item === 'number') flat.push(item);
    else if (Array.isArray(item)) for (const inner of item) collect(inner);
    else
      throw new InputError(
        `${file}: expected numbers in nested lists, found ${JSON.stringify(item)?.slice(0, 40)}`,
      );
  };
  collect(value);
  return flat;
}

const ranges = { u8: [0, 255], i32: [-(2 ** 31), 2 ** 31 - 1], u32: [0, 2 ** 32 - 1], bool: [0, 1] } as const;

/** The numbers in the element type of the input; an integer type takes whole numbers in its range only. */
function converted(values: ArrayLike<number>, { name, dtype }: PortInfo, file: string): Elements {
  if (dtype === 'f32') return Float32Array.from(values);
  const [low, high] = ranges[dtype];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isInteger(value) || value < low || value > high) {
      throw new InputError(
        `${file}: ${value} at place ${i}; \`${name}\` is ${dtype}: whole numbers from ${low} to ${high}`,
      );
    }
  }
  if (dtype === 'i32') return Int32Array.from(values);
  return dtype === 'u32' ? Uint32Array.from(values) : Uint8Array.from(values);
}
