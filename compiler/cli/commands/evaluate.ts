import type { Command } from 'commander';
import { invariant } from '../../base/invariant.ts';
import { InputError } from '../errors.ts';
import type { Io } from '../io.ts';
import { openModelData } from '../model-data.ts';
import { isTrainable, loadModel } from '../module.ts';
import {
  addDataOptions,
  addModelOptions,
  addRunOptions,
  modelOptions,
  oneOf,
  threadsOf,
} from '../options.ts';
import type { DataOptions, ModelOptions, RunOptions } from '../options.ts';
import { grouped, scores } from '../text.ts';
import { nameFaults, readWeights } from '../weights.ts';

interface Options extends ModelOptions, DataOptions, RunOptions {
  readonly weights?: string;
  readonly split?: 'train' | 'test';
  readonly json?: boolean;
}

export function addEvaluate(program: Command, io: Io): void {
  const command = program
    .command('evaluate')
    .description('loss and metrics on data the model was not trained on')
    .argument('<file>', 'a .cnn file')
    .option('--weights <file>', 'a safetensors file (default: NAME.safetensors)');
  addRunOptions(addModelOptions(addDataOptions(command)))
    .option('--split <which>', 'train or test (default: test where the data have it)', oneOf('train', 'test'))
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
  const data = openModelData(model, options);
  const weights = readWeights(io, file, options.weights);
  const instance = await nameFaults(weights.path, () =>
    module.createModel({ weights: weights.bytes, ...threadsOf(options) }),
  );
  invariant(isTrainable(instance), 'a model with a `train` block has `fit`');
  const split = options.split ?? (data.test ? 'test' : 'train');
  const samples = data[split];
  if (!samples) throw new InputError(`${data.spec} has no ${split} data`);
  const result = await instance.evaluate(samples);
  if (options.json) {
    io.out(`${JSON.stringify({ data: data.spec, split, samples: samples.size, scores: result })}\n`);
  } else {
    io.out(`${scores(result)}  (${grouped(samples.size)} samples of ${data.spec}, ${split})\n`);
  }
}
