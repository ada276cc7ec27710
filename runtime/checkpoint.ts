import type { Core } from './core.ts';
import { ModelError } from './errors.ts';
import { readSafetensors, writeSafetensors } from './safetensors.ts';
import type { SavedTensor, TensorFile } from './safetensors.ts';
import type { EpochRecord } from './training-types.ts';
import { checkpointKey, weightsFor } from './weights.ts';

/** Where training stands between two steps. */
export interface TrainingState {
  seed: number;
  /** Finished steps, and begun epochs of earlier calls of `fit`: no call shuffles as one before. */
  step: number;
  earlier: number;
  /** Finished epochs of this call, finished batches of the running epoch, and the sums of its loss and metrics. */
  epoch: number;
  batch: number;
  sums: number[];
  history: EpochRecord[];
  /** For early stopping. */
  best: { epoch: number; score: number } | null;
  stopped: boolean;
}

export type Values = Map<string, SavedTensor['data']>;

/** What must be the same when training goes on. */
export type Circumstances = Readonly<Record<'batch size' | 'data', string | number | undefined>>;

// JSON keeps every bit of finite numbers; the others go as text.
const odd = ['NaN', 'Infinity', '-Infinity'];
const pack = (_: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
const unpack = (_: string, value: unknown): unknown =>
  odd.includes(value as string) ? Number(value) : value;

export async function writeCheckpoint(
  core: Core,
  state: TrainingState,
  best: Readonly<Values>,
  now: Circumstances,
): Promise<Uint8Array> {
  const tensors = await core.tensors('param', 'state', 'slot');
  const kept = tensors.flatMap((tensor) => {
    const data = best.get(tensor.name);
    return data ? [{ ...tensor, name: `best/${tensor.name}`, data }] : [];
  });
  return writeSafetensors([...tensors, ...kept], { [checkpointKey]: JSON.stringify([1, state, now], pack) });
}

/** Puts the model, and what it returns, back to where `file` says. On an error all is as before. */
export async function readCheckpoint(
  core: Core,
  file: Uint8Array,
  now: () => Circumstances,
): Promise<{ state: TrainingState; best: Values }> {
  const saved = readSafetensors(file);
  const [state, then] = parseCheckpoint(saved);
  const here = now();
  for (const what of Object.keys(then) as (keyof Circumstances)[]) {
    if (then[what] === here[what]) continue;
    const message = `this is not the ${what} of the checkpoint: ${then[what]} there, ${here[what]} here`;
    throw new ModelError('checkpoint', message, { what, then: then[what], now: here[what] });
  }
  const persistent = core.blueprint.tensors.filter(({ role }) => ['param', 'state', 'slot'].includes(role));
  const values = weightsFor(persistent, saved);
  const kept = persistent.filter(({ name }) => saved.tensors.has(`best/${name}`));
  const best = weightsFor(
    kept.map((tensor) => ({ ...tensor, name: `best/${tensor.name}` })),
    saved,
  );
  core.set(values);
  return { state, best: new Map([...best].map(([name, data]) => [name.slice(5), data])) };
}

/** Where training stood, and with what, as the file of a checkpoint says. */
export function parseCheckpoint({ metadata }: TensorFile): [TrainingState, Circumstances] {
  try {
    const [version, state, then] = JSON.parse(metadata[checkpointKey] as string, unpack) as [
      number,
      TrainingState,
      Circumstances,
    ];
    const { seed, step, earlier, epoch, batch, sums, history } = state;
    const numbers = [seed, step, earlier, epoch, batch].every(
      (value) => Number.isSafeInteger(value) && value >= 0,
    );
    if (version === 1 && numbers && Array.isArray(sums) && Array.isArray(history)) return [state, then];
  } catch {
    // Said below.
  }
  throw new ModelError('checkpoint', 'this is no checkpoint, or one of another version of cnnc');
}
