/** Files that the user named. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileReason } from '../data/index.ts';
import { InputError } from './errors.ts';
import type { Io } from './io.ts';

/** The bytes of a file; an error calls it as the user did, which those of Node do not always. */
export function readNamed(io: Io, file: string): Buffer {
  try {
    return readFileSync(resolve(io.cwd, file));
  } catch (error) {
    throw new InputError(`${file}: ${fileReason(error)}`);
  }
}
