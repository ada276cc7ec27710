import { countSamples, sizeOf } from './arrays.ts';
import { Core } from './core.ts';
import type { Engine } from './engine.ts';
import { ModelError } from './errors.ts';
import { initialize } from './initializers.ts';
import type { Batch, CreateOptions, Elements, InferenceModel } from './model-types.ts';
import type { Blueprint } from './program.ts';
import { readSafetensors, writeSafetensors } from './safetensors.ts';
import { weightsFor } from './weights.ts';

/** A model with its first weights; `start` makes what it runs on. */
export async function createCore<B extends Blueprint, O extends CreateOptions>(
  blueprint: B,
  options: O,
  start: (blueprint: B, options: O) => Engine | Promise<Engine>,
): Promise<Core> {
  const { weights, seed } = options;
  if (seed !== undefined && !(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32)) {
    throw new ModelError('options', `seed: ${seed} is not an integer from 0 to 2³² − 1`);
  }
  const file = weights ?? blueprint.embedded?.();
  if (file === undefined && seed === undefined) {
    throw new ModelError('options', 'createModel needs { weights } or a { seed }');
  }
  const values = file && read(blueprint, file);
  const core = new Core(await start(blueprint, options));
  const roles = file ? [] : (['param', 'state'] as const);
  const fresh = await core.tensors(...roles, 'slot', 'constant');
  for (const tensor of fresh) initialize(tensor.data, tensor, seed ?? 0);
  core.engine.upload?.(fresh);
  if (values) core.set(values);
  return core;
}

function read({ tensors }: Blueprint, file: Uint8Array | ArrayBuffer, only?: string) {
  if (typeof file?.byteLength !== 'number')
    throw new ModelError('weights-format', 'weights are bytes: a Uint8Array or ArrayBuffer');
  const bytes = ArrayBuffer.isView(file) ? file : new Uint8Array(file);
  const wanted = tensors.filter(({ role }) => role === 'param' || role === 'state');
  return weightsFor(wanted, readSafetensors(bytes), only);
}

async function predict(core: Core, inputs: Batch): Promise<Batch> {
  const { signature, routines } = core.blueprint;
  const samples = countSamples(signature.inputs, inputs);
  await core.prepare();
  const { maxBatch } = routines.infer;
  const results = core.engine.bind(routines.infer).results.map(([name, view]) => {
    const size = view.length / maxBatch;
    const Type = view.constructor as new (length: number) => Elements;
    return { name, view, size, all: new Type(samples * size) };
  });
  for (let from = 0; from < samples; from += maxBatch) {
    const count = Math.min(maxBatch, samples - from);
    await core.run(routines.infer, inputs, from, count, () => {
      for (const { view, size, all } of results) all.set(view.subarray(0, count * size), from * size);
    });
  }
  await core.engine.finish?.();
  return Object.fromEntries(results.map(({ name, all }) => [name, all]));
}

export function inferenceModel(core: Core): InferenceModel<Batch, Batch> {
  const { signature, kernels, bytes, routines, tensors } = core.blueprint;
  const each = (number: 'bytes' | 'maxBatch') =>
    Object.fromEntries(Object.entries(routines).map(([name, plan]) => [name, plan[number]]));
  return {
    info: Object.assign(core.engine.info, {
      name: signature.name,
      parameters: tensors.reduce((sum, { role, shape }) => sum + (role === 'param' ? sizeOf(shape) : 0), 0),
      kernels,
      memory: { weights: bytes, ...each('bytes') },
      maxBatch: each('maxBatch'),
    }),
    predict: (inputs) => core.turn(() => predict(core, inputs)),
    loadWeights: (file, { only } = {}) => core.turn(() => core.set(read(core.blueprint, file, only))),
    saveWeights: () => core.turn(async () => writeSafetensors(await core.tensors('param', 'state'))),
    dispose: () => core.dispose(),
  };
}
