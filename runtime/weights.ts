import { ModelError } from './errors.ts';
import type { Tensor } from './program.ts';
import type { SavedTensor, TensorFile } from './safetensors.ts';

/** In the metadata of a checkpoint, which also serves as a weights file. */
export const checkpointKey = 'cnnc.checkpoint';

/** The contents of `tensors` from a file; with `only`, of one layer. Throws before anything has changed. */
export function weightsFor(
  tensors: readonly Pick<Tensor, 'name' | 'dtype' | 'shape'>[],
  { tensors: saved, metadata }: TensorFile,
  only?: string,
): ReadonlyMap<string, SavedTensor['data']> {
  const wanted = tensors.filter(({ name }) => only === undefined || `${name}.`.startsWith(`${only}.`));
  if (wanted.length === 0 && only !== undefined) {
    throw new ModelError('weights-mismatch', `the model has no weights under \`${only}\``);
  }
  const type = ({ dtype = 'f32', shape }: Pick<Tensor, 'dtype' | 'shape'>): string =>
    `${dtype}[${shape.join(', ')}]`;
  const whole = only === undefined && !Object.hasOwn(metadata, checkpointKey);
  const missing = wanted.filter(({ name }) => !saved.has(name)).map(({ name }) => name);
  const extra = whole ? [...saved.keys()].filter((key) => !wanted.some(({ name }) => name === key)) : [];
  const reshaped = wanted.flatMap((tensor) => {
    const found = saved.get(tensor.name);
    return !found || type(found) === type(tensor)
      ? []
      : [`${tensor.name} (${type(found)}, not ${type(tensor)})`];
  });
  const problems = Object.entries({ missing, extra, 'of another shape': reshaped })
    .filter(([, names]) => names.length > 0)
    .map(
      ([what, names]) =>
        `${what}: ${names.slice(0, 9).join(', ')}${names.length > 9 ? ` and ${names.length - 9} more` : ''}`,
    );
  if (problems.length > 0) {
    const message = `the weights are of another model; ${problems.join('; ')}`;
    throw new ModelError('weights-mismatch', message, { missing, extra, reshaped });
  }
  return new Map(
    wanted.map(({ name }) => {
      const { data } = saved.get(name) as SavedTensor;
      const bad = data.find((value) => !Number.isFinite(value));
      if (bad !== undefined) throw new ModelError('weights-value', `\`${name}\` contains ${bad}`, { name });
      return [name, data];
    }),
  );
}
