import { countSamples, elements } from './arrays.ts';
import { fromBase64 } from './base64.ts';
import { Core, feed } from './core.ts';
import { ModelError } from './errors.ts';
import { initialize } from './initializers.ts';
import type { Blueprint, RoutinePlan } from './program.ts';
import { readSafetensors, writeSafetensors } from './safetensors.ts';
import type { Batch, CreateOptions, InferenceModel, ModelInfo } from './types.ts';
import { weightsFor } from './weights.ts';

/** Makes the memory of a model and fills it. */
export function createCore(blueprint: Blueprint, { weights, seed }: CreateOptions): Core {
  if (seed !== undefined && !(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32)) {
    throw new ModelError('options', `seed: expected an integer from 0 to 2³² − 1, got ${String(seed)}`);
  }
  const file = weights ?? (blueprint.embedded === undefined ? undefined : fromBase64(blueprint.embedded));
  if (file === undefined && seed === undefined) {
    const message =
      'createModel needs { weights } (the bytes of a safetensors file), or { seed } to begin with random ones';
    throw new ModelError('options', message);
  }
  const core = new Core(blueprint);
  for (const { name, role, initializer } of blueprint.tensors) {
    // A file replaces params and states; their first values need not be computed.
    if (initializer && (file === undefined || role === 'slot'))
      initialize(core.view(name), initializer, name, seed ?? 0);
  }
  if (file !== undefined) loadInto(core, file);
  return core;
}

function loadInto(core: Core, bytes: Uint8Array, only?: string): void {
  const found = weightsFor(core.tensors('param', 'state'), readSafetensors(bytes), only);
  for (const [name, data] of found) core.view(name).set(data);
  core.stale = true;
}

/** Runs `infer` as often as the samples need. */
async function predict(core: Core, plan: RoutinePlan, inputs: Batch): Promise<Batch> {
  const { signature } = core.blueprint;
  const samples = countSamples(signature.inputs, inputs);
  await core.prepare();
  const routine = core.bind(plan);
  const results = routine.results.map(([name, view]) => {
    const port = signature.outputs.find((output) => output.name === name);
    const size = view.length / plan.maxBatch;
    return { name, view, size, all: elements(port?.dtype ?? 'f32', samples * size) };
  });
  for (let from = 0; from < samples; from += plan.maxBatch) {
    const count = Math.min(plan.maxBatch, samples - from);
    feed(plan, routine, inputs, from, count);
    await core.launch(routine.launches, count);
    for (const { view, size, all } of results) all.set(view.subarray(0, count * size), from * size);
  }
  return Object.fromEntries(results.map(({ name, all }) => [name, all]));
}

function infoOf({ signature, parameters, kernels, weightsBytes, routines }: Blueprint): ModelInfo {
  const plans = Object.entries(routines);
  return {
    name: signature.name,
    target: 'ts',
    parameters,
    kernels,
    memory: {
      weights: weightsBytes,
      ...Object.fromEntries(plans.map(([name, plan]) => [name, plan.workBytes])),
    },
    maxBatch: Object.fromEntries(plans.map(([name, plan]) => [name, plan.maxBatch])),
  };
}

/** What every model can do. */
export function inferenceModel(core: Core): InferenceModel<Batch, Batch> {
  const { blueprint } = core;
  return {
    info: infoOf(blueprint),
    predict: (inputs) => core.turn(() => predict(core, blueprint.routines.infer, inputs)),
    loadWeights: async (bytes, { only } = {}) => {
      if (core.fitting)
        throw new ModelError(
          'busy',
          'loadWeights: not while fit runs; wait for it, or stop it by its signal',
        );
      await core.turn(() => loadInto(core, bytes, only));
    },
    saveWeights: ({ format = 'f32' } = {}) =>
      core.turn(() => {
        const saved = core
          .tensors('param', 'state')
          .map((tensor) => ({ ...tensor, data: core.view(tensor.name) }));
        return writeSafetensors(saved, format);
      }),
    dispose: async () => {
      if (!core.disposed) await core.turn(() => core.dispose());
    },
  };
}
