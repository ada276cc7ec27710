/** Which data a model takes, from its interface. */
import type { PortInfo } from '../../runtime/types.ts';
import { openData } from '../data/index.ts';
import type { Data, Wanted } from '../data/index.ts';
import type { Model, Port } from '../index.ts';
import type { DataOptions } from './options.ts';

export function portInfo({ name, type }: Port): PortInfo {
  return { name, dtype: type.dtype, shape: type.shape.map(Number) };
}

/** How many classes an output tells apart: its last extent, two where that is one. */
export function classCount(output: Port): number {
  const last = Number(output.type.shape.at(-1) ?? 1);
  return last === 1 ? 2 : last;
}

/** The classes of the output that the label belongs to, or how many the loss tells apart; undefined where neither is known. */
function classesOf({ training, outputs }: Model): readonly string[] | number | undefined {
  const pair = training?.classLabels[0];
  const output = outputs.find(({ name }) => name === pair?.output);
  return output ? (output.classes ?? classCount(output)) : training?.classCounts[0]?.classes;
}

export function wantedData(model: Model, { only }: Pick<DataOptions, 'only'>): Wanted {
  const classes = classesOf(model);
  return {
    inputs: model.inputs.map(portInfo),
    labels: (model.training?.labels ?? []).map(portInfo),
    ...(classes !== undefined && { classes }),
    ...(only && { only }),
  };
}

export function openModelData(model: Model, options: DataOptions): Data {
  return openData(options.data, wantedData(model, options));
}
