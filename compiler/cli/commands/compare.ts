import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import type { EpochRecord, Scores } from '../../../runtime/types.ts';
import { bestEpoch } from '../advice.ts';
import { InputError, Interrupted, isModelError, UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { openTrainingData } from '../model-data.ts';
import { isTrainable, loadModel } from '../module.ts';
import {
  addRunOptions,
  addTrainingOptions,
  modelOptions,
  quoteWord,
  repeated,
  threadsOf,
} from '../options.ts';
import type { RunOptions, Settings, TrainingOptions } from '../options.ts';
import { trainingProgress } from '../progress.ts';
import { duration, figure, grouped, table } from '../text.ts';

/** The values to try of each parameter, in the order in which they were given. */
type Alternatives = ReadonlyMap<string, readonly string[]>;

interface Options extends TrainingOptions, RunOptions {
  readonly try?: Alternatives;
  readonly json?: boolean;
}

/** One training, and the epoch of it that was best on validation data. */
interface Trial {
  readonly set: Settings;
  readonly parameters: number;
  readonly seconds: number;
  /** Absent where loss or gradients were not finite. */
  readonly best?: { readonly epoch: number; readonly validation: Scores };
}

export function addCompare(program: Command, io: Io): void {
  const command = program
    .command('compare')
    .description('train with several values of parameters, each as far as the others; writes no files')
    .argument('<file>', 'a .cnn file')
    .addOption(
      new Option(
        '--try <name=a,b,…>',
        "values of one of the model's parameters, of batch_size or of epochs; repeated: every combination",
      ).argParser(alternatives),
    );
  addRunOptions(addTrainingOptions(command))
    .option('--json', 'one JSON object per training')
    .action((file: string, options: Options) => compare(io, file, options));
}

function alternatives(text: string, before: Alternatives = new Map()): Alternatives {
  const [, name, values] = /^([A-Za-z_]\w*)=(.+)$/su.exec(text) ?? [];
  if (name === undefined || values === undefined) throw new InvalidArgumentError('expected name=a,b,c.');
  // Commas inside of brackets belong to a value.
  const split = values.split(/,(?![^[(]*[\])])/u).map((value) => value.trim());
  if (split.includes('')) throw new InvalidArgumentError('expected values with commas between them.');
  return new Map([...before, [name, [...(before.get(name) ?? []), ...split]]]);
}

async function compare(io: Io, file: string, options: Options): Promise<void> {
  if (!options.try) throw new UsageError('there is nothing to compare: name values with --try name=a,b');
  const sets = combinations(options.try).map((set) => ({ ...options.set, ...set }));
  const trials: Trial[] = [];
  try {
    await io.interruptible(async (signal) => {
      for (const [i, set] of sets.entries()) {
        if (!options.json) io.err(`${i + 1}/${sets.length}: ${worded(set)}\n`);
        const trial = await attempt(io, file, { ...options, set }, signal);
        trials.push(trial);
        if (options.json) io.out(`${JSON.stringify(trial)}\n`);
      }
    });
  } catch (error) {
    if (!isModelError(error) || error.code !== 'aborted') throw error;
    if (!options.json && trials.length > 0) io.out(overview(trials));
    throw new Interrupted(`stopped after ${trials.length} of ${sets.length}`);
  }
  if (options.json) return;
  io.out(overview(trials));
  const [first] = ranked(trials);
  if (first?.best)
    io.out(
      `\ncnnc train ${quoteWord(file)}${repeated({ ...options, set: first.set }, true)} keeps the first\n`,
    );
}

/** Every choice of one value for each name. */
function combinations(all: Alternatives): readonly Settings[] {
  return [...all].reduce<readonly Settings[]>(
    (sets, [name, values]) => sets.flatMap((set) => values.map((value) => ({ ...set, [name]: value }))),
    [{}],
  );
}

const worded = (set: Settings): string =>
  Object.entries(set)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');

async function attempt(io: Io, file: string, options: Options, signal: AbortSignal): Promise<Trial> {
  const began = performance.now();
  const { module, compiled } = await loadModel(io, file, {
    ...modelOptions(options),
    kernels: options.kernels,
  });
  const { train, validation } = openTrainingData(io, compiled.model, options);
  if (!validation)
    throw new UsageError('compare goes by validation data; it does not go with --validation 0');
  const model = await module.createModel({ seed: options.seed ?? 0, ...threadsOf(options) });
  if (!isTrainable(model)) throw new InputError(`${file}: \`${compiled.model.name}\` has no \`train\` block`);
  const progress = trainingProgress(io);
  let history: readonly EpochRecord[] = [];
  try {
    history = await model.fit(train, {
      ...(options.epochs !== undefined && { epochs: options.epochs }),
      validation,
      signal,
      onBatchEnd: options.json ? () => {} : progress.update,
    });
  } catch (error) {
    if (!isModelError(error) || error.code !== 'not-finite') throw error;
  } finally {
    progress.clear();
    await model.dispose();
  }
  const best = history.find(({ epoch }) => epoch === bestEpoch(history)?.epoch);
  return {
    set: options.set ?? {},
    parameters: compiled.report.parameters,
    seconds: (performance.now() - began) / 1000,
    ...(best?.validation && { best: { epoch: best.epoch, validation: best.validation } }),
  };
}

const ranked = (trials: readonly Trial[]): readonly Trial[] =>
  [...trials].sort(
    (a, b) => (a.best?.validation['loss'] ?? Infinity) - (b.best?.validation['loss'] ?? Infinity),
  );

/** A table, the best first. */
function overview(trials: readonly Trial[]): string {
  const sorted = ranked(trials);
  const names = Object.keys(sorted[0]?.set ?? {});
  const measured = Object.keys(sorted.find(({ best }) => best)?.best?.validation ?? {});
  const head = [
    ...names,
    'parameters',
    ...measured.map((name) => `validation ${name}`),
    'best epoch',
    'time',
  ];
  const rows = sorted.map(({ set, parameters, best, seconds }) => [
    ...names.map((name) => set[name] ?? ''),
    grouped(parameters),
    ...measured.map((name) => (best ? figure(best.validation[name] ?? NaN) : 'not finite')),
    best ? String(best.epoch) : '',
    duration(seconds),
  ]);
  return table(
    [head, ...rows],
    head.map((_, i) => i),
  );
}
