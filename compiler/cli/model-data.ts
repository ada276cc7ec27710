/** Which data a model takes, from its interface. */
import { createHash } from 'node:crypto';
import { bytesOf } from '../../runtime/arrays.ts';
import type { PortInfo } from '../../runtime/types.ts';
import { arrayDataset, DataError, openData, splitDataset } from '../data/index.ts';
import type { Data, FingerprintedDataset, Wanted } from '../data/index.ts';
import type { Model, Port } from '../index.ts';
import { InputError, UsageError } from './errors.ts';
import { readInputs } from './inputs.ts';
import type { Io } from './io.ts';
import type { DataOptions, SplitOptions, TrainingOptions } from './options.ts';

export function portInfo({ name, type }: Port): PortInfo {
  return { name, dtype: type.dtype, shape: type.shape.map(Number) };
}

/** How many classes an output tells apart: its last extent, two where that is one. */
export function classCount(output: Port): number {
  const last = Number(output.type.shape.at(-1) ?? 1);
  return last === 1 ? 2 : last;
}

/** The classes of the output that the label belongs to, or how many the loss tells apart; undefined where neither is known. */
function classesOf({ training, outputs }: Model): readonly string[] | number | undefined {
  const pair = training?.classLabels[0];
  const output = outputs.find(({ name }) => name === pair?.output);
  return output ? (output.classes ?? classCount(output)) : training?.classCounts[0]?.classes;
}

function wantedData(model: Model, { only }: Pick<DataOptions, 'only'>): Wanted {
  const classes = classesOf(model);
  return {
    inputs: model.inputs.map(portInfo),
    labels: (model.training?.labels ?? []).map(portInfo),
    ...(classes !== undefined && { classes }),
    ...(only && { only }),
  };
}

export function openModelData(model: Model, options: DataOptions): Data {
  return openData(options.data, wantedData(model, options));
}

/** The same for training and its figures: where no loader fits, says what would help. */
export function openSamples(model: Model, options: DataOptions): Data {
  try {
    return openModelData(model, options);
  } catch (error) {
    const [input, ...others] = model.inputs;
    if (!(error instanceof DataError) || (others.length === 0 && input?.type.shape.length === 3)) throw error;
    const words = samplePorts(model).map(({ name }) => `--input ${name}=FILE`);
    throw new InputError(`${error.message}, or numbers from files (.npy or .json): ${words.join(' ')}`);
  }
}

const samplePorts = ({ inputs, training }: Model): readonly PortInfo[] =>
  [...inputs, ...(training?.labels ?? [])].map(portInfo);

/** Inputs and labels from files of numbers, `NAME=FILE` each. */
export function readSamples(io: Io, model: Model, words: readonly string[]): FingerprintedDataset {
  const ports = samplePorts(model);
  const { arrays, samples } = readInputs(io, ports, words);
  const hash = createHash('sha256');
  for (const { name } of ports) hash.update(bytesOf(arrays[name]!));
  return arrayDataset(ports, arrays, samples, `numbers:${hash.digest('hex').slice(0, 32)}:`);
}

/** The label of `openNamedData`: no identifier of the language. */
const truthLabel: PortInfo = { name: '$truth', dtype: 'i32', shape: [] };

/**
 * Samples for any model that takes a picture, with a label that has the numbers of their classes. The classes are those of
 * the model where they fit, else those of the data: such samples can be looked at, too.
 */
export function openNamedData(
  model: Model,
  options: DataOptions,
): { readonly data: Data; readonly label: string } {
  const wanted = { ...wantedData(model, options), labels: [truthLabel] };
  const label = truthLabel.name;
  try {
    return { data: openData(options.data, wanted), label };
  } catch (error) {
    const others = error instanceof DataError && error.code === 'data-classes' && !options.only;
    if (!others) throw error;
    const { classes: _, ...rest } = wanted;
    return { data: openData(options.data, rest), label };
  }
}

/** The part of the data that was asked for: test data where there are some. */
export function splitOf(
  data: Data,
  { split = data.test ? 'test' : 'train' }: SplitOptions,
): readonly [samples: FingerprintedDataset, split: 'train' | 'test'] {
  const samples = data[split];
  if (!samples) throw new InputError(`${data.spec} has no ${split} data`);
  return [samples, split];
}

export interface TrainingData {
  readonly train: FingerprintedDataset;
  readonly validation: FingerprintedDataset | undefined;
  /** Names of the classes, in the order of their numbers. */
  readonly classes: readonly string[];
}

/** Whether `--validation` says how many of the samples to keep apart. */
export const isFraction = (validation: string): boolean => /^[\d.]+$/u.test(validation);

/** Keeps this fraction of the samples apart; none for 0. */
export function keepApart(samples: FingerprintedDataset, validation: string): Omit<TrainingData, 'classes'> {
  const fraction = Number(validation);
  if (!(fraction >= 0 && fraction < 1))
    throw new UsageError(`--validation ${validation}: a fraction is from 0 to below 1`);
  return fraction === 0 ? { train: samples, validation: undefined } : splitDataset(samples, fraction);
}

/** The samples to train on, and those to validate with. */
export function openTrainingData(io: Io, model: Model, options: TrainingOptions): TrainingData {
  const { validation, input } = options;
  if (input) {
    if (!isFraction(validation))
      throw new UsageError(`--validation ${validation}: with --input, it is a fraction of the samples`);
    return { ...keepApart(readSamples(io, model, input), validation), classes: [] };
  }
  const data = openSamples(model, options);
  const { classes } = data;
  if (isFraction(validation)) return { ...keepApart(data.train, validation), classes };
  if (validation !== 'test') {
    const other = openData(validation, wantedData(model, options));
    return { train: data.train, validation: other.test ?? other.train, classes };
  }
  if (!data.test) throw new InputError(`${data.spec} has no test data for --validation test`);
  return { train: data.train, validation: data.test, classes };
}
