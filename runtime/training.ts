import type { TrainingState } from './checkpoint.ts';
import { newTraining, nextTraining, readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import type { Core } from './core.ts';
import { feed } from './core.ts';
import { Reader, toDataset } from './dataset.ts';
import type { ReadBatch } from './dataset.ts';
import { ModelError } from './errors.ts';
import { blame } from './finite.ts';
import { inferenceModel } from './inference.ts';
import type { Routine, RoutinePlan } from './program.ts';
import { epochOrder } from './shuffle.ts';
import type {
  Batch,
  Dataset,
  Elements,
  FitOptions,
  History,
  Progress,
  Scores,
  TrainableModel,
} from './types.ts';

type Data = Batch | Dataset;

const fingerprint = (data: Dataset): string => data.fingerprint ?? `${data.size} samples`;

/** Adds the results of each sample to `sums`, in double precision. */
function addResults(routine: Routine, samples: number, sums: number[]): void {
  routine.results.forEach(([, view], i) => {
    let sum = sums[i] ?? 0;
    for (let sample = 0; sample < samples; sample++) sum += view[sample] as number;
    sums[i] = sum;
  });
}

const means = (routine: Routine, sums: readonly number[], samples: number): Scores =>
  Object.fromEntries(routine.results.map(([name], i) => [name, (sums[i] ?? 0) / samples]));

async function evaluate(core: Core, plan: RoutinePlan, data: Dataset): Promise<Scores> {
  const reader = new Reader(core.blueprint, data, plan.maxBatch);
  const sums: number[] = [];
  for (let batch = await reader.next(); batch; batch = await reader.next()) {
    const routine = core.bind(plan);
    feed(plan, routine, batch.arrays, 0, batch.samples);
    await core.launch(routine.launches, batch.samples);
    addResults(routine, batch.samples, sums);
  }
  return means(core.bind(plan), sums, data.size);
}

/** One model in training: `fit` call by `fit` call. */
class Trainer {
  readonly #core: Core;
  readonly #step: RoutinePlan;
  readonly #evaluate: RoutinePlan;
  #state: TrainingState;
  /** Weights of the best epoch. */
  #best = new Map<string, Elements>();
  #data: Dataset | undefined;

  constructor(core: Core, step: RoutinePlan, evaluation: RoutinePlan, seed: number) {
    this.#core = core;
    this.#step = step;
    this.#evaluate = evaluation;
    this.#state = newTraining(seed);
  }

  checkpoint(): Uint8Array {
    return writeCheckpoint(this.#core, this.#state, this.#best, this.#data && fingerprint(this.#data));
  }

  async fit(given: Data, options: FitOptions<Data>): Promise<History> {
    const { blueprint } = this.#core;
    const { epochs = blueprint.epochs ?? 1, earlyStopping, resume } = options;
    if (!Number.isInteger(epochs) || epochs < 0) {
      throw new ModelError('options', `epochs: expected a whole number, got ${String(epochs)}`);
    }
    const data = toDataset(blueprint, given);
    const validation = options.validation && toDataset(blueprint, options.validation);
    this.#checkEarlyStopping(options);
    if (resume) {
      const restored = readCheckpoint(this.#core, resume, () => fingerprint(data));
      this.#state = restored.state;
      this.#best = restored.best;
    } else {
      this.#state = nextTraining(this.#state);
      this.#best.clear();
    }
    this.#data = data;
    while (this.#state.epoch < epochs && !this.#state.stopped) {
      await this.#epoch(data, validation, epochs, options);
    }
    if (earlyStopping && earlyStopping.restoreBest !== false) {
      await this.#core.turn(() => {
        for (const [name, values] of this.#best) this.#core.view(name).set(values);
        this.#core.stale = true;
      });
    }
    return [...this.#state.history];
  }

  #checkEarlyStopping({ earlyStopping, validation }: FitOptions<Data>): void {
    if (!earlyStopping) return;
    if (!validation) throw new ModelError('options', 'earlyStopping needs validation data');
    const { monitor = 'loss' } = earlyStopping;
    const known = ['loss', ...this.#core.blueprint.signature.metrics];
    if (!known.includes(monitor)) {
      throw new ModelError(
        'options',
        `earlyStopping.monitor: there is ${known.join(', ')}, but no ${monitor}`,
      );
    }
  }

  async #epoch(
    data: Dataset,
    validation: Dataset | undefined,
    epochs: number,
    options: FitOptions<Data>,
  ): Promise<void> {
    const state = this.#state;
    const { blueprint } = this.#core;
    const size = this.#step.maxBatch;
    const order =
      options.shuffle === false ? undefined : epochOrder(state.seed, state.earlier + state.epoch, data.size);
    const reader = new Reader(blueprint, data, size, order, state.batch);
    while (state.batch < reader.batches) {
      this.#checkStopped(options.signal);
      const batch = await reader.next();
      if (!batch) break;
      this.#checkStopped(options.signal);
      const scores = await this.#core.turn(() => this.#runStep(batch, state));
      if (options.onBatchEnd) {
        const { batches } = reader;
        const progress: Progress = { epoch: state.epoch + 1, epochs, batch: state.batch, batches, scores };
        await options.onBatchEnd(progress);
      }
    }
    this.#checkStopped(options.signal);
    const scores =
      validation && (await this.#core.turn(() => evaluate(this.#core, this.#evaluate, validation)));
    const train = means(this.#core.bind(this.#step), state.sums, data.size);
    state.epoch++;
    state.batch = 0;
    state.sums = [];
    const record = { epoch: state.epoch, train, ...(scores && { validation: scores }) };
    state.history.push(record);
    if (scores && options.earlyStopping) this.#keepBest(scores, options.earlyStopping);
    await options.onEpochEnd?.(record, [...state.history]);
  }

  #keepBest(
    scores: Scores,
    { monitor = 'loss', patience, minDelta = 0 }: NonNullable<FitOptions<Data>['earlyStopping']>,
  ): void {
    const state = this.#state;
    const score = (scores[monitor] as number) * (monitor.includes('accuracy') ? 1 : -1);
    const best = state.best?.score ?? -Infinity;
    if (Number.isFinite(score) && score > best + minDelta) {
      state.best = { epoch: state.epoch, score };
      for (const { name } of this.#core.tensors('param', 'state'))
        this.#best.set(name, this.#core.view(name).slice());
    } else if (state.epoch - (state.best?.epoch ?? 0) >= patience) state.stopped = true;
  }

  #checkStopped(signal: AbortSignal | undefined): void {
    this.#core.check();
    if (signal?.aborted)
      throw new ModelError('aborted', 'fit was stopped by its signal', { reason: signal.reason });
  }

  /** Runs one step; gives the means of the epoch so far. */
  async #runStep({ arrays, samples }: ReadBatch, state: TrainingState): Promise<Scores> {
    const core = this.#core;
    const plan = this.#step;
    const routine = core.bind(plan);
    const numbers = { $seed: Uint32Array.of(state.seed), $step: Uint32Array.of(state.step) };
    const batch = { ...arrays, ...numbers };
    feed(plan, routine, batch, 0, samples);
    await core.launch(routine.launches, samples);
    if (routine.finite?.[0] === 0) {
      throw await blame(core, plan, routine, batch, samples, {
        step: state.step + 1,
        epoch: state.epoch + 1,
      });
    }
    // From here on nothing waits: a step counts as a whole or not at all.
    for (const { run } of routine.commit) run(samples);
    core.stale = true;
    addResults(routine, samples, state.sums);
    state.step++;
    state.batch++;
    return means(routine, state.sums, (state.batch - 1) * plan.maxBatch + samples);
  }
}

/** What a model can do whose file has a `train` block. */
export function trainableModel(core: Core, seed: number): TrainableModel<Batch, Batch, Batch> {
  const { step, evaluate: evaluation } = core.blueprint.routines;
  if (!step || !evaluation) throw new ModelError('options', 'this module has no training');
  const trainer = new Trainer(core, step, evaluation, seed);
  return {
    ...inferenceModel(core),
    fit: async (train, options = {}) => {
      core.check();
      if (core.fitting) throw new ModelError('busy', 'fit: not while another fit runs on this model');
      core.fitting = true;
      try {
        return await trainer.fit(train, options);
      } finally {
        core.fitting = false;
      }
    },
    evaluate: async (test) => {
      core.check();
      const data = toDataset(core.blueprint, test);
      return core.turn(() => evaluate(core, evaluation, data));
    },
    saveCheckpoint: () => core.turn(() => trainer.checkpoint()),
  };
}
