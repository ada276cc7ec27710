/** The weights that evaluate, predict and build work with. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { InputError, isModelError } from './errors.ts';
import type { ModelFault } from './errors.ts';
import type { Io } from './io.ts';
import { quoteWord, stem } from './options.ts';
import { readNamed } from './read.ts';
import { openSource } from './source.ts';

interface WeightsFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** The file named, else `NAME.safetensors`, which is where `train` puts them. */
export function readWeights(io: Io, file: string, named: string | undefined): WeightsFile {
  const path = named ?? `${stem(file)}.safetensors`;
  if (!existsSync(resolve(io.cwd, path))) {
    // A misspelt model has no weights either.
    openSource(io, file);
    const hint =
      named === undefined ? `; \`cnnc train ${quoteWord(file)}\` makes it, --weights names another` : '';
    throw new InputError(`${path}: there is no such file${hint}`);
  }
  return { path, bytes: readNamed(io, path) };
}

/** What is wrong with the weights, with the name of their file before it. */
export async function nameFaults<T>(
  path: string,
  load: () => T | Promise<T>,
  advice = 'weights fit the layers, --model and --set that they were trained with',
): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (!isModelError(error) || !error.code.startsWith('weights')) throw error;
    throw new InputError(`${path}: ${mismatchText(error, advice)}`);
  }
}

const kinds = {
  reshaped: 'of another shape in it',
  missing: 'not in it',
  extra: 'in it alone',
} as const;

/** Names that one list shows. */
const mostNames = 3;

/** The message of an error about weights; for those of another model, a line for each way in which they differ, and `advice`. */
export function mismatchText({ message, details }: ModelFault, advice: string): string {
  const lists = Object.entries(kinds).flatMap(([kind, what]) => {
    const names = details[kind];
    return Array.isArray(names) && names.length > 0 ? [{ what, names: names.map(String) }] : [];
  });
  if (lists.length === 0) return message;
  // What an optimizer keeps (`momentum@conv2d.kernel`) differs wherever weights do.
  const plain = lists.map(({ what, names }) => ({
    what,
    names: names.filter((name) => !name.includes('@')),
  }));
  const shown = plain.some(({ names }) => names.length > 0) ? plain : lists;
  const lines = shown.flatMap(({ what, names }) => (names.length === 0 ? [] : [`${what}: ${listed(names)}`]));
  return ['these are weights of another model', ...lines, advice].join('\n  ');
}

function listed(names: readonly string[]): string {
  const more = names.length - mostNames;
  return `${names.slice(0, mostNames).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
