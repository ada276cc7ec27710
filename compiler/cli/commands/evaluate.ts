import type { Command } from 'commander';
import { invariant } from '../../base/invariant.ts';
import type { FingerprintedDataset } from '../../data/index.ts';
import type { Model } from '../../index.ts';
import { InputError, UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { openSamples, readSamples, splitOf } from '../model-data.ts';
import { isTrainable, loadModel } from '../module.ts';
import {
  addDataOptions,
  addInputOption,
  addModelOptions,
  addRunOptions,
  modelOptions,
  sourceOf,
  addSplitOption,
  threadsOf,
} from '../options.ts';
import type { DataOptions, ModelOptions, RunOptions, SplitOptions } from '../options.ts';
import { grouped, scores } from '../text.ts';
import { nameFaults, readWeights } from '../weights.ts';

interface Options extends ModelOptions, DataOptions, SplitOptions, RunOptions {
  readonly weights?: string;
  readonly json?: boolean;
}

export function addEvaluate(program: Command, io: Io): void {
  const command = program
    .command('evaluate')
    .description('loss and metrics on data the model was not trained on')
    .argument('<file>', 'a .cnn file')
    .option('--weights <file>', 'a safetensors file (default: NAME.safetensors)');
  addSplitOption(addRunOptions(addModelOptions(addInputOption(addDataOptions(command)))))
    .option('--json', 'one JSON object')
    .action((file: string, options: Options) => evaluate(io, file, options));
}

async function evaluate(io: Io, file: string, options: Options): Promise<void> {
  const { compiled, module } = await loadModel(io, file, {
    ...modelOptions(options),
    kernels: options.kernels,
  });
  const { model } = compiled;
  if (!model.training)
    throw new InputError(`${file}: \`${model.name}\` has no \`train\` block, so there is no loss to measure`);
  const { samples, what, split } = samplesOf(io, model, options);
  const weights = readWeights(io, file, options.weights);
  const instance = await nameFaults(weights.path, () =>
    module.createModel({ weights: weights.bytes, ...threadsOf(options) }),
  );
  invariant(isTrainable(instance), 'a model with a `train` block has `fit`');
  const result = await instance.evaluate(samples);
  if (options.json) {
    io.out(`${JSON.stringify({ data: what, split, samples: samples.size, scores: result })}\n`);
  } else {
    io.out(
      `${scores(result)}  (${grouped(samples.size)} samples of ${what}${split === undefined ? '' : `, ${split}`})\n`,
    );
  }
}

interface Samples {
  readonly samples: FingerprintedDataset;
  readonly what: string;
  readonly split?: 'train' | 'test';
}

function samplesOf(io: Io, model: Model, options: Options): Samples {
  if (options.input) {
    if (options.split) throw new UsageError('--split is about --data; it does not go with --input');
    return { samples: readSamples(io, model, options.input), what: sourceOf(options) };
  }
  const data = openSamples(model, options);
  const [samples, split] = splitOf(data, options);
  return { samples, what: data.spec, split };
}
