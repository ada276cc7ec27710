import { resolve } from 'node:path';
import type { Command } from 'commander';
import { imageToInput } from '../../../runtime/image.ts';
import type { Batch, Elements, PortInfo } from '../../../runtime/types.ts';
import { openData, readPicture } from '../../data/index.ts';
import type { Model } from '../../index.ts';
import { InputError, UsageError } from '../errors.ts';
import { readInputs } from '../inputs.ts';
import type { Io } from '../io.ts';
import { portInfo } from '../model-data.ts';
import { loadModel } from '../module.ts';
import { addModelOptions, addRunOptions, modelOptions, threadsOf } from '../options.ts';
import type { ModelOptions, RunOptions } from '../options.ts';
import { predictionLines, predictionOf } from '../prediction.ts';
import { nameFaults, readWeights } from '../weights.ts';
import { pictureLines } from '../terminal-picture.ts';

interface Options extends ModelOptions, RunOptions {
  readonly weights?: string;
  readonly input?: readonly string[];
  readonly data: string;
  readonly json?: boolean;
}

/** Samples of the data shown where no picture is named. */
const samplesShown = 5;

/** What to predict from: a name for messages, and, where it is a picture, its bytes to show. */
interface Case {
  readonly name: string;
  readonly inputs: Batch;
  readonly samples: number;
  readonly picture?: Uint8Array;
}

export function addPredict(program: Command, io: Io): void {
  const command = program
    .command('predict')
    .description('class names and probabilities for pictures, or for any input')
    .argument('<file>', 'a .cnn file')
    .argument('[pictures...]', 'PNG or JPEG files; without any, samples of --data')
    .option('--weights <file>', 'a safetensors file (default: NAME.safetensors)')
    .option(
      '--input <name=file>',
      'numbers from a .npy or .json file; may be repeated',
      (word: string, before: string[] = []) => [...before, word],
    )
    .option('--data <spec>', 'where the samples come from when no picture is named', 'synthetic:digits');
  addRunOptions(addModelOptions(command))
    .option('--json', 'one JSON object per sample')
    .action((file: string, pictures: readonly string[], options: Options) =>
      predict(io, file, pictures, options),
    );
}

async function predict(io: Io, file: string, pictures: readonly string[], options: Options): Promise<void> {
  if (options.input && pictures.length > 0)
    throw new UsageError('predict takes pictures or --input, not both');
  const weights = readWeights(io, file, options.weights);
  const { compiled, module } = await loadModel(io, file, {
    ...modelOptions(options),
    kernels: options.kernels,
    inference: true,
  });
  const { model } = compiled;
  const inputs = model.inputs.map(portInfo);
  const instance = await nameFaults(weights.path, () =>
    module.createModel({ weights: weights.bytes, ...threadsOf(options) }),
  );
  for await (const one of cases(io, model, inputs, pictures, options)) {
    const outputs = await instance.predict(one.inputs);
    for (let sample = 0; sample < one.samples; sample++) {
      const name = one.samples > 1 ? `${one.name} ${sample}` : one.name;
      const predictions = model.outputs.map((output) => predictionOf(output, outputs[output.name]!, sample));
      if (options.json) {
        io.out(
          `${JSON.stringify({ input: name, outputs: Object.fromEntries(predictions.map((p) => [p.output, p.json])) })}\n`,
        );
      } else {
        if (one.picture) io.out(`${shownPicture(io, inputs[0]!, one.picture)}\n`);
        io.out(
          `${name}\n${predictions.flatMap((p) => predictionLines(p, predictions.length > 1)).join('\n')}\n\n`,
        );
      }
    }
  }
}

async function* cases(
  io: Io,
  model: Model,
  inputs: readonly PortInfo[],
  pictures: readonly string[],
  options: Options,
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

function shownPicture(io: Io, { shape }: PortInfo, data: Uint8Array): string {
  const [height = 1, width = 1, channels = 1] = shape;
  return pictureLines({ width, height, channels, data }, io.color).join('\n');
}
