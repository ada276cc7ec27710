/** What predict and inspect look at: pictures, numbers from files, or samples of data. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { sizeOf } from '../../runtime/arrays.ts';
import { imageToInput } from '../../runtime/image.ts';
import type { Batch, Elements, PortInfo } from '../../runtime/types.ts';
import { readPicture } from '../data/index.ts';
import type { Model } from '../index.ts';
import { InputError, UsageError } from './errors.ts';
import { readInputs } from './inputs.ts';
import type { Io } from './io.ts';
import { openNamedData, splitOf } from './model-data.ts';
import { addDataOptions, addInputOption, addSplitOption, wholeNumber } from './options.ts';
import type { DataOptions, SplitOptions } from './options.ts';

export interface CaseOptions extends DataOptions, SplitOptions {
  readonly sample?: number;
}

/** Samples of the data shown where no picture is named. */
const samplesShown = 5;

/** What to predict from: a name for messages, and, where it is a picture, its bytes to show. */
export interface Case {
  readonly name: string;
  readonly inputs: Batch;
  readonly samples: number;
  readonly picture?: Uint8Array;
  /** The class that a sample of data is of. */
  readonly truth?: string;
}

/** Its name, and what it is where that is known. */
export const titleOf = ({ name, truth }: Pick<Case, 'name' | 'truth'>): string =>
  truth === undefined ? name : `${name}, which is ${truth}`;

/** `--input`, and which samples of data there are to see where no picture is named. */
export function addCaseOptions(command: Command): Command {
  const withInput = addInputOption(command, 'numbers from a .npy or .json file; may be repeated');
  return addSplitOption(addDataOptions(withInput)).option(
    '--sample <n>',
    'the sample of --data with this number, from 0',
    wholeNumber(0),
  );
}

export function checkCases(command: string, pictures: readonly string[], options: CaseOptions): void {
  if (options.input && pictures.length > 0)
    throw new UsageError(`${command} takes pictures or --input, not both`);
  if (options.sample !== undefined && (options.input || pictures.length > 0))
    throw new UsageError('--sample is one of --data; it does not go with pictures or --input');
}

/** Pictures, or `--input`, or the first samples of `--data`. */
export async function* casesOf(
  io: Io,
  model: Model,
  inputs: readonly PortInfo[],
  pictures: readonly string[],
  options: CaseOptions,
): AsyncGenerator<Case> {
  if (options.input) {
    const { arrays, samples } = readInputs(io, inputs, options.input);
    yield { name: 'sample', inputs: arrays, samples };
    return;
  }
  const [input] = inputs;
  if (!input || inputs.length > 1 || input.shape.length !== 3) {
    const takes = model.inputs.map(({ name }) => `--input ${name}=FILE`).join(' ');
    throw new InputError(`\`${model.name}\` does not take one picture; give it ${takes} (.npy or .json)`);
  }
  for (const name of pictures) {
    const pixels = await readPicture(resolve(io.cwd, name));
    yield { name, inputs: { [input.name]: imageToInput(pixels, input) }, samples: 1 };
  }
  if (pictures.length === 0) yield* samplesOf(model, input, options);
}

/** The sample that was asked for, or the first ones, with their pictures. */
async function* samplesOf(model: Model, input: PortInfo, options: CaseOptions): AsyncGenerator<Case> {
  const { data, label } = openNamedData(model, options);
  const [samples, split] = splitOf(data, options);
  const { sample: first = 0 } = options;
  if (first >= samples.size)
    throw new InputError(`--sample ${first}: ${data.spec} has ${split} samples 0 to ${samples.size - 1}`);
  const last = options.sample ?? Math.min(samplesShown, samples.size) - 1;
  const size = sizeOf(input.shape);
  for (let i = first; i <= last; i++) {
    const array: Elements = input.dtype === 'u8' ? new Uint8Array(size) : new Float32Array(size);
    const number = new Int32Array(1);
    await samples.read(Uint32Array.of(i), { [input.name]: array, [label]: number });
    const picture = Uint8Array.from(array, (value) =>
      input.dtype === 'u8' ? value : Math.round(value * 255),
    );
    const truth = data.classes[number[0]!];
    const name = `${data.spec} ${split} ${i}`;
    yield {
      name,
      inputs: { [input.name]: array },
      samples: 1,
      picture,
      ...(truth !== undefined && { truth }),
    };
  }
}
