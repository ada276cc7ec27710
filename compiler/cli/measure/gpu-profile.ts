/** How long each launch of a routine takes on a GPU, as the generated module runs it. */
import type { GpuLike, GpuOptions } from '../../../runtime/gpu-types.ts';
import type { Batch, InferenceModel, TrainableModel } from '../../../runtime/types.ts';
import { invariant } from '../../base/invariant.ts';
import { costOf } from '../../loop/cost.ts';
import type { Kernel } from '../../loop/ir.ts';
import type { Program, Routine } from '../../program/program.ts';
import { isTrainable } from '../module.ts';
import type { RoutineProfile } from './profile.ts';
import { fewestPasses, median, warmUp } from './profile.ts';

type Model = TrainableModel<Batch, Batch, Batch> | InferenceModel<Batch, Batch>;

/** What a module for a GPU exports. */
interface GpuModule {
  createModel(options: GpuOptions): Promise<Model>;
}

interface Measured {
  readonly program: Program;
  /** The kernels before their schedules, for what they must do. */
  readonly lowered: readonly Kernel[];
  /** Samples for a routine. */
  readonly samples: (count: number) => Promise<Batch>;
  readonly seconds: number;
}

/**
 * Runs `infer` and `step` again and again, each for about `seconds`: by turns as they are, and with the time of each launch,
 * which is NaN where the GPU cannot tell.
 * Gives the name of the adapter, too.
 */
export async function profileOnGpu(
  { createModel }: GpuModule,
  gpu: GpuLike,
  measured: Measured,
): Promise<{ readonly adapter: string; readonly profiles: readonly RoutineProfile[] }> {
  const times = new Map<string, (readonly number[])[]>();
  const profile = (name: string, milliseconds: readonly number[]): void =>
    void times.set(name, [...(times.get(name) ?? []), milliseconds]);
  const options = { seed: 1, gpu };
  const plain = await createModel(options);
  const timed = await createModel({ ...options, profile });
  const profiles: RoutineProfile[] = [];
  const { adapter = '', precision } = timed.info;
  for (const name of ['infer', 'step'] as const) {
    const routine = routineOf(measured.program, name, precision === 'f16');
    if (!routine || routine.launches.length === 0) continue;
    const arrays = await measured.samples(routine.maxBatch);
    const run = (model: Model): Promise<unknown> => {
      if (name === 'infer') return model.predict(arrays);
      invariant(isTrainable(model), 'a model with a step has `fit`');
      return model.fit(arrays, { epochs: 1, snapshotEvery: 0 });
    };
    const whole = await runByTurns(
      () => run(plain),
      () => run(timed),
      measured.seconds,
    );
    // The first run of each model compiles its shaders.
    const passes = (times.get(name) ?? []).slice(-whole.length);
    profiles.push(profileOf(measured, routine, whole, passes));
  }
  await plain.dispose();
  await timed.dispose();
  return { adapter, profiles };
}

/** `halved`: the GPU has f16, and the module was asked to use it. */
function routineOf({ routines, halved }: Program, name: string, isHalved: boolean): Routine | undefined {
  const all = isHalved ? [...(halved ?? []), ...routines] : routines;
  return all.find((routine) => routine.name === name);
}

/** Milliseconds of each run of `plain`; before each of them there is one of `timed`. */
async function runByTurns(
  plain: () => Promise<unknown>,
  timed: () => Promise<unknown>,
  seconds: number,
): Promise<number[]> {
  const warm = performance.now() + seconds * 1000 * warmUp;
  do {
    await plain();
    await timed();
  } while (performance.now() < warm);
  const whole: number[] = [];
  const end = performance.now() + seconds * 1000;
  while (whole.length < fewestPasses || performance.now() < end) {
    await timed();
    const began = performance.now();
    await plain();
    whole.push(performance.now() - began);
  }
  return whole;
}

function profileOf(
  { program, lowered }: Measured,
  routine: Routine,
  whole: readonly number[],
  passes: readonly (readonly number[])[],
): RoutineProfile {
  const launches = [...routine.launches, ...routine.commit];
  const samples = routine.maxBatch;
  return {
    routine,
    samples,
    passes: whole.length,
    milliseconds: median(whole),
    launches: launches.map((launch, i) => {
      // Before a commit phase there is the gate.
      const gates = i >= routine.launches.length ? 1 : 0;
      const each = passes.map((milliseconds) => milliseconds[i + gates] ?? NaN);
      return {
        kernel: launch.kernel,
        launch,
        milliseconds: median(each),
        commits: i >= routine.launches.length,
        ...costOf((lowered[launch.kernel] ?? program.kernels[launch.kernel]) as Kernel, samples),
      };
    }),
  };
}
