/** What the page trains on, and what is to be told of it. */
import type { FingerprintedDataset } from '../../data/index.ts';
import type { Model } from '../../index.ts';
import { classCount, isFraction } from '../model-data.ts';
import type { TrainingData } from '../model-data.ts';
import { sourceOf } from '../options.ts';
import type { TrainingOptions } from '../options.ts';
import type { Setup } from './setup.ts';

/** The part of the setup that is about data. */
export function describeData(
  { train, validation }: TrainingData,
  options: TrainingOptions,
): Pick<Setup, 'train' | 'validation'> {
  const [from, kept] = [sourceOf(options), options.validation];
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
