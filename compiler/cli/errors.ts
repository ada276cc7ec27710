/** How commands fail, and with which exit status. */
import { sep } from 'node:path';
import { DataError, fileReason } from '../data/index.ts';
import type { Io } from './io.ts';

/** 0 good, 1 the input is at fault, 2 wrong usage, 70 a compiler bug, 130 after Ctrl-C. */
export const exit = { good: 0, input: 1, usage: 2, bug: 70, interrupted: 130 } as const;

/** A file or its content is at fault. An empty message: all has been said already. */
export class InputError extends Error {
  override readonly name = 'InputError';
}

/** The command line is at fault. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Ctrl-C; what was to be saved is saved. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** An error of a generated module: each module has a class of its own. */
export interface ModelFault extends Error {
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Known by its name and code. */
export function isModelError(error: unknown): error is ModelFault {
  if (!(error instanceof Error) || (error.name !== 'ModelError' && error.name !== 'AbortError')) return false;
  return 'code' in error && typeof error.code === 'string' && 'details' in error;
}

/** Files that are missing, not ours to write, or too large for the disk. */
export function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string';
}

/** Says what went wrong and gives the exit status. */
export function report(error: unknown, io: Io, command: string): number {
  const say = (message: string): void => {
    if (message !== '') io.err(`cnnc: ${asTyped(message, io.cwd)}\n`);
  };
  if (error instanceof Interrupted) {
    say(error.message);
    return exit.interrupted;
  }
  if (error instanceof UsageError) {
    say(error.message);
    return exit.usage;
  }
  if (error instanceof InputError || error instanceof DataError) {
    say(error.message);
    return exit.input;
  }
  if (isModelError(error)) {
    if (error.code === 'aborted') return exit.interrupted;
    say(error.message);
    return exit.input;
  }
  if (isFileError(error)) {
    say(`${error.path ?? 'file'}: ${fileReason(error)}`);
    return exit.input;
  }
  io.err(bugReport(error, command));
  return exit.bug;
}

/** Files in the folder one stands in, without its path. */
export const asTyped = (message: string, folder: string): string =>
  message.replaceAll(folder.endsWith(sep) ? folder : `${folder}${sep}`, '');

function bugReport(error: unknown, command: string): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const lines = stack.split('\n').slice(0, 8);
  return [
    'cnnc: this is a bug in cnnc, not in your files. Please report it together with them and these lines:',
    `  cnnc ${command}`,
    `  node ${process.version} ${process.platform} ${process.arch}`,
    ...lines.map((line) => `  ${line.trim()}`),
    '',
  ].join('\n');
}
