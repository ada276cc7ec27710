import { createHash } from 'node:crypto';
import type { Command } from 'commander';
import type { Feature } from '../../index.ts';
import { InputError, Interrupted } from '../errors.ts';
import type { Io } from '../io.ts';
import { openTrainingData, portInfo } from '../model-data.ts';
import { loadModel } from '../module.ts';
import { addTrainingOptions, featuresOption, modelOptions, stem, wholeNumber } from '../options.ts';
import type { TrainingOptions } from '../options.ts';
import { classifierOf, describeData } from '../play/data.ts';
import { addFile, appFiles } from '../play/files.ts';
import { compileForGpu, compileForPage } from '../play/modules.ts';
import { openBrowser } from '../play/open.ts';
import { sampleReader } from '../play/samples.ts';
import type { RunningServer, Site } from '../play/server.ts';
import { serve } from '../play/server.ts';
import type { Setup } from '../play/setup.ts';
import { grouped } from '../text.ts';
import { nameFaults, readWeights } from '../weights.ts';

interface Options extends TrainingOptions {
  readonly weights?: string;
  readonly port?: number;
  readonly features?: readonly Feature[];
  readonly open?: boolean;
}

/** Where the page is unless told; any other port where that one is taken. */
const usualPort = 4100;

/** Samples in one pass of a prediction. */
const batchSize = 32;

export function addPlay(program: Command, io: Io): void {
  const command = program
    .command('play')
    .description('train the model in the browser, and see what it sees; serves a page on this machine alone')
    .argument('<file>', 'a .cnn file');
  addTrainingOptions(command)
    .option('--weights <file>', 'a safetensors file to begin with (default: none)')
    .option(
      '--port <n>',
      `where the page is (default: ${usualPort}, or any that is free; 0: any)`,
      wholeNumber(0, 65535),
    )
    .addOption(featuresOption())
    .option('--open', 'open the page in the browser')
    .action((file: string, options: Options) => play(io, file, options));
}

async function play(io: Io, file: string, options: Options): Promise<void> {
  const files = appFiles();
  const settings = { ...modelOptions(options), batchSize };
  const { model, report, script } = compileForPage(io, file, settings);
  if (!model.training)
    throw new InputError(`${file}: \`${model.name}\` has no \`train\` block, so it cannot be trained`);
  const data = openTrainingData(io, model, options);
  const weights =
    options.weights === undefined ? undefined : await checkedWeights(io, file, options.weights, options);
  const gpu = compileForGpu(io, file, {
    ...settings,
    ...(options.features && { features: options.features }),
  });
  const described = describeData(data, options);
  const seed = options.seed ?? 0;
  const setup: Setup = {
    id: idOf(script, JSON.stringify([seed, described]), weights ?? ''),
    model: model.name,
    stem: stem(file),
    parameters: report.parameters,
    epochs: options.epochs ?? model.training.epochs,
    batchSize: model.training.batchSize,
    seed,
    ...described,
    ...classifierOf(model, data.classes),
    weights: weights !== undefined,
    ...(gpu.reason !== undefined && { noGpuModule: gpu.reason }),
  };
  addFile(files, '/model.js', script);
  if (gpu.script !== undefined) addFile(files, '/model.gpu.js', gpu.script);
  if (weights) addFile(files, '/weights.safetensors', weights);
  addFile(files, '/play.json', JSON.stringify(setup));
  const ports = [...model.inputs, ...model.training.labels].map(portInfo);
  const answers = new Map([['/data/train', sampleReader(data.train, ports)]]);
  if (data.validation) answers.set('/data/validation', sampleReader(data.validation, ports));
  const held = data.validation ? `, ${grouped(data.validation.size)} for validation` : '';
  io.err(
    `${model.name}: ${grouped(setup.parameters)} parameters, ${grouped(data.train.size)} samples of ${setup.train.what}${held}\n`,
  );
  const server = await listen({ files, answers }, options.port);
  io.out(`${server.address}\n`);
  io.err('Ctrl-C ends it\n');
  if (options.open) openBrowser(io, server.address);
  await io.interruptible((signal) => aborted(signal));
  await server.close();
  throw new Interrupted('');
}

/** Equal for equal parts. */
function idOf(...parts: readonly (Uint8Array | string)[]): string {
  const hashes = parts.map((part) => createHash('sha256').update(part).digest('hex'));
  return createHash('sha256').update(hashes.join()).digest('hex');
}

/** The port that was named; else the usual one, or any where others have that. */
async function listen(site: Site, port: number | undefined): Promise<RunningServer> {
  try {
    return await serve(site, port ?? usualPort);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const taken = code === 'EADDRINUSE' || code === 'EACCES';
    if (taken && port === undefined) return serve(site, 0);
    if (!taken) throw error;
    const why = code === 'EACCES' ? 'is not for everyone' : 'is in use';
    throw new InputError(`port ${port} ${why}; --port 0 takes any that is free`);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener('abort', () => done(), { once: true });
  });
}

async function checkedWeights(io: Io, file: string, path: string, options: Options): Promise<Uint8Array> {
  const { bytes } = readWeights(io, file, path);
  const { module } = await loadModel(io, file, { ...modelOptions(options), inference: true });
  const model = await nameFaults(path, () => module.createModel({ weights: bytes }));
  await model.dispose();
  return bytes;
}
