/** Samples for routines that are measured: from data, or noise. */
import type { Batch, Elements, PortInfo } from '../../../runtime/types.ts';
import { arrayTypes, sizeOf } from '../../../runtime/arrays.ts';
import type { Model } from '../../index.ts';
import { openModelData, portInfo } from '../model-data.ts';
import type { DataOptions } from '../options.ts';
import { randomNumbers } from './machine.ts';

/** Inputs and labels of `count` samples by name. Without data: noise, and each label a class. */
export async function samplesFor(
  model: Model,
  { data, only }: Partial<DataOptions>,
  count: number,
): Promise<Batch> {
  const inputs = model.inputs.map(portInfo);
  const labels = (model.training?.labels ?? []).map(portInfo);
  const arrays = Object.fromEntries(
    [...inputs, ...labels].map((port) => [port.name, new arrayTypes[port.dtype](count * sizeOf(port.shape))]),
  );
  if (data === undefined) {
    for (const { name } of inputs) noise(arrays[name]!);
    for (const port of labels) choose(arrays[port.name]!, port, classesOf(model));
    return arrays;
  }
  const { train } = openModelData(model, { data, ...(only && { only }) });
  await train.read(
    Uint32Array.from({ length: count }, (_, i) => i % train.size),
    arrays,
  );
  return arrays;
}

const classesOf = (model: Model): number => Number(model.outputs[0]?.type.shape.at(-1) ?? 2);

function noise(array: Elements): void {
  const next = randomNumbers(7);
  const scale = array instanceof Float32Array ? 1 : 256;
  for (let i = 0; i < array.length; i++) array[i] = next() * scale;
}

/** Numbers of classes; of a label as long as there are classes, a one in each sample; else zeros and ones. */
function choose(array: Elements, port: PortInfo, classes: number): void {
  const size = sizeOf(port.shape);
  for (let i = 0; i < array.length; i++) {
    const sample = Math.floor(i / size);
    if (size > 1) array[i] = i % size === sample % size ? 1 : 0;
    else array[i] = port.dtype === 'f32' ? sample % 2 : sample % Math.max(classes, 2);
  }
}
