import { existsSync, readFileSync, renameSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { checkpointSeed } from '../../../runtime/checkpoint.ts';
import type { Dataset, EpochRecord, History, TrainableModel, Batch } from '../../../runtime/types.ts';
import type { FingerprintedDataset } from '../../data/index.ts';
import { InputError, Interrupted, modelErrorCode, UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { openTrainingData, validationOption } from '../model-data.ts';
import { isTrainable, loadModel } from '../module.ts';
import type { Loaded } from '../module.ts';
import {
  addDataOptions,
  addModelOptions,
  addRunOptions,
  modelOptions,
  quoteWord,
  repeated,
  seconds,
  stem,
  threadsOf,
  wholeNumber,
} from '../options.ts';
import type { DataOptions, ModelOptions, RunOptions } from '../options.ts';
import { adviceOf } from '../advice.ts';
import { trainingProgress } from '../progress.ts';
import { duration, grouped, scores } from '../text.ts';
import { nameFaults } from '../weights.ts';
import { writeFileAtomic } from '../write.ts';

interface Options extends ModelOptions, DataOptions, RunOptions {
  readonly output?: string;
  readonly validation: string;
  readonly epochs?: number;
  readonly seed?: number;
  readonly init?: string;
  readonly resume?: boolean;
  readonly checkpointEvery: number;
  readonly json?: boolean;
}

/** Everything a run needs. */
interface Run {
  readonly io: Io;
  readonly file: string;
  readonly options: Options;
  readonly model: TrainableModel<Batch, Batch, Batch>;
  readonly train: FingerprintedDataset;
  readonly validation: Dataset | undefined;
  /** As the user would write them, relative to `io.cwd`. */
  readonly weightsFile: string;
  readonly checkpointFile: string;
}

export function addTrain(program: Command, io: Io): void {
  const command = program
    .command('train')
    .description('train a model; writes its weights, and checkpoints on the way')
    .argument('<file>', 'a .cnn file');
  addRunOptions(addModelOptions(addDataOptions(command)))
    .option('-o, --output <file>', 'where the weights go (default: NAME.safetensors)')
    .addOption(validationOption())
    .option('--epochs <n>', "how many epochs in total (default: the file's)", wholeNumber(0))
    .option(
      '--seed <n>',
      'for the first weights and everything random (default: 0)',
      wholeNumber(0, 2 ** 32 - 1),
    )
    .option(
      '--init <file>',
      'weights to begin with; LAYER=FILE: those of one layer, or of the model used as it',
    )
    .option('--resume', 'go on from the checkpoint; ends in the same bits as a run that was never stopped')
    .option('--checkpoint-every <seconds>', 'besides after every epoch', seconds, 30)
    .option('--json', 'one JSON object per line')
    .action((file: string, options: Options) => train(io, file, options));
}

/** A model with its first weights. */
async function begin(io: Io, { module }: Loaded, options: Options) {
  const { init, seed = 0 } = options;
  const threads = threadsOf(options);
  if (init === undefined) return module.createModel({ seed, ...threads });
  const ofLayer = existsSync(resolve(io.cwd, init)) ? null : /^([\w.]+)=(.+)$/su.exec(init);
  const [, only, path = init] = ofLayer ?? [];
  if (!existsSync(resolve(io.cwd, path))) throw new InputError(`${path}: there is no such file`);
  const weights = readFileSync(resolve(io.cwd, path));
  return nameFaults(path, async () => {
    if (only === undefined) return module.createModel({ seed, weights, ...threads });
    const model = await module.createModel({ seed, ...threads });
    await model.loadWeights(weights, { only });
    return model;
  });
}

async function train(io: Io, file: string, options: Options): Promise<void> {
  if (options.resume && options.init !== undefined) {
    throw new UsageError('--resume goes on with the weights of its checkpoint; --init does not go with it');
  }
  const loaded = await loadModel(io, file, { ...modelOptions(options), kernels: options.kernels });
  const model = loaded.compiled.model;
  if (!model.training)
    throw new InputError(`${file}: \`${model.name}\` has no \`train\` block, so it cannot be trained`);
  const { train, validation } = openTrainingData(model, options);
  const weightsFile = options.output ?? `${stem(file)}.safetensors`;
  const checkpointFile = `${weightsFile.replace(/\.safetensors$/u, '')}.checkpoint`;
  const resume = options.resume ? readCheckpoint(io, checkpointFile, options.seed) : undefined;
  const instance = await begin(io, loaded, options);
  if (!isTrainable(instance)) throw new InputError(`${file}: \`${model.name}\` has no \`train\` block`);
  if (!resume) setAside(io, checkpointFile);
  const run: Run = { io, file, options, model: instance, train, validation, weightsFile, checkpointFile };
  const parameters = loaded.compiled.report.parameters;
  if (!options.json) {
    const held = validation ? `, ${grouped(validation.size)} for validation` : '';
    io.err(
      `${model.name}: ${grouped(parameters)} parameters, ${grouped(train.size)} samples of ${options.data}${held}\n`,
    );
  }
  return io.interruptible((signal) => fitAndSave(run, signal, resume));
}

function readCheckpoint(io: Io, file: string, seed: number | undefined): Uint8Array | undefined {
  const path = resolve(io.cwd, file);
  if (existsSync(path)) {
    const checkpoint = readFileSync(path);
    const known = checkpointSeed(checkpoint);
    if (seed === undefined || seed === known) return checkpoint;
    throw new UsageError(`--seed ${seed} does not go with --resume: ${file} began with --seed ${known}`);
  }
  io.err(`there is no ${file} yet: training begins anew\n`);
  return undefined;
}

/** A run that begins anew must not be resumed from an earlier run's checkpoint; nor is that one lost. */
function setAside(io: Io, file: string): void {
  const path = resolve(io.cwd, file);
  if (!existsSync(path)) return;
  renameSync(path, `${path}.previous`);
  io.err(`kept the checkpoint of an earlier run as ${file}.previous (--resume goes on from a checkpoint)\n`);
}

async function fitAndSave(run: Run, signal: AbortSignal, resume: Uint8Array | undefined): Promise<void> {
  const { io, model, options } = run;
  const progress = trainingProgress(io);
  const save = async (): Promise<void> =>
    writeFileAtomic(resolve(io.cwd, run.checkpointFile), await model.saveCheckpoint());
  let saved = performance.now();
  let epochBegan = performance.now();
  const began = performance.now();
  let history: History;
  try {
    history = await model.fit(run.train, {
      ...(options.epochs !== undefined && { epochs: options.epochs }),
      ...(run.validation && { validation: run.validation }),
      ...(resume && { resume }),
      signal,
      async onBatchEnd(now) {
        if (!options.json) progress.update(now);
        if (performance.now() - saved < options.checkpointEvery * 1000) return;
        await save();
        saved = performance.now();
      },
      async onEpochEnd(record) {
        progress.clear();
        await save();
        saved = performance.now();
        printEpoch(run, record, (saved - epochBegan) / 1000);
        epochBegan = saved;
      },
    });
  } catch (error) {
    progress.clear();
    await stopped(run, error, save);
    throw error;
  }
  progress.clear();
  writeFileAtomic(resolve(io.cwd, run.weightsFile), await model.saveWeights());
  await save();
  printEnd(run, history, (performance.now() - began) / 1000);
}

/** Keeps what can be kept of a run that did not reach its end. */
async function stopped(run: Run, error: unknown, save: () => Promise<void>): Promise<void> {
  const code = modelErrorCode(error);
  if (code === 'aborted') {
    await save();
    throw new Interrupted(`stopped; ${run.checkpointFile} is saved, and --resume goes on from it`);
  }
  if (code !== 'not-finite') return;
  writeFileAtomic(resolve(run.io.cwd, run.weightsFile), await run.model.saveWeights());
  const kept = existsSync(resolve(run.io.cwd, run.checkpointFile))
    ? `, the last checkpoint is ${run.checkpointFile}`
    : '';
  const advice = 'a smaller learning_rate often helps';
  throw new InputError(`${(error as Error).message}\n  saved in ${run.weightsFile}${kept}; ${advice}`);
}

function printEpoch({ io, options }: Run, record: EpochRecord, took: number): void {
  if (options.json) {
    io.out(`${JSON.stringify({ event: 'epoch', ...record })}\n`);
    return;
  }
  const validation = record.validation ? `  │ validation ${scores(record.validation)}` : '';
  io.out(`epoch ${record.epoch}  ${scores(record.train)}${validation}  │ ${duration(took)}\n`);
}

function printEnd(
  { io, file, options, weightsFile, checkpointFile }: Run,
  history: History,
  took: number,
): void {
  const advice = adviceOf(history);
  if (options.json) {
    const files = { weights: weightsFile, checkpoint: checkpointFile };
    io.out(
      `${JSON.stringify({ event: 'end', history, ...files, ...(advice && { worseFrom: advice.epoch }) })}\n`,
    );
    return;
  }
  if (advice) io.out(`${advice.message}\n`);
  const name = quoteWord(file);
  const weights = options.output === undefined ? '' : ` --weights ${quoteWord(weightsFile)}`;
  const again = repeated(options, false);
  io.out(
    [
      `trained in ${duration(took)}; weights in ${weightsFile}. Next:`,
      `  cnnc evaluate ${name}${weights}${repeated(options, true)}`,
      `  cnnc predict ${name}${weights}${again} PICTURE.png`,
      `  cnnc build ${name} --weights ${quoteWord(weightsFile)} --embed${again}`,
      '',
    ].join('\n'),
  );
}
