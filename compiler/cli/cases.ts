/** What predict and inspect look at: pictures, numbers from files, or samples of data. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { imageToInput } from '../../runtime/image.ts';
import type { Batch, Elements, PortInfo } from '../../runtime/types.ts';
import { openData, readPicture } from '../data/index.ts';
import type { Model } from '../index.ts';
import { InputError, UsageError } from './errors.ts';
import { readInputs } from './inputs.ts';
import type { Io } from './io.ts';

export interface CaseOptions {
  readonly input?: readonly string[];
  readonly data: string;
}

/** Samples of the data shown where no picture is named. */
const samplesShown = 5;

/** What to predict from: a name for messages, and, where it is a picture, its bytes to show. */
export interface Case {
  readonly name: string;
  readonly inputs: Batch;
  readonly samples: number;
  readonly picture?: Uint8Array;
}

/** `--input` and `--data`. */
export function addCaseOptions(command: Command): Command {
  return command
    .option(
      '--input <name=file>',
      'numbers from a .npy or .json file; may be repeated',
      (word: string, before: string[] = []) => [...before, word],
    )
    .option('--data <spec>', 'where the samples come from when no picture is named', 'synthetic:digits');
}

export function checkCases(command: string, pictures: readonly string[], { input }: CaseOptions): void {
  if (input && pictures.length > 0) throw new UsageError(`${command} takes pictures or --input, not both`);
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
  if (pictures.length === 0) yield* samplesOf(input, options.data);
}

/** The first test samples, or training samples where there are no others, with their pictures. */
async function* samplesOf(input: PortInfo, spec: string): AsyncGenerator<Case> {
  const data = openData(spec, { inputs: [input] });
  const [samples, split] = data.test ? [data.test, 'test'] : [data.train, 'train'];
  const size = input.shape.reduce((product, extent) => product * extent, 1);
  for (let i = 0; i < Math.min(samplesShown, samples.size); i++) {
    const array: Elements = input.dtype === 'u8' ? new Uint8Array(size) : new Float32Array(size);
    await samples.read(Uint32Array.of(i), { [input.name]: array });
    const picture = Uint8Array.from(array, (value) =>
      input.dtype === 'u8' ? value : Math.round(value * 255),
    );
    yield { name: `${spec} ${split} ${i}`, inputs: { [input.name]: array }, samples: 1, picture };
  }
}
