/** Writing files so that nobody ever sees half of one: beside the place, then renamed. */
import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileReason } from '../data/index.ts';
import { InputError, isFileError } from './errors.ts';

export interface FileToWrite {
  readonly path: string;
  readonly content: string | Uint8Array;
}

/** Replaces a file, or leaves the old one as it was. Makes the folder. */
export function writeFileAtomic(path: string, content: string | Uint8Array): void {
  writeFilesAtomic([{ path, content }]);
}

/** Fails now where `path` could not be written later, when the work is done. Makes the folder. */
export function checkWritable(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    accessSync(dirname(path), constants.W_OK);
  } catch (error) {
    throw new InputError(`${dirname(path)}: ${fileReason(error)}`);
  }
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw new InputError(`${path}: it is a folder, not a file`);
}

/** Writes all files beside their places before it moves the first one there. */
export function writeFilesAtomic(files: readonly FileToWrite[]): void {
  const staged: { from: string; to: string }[] = [];
  let place = '';
  try {
    for (const { path, content } of files) {
      place = dirname(path);
      mkdirSync(place, { recursive: true });
      place = path;
      removeLeftovers(path);
      const from = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
      staged.push({ from, to: path });
      writeDurably(from, content);
    }
    for (const { from, to } of staged) {
      place = to;
      renameSync(from, to);
    }
  } catch (error) {
    for (const { from } of staged) rmSync(from, { force: true });
    throw isFileError(error) ? new InputError(`${place}: ${fileReason(error)}`) : error;
  }
}

/** On the disk before it gets its name: a power cut must not leave an empty file in place of the old one. */
function writeDurably(path: string, content: string | Uint8Array): void {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  const descriptor = openSync(path, 'w');
  try {
    for (let done = 0; done < bytes.length;) done += writeSync(descriptor, bytes, done);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Removes what processes that were killed in the middle of writing this file have left. */
function removeLeftovers(path: string): void {
  const prefix = `.${basename(path)}.`;
  for (const name of readdirSync(dirname(path))) {
    if (!name.startsWith(prefix) || !name.endsWith('.tmp')) continue;
    const pid = Number(name.slice(prefix.length, -'.tmp'.length));
    if (Number.isInteger(pid) && pid !== process.pid && !isAlive(pid))
      rmSync(join(dirname(path), name), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
