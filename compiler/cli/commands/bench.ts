import type { Command } from 'commander';
import { passesOf } from '../../compile.ts';
import type { Kernel } from '../../loop/ir.ts';
import { buildProgram } from '../../program/build.ts';
import { webassembly } from '../../program/target.ts';
import { structureKey } from '../../schedule/choice.ts';
import { describeSchedule } from '../../schedule/describe.ts';
import { scheduling } from '../../schedule/index.ts';
import type { Io } from '../io.ts';
import { formsOf } from '../measure/forms.ts';
import { samplesFor } from '../measure/inputs.ts';
import { openMachine } from '../measure/machine.ts';
import { measurePeak } from '../measure/peak.ts';
import type { RoutineProfile } from '../measure/profile.ts';
import { profileRoutine } from '../measure/profile.ts';
import {
  addModelOptions,
  addScheduleOption,
  modelOptions,
  seconds,
  wholeNumber,
  wordList,
} from '../options.ts';
import type { DataOptions, ModelOptions, ScheduleOptions } from '../options.ts';
import { jsonOf, textOf } from '../measure/report.ts';
import { checkUsed, readSchedules } from '../schedules.ts';
import { analyzeFile } from '../source.ts';

interface Options extends ModelOptions, ScheduleOptions, Partial<DataOptions> {
  readonly batchSize: number;
  readonly seconds: number;
  readonly fast?: boolean;
  readonly launches?: boolean;
  readonly json?: boolean;
}

export function addBench(program: Command, io: Io): void {
  const command = program
    .command('bench')
    .description('how long each kernel of a model takes, and how much of that it must')
    .argument('<file>', 'a .cnn file')
    .option(
      '--data <spec>',
      'samples from synthetic:digits, idx:DIR, cifar10:PATH or folder:DIR (default: noise)',
    )
    .option('--only <classes>', 'keep these classes of the data: 3,5', wordList)
    .option('--batch-size <n>', 'samples of one prediction', wholeNumber(1), 1)
    .option('--seconds <s>', 'how long to measure each routine', seconds, 2)
    .option('--fast', 'with fused multiply-add')
    .option('--launches', 'each launch in the order in which they run, not each kernel');
  addModelOptions(addScheduleOption(command))
    .option('--json', 'one JSON object')
    .action((file: string, options: Options) => bench(io, file, options));
}

async function bench(io: Io, file: string, options: Options): Promise<void> {
  const model = analyzeFile(io, file, modelOptions(options));
  const { schedules: choices } = readSchedules(io, options);
  const lowered: Kernel[] = [];
  const schedules: string[] = [];
  const used = new Set<string>();
  const built = buildProgram(model, {
    target: webassembly,
    inferBatch: options.batchSize,
    ...passesOf(modelOptions(options)),
    schedule(kernel) {
      const key = structureKey(kernel);
      const { kernel: scheduled, steps } = scheduling(kernel, webassembly, choices?.get(key));
      if (choices?.has(key)) used.add(key);
      lowered.push(kernel);
      schedules.push(describeSchedule(steps, scheduled));
      return scheduled;
    },
  });
  if (choices) checkUsed(io, options, choices, used.size);
  const { program } = built;
  for (const [kernel, form] of formsOf(built)) schedules[kernel] = `${form}; ${schedules[kernel] ?? ''}`;
  const fast = options.fast === true;
  const machine = await openMachine(program, fast);
  const report = { program, schedules, peak: await measurePeak(fast) };
  const profiles: RoutineProfile[] = [];
  for (const name of ['prepare', 'infer', 'step'] as const) {
    const routine = program.routines.find((candidate) => candidate.name === name);
    if (!routine || routine.launches.length === 0) continue;
    const samples = routine.maxBatch;
    const arrays = await samplesFor(model, options, samples);
    // What is prepared is computed once, so that `infer` finds it; it is not what anybody waits for.
    const time = name === 'prepare' ? 0 : options.seconds;
    const profile = profileRoutine(machine, program, lowered, routine, { arrays, samples, seconds: time });
    if (name !== 'prepare') profiles.push(profile);
  }
  if (options.json) {
    const routines = profiles.map((profile) => jsonOf(profile, report));
    io.out(`${JSON.stringify({ name: program.name, fast, peak: report.peak, routines })}\n`);
    return;
  }
  io.out(`${program.name}, WebAssembly${fast ? ' with fused multiply-add' : ''}, one thread`);
  io.out(`; this machine: ${report.peak.toFixed(1)} GFLOP/s\n`);
  for (const profile of profiles) io.out(`\n${textOf(profile, report, options.launches === true)}`);
}
