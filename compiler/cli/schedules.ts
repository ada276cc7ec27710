/** `--schedule F`: what `cnnc tune` chose. */
import { parseChoices, ScheduleError } from '../index.ts';
import type { Choices } from '../index.ts';
import { InputError } from './errors.ts';
import type { Io } from './io.ts';
import type { ScheduleOptions } from './options.ts';
import { readNamed } from './read.ts';

/** Says so where a model has none of the kernels of a schedule file, as when it was changed since. */
export function checkUsed(io: Io, { schedule = '' }: ScheduleOptions, all: Choices, used: number): void {
  if (used > 0 || all.size === 0) return;
  io.err(`cnnc: ${schedule}: this model has none of its kernels; run \`cnnc tune\` again\n`);
}

/** The part of the compiler's options that comes of it. */
export function readSchedules(io: Io, { schedule }: ScheduleOptions): { readonly schedules?: Choices } {
  if (schedule === undefined) return {};
  const text = readNamed(io, schedule).toString('utf8');
  try {
    return { schedules: parseChoices(text) };
  } catch (error) {
    if (!(error instanceof ScheduleError)) throw error;
    throw new InputError(`${schedule}: ${error.message}`);
  }
}
