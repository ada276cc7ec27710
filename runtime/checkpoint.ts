import type { Core } from './core.ts';
import { ModelError } from './errors.ts';
import { readSafetensors, writeSafetensors } from './safetensors.ts';
import type { Elements, EpochRecord } from './types.ts';
import { checkpointKey, weightsFor } from './weights.ts';

/** Where training stands, between two steps. */
export interface TrainingState {
  seed: number;
  /** Finished steps over all calls of `fit`. */
  step: number;
  /** Epochs begun in earlier calls of `fit`, so that each call shuffles differently. */
  earlier: number;
  /** Finished epochs of this call, and finished batches of the running epoch. */
  epoch: number;
  batch: number;
  /** Of loss and metrics over the samples of the running epoch. */
  sums: number[];
  history: EpochRecord[];
  /** The epoch with the best score, for early stopping. */
  best: { epoch: number; score: number } | undefined;
  /** Early stopping has ended this call. */
  stopped: boolean;
}

/** What a checkpoint holds besides tensors; finite numbers survive JSON to the last bit, others go as text. */
interface Saved extends TrainingState {
  readonly version: 1;
  readonly batchSize: number;
  readonly data: string | undefined;
}

const odd = ['NaN', 'Infinity', '-Infinity'];
const packNumber = (_: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
const unpackNumber = (_: string, value: unknown): unknown =>
  odd.includes(value as string) ? Number(value) : value;

function parse(text: string): Saved {
  try {
    const saved = JSON.parse(text, unpackNumber) as Saved;
    const { seed, step, earlier, epoch, batch, sums, history } = saved;
    const whole = [seed, step, earlier, epoch, batch].every(
      (value) => Number.isSafeInteger(value) && value >= 0,
    );
    if (saved.version === 1 && whole && Array.isArray(sums) && Array.isArray(history)) return saved;
  } catch {
    // said below
  }
  throw new ModelError('checkpoint', 'the checkpoint is damaged, or of another version of cnnc');
}

const bestPrefix = 'best/';

export function writeCheckpoint(
  core: Core,
  state: TrainingState,
  best: ReadonlyMap<string, Elements>,
  data: string | undefined,
): Uint8Array {
  const tensors = core
    .tensors('param', 'state', 'slot')
    .map((tensor) => ({ ...tensor, data: core.view(tensor.name) }));
  const kept = tensors.flatMap((tensor) => {
    const saved = best.get(tensor.name);
    return saved ? [{ ...tensor, name: bestPrefix + tensor.name, data: saved }] : [];
  });
  const batchSize = core.blueprint.routines.step?.maxBatch ?? 1;
  const saved: Saved = { ...state, version: 1, batchSize, data };
  return writeSafetensors([...tensors, ...kept], 'f32', {
    [checkpointKey]: JSON.stringify(saved, packNumber),
  });
}

/** Puts model and training back to where `bytes` say. On an error both are as before. */
export function readCheckpoint(
  core: Core,
  bytes: Uint8Array,
  data: () => string,
): { state: TrainingState; best: Map<string, Elements> } {
  const file = readSafetensors(bytes);
  const text = file.metadata[checkpointKey];
  if (typeof text !== 'string')
    throw new ModelError('checkpoint', 'these are weights, not a checkpoint of training');
  const { version: _, batchSize, data: fingerprint, ...state } = parse(text);
  if (batchSize !== core.blueprint.routines.step?.maxBatch) {
    throw new ModelError('checkpoint', `the checkpoint is of training with a batch size of ${batchSize}`);
  }
  if (fingerprint !== undefined && fingerprint !== data()) {
    throw new ModelError('checkpoint', 'the checkpoint is of training on other data');
  }
  const now = weightsFor(core.tensors('param', 'state', 'slot'), file);
  const hasBest = [...file.tensors.keys()].some((name) => name.startsWith(bestPrefix));
  const kept = core
    .tensors('param', 'state')
    .map((tensor) => ({ ...tensor, name: bestPrefix + tensor.name }));
  const best = hasBest ? weightsFor(kept, file) : new Map<string, Elements>();
  for (const [name, values] of now) core.view(name).set(values);
  core.stale = true;
  return {
    state: { ...state, best: state.best },
    best: new Map([...best].map(([name, values]) => [name.slice(bestPrefix.length), values])),
  };
}

/** Before the first step. */
export function newTraining(seed: number): TrainingState {
  return {
    seed,
    step: 0,
    earlier: 0,
    epoch: 0,
    batch: 0,
    sums: [],
    history: [],
    best: undefined,
    stopped: false,
  };
}

/** The next call of `fit`: counts epochs anew, and shuffles as no call before. */
export function nextTraining(state: TrainingState): TrainingState {
  const earlier = state.earlier + state.epoch + (state.batch > 0 ? 1 : 0);
  return { ...newTraining(state.seed), step: state.step, earlier };
}
