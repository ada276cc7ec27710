import type { Core } from './core.ts';
import type { ReadBatch } from './dataset.ts';
import { ModelError } from './errors.ts';
import type { Plan } from './program.ts';

const badIn = (data: object): number | undefined =>
  data instanceof Float32Array ? data.find((value) => !Number.isFinite(value)) : undefined;

/**
 * Runs a step that went bad once more, kernel by kernel, to name the layer where the first number went bad. Its commit
 * phase has not run, so the weights are as before.
 */
export async function blame(
  core: Core,
  plan: Plan,
  { arrays, samples }: ReadBatch,
  when: string,
): Promise<ModelError> {
  const error = (layer: string, value?: number): ModelError => {
    const message = `${when}: ${layer} is the first to give ${value ?? 'a number that is not finite'}`;
    return new ModelError('not-finite', `${message}; the weights are those of the step before`, {
      layer,
      value,
    });
  };
  // An update can overflow where gradients did not.
  for (const { name, data } of await core.tensors('param')) {
    const value = badIn(data);
    if (value !== undefined) return error(`the weight \`${name}\``, value);
  }
  const { launches, inputs } = core.feed(plan, arrays, 0, samples);
  for (const [name, view] of inputs) {
    const value = badIn(view.subarray(0, (view.length / plan.maxBatch) * samples));
    if (value !== undefined) return error(`the data of \`${name}\``, value);
  }
  for (const launch of launches) {
    await core.pace.launch([launch], samples);
    for (const written of (await launch.writes?.(samples)) ?? []) {
      const value = badIn(written);
      if (value !== undefined) return error(launch.of ?? 'a kernel', value);
    }
  }
  return error('a gradient');
}
