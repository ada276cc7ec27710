import { join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { halfWeights } from '../../index.ts';
import type { Feature, Kernels } from '../../index.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { loadModel } from '../module.ts';
import {
  addModelOptions,
  addScheduleOption,
  featuresOption,
  kernelKinds,
  kernelsHelp,
  modelOptions,
  oneOf,
  stem,
  wholeNumber,
} from '../options.ts';
import type { ModelOptions, ScheduleOptions } from '../options.ts';
import { checkUsed, readSchedule, useOf } from '../schedules.ts';
import { compileFile } from '../source.ts';
import { byteSize } from '../text.ts';
import { writeFilesAtomic } from '../write.ts';
import type { FileToWrite } from '../write.ts';
import { nameFaults, readWeights } from '../weights.ts';

interface Options extends ModelOptions, ScheduleOptions {
  readonly target: 'ts' | 'js' | 'wgsl';
  readonly js?: boolean;
  readonly features?: readonly Feature[];
  readonly kernels?: Kernels;
  readonly threads?: 'none';
  readonly output: string;
  readonly inference?: boolean;
  readonly observe?: boolean;
  readonly weights?: string;
  readonly embed?: boolean;
  readonly weightsFormat: 'f32' | 'f16';
  readonly batchSize?: number;
  readonly json?: boolean;
}

export function addBuild(program: Command, io: Io): void {
  const command = program
    .command('build')
    .description('write the module that trains and predicts without anything else')
    .argument('<file>', 'a .cnn file')
    .option(
      '--target <target>',
      'ts, js with a .d.ts, or wgsl: a module for WebGPU, and its shaders',
      oneOf('ts', 'js', 'wgsl'),
      'ts',
    )
    .option('--js', 'of wgsl, the module as .js with a .d.ts')
    .addOption(featuresOption())
    .option('--kernels <kind>', `${kernelsHelp} (default: wasm)`, oneOf(...kernelKinds))
    .option('--threads <none>', 'none: without what runs kernels in workers', oneOf('none'))
    .option('-o, --output <folder>', 'where the files go', '.')
    .option('--inference', 'only what prediction needs')
    .option('--observe', 'with a method that shows what each layer makes of a sample')
    .option('--weights <file>', 'weights to put beside the module, or into it')
    .option('--embed', 'put the weights into the module (default file: NAME.safetensors)')
    .option(
      '--weights-format <format>',
      'how they are stored: f32, or f16 for half the bytes',
      oneOf('f32', 'f16'),
      'f32',
    )
    .option('--batch-size <n>', 'the largest batch of one prediction; more run in chunks', wholeNumber(1));
  addModelOptions(addScheduleOption(command))
    .option('--json', 'one JSON object')
    .action((file: string, options: Options) => build(io, file, options));
}

async function build(io: Io, file: string, options: Options): Promise<void> {
  const wanted = options.weights !== undefined || options.embed === true;
  if (!wanted && options.weightsFormat !== 'f32') {
    throw new UsageError(
      '--weights-format says how weights are stored; name them with --weights, or --embed them',
    );
  }
  checkTarget(options);
  const { path = '', bytes: weights } = wanted ? readWeights(io, file, options.weights) : {};
  if (options.schedule !== undefined && options.kernels === 'ts') {
    throw new UsageError('--schedule is about WebAssembly kernels; leave out --kernels ts');
  }
  const schedule = readSchedule(io, options);
  const beside =
    weights && !options.embed ? await nameFaults(path, () => checked(io, file, options, weights)) : undefined;
  const { files, report } = await nameFaults(path, () =>
    compileFile(io, file, {
      ...modelOptions(options),
      target: options.target,
      ...(options.js && { language: 'js' }),
      ...(options.features && { features: options.features }),
      ...(options.kernels && { kernels: options.kernels }),
      ...(schedule && { schedules: schedule.choices }),
      ...(options.threads && { threads: false }),
      ...(options.inference && { inference: true }),
      ...(options.observe && { observe: true }),
      ...(options.batchSize !== undefined && { batchSize: options.batchSize }),
      ...(options.embed && weights && { weights, weightsFormat: options.weightsFormat }),
    }),
  );
  const { tuned = [] } = report;
  if (schedule) checkUsed(io, file, schedule, tuned);
  const outputs: FileToWrite[] = files.map(({ path, content }) => ({ path, content }));
  if (beside) outputs.push({ path: `${stem(file)}.safetensors`, content: beside });
  const folder = resolve(io.cwd, options.output);
  const written = outputs.map(({ path, content }) => ({ path: join(folder, path), content }));
  writeFilesAtomic(written);
  const shown = written.map(({ path, content }) => ({
    path: relative(io.cwd, path) || path,
    bytes: typeof content === 'string' ? Buffer.byteLength(content) : content.length,
  }));
  if (options.json) io.out(`${JSON.stringify({ files: shown, report })}\n`);
  else for (const { path, bytes } of shown) io.out(`${path}  ${byteSize(bytes)}\n`);
  if (!options.json && schedule) io.out(`${schedule.name}  ${useOf(schedule, tuned)}\n`);
}

function checkTarget({ target, js, features, kernels, threads, schedule }: Options): void {
  if (target !== 'wgsl') {
    if (js) throw new UsageError('--js is about --target wgsl; there is --target js');
    if (features) throw new UsageError('--features is about --target wgsl');
    return;
  }
  const given = { kernels, threads, schedule };
  for (const [option, value] of Object.entries(given)) {
    if (value !== undefined) throw new UsageError(`--${option} is not about --target wgsl`);
  }
}

/** The weights as the model saves them, once it has taken them. */
async function checked(io: Io, file: string, options: Options, weights: Uint8Array): Promise<Uint8Array> {
  const { module } = await loadModel(io, file, { ...modelOptions(options), inference: true });
  const model = await module.createModel({ weights });
  try {
    const saved = await model.saveWeights();
    return options.weightsFormat === 'f16' ? halfWeights(saved) : saved;
  } finally {
    await model.dispose();
  }
}
