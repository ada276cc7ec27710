import type { Command } from 'commander';
import { passesOf } from '../../compile.ts';
import type { Feature, Model } from '../../index.ts';
import type { Kernel } from '../../loop/ir.ts';
import { buildProgram } from '../../program/build.ts';
import type { Program } from '../../program/program.ts';
import { webassembly, webgpu } from '../../program/target.ts';
import { structureKey } from '../../schedule/choice.ts';
import { describeSchedule } from '../../schedule/describe.ts';
import { scheduling } from '../../schedule/index.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { formsOf } from '../measure/forms.ts';
import { findGpu } from '../measure/gpu.ts';
import { measureGpuPeak } from '../measure/gpu-peak.ts';
import { profileOnGpu } from '../measure/gpu-profile.ts';
import { samplesFor } from '../measure/inputs.ts';
import { openMachine } from '../measure/machine.ts';
import { measurePeak } from '../measure/peak.ts';
import type { RoutineProfile } from '../measure/profile.ts';
import { profileRoutine } from '../measure/profile.ts';
import { loadModel } from '../module.ts';
import {
  addModelOptions,
  addScheduleOption,
  featuresOption,
  modelOptions,
  oneOf,
  seconds,
  wholeNumber,
  wordList,
} from '../options.ts';
import type { DataOptions, ModelOptions, ScheduleOptions } from '../options.ts';
import { jsonOf, textOf } from '../measure/report.ts';
import { checkUsed, readSchedule } from '../schedules.ts';
import { analyzeFile } from '../source.ts';

interface Options extends ModelOptions, ScheduleOptions, Partial<DataOptions> {
  readonly target: 'wasm' | 'wgsl';
  readonly batchSize: number;
  readonly seconds: number;
  readonly fast?: boolean;
  readonly features?: readonly Feature[];
  readonly launches?: boolean;
  readonly json?: boolean;
}

export function addBench(cli: Command, io: Io): void {
  const command = cli
    .command('bench')
    .description('how long each kernel of a model takes, and how much of that it must')
    .argument('<file>', 'a .cnn file')
    .option(
      '--data <spec>',
      'samples from synthetic:digits, idx:DIR, cifar10:PATH or folder:DIR (default: noise)',
    )
    .option('--only <classes>', 'keep these classes of the data: 3,5', wordList)
    .option(
      '--target <name>',
      'wasm, or wgsl: the GPU that this Node.js has, or that of the npm package webgpu',
      oneOf('wasm', 'wgsl'),
      'wasm',
    )
    .option('--batch-size <n>', 'samples of one prediction', wholeNumber(1), 1)
    .option('--seconds <s>', 'how long to measure each routine', seconds, 2)
    .option('--fast', 'with fused multiply-add')
    .addOption(featuresOption())
    .option('--launches', 'each launch in the order in which they run, not each kernel');
  addModelOptions(addScheduleOption(command))
    .option('--json', 'one JSON object')
    .action((file: string, options: Options) => bench(io, file, options));
}

async function bench(io: Io, file: string, options: Options): Promise<void> {
  const { target, fast = false } = options;
  if (target === 'wgsl' && (fast || options.schedule !== undefined))
    throw new UsageError('--fast and --schedule are about WebAssembly');
  if (target === 'wasm' && options.features) throw new UsageError('--features is about --target wgsl');
  const model = analyzeFile(io, file, modelOptions(options));
  const kernels = scheduledKernels(io, file, model, options);
  const { measured, text, profiles } =
    target === 'wgsl'
      ? await onGpu(io, file, model, kernels, options)
      : await onWasm(model, kernels, options);
  const report = { ...kernels, ...measured };
  const { name } = report.program;
  if (options.json) {
    const routines = profiles.map((profile) => jsonOf(profile, report));
    io.out(`${JSON.stringify({ name, target, fast, ...measured, routines })}\n`);
    return;
  }
  io.out(`${name}, ${text}\n`);
  for (const profile of profiles) io.out(`\n${textOf(profile, report, options.launches === true)}`);
}

interface Kernels {
  readonly program: Program;
  /** As they were before their schedules. */
  readonly lowered: readonly Kernel[];
  /** In words. */
  readonly schedules: readonly string[];
}

interface Results {
  readonly measured: { readonly peak: number; readonly bandwidth?: number; readonly adapter?: string };
  /** What it ran on. */
  readonly text: string;
  readonly profiles: readonly RoutineProfile[];
}

function scheduledKernels(io: Io, source: string, model: Model, options: Options): Kernels {
  const target = options.target === 'wgsl' ? webgpu : webassembly;
  const file = readSchedule(io, options);
  const choices = file?.choices;
  /** By the statements of the scheduled kernel. */
  const made = new Map<object, { readonly lowered: Kernel; readonly text: string }>();
  const used = new Set<string>();
  const built = buildProgram(model, {
    target,
    inferBatch: options.batchSize,
    halves: options.features?.includes('f16') ?? false,
    ...passesOf(modelOptions(options)),
    schedule(kernel, batch) {
      const key = structureKey(kernel);
      const { kernel: scheduled, steps } = scheduling(kernel, target, choices?.get(key), batch);
      if (choices?.has(key)) used.add(key);
      made.set(scheduled.body, { lowered: kernel, text: describeSchedule(steps, scheduled) });
      return scheduled;
    },
  });
  if (file) checkUsed(io, source, file, [...used]);
  const { program } = built;
  const lowered = program.kernels.map((kernel) => made.get(kernel.body)?.lowered ?? kernel);
  const schedules = program.kernels.map(({ body }) => made.get(body)?.text ?? '');
  for (const [kernel, form] of formsOf(built)) schedules[kernel] = `${form}; ${schedules[kernel] ?? ''}`;
  return { program, lowered, schedules };
}

async function onWasm(model: Model, { program, lowered }: Kernels, options: Options): Promise<Results> {
  const fast = options.fast === true;
  const machine = await openMachine(program, fast);
  const peak = await measurePeak(fast);
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
  const how = `WebAssembly${fast ? ' with fused multiply-add' : ''}, one thread`;
  return { measured: { peak }, text: `${how}; this machine: ${peak.toFixed(1)} GFLOP/s`, profiles };
}

async function onGpu(
  io: Io,
  file: string,
  model: Model,
  { program, lowered }: Kernels,
  options: Options,
): Promise<Results> {
  const gpu = await findGpu(io);
  const { gflops, matmul, gigabytes } = await measureGpuPeak(gpu);
  const { module } = await loadModel(io, file, {
    ...modelOptions(options),
    target: 'wgsl',
    batchSize: options.batchSize,
    ...(options.features && { features: options.features }),
  });
  const { adapter, profiles } = await profileOnGpu(module, gpu, {
    program,
    lowered,
    samples: (count) => samplesFor(model, options, count),
    seconds: options.seconds,
  });
  const most = `${gflops.toFixed(1)} GFLOP/s in registers, ${matmul.toFixed(1)} in a matmul, ${gigabytes.toFixed(1)} GB/s`;
  return {
    measured: { peak: matmul, bandwidth: gigabytes, adapter },
    text: `WebGPU on ${adapter}; at most ${most}`,
    profiles,
  };
}
