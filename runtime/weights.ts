import { ModelError } from './errors.ts';
import type { Tensor } from './program.ts';
import type { SavedTensor, TensorFile } from './safetensors.ts';

/** In the metadata of a checkpoint, which also serves as a weights file. */
export const checkpointKey = 'cnnc.checkpoint';

type Typed = Pick<Tensor, 'name' | 'dtype' | 'shape'>;

const typeOf = ({ dtype = 'f32', shape }: Typed | SavedTensor): string => `${dtype}[${shape.join(', ')}]`;

/**
 * The contents of `tensors` from a file; with `only`, of one layer, also from the file of a model that has become that layer.
 * Throws before anything has changed.
 */
export function weightsFor(
  tensors: readonly Typed[],
  { tensors: saved, metadata }: TensorFile,
  only?: string,
): Map<string, SavedTensor['data']> {
  const wanted = tensors.filter(({ name }) => only === undefined || `${name}.`.startsWith(`${only}.`));
  if (only !== undefined && wanted.length === 0)
    throw new ModelError('weights-mismatch', `\`${only}\` has no weights`);
  const whole = only === undefined && !Object.hasOwn(metadata, checkpointKey);
  const names = new Set(wanted.map(({ name }) => name));
  const find = (name: string) =>
    saved.get(name) ?? saved.get(only === undefined ? name : name.slice(only.length + 1));
  const details = {
    missing: [...names].filter((name) => !find(name)),
    extra: [...saved.keys()].filter((name) => whole && !names.has(name)),
    reshaped: wanted.flatMap((tensor) => {
      const [type, found = tensor] = [typeOf(tensor), find(tensor.name)];
      return typeOf(found) === type ? [] : [`${tensor.name} (${typeOf(found)}, not ${type})`];
    }),
  };
  const problems = Object.entries(details).filter(([, list]) => list.length > 0);
  if (problems.length > 0) {
    const lists = problems.map(
      ([what, list]) => `${what} ${list.slice(0, 9).join(', ')}${list[9] ? ' …' : ''}`,
    );
    throw new ModelError(
      'weights-mismatch',
      `these are weights of another model: ${lists.join('; ')}`,
      details,
    );
  }
  const values = new Map<string, SavedTensor['data']>();
  for (const name of names) {
    const { data } = find(name) as SavedTensor;
    const bad = data.find((value) => !Number.isFinite(value));
    if (bad !== undefined) throw new ModelError('weights-value', `\`${name}\` contains ${bad}`, { name });
    values.set(name, data);
  }
  return values;
}
