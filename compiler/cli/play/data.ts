/** What the page trains on, and what is to be told of it. */
import { arrayDataset, DataError } from '../../data/index.ts';
import type { FingerprintedDataset } from '../../data/index.ts';
import type { Model } from '../../index.ts';
import { InputError, UsageError } from '../errors.ts';
import { readInputs } from '../inputs.ts';
import type { Io } from '../io.ts';
import { classCount, isFraction, keepApart, openTrainingData, portInfo } from '../model-data.ts';
import type { TrainingData } from '../model-data.ts';
import type { TrainingOptions } from '../options.ts';
import type { Setup } from './setup.ts';

/** What the loaders give, as for `cnnc train`; where none of them fits, says what would help. */
export function loadTrainingData(model: Model, options: TrainingOptions): TrainingData {
  try {
    return openTrainingData(model, options);
  } catch (error) {
    const [input, ...others] = model.inputs;
    if (!(error instanceof DataError) || (others.length === 0 && input?.type.shape.length === 3)) throw error;
    const ports = [...model.inputs, ...(model.training?.labels ?? [])];
    const words = ports.map(({ name }) => `--input ${name}=FILE`).join(' ');
    throw new InputError(`${error.message}, or numbers from files (.npy or .json): ${words}`);
  }
}

/** Inputs and labels from files, for models that no loader fits. */
export function readTrainingData(
  io: Io,
  model: Model,
  words: readonly string[],
  { validation }: Pick<TrainingOptions, 'validation'>,
): TrainingData {
  const ports = [...model.inputs, ...(model.training?.labels ?? [])].map(portInfo);
  const { arrays, samples } = readInputs(io, ports, words);
  if (!isFraction(validation))
    throw new UsageError(`--validation ${validation}: with --input, it is a fraction of the samples`);
  const all = arrayDataset(ports, arrays, samples, `${samples} samples of ${words.join(' ')}`);
  return { ...keepApart(all, validation), classes: [] };
}

/** The part of the setup that is about data. */
export function describeData(
  { train, validation }: TrainingData,
  { data, input, validation: kept }: TrainingOptions & { readonly input?: readonly string[] },
): Pick<Setup, 'train' | 'validation'> {
  const from = input ? input.join(' ') : data;
  const describe = ({ size, fingerprint }: FingerprintedDataset, what: string) => ({
    size,
    fingerprint,
    what,
  });
  if (!validation) return { train: describe(train, from) };
  const what = isFraction(kept) ? `kept apart of ${from}` : kept === 'test' ? `test data of ${from}` : kept;
  return { train: describe(train, from), validation: describe(validation, what) };
}

/** What the output of a classifier and its label are called; nothing for a model that tells no classes apart. */
export function classifierOf(
  { training, outputs }: Model,
  dataClasses: readonly string[],
): Pick<Setup, 'classifier'> {
  const label = training?.classLabels[0]?.label ?? training?.classCounts[0]?.label;
  const count = training?.classCounts[0]?.classes;
  const named = outputs.find(({ name }) => name === training?.classLabels[0]?.output);
  const output = named ?? (outputs.length === 1 ? outputs[0] : undefined);
  if (label === undefined || !output) return {};
  const size = output.type.shape.reduce<number>((product, extent) => product * Number(extent), 1);
  const classes = classCount(output);
  // One probability for each class, or that of the second of two: what else there may be is not shown as classes.
  if (size !== classes && size !== 1) return {};
  if (!named && count !== classes) return {};
  const numbers = Array.from({ length: classes }, (_, i) => String(i));
  const names = output.classes ?? (dataClasses.length === classes ? dataClasses : numbers);
  return { classifier: { output: output.name, label, classes: names } };
}
