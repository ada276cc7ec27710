import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { readSafetensors } from '../../../runtime/safetensors.ts';
import type { Dataset, EpochRecord, History, TrainableModel, Batch } from '../../../runtime/types.ts';
import { invariant } from '../../base/invariant.ts';
import type { FingerprintedDataset } from '../../data/index.ts';
import { nameCheckpoint, readCheckpoint, setAside } from '../checkpoint.ts';
import { asTyped, InputError, Interrupted, isModelError, UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { openTrainingData } from '../model-data.ts';
import { isTrainable, loadModel } from '../module.ts';
import type { Loaded } from '../module.ts';
import {
  addRunOptions,
  addTrainingOptions,
  modelOptions,
  quoteWord,
  repeated,
  seconds,
  sourceOf,
  stem,
  threadsOf,
  wholeNumber,
} from '../options.ts';
import type { RunOptions, TrainingOptions } from '../options.ts';
import { adviceOf, bestEpoch, notFiniteAdvice } from '../advice.ts';
import { trainingProgress } from '../progress.ts';
import type { TrainingProgress } from '../progress.ts';
import { readNamed } from '../read.ts';
import { duration, figure, grouped, scores } from '../text.ts';
import { nameFaults } from '../weights.ts';
import { checkWritable, writeFileAtomic } from '../write.ts';

interface Options extends TrainingOptions, RunOptions {
  readonly output?: string;
  readonly init?: string;
  readonly resume?: boolean;
  readonly checkpointEvery: number;
  readonly earlyStopping?: number;
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
  /** What `predict` takes, for example. */
  readonly example: string;
}

export function addTrain(program: Command, io: Io): void {
  const command = program
    .command('train')
    .description('train a model; writes its weights, and checkpoints on the way')
    .argument('<file>', 'a .cnn file');
  addRunOptions(addTrainingOptions(command, 0))
    .option('-o, --output <file>', 'where the weights go (default: NAME.safetensors)')
    .option(
      '--init <file>',
      'weights to begin with; LAYER=FILE: those of one layer, or of the model used as it',
    )
    .option('--resume', 'go on from the checkpoint; ends in the same bits as a run that was never stopped')
    .option(
      '--early-stopping <epochs>',
      'stop where the loss on validation data has not fallen for so many epochs; the weights are those of the best epoch',
      wholeNumber(1),
    )
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
  const weights = readNamed(io, path);
  const begun = async () => {
    if (only === undefined) return module.createModel({ seed, weights, ...threads });
    const model = await module.createModel({ seed, ...threads });
    checkLayer(only, await model.saveWeights());
    await model.loadWeights(weights, { only });
    return model;
  };
  return nameFaults(path, begun, '--init LAYER=FILE takes the weights of one layer alone');
}

/** A model used as a layer has layers of its own: `digits` is one as `digits.conv2d` is. */
function checkLayer(wanted: string, weights: Uint8Array): void {
  const names = [...readSafetensors(weights).tensors.keys()];
  if (names.some((name) => name.startsWith(`${wanted}.`))) return;
  const layers = [...new Set(names.map((name) => name.slice(0, name.lastIndexOf('.'))))];
  const shown = layers.length > 12 ? [...layers.slice(0, 12), '…'] : layers;
  throw new UsageError(`--init: no layer \`${wanted}\` has weights; those that have: ${shown.join(', ')}`);
}

async function train(io: Io, file: string, options: Options): Promise<void> {
  if (options.resume && options.init !== undefined) {
    throw new UsageError('--resume goes on with the weights of its checkpoint; --init does not go with it');
  }
  const loaded = await loadModel(io, file, { ...modelOptions(options), kernels: options.kernels });
  const model = loaded.compiled.model;
  if (!model.training)
    throw new InputError(`${file}: \`${model.name}\` has no \`train\` block, so it cannot be trained`);
  const weightsFile = options.output ?? `${stem(file)}.safetensors`;
  const checkpointFile = `${weightsFile.replace(/\.safetensors$/u, '')}.checkpoint`;
  for (const path of [weightsFile, checkpointFile]) checkWritable(resolve(io.cwd, path));
  const { train, validation } = openTrainingData(io, model, options);
  if (options.earlyStopping !== undefined && !validation) {
    throw new UsageError('--early-stopping goes by validation data; it does not go with --validation 0');
  }
  const resume = options.resume ? readCheckpoint(io, checkpointFile, options.seed) : undefined;
  const instance = await begin(io, loaded, options);
  invariant(isTrainable(instance), 'a model with a `train` block has `fit`');
  if (!resume) setAside(io, checkpointFile);
  const example = options.input
    ? model.inputs.map(({ name }) => `--input ${name}=FILE`).join(' ')
    : 'PICTURE.png';
  const run: Run = {
    io,
    file,
    options,
    model: instance,
    train,
    validation,
    weightsFile,
    checkpointFile,
    example,
  };
  const parameters = loaded.compiled.report.parameters;
  if (!options.json) {
    const held = validation ? `, ${grouped(validation.size)} for validation` : '';
    const from = resume ? `; goes on from ${checkpointFile}` : '';
    io.err(
      `${model.name}: ${grouped(parameters)} parameters, ${grouped(train.size)} samples of ${sourceOf(options)}${held}${from}\n`,
    );
  }
  return io.interruptible((signal) => fitAndSave(run, signal, resume));
}

async function fitAndSave(run: Run, signal: AbortSignal, resume: Uint8Array | undefined): Promise<void> {
  const { io, model, options } = run;
  const progress = trainingProgress(io);
  const checkpoints = new Checkpoints(run);
  let epochs = 0;
  let epochBegan = performance.now();
  const began = performance.now();
  let history: History;
  try {
    history = await model.fit(run.train, {
      ...(options.epochs !== undefined && { epochs: options.epochs }),
      ...(run.validation && { validation: run.validation }),
      ...(resume && { resume }),
      ...(options.earlyStopping !== undefined && { earlyStopping: { patience: options.earlyStopping } }),
      signal,
      async onBatchEnd(now) {
        if (!options.json) progress.update(now);
        if (checkpoints.age >= options.checkpointEvery) await checkpoints.tryToSave(progress);
      },
      async onEpochEnd(record) {
        progress.clear();
        epochs++;
        await checkpoints.tryToSave(progress);
        printEpoch(run, record, (performance.now() - epochBegan) / 1000);
        epochBegan = performance.now();
      },
    });
  } catch (error) {
    progress.clear();
    await stopped(run, error, checkpoints);
    throw resume ? nameCheckpoint(run.checkpointFile, error) : error;
  }
  progress.clear();
  writeFileAtomic(resolve(io.cwd, run.weightsFile), await model.saveWeights());
  // With the weights of an earlier epoch, training would not go on where it ended.
  if (options.earlyStopping === undefined) await checkpoints.save();
  if (resume && epochs === 0) io.err(nothingLeft(run, history));
  printEnd(run, history, (performance.now() - began) / 1000);
}

function nothingLeft({ checkpointFile, options }: Run, history: History): string {
  const ended = options.earlyStopping !== undefined ? 'ended' : `has trained ${history.length} epochs`;
  return `nothing was left to train: the run of ${checkpointFile} ${ended}; more with --epochs N\n`;
}

/** The file from which `--resume` goes on. */
class Checkpoints {
  readonly #run: Run;
  #saved = performance.now();
  #failing = false;

  constructor(run: Run) {
    this.#run = run;
  }

  /** Seconds since the last one. */
  get age(): number {
    return (performance.now() - this.#saved) / 1000;
  }

  async save(): Promise<void> {
    const { io, checkpointFile, model } = this.#run;
    writeFileAtomic(resolve(io.cwd, checkpointFile), await model.saveCheckpoint());
  }

  /** A disk that is full for a while does not end the training; it is said once. */
  async tryToSave(progress: TrainingProgress): Promise<void> {
    const { io } = this.#run;
    try {
      await this.save();
      this.#failing = false;
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      progress.clear();
      if (!this.#failing)
        io.err(`${asTyped(error.message, io.cwd)}: training goes on without a new checkpoint\n`);
      this.#failing = true;
    }
    this.#saved = performance.now();
  }
}

/** Keeps what can be kept of a run that did not reach its end. */
async function stopped(run: Run, error: unknown, checkpoints: Checkpoints): Promise<void> {
  if (!isModelError(error)) return;
  const { code, message } = error;
  if (code === 'aborted') {
    await checkpoints.save();
    throw new Interrupted(`stopped; ${run.checkpointFile} is saved, and --resume goes on from it`);
  }
  if (code !== 'not-finite') return;
  writeFileAtomic(resolve(run.io.cwd, run.weightsFile), await run.model.saveWeights());
  const kept = existsSync(resolve(run.io.cwd, run.checkpointFile))
    ? `, the last checkpoint is ${run.checkpointFile}`
    : '';
  throw new InputError(`${message}\n  saved in ${run.weightsFile}${kept}; ${notFiniteAdvice(message)}`);
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
  { io, file, options, weightsFile, checkpointFile, example }: Run,
  history: History,
  took: number,
): void {
  const advice = adviceOf(history);
  const kept = options.earlyStopping === undefined ? undefined : bestEpoch(history);
  if (options.json) {
    const files = { weights: weightsFile, checkpoint: checkpointFile };
    const found = { ...(advice && { worseFrom: advice.epoch }), ...(kept && { weightsOf: kept.epoch }) };
    io.out(`${JSON.stringify({ event: 'end', history, ...files, ...found })}\n`);
    return;
  }
  if (advice) io.out(`${advice.message}\n`);
  if (kept)
    io.out(
      `the weights are those of epoch ${kept.epoch}, the best one (validation loss ${figure(kept.loss)})\n`,
    );
  else if (advice)
    io.out('(--early-stopping 2 ends such a run by itself, with the weights of the best epoch)\n');
  const name = quoteWord(file);
  const weights = options.output === undefined ? '' : ` --weights ${quoteWord(weightsFile)}`;
  const again = repeated(options, false);
  io.out(
    [
      `trained in ${duration(took)}; weights in ${weightsFile}. Next:`,
      `  cnnc evaluate ${name}${weights}${repeated(options, true)}`,
      `  cnnc predict ${name}${weights}${again} ${example}`,
      `  cnnc build ${name} --weights ${quoteWord(weightsFile)} --embed${again}`,
      '',
    ].join('\n'),
  );
}
