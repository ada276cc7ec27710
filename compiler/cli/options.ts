/** Options that several commands share. */
import { basename } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { Kernels } from '../index.ts';

/** A whole number from `min` on. */
export const wholeNumber =
  (min: number, max = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/u.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(
        `expected a whole number from ${min}${max < 2 ** 53 - 1 ? ` to ${max}` : ' on'}.`,
      );
    }
    return value;
  };

/** Zero or more. */
export function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0)) throw new InvalidArgumentError('expected a number of seconds.');
  return value;
}

export function oneOf<T extends string>(...words: readonly T[]): (text: string) => T {
  return (text) => {
    const found = words.find((word) => word === text);
    if (found === undefined)
      throw new InvalidArgumentError(`expected ${words.join(', ').replace(/, ([^,]*)$/u, ' or $1')}.`);
    return found;
  };
}

/** Some of these words, with commas between them. */
const listOf =
  <T extends string>(...words: readonly T[]) =>
  (text: string): readonly T[] =>
    wordList(text).map(oneOf(...words));

export function wordList(text: string): readonly string[] {
  const words = text.split(',').map((word) => word.trim());
  if (words.some((word) => word === ''))
    throw new InvalidArgumentError('expected words with commas between them.');
  return words;
}

export type Settings = Readonly<Record<string, string>>;

function setting(text: string, before: Settings = {}): Settings {
  const match = /^([A-Za-z_]\w*)=(.*)$/su.exec(text);
  if (!match) throw new InvalidArgumentError('expected name=value.');
  if (match[2] === '') throw new InvalidArgumentError(`there is no value behind ${match[1]}=.`);
  return Object.fromEntries([...Object.entries(before), [match[1]!, match[2]!]]);
}

export interface ModelOptions {
  readonly model?: string;
  readonly set?: Settings;
  readonly winograd?: boolean;
}

/** `--model`, `--set` and `--no-winograd`: which model, with which parameters, and how it may round. */
export function addModelOptions(command: Command): Command {
  return command
    .option('--model <name>', 'which model of the file (default: the one that is trained, else the last)')
    .addOption(
      new Option(
        '--set <name=value>',
        "a value for one of the model's parameters; may be repeated",
      ).argParser(setting),
    )
    .option('--no-winograd', 'compute every convolution directly: slower, and rounded like plain sums');
}

/** The part of the options that the compiler takes. */
export function modelOptions({ model, set, winograd }: ModelOptions): ModelOptions {
  return {
    ...(model !== undefined && { model }),
    ...(set !== undefined && { set }),
    ...(winograd === false && { winograd }),
  };
}

export interface RunOptions {
  readonly kernels: Kernels;
  readonly threads?: number;
}

export const kernelsHelp = 'wasm, ts, or both: ts where there is no WebAssembly';
export const kernelKinds = ['wasm', 'ts', 'both'] as const;

/** `--kernels` and `--threads`: what a model runs on. Neither changes a bit. */
export function addRunOptions(command: Command): Command {
  return command
    .option('--kernels <kind>', kernelsHelp, oneOf(...kernelKinds), 'wasm')
    .option('--threads <n>', 'workers that share the work (default: none)', wholeNumber(1, 64));
}

/** What `createModel` takes of them. */
export const threadsOf = ({ threads }: RunOptions) => (threads === undefined ? {} : { threads });

export interface ScheduleOptions {
  readonly schedule?: string;
}

export function addScheduleOption(command: Command): Command {
  return command.option(
    '--schedule <file>',
    'schedules of kernels, as `cnnc tune` chose them; no bit changes',
  );
}

/** `--features`: what shaders use where a GPU has it. */
export const featuresOption = (): Option =>
  new Option(
    '--features <list>',
    'of wgsl, what shaders use where a GPU has it: subgroups, f16; others stay for the rest',
  ).argParser(listOf('subgroups', 'f16'));

export interface DataOptions {
  readonly data: string;
  readonly only?: readonly string[];
  readonly input?: readonly string[];
}

export function addDataOptions(command: Command): Command {
  return command
    .option('--data <spec>', 'synthetic:digits, idx:DIR, cifar10:PATH or folder:DIR', 'synthetic:digits')
    .option(
      '--only <classes>',
      'keep these classes of the data and number them in this order: 3,5',
      wordList,
    );
}

export function addInputOption(
  command: Command,
  about = 'numbers for an input or label from a .npy or .json file, in place of --data; may be repeated',
): Command {
  return command.option('--input <name=file>', about, (word: string, before: string[] = []) => [
    ...before,
    word,
  ]);
}

/** Where the samples come from, in the user's words. */
export const sourceOf = ({ data, input }: DataOptions): string => input?.join(' ') ?? data;

export interface SplitOptions {
  readonly split?: 'train' | 'test';
}

export function addSplitOption(command: Command): Command {
  return command.option(
    '--split <which>',
    'train or test (default: test where the data have it)',
    oneOf('train', 'test'),
  );
}

export interface TrainingOptions extends ModelOptions, DataOptions {
  readonly validation: string;
  readonly epochs?: number;
  readonly seed?: number;
}

/** The model, its data or numbers, `--validation`, `--epochs` and `--seed`: what is trained, on what, and for how long. */
export function addTrainingOptions(command: Command, fewestEpochs = 1): Command {
  return addModelOptions(addInputOption(addDataOptions(command)))
    .option(
      '--validation <what>',
      'a fraction to keep apart, `test` for the test data, or a data spec; 0 for none',
      '0.1',
    )
    .option('--epochs <n>', "how many epochs in total (default: the file's)", wholeNumber(fewestEpochs))
    .option(
      '--seed <n>',
      'for the first weights and everything random (default: 0)',
      wholeNumber(0, 2 ** 32 - 1),
    );
}

/** `models/digits.cnn` → `digits`: how outputs are called unless told. */
export function stem(file: string): string {
  return basename(file.replaceAll('\\', '/')).replace(/\.cnn$/u, '');
}

/** The options that were given, as one would type them again: ` --set width=8 --only 3,5`. */
export function repeated(options: ModelOptions & Partial<DataOptions>, withData: boolean): string {
  const words = [
    ...(options.model === undefined ? [] : ['--model', options.model]),
    ...Object.entries(options.set ?? {}).flatMap(([name, value]) => ['--set', `${name}=${value}`]),
    ...(options.winograd === false ? ['--no-winograd'] : []),
    ...(withData ? (options.input ?? []).flatMap((word) => ['--input', word]) : []),
    ...(withData && options.data !== undefined && options.data !== 'synthetic:digits'
      ? ['--data', options.data]
      : []),
    ...(withData && options.only ? ['--only', options.only.join(',')] : []),
  ];
  return words.map((word) => ` ${quoteWord(word)}`).join('');
}

/** A word as a shell takes it. */
export function quoteWord(word: string): string {
  return /^[\w./:=,@%+-]+$/u.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
