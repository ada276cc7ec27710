import { ModelError } from './errors.ts';
import type { Tensor } from './program.ts';
import type { SavedTensor } from './safetensors.ts';
import type { Elements } from './types.ts';

/** In the metadata of checkpoints: a checkpoint also serves as a weights file. */
export const checkpointKey = 'cnnc.checkpoint';

export interface TensorFile {
  readonly tensors: ReadonlyMap<string, SavedTensor>;
  readonly metadata: Readonly<Record<string, unknown>>;
}

const listed = (names: readonly string[]): string =>
  names.length > 8 ? `${names.slice(0, 8).join(', ')} and ${names.length - 8} more` : names.join(', ');

/** The new contents of `tensors` from a file; with `only`, of the layer of that path. Throws before anything is changed. */
export function weightsFor(
  tensors: readonly Pick<Tensor, 'name' | 'dtype' | 'shape'>[],
  file: TensorFile,
  only?: string,
): ReadonlyMap<string, Elements> {
  const chosen = (name: string): boolean =>
    only === undefined || name === only || name.startsWith(`${only}.`);
  const wanted = tensors.filter(({ name }) => chosen(name));
  if (wanted.length === 0)
    throw new ModelError('weights-mismatch', `the model has no weights under \`${only ?? ''}\``);
  const found = new Map<string, Elements>();
  const missing: string[] = [];
  const reshaped: string[] = [];
  for (const { name, dtype, shape } of wanted) {
    const saved = file.tensors.get(name);
    if (saved === undefined) missing.push(name);
    else if (saved.dtype !== dtype || saved.shape.join() !== shape.join()) {
      reshaped.push(
        `${name} is ${saved.dtype}[${saved.shape.join(', ')}], not ${dtype}[${shape.join(', ')}]`,
      );
    } else found.set(name, saved.data);
  }
  const whole = only === undefined && !Object.hasOwn(file.metadata, checkpointKey);
  const known = new Set(tensors.map(({ name }) => name));
  const extra = whole ? [...file.tensors.keys()].filter((name) => !known.has(name)) : [];
  const problems = [
    missing.length > 0 && `missing: ${listed(missing)}`,
    extra.length > 0 && `not in the model: ${listed(extra)}`,
    reshaped.length > 0 && `of another shape: ${listed(reshaped)}`,
  ].filter((problem) => problem !== false);
  if (problems.length > 0) {
    const message = `the weights are of another model; ${problems.join('; ')}`;
    throw new ModelError('weights-mismatch', message, { missing, extra, reshaped });
  }
  for (const [name, data] of found) {
    const place = data.findIndex((value) => !Number.isFinite(value));
    if (place >= 0)
      throw new ModelError('weights-value', `\`${name}\` has ${data[place]} at place ${place}`, { name });
  }
  return found;
}
