import { relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { passesOf } from '../../compile.ts';
import type { Kernel } from '../../loop/ir.ts';
import { buildProgram } from '../../program/build.ts';
import type { Program } from '../../program/program.ts';
import { webassembly } from '../../program/target.ts';
import type { Choice, TunedKernel } from '../../schedule/choice.ts';
import { printChoices } from '../../schedule/choice.ts';
import { scheduling } from '../../schedule/index.ts';
import type { Io } from '../io.ts';
import type { Alternative, Measured } from '../measure/alternatives.ts';
import { measureAlternatives, schedulesOf } from '../measure/alternatives.ts';
import { time } from '../measure/report.ts';
import { addModelOptions, modelOptions, seconds, stem, wholeNumber } from '../options.ts';
import type { ModelOptions } from '../options.ts';
import { analyzeFile } from '../source.ts';
import { table } from '../text.ts';
import { writeFileAtomic } from '../write.ts';

interface Options extends ModelOptions {
  readonly output?: string;
  readonly batchSize: number;
  readonly seconds: number;
  readonly inference?: boolean;
  readonly json?: boolean;
}

export function addTune(program: Command, io: Io): void {
  const command = program
    .command('tune')
    .description('measure other schedules of the kernels here; `build --schedule` takes the best ones')
    .argument('<file>', 'a .cnn file')
    .option('-o, --output <file>', 'where the choices go (default: NAME.schedule)')
    .option('--batch-size <n>', 'samples of one prediction', wholeNumber(1), 1)
    .option('--seconds <s>', 'how long to measure each kernel', seconds, 0.5)
    .option('--inference', 'only what prediction needs');
  addModelOptions(command)
    .option('--json', 'one JSON object')
    .action((file: string, options: Options) => tune(io, file, options));
}

/** A choice must be so much faster than none: less is chance, and would make another file each time. */
const worthwhile = 0.97;

interface Tuned {
  readonly name: string;
  readonly lowered: Kernel;
  readonly samples: number;
  readonly standard: Measured;
  readonly best: Measured;
  readonly alternatives: number;
}

async function tune(io: Io, file: string, options: Options): Promise<void> {
  const model = analyzeFile(io, file, modelOptions(options));
  const lowered: Kernel[] = [];
  const { program } = buildProgram(model, {
    target: webassembly,
    inferBatch: options.batchSize,
    ...passesOf(modelOptions(options)),
    inference: options.inference === true,
    schedule(kernel) {
      lowered.push(kernel);
      return scheduling(kernel, webassembly).kernel;
    },
  });
  const results: Tuned[] = [];
  for (const [index, samples] of samplesByKernel(program)) {
    const kernel = lowered[index];
    if (kernel === undefined) continue;
    const list = schedulesOf(kernel);
    if (list.length < 2) continue;
    const result = await choose(list, samples, options.seconds);
    results.push({ ...result, name: program.kernels[index]?.name ?? kernel.name, lowered: kernel });
    if (!options.json) io.err(`${progressOf(results.at(-1)!)}\n`);
  }
  const output = resolve(io.cwd, options.output ?? `${stem(file)}.schedule`);
  const tuned = results.flatMap((result) => (isBetter(result) ? [tunedKernel(result)] : []));
  const title = `Schedules of ${program.name}, measured by \`cnnc tune\`; \`cnnc build --schedule\` takes them. No choice changes a bit.`;
  writeFileAtomic(output, printChoices(title, tuned));
  const shown = relative(io.cwd, output) || output;
  if (options.json) io.out(`${JSON.stringify({ file: shown, kernels: results.map(asJson) })}\n`);
  else io.out(`${asText(results)}\n${shown}  ${tuned.length} of ${results.length} kernels\n`);
}

/** The kernels of the routines that anybody waits for, each with the batch of the first that launches it. */
function samplesByKernel({ routines }: Program): ReadonlyMap<number, number> {
  const samples = new Map<number, number>();
  for (const { name, maxBatch, launches, commit } of routines) {
    if (name !== 'infer' && name !== 'step') continue;
    for (const { kernel } of [...launches, ...commit])
      if (!samples.has(kernel)) samples.set(kernel, maxBatch);
  }
  return samples;
}

/** How many of the fastest are measured again, beside the standard: the fastest of many is in part the luckiest. */
const finalists = 2;

async function choose(
  list: readonly Alternative[],
  samples: number,
  seconds: number,
): Promise<Omit<Tuned, 'name' | 'lowered'>> {
  const first = await measureAlternatives(list, samples, seconds / 2);
  const others = first.slice(1).toSorted((a, b) => a.milliseconds - b.milliseconds);
  const last = await measureAlternatives(
    [...first.slice(0, 1), ...others.slice(0, finalists)],
    samples,
    seconds / 2,
  );
  const [standard] = last as [Measured];
  const best = last.reduce((a, b) => (b.milliseconds < a.milliseconds ? b : a), standard);
  return { samples, standard, best, alternatives: list.length };
}

const isBetter = ({ best, standard }: Tuned): boolean =>
  best.milliseconds < worthwhile * standard.milliseconds;

const tunedKernel = ({ name, lowered, best, standard }: Tuned): TunedKernel => ({
  kernel: { ...lowered, name },
  choice: best.choice,
  remark: `${time(best.milliseconds)}, was ${time(standard.milliseconds)}`,
});

const wordsOf = (choice: Choice): string =>
  Object.entries(choice)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ') || 'as it is';

const progressOf = (result: Tuned): string =>
  `${result.name}: ${result.alternatives} schedules, ${time(result.standard.milliseconds)}` +
  (isBetter(result) ? ` → ${time(result.best.milliseconds)} (${wordsOf(result.best.choice)})` : '');

function asText(results: readonly Tuned[]): string {
  const head = ['kernel', 'batch', 'schedules', 'standard', 'best', 'choice'];
  const rows = results.map((result) => [
    result.name,
    String(result.samples),
    String(result.alternatives),
    time(result.standard.milliseconds),
    isBetter(result) ? time(result.best.milliseconds) : '',
    isBetter(result) ? wordsOf(result.best.choice) : 'as it is',
  ]);
  return table([head, ...rows], [1, 2, 3, 4]);
}

const asJson = (result: Tuned): object => ({
  name: result.name,
  samples: result.samples,
  schedules: result.alternatives,
  standard: result.standard.milliseconds,
  best: result.best.milliseconds,
  choice: isBetter(result) ? result.best.choice : {},
});
