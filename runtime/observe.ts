import { countSamples } from './arrays.ts';
import type { Core } from './core.ts';
import { ModelError } from './errors.ts';
import type { Batch, Elements } from './model-types.ts';
import type { Observable, Observation, ObservedLayer, Saliency } from './observe-types.ts';
import type { Plan } from './program.ts';

/** What the routine `observe` gives behind the outputs, in order. */
export interface Observed {
  readonly layers: readonly Omit<ObservedLayer, 'values'>[];
  readonly saliency: readonly Omit<Saliency, 'values'>[];
}

export const observableModel = <M extends object>(
  core: Core,
  model: M,
  observed: Observed,
): M & Observable<Batch, Batch> =>
  Object.assign(model, { observe: (inputs: Batch) => core.turn(() => observeOne(core, inputs, observed)) });

async function observeOne(
  core: Core,
  inputs: Batch,
  { layers, saliency }: Observed,
): Promise<Observation<Batch>> {
  const { signature, routines } = core.blueprint;
  const samples = countSamples(signature.inputs, inputs);
  if (samples !== 1) throw new ModelError('input', `observe takes one sample, got ${samples}`);
  await core.prepare();
  const copies: [name: string, values: Elements][] = [];
  await core.run(routines.observe as Plan, inputs, 0, 1, ({ results }) => {
    for (const [name, view] of results) copies.push([name, view.slice()]);
  });
  await core.engine.finish?.();
  const outputs = copies.slice(0, signature.outputs.length);
  const rest = copies.slice(outputs.length).map(([, values]) => values as Float32Array);
  return {
    outputs: Object.fromEntries(outputs),
    layers: layers.map((layer, i) => ({ ...layer, values: rest[i] as Float32Array })),
    saliency: saliency.map((of, i) => ({ ...of, values: rest[layers.length + i] as Float32Array })),
  };
}
