import type { Core } from './core.ts';
import { feed } from './core.ts';
import { ModelError } from './errors.ts';
import type { Routine, RoutinePlan } from './program.ts';
import type { Batch } from './types.ts';

const badIn = (data: Batch[string]): number | undefined =>
  data instanceof Float32Array ? data.find((value) => !Number.isFinite(value)) : undefined;

/**
 * Runs a step that went bad once more, kernel by kernel, to name the layer whose numbers were the first that are not
 * finite. The weights are untouched: the commit phase has not run.
 */
export async function blame(
  core: Core,
  plan: RoutinePlan,
  routine: Routine,
  arrays: Batch,
  samples: number,
  when: { readonly step: number; readonly epoch: number },
): Promise<ModelError> {
  const error = (layer: string, value: number | undefined): ModelError => {
    const message =
      `not finite in step ${when.step} of epoch ${when.epoch}: ${layer} is the first to have ` +
      `${value ?? 'a number that is not finite'}; the weights are those of the step before`;
    return new ModelError('not-finite', message, { ...when, layer, value });
  };
  feed(plan, routine, arrays, 0, samples);
  for (const [name, view] of routine.inputs) {
    const value = badIn(view.subarray(0, (view.length / plan.maxBatch) * samples));
    if (value !== undefined) return error(`the data of \`${name}\``, value);
  }
  for (const { run, of = 'a kernel', writes } of routine.launches) {
    run(samples);
    for (const written of writes?.(samples) ?? []) {
      const value = badIn(written);
      if (value !== undefined) return error(of, value);
    }
    await core.pace.due();
  }
  return error('the gradient of a weight', undefined);
}

/** The elements of a window of a larger tensor: `strides` apart from `offset` on. */
export function strided(
  data: Float32Array,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
): Float32Array {
  let places = [offset];
  shape.forEach((extent, axis) => {
    const stride = strides[axis] as number;
    places = places.flatMap((place) => Array.from({ length: extent }, (_, i) => place + i * stride));
  });
  return Float32Array.from(places, (place) => data[place] as number);
}
