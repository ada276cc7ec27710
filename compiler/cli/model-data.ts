/** Which data a model takes, from its interface. */
import type { PortInfo } from '../../runtime/types.ts';
import { openData, splitDataset } from '../data/index.ts';
import type { Data, FingerprintedDataset, Wanted } from '../data/index.ts';
import type { Model, Port } from '../index.ts';
import { InputError, UsageError } from './errors.ts';
import type { DataOptions, TrainingOptions } from './options.ts';

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
export function openTrainingData(model: Model, options: TrainingOptions): TrainingData {
  const { validation } = options;
  const data = openModelData(model, options);
  const { classes } = data;
  if (isFraction(validation)) return { ...keepApart(data.train, validation), classes };
  if (validation !== 'test') {
    const other = openData(validation, wantedData(model, options));
    return { train: data.train, validation: other.test ?? other.train, classes };
  }
  if (!data.test) throw new InputError(`${data.spec} has no test data for --validation test`);
  return { train: data.train, validation: data.test, classes };
}
