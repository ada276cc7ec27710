import type { TrainingState } from './checkpoint.ts';
import { readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import type { Circumstances, Values } from './checkpoint.ts';
import type { Core } from './core.ts';
import type { ReadBatch } from './dataset.ts';
import { batchesOf, toDataset } from './dataset.ts';
import { ModelError } from './errors.ts';
import { blame } from './finite.ts';
import { inferenceModel } from './inference.ts';
import type { Batch } from './model-types.ts';
import type { Plan, Routine } from './program.ts';
import { epochOrder } from './shuffle.ts';
import type {
  Dataset,
  EarlyStopping,
  FitOptions,
  History,
  Progress,
  Scores,
  TrainableModel,
} from './training-types.ts';

type Data = Batch | Dataset;

/** Adds the results of each sample, in double precision. */
function addResults({ results }: Routine, samples: number, sums: number[]): void {
  results.forEach(([, view], i) => {
    for (const value of view.subarray(0, samples)) sums[i] = (sums[i] ?? 0) + value;
  });
}

const means = ({ results }: Routine, sums: readonly number[], samples: number): Scores =>
  Object.fromEntries(results.map(([name], i) => [name, (sums[i] ?? 0) / samples])) as Scores;

async function scoresOf(core: Core, plan: Plan, data: Dataset, check: () => void): Promise<Scores> {
  await core.prepare();
  const sums: number[] = [];
  for await (const { arrays, samples } of batchesOf(core.blueprint, data, plan.maxBatch)) {
    check();
    await core.run(plan, arrays, 0, samples, (routine) => addResults(routine, samples, sums));
  }
  await core.engine.finish?.();
  return means(core.engine.bind(plan), sums, data.size);
}

/** Makes `fit` of one model. */
class Trainer {
  readonly #core: Core;
  readonly #step: Plan;
  readonly #evaluate: Plan;
  #state: TrainingState;
  /** The weights of the best epoch. */
  #best: Values = new Map();
  #data: Dataset | undefined;
  /** Steps that have not ended, and what nobody was told of those that have. */
  #begun = 0;
  #reports: Pick<Progress, 'batch' | 'scores'>[] = [];
  #failure: Promise<ModelError> | undefined;

  constructor(core: Core, step: Plan, evaluation: Plan, seed: number) {
    this.#core = core;
    this.#step = step;
    this.#evaluate = evaluation;
    this.#state = { ...newCall(), seed, step: 0, earlier: 0 };
  }

  /** Where training stands when all that was begun has ended. */
  async checkpoint(): Promise<Uint8Array> {
    const { engine } = this.#core;
    const file = await writeCheckpoint(this.#core, this.#state, this.#best, this.#circumstances(this.#data));
    engine.keep?.(file);
    return file;
  }

  /** For the case that a GPU is lost. */
  async #keep({ snapshotEvery }: FitOptions<Data>): Promise<void> {
    const { engine } = this.#core;
    if (snapshotEvery === 0) engine.keep?.(undefined);
    else if (engine.keep) await this.checkpoint();
  }

  #circumstances(data: Dataset | undefined): Circumstances {
    return { 'batch size': this.#step.maxBatch, data: data && (data.fingerprint ?? `${data.size} samples`) };
  }

  async fit(given: Data, options: FitOptions<Data>): Promise<History> {
    const core = this.#core;
    const { epochs = core.blueprint.epochs ?? 1, earlyStopping, resume } = options;
    const data = toDataset(core.blueprint, given);
    const validation = options.validation && toDataset(core.blueprint, options.validation);
    checkOptions(epochs, options, core.blueprint.signature.metrics);
    // Of a call that was aborted.
    await core.turn((engine) => engine.finish?.());
    this.#begun = 0;
    this.#reports = [];
    this.#failure = undefined;
    if (resume) {
      const read = () => readCheckpoint(core, resume, () => this.#circumstances(data));
      const { state, best } = await core.turn(read);
      this.#state = state;
      this.#best = best;
    } else {
      const { earlier, epoch, batch } = this.#state;
      this.#state = { ...this.#state, ...newCall(), earlier: earlier + epoch + Math.sign(batch) };
      this.#best.clear();
    }
    this.#data = data;
    const state = this.#state;
    await core.turn(() => this.#keep(options));
    while (state.epoch < epochs && !state.stopped) await this.#epoch(data, validation, epochs, options);
    if (earlyStopping && earlyStopping.restoreBest !== false) {
      await core.turn(() => core.set(this.#best));
      await core.turn(() => this.#keep(options));
    }
    return [...state.history];
  }

  async #epoch(
    data: Dataset,
    validation: Dataset | undefined,
    epochs: number,
    options: FitOptions<Data>,
  ): Promise<void> {
    const { shuffle = true, signal, earlyStopping, onBatchEnd, onEpochEnd, snapshotEvery } = options;
    const core = this.#core;
    const state = this.#state;
    const check = (): void => {
      void core.engine;
      if (signal?.aborted)
        throw Object.assign(
          new ModelError('aborted', 'fit was stopped by its signal', { reason: signal.reason }),
          { name: 'AbortError' },
        );
    };
    const batchSize = this.#step.maxBatch;
    const order = shuffle ? epochOrder(state.seed, state.earlier + state.epoch, data.size) : undefined;
    const batches = Math.ceil(data.size / batchSize);
    const report = async (): Promise<void> => {
      for (const ended of this.#reports.splice(0)) {
        await onBatchEnd?.({ epoch: state.epoch + 1, epochs, batches, ...ended });
        check();
      }
      if (this.#failure) throw await this.#failure;
    };
    check();
    for await (const batch of batchesOf(core.blueprint, data, batchSize, order, state.batch)) {
      check();
      await core.turn(() => this.#runStep(batch));
      await report();
      if (snapshotEvery && (state.step + this.#begun) % snapshotEvery === 0)
        await core.turn(() => this.#keep(options));
    }
    await core.turn((engine) => engine.finish?.());
    await report();
    const scores = validation && (await core.turn(() => scoresOf(core, this.#evaluate, validation, check)));
    const train = means(core.engine.bind(this.#step), state.sums, data.size);
    const record = { epoch: ++state.epoch, train, ...(scores && { validation: scores }) };
    state.batch = 0;
    state.sums = [];
    state.history.push(record);
    if (earlyStopping && scores) await core.turn(() => this.#judge(scores, earlyStopping));
    await core.turn(() => this.#keep(options));
    await onEpochEnd?.(record, [...state.history]);
  }

  /** Keeps the weights of the best epoch, and stops when it was too long ago. */
  async #judge(scores: Scores, { monitor = 'loss', patience, minDelta = 0 }: EarlyStopping): Promise<void> {
    const state = this.#state;
    const score = (scores[monitor] as number) * (monitor.includes('accuracy') ? 1 : -1);
    if (score > (state.best?.score ?? -Infinity) + minDelta) {
      state.best = { epoch: state.epoch, score };
      for (const { name, data } of await this.#core.tensors('param', 'state'))
        this.#best.set(name, data.slice());
    } else state.stopped = state.epoch - (state.best?.epoch ?? 0) >= patience;
  }

  /** Begins a step. When it has ended, its scores are in `#reports`. */
  async #runStep({ arrays, samples }: ReadBatch): Promise<void> {
    const core = this.#core;
    const plan = this.#step;
    const state = this.#state;
    const step = state.step + this.#begun++;
    const batch = { ...arrays, $seed: Uint32Array.of(state.seed), $step: Uint32Array.of(step) };
    core.stale = true;
    await core.run(plan, batch, 0, samples, async (routine) => {
      this.#begun--;
      // Behind a step that was not finite none changes anything.
      if (this.#failure) return;
      if (routine.finite?.[0] === 0) {
        const when = `step ${state.step + 1} (epoch ${state.epoch + 1}, batch ${state.batch + 1})`;
        this.#failure = blame(core, plan, { arrays: batch, samples }, when);
        return void (await this.#failure);
      }
      addResults(routine, samples, state.sums);
      state.step++;
      state.batch++;
      const scores = means(routine, state.sums, (state.batch - 1) * plan.maxBatch + samples);
      this.#reports.push({ batch: state.batch, scores });
    });
  }
}

const newCall = () => ({ epoch: 0, batch: 0, sums: [], history: [], best: null, stopped: false });

function checkOptions(epochs: number, options: FitOptions<Data>, metrics: readonly string[]): void {
  const { earlyStopping, validation, snapshotEvery = 0 } = options;
  const bad = (message: string): ModelError => new ModelError('options', message);
  if (!(Number.isInteger(epochs) && epochs >= 0)) throw bad(`epochs: ${epochs} is not a whole number`);
  if (!(Number.isInteger(snapshotEvery) && snapshotEvery >= 0))
    throw bad(`snapshotEvery: ${snapshotEvery} is not a whole number of steps`);
  if (!earlyStopping) return;
  const { monitor = 'loss', patience } = earlyStopping;
  if (!validation) throw bad('earlyStopping needs validation data');
  if (!(patience >= 0)) throw bad(`earlyStopping.patience: ${patience} is not a number of epochs`);
  if (!['loss', ...metrics].includes(monitor)) {
    throw bad(`earlyStopping.monitor: ${monitor} is none of loss, ${metrics.join(', ')}`);
  }
}

export function trainableModel(core: Core, seed = 0): TrainableModel<Batch, Batch, Batch> {
  const { step, evaluate: evaluation } = core.blueprint.routines;
  if (!step || !evaluation) throw new ModelError('options', 'this module has no training');
  const trainer = new Trainer(core, step, evaluation, seed);
  const model = inferenceModel(core);
  let fitting = false;
  const checkFree = (problem: string): void => {
    if (fitting) throw new ModelError('busy', problem);
  };
  return {
    ...model,
    loadWeights: async (file, options) => {
      checkFree('loadWeights: not while fit runs; its signal can stop it');
      await model.loadWeights(file, options);
    },
    fit: async (train, options = {}) => {
      void core.engine;
      checkFree('fit: another one is running');
      fitting = true;
      try {
        return await trainer.fit(train, options);
      } finally {
        fitting = false;
      }
    },
    evaluate: (test) =>
      core.turn(() => scoresOf(core, evaluation, toDataset(core.blueprint, test), () => void core.engine)),
    saveCheckpoint: () => core.turn(() => trainer.checkpoint()),
  };
}
