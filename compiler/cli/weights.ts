/** The weights that evaluate, predict and build work with. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { InputError, isModelError } from './errors.ts';
import type { Io } from './io.ts';
import { quoteWord, stem } from './options.ts';
import { readNamed } from './read.ts';

interface WeightsFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** The file named, else `NAME.safetensors`, which is where `train` puts them. */
export function readWeights(io: Io, file: string, named: string | undefined): WeightsFile {
  const path = named ?? `${stem(file)}.safetensors`;
  if (!existsSync(resolve(io.cwd, path))) {
    const hint =
      named === undefined ? `; \`cnnc train ${quoteWord(file)}\` makes it, --weights names another` : '';
    throw new InputError(`${path}: there is no such file${hint}`);
  }
  return { path, bytes: readNamed(io, path) };
}

/** What is wrong with the weights, with the name of their file before it. */
export async function nameFaults<T>(path: string, load: () => T | Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (!isModelError(error) || !error.code.startsWith('weights')) throw error;
    throw new InputError(`${path}: ${error.message}`);
  }
}
