/** `--schedule F`: what `cnnc tune` chose. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseChoices, ScheduleError } from '../index.ts';
import type { Choices } from '../index.ts';
import { InputError } from './errors.ts';
import type { Io } from './io.ts';
import type { ScheduleOptions } from './options.ts';

/** The part of the compiler's options that comes of it. */
export function readSchedules(io: Io, { schedule }: ScheduleOptions): { readonly schedules?: Choices } {
  if (schedule === undefined) return {};
  const text = readFileSync(resolve(io.cwd, schedule), 'utf8');
  try {
    return { schedules: parseChoices(text) };
  } catch (error) {
    if (!(error instanceof ScheduleError)) throw error;
    throw new InputError(`${schedule}: ${error.message}`);
  }
}
