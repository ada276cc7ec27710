/** `--schedule F`: what `cnnc tune` chose. */
import { parseChoices, ScheduleError } from '../index.ts';
import type { Choices } from '../index.ts';
import { InputError } from './errors.ts';
import type { Io } from './io.ts';
import { quoteWord } from './options.ts';
import type { ScheduleOptions } from './options.ts';
import { readNamed } from './read.ts';

export interface ScheduleFile {
  /** As the user wrote it. */
  readonly name: string;
  readonly choices: Choices;
  /** The line of each kernel in it, from 1. */
  readonly lines: ReadonlyMap<string, number>;
}

export function readSchedule(io: Io, { schedule: name }: ScheduleOptions): ScheduleFile | undefined {
  if (name === undefined) return undefined;
  const text = readNamed(io, name).toString('utf8');
  try {
    return { name, choices: parseChoices(text), lines: linesOf(text) };
  } catch (error) {
    if (!(error instanceof ScheduleError)) throw error;
    throw new InputError(`${name}: ${error.message}`);
  }
}

function linesOf(text: string): ReadonlyMap<string, number> {
  return new Map(
    text.split('\n').flatMap((line, i) => {
      const key = /^\s*kernel\s+(\w+)/u.exec(line)?.[1];
      return key === undefined ? [] : [[key, i + 1] as const];
    }),
  );
}

/** Says so where the model of `file` has none of the kernels of a schedule, as when it was changed since. */
export function checkUsed(
  io: Io,
  file: string,
  { name, choices }: ScheduleFile,
  used: readonly string[],
): void {
  if (used.length > 0 || choices.size === 0) return;
  const again = `cnnc tune ${quoteWord(file)} -o ${quoteWord(name)}`;
  io.err(`cnnc: ${name}: this model has none of its kernels; \`${again}\` measures those that it has\n`);
}

/** `for 2 of its 3 kernels; unused: line 9`. */
export function useOf({ choices, lines }: ScheduleFile, used: readonly string[]): string {
  const unused = [...lines].flatMap(([key, line]) => (used.includes(key) ? [] : [line]));
  const where =
    unused.length === 0 ? '' : `; unused: line${unused.length > 1 ? 's' : ''} ${unused.join(', ')}`;
  return `for ${used.length} of its ${choices.size} kernels${where}`;
}
