/** The file from which `cnnc train --resume` goes on. */
import { existsSync, renameSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseCheckpoint } from '../../runtime/checkpoint.ts';
import { readSafetensors } from '../../runtime/safetensors.ts';
import { dataDifferences } from '../data/index.ts';
import type { DataDifference } from '../data/index.ts';
import { InputError, isModelError, UsageError } from './errors.ts';
import type { ModelFault } from './errors.ts';
import type { Io } from './io.ts';
import { readNamed } from './read.ts';
import { mismatchText } from './weights.ts';

/** Nothing where there is none yet, which is said. */
export function readCheckpoint(io: Io, file: string, seed: number | undefined): Uint8Array | undefined {
  const path = resolve(io.cwd, file);
  if (existsSync(path)) {
    const checkpoint = readNamed(io, file);
    const known = seedOf(checkpoint, file);
    if (seed === undefined || seed === known) return checkpoint;
    throw new UsageError(`--seed ${seed} does not go with --resume: ${file} began with --seed ${known}`);
  }
  io.err(`there is no ${file} yet: training begins anew\n`);
  return undefined;
}

function seedOf(checkpoint: Uint8Array, file: string): number {
  try {
    return parseCheckpoint(readSafetensors(checkpoint))[0].seed;
  } catch (error) {
    throw nameCheckpoint(file, error);
  }
}

/** A run that begins anew must not be resumed from an earlier run's checkpoint; nor is that one lost. */
export function setAside(io: Io, file: string): void {
  const path = resolve(io.cwd, file);
  if (!existsSync(path)) return;
  renameSync(path, `${path}.previous`);
  io.err(`kept the checkpoint of an earlier run as ${file}.previous (--resume goes on from a checkpoint)\n`);
}

/** What is wrong with a checkpoint, with the name of its file before it and what can be done behind it. */
export function nameCheckpoint(file: string, error: unknown): unknown {
  if (!isModelError(error)) return error;
  if (error.code !== 'checkpoint' && !error.code.startsWith('weights-')) return error;
  const anew = `without --resume, training begins anew and keeps it as ${file}.previous`;
  return new InputError(`${file}: ${problemOf(error)}\n  ${anew}`);
}

function problemOf(error: ModelFault): string {
  const { what, then, now } = error.details;
  if (what === 'batch size')
    return `that run had batches of ${String(then)} samples, this one has ${String(now)}`;
  if (what === 'data') {
    const differences = dataDifferences(String(then), String(now));
    return `that run had other data: ${differences.map((difference) => words[difference]).join(', ')}`;
  }
  return mismatchText(
    error,
    'a run goes on with the layers, the optimizer, --model and --set that it began with',
  );
}

const words: Readonly<Record<DataDifference, string>> = {
  samples: '--data, --input or their files were others',
  classes: '--only was another',
  parts: '--validation was another',
};
